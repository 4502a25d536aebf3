"""Requests that are not as they should be, and structured addresses."""

from .case import (
    ID_INVALID,
    NO_TEXT,
    REQUIRED,
    Ask,
    Case,
    answered,
    broken,
    invalid,
    only,
    wallet_text,
)


def _action(body):
    body["header"]["action"] = "update"


def _count(body):
    body["header"]["total_count"] = 99


def _unknown_fields(body):
    body["signature"] = ""
    body["zz"] = {"anything": [None, True]}


def _other_envelope(body):
    body["header"] = {"sender_id": body.pop("request_header")["sender_app_mnemonic"]}
    body["message"] = body.pop("request_body")


def _without_time(body):
    if "header" in body:
        del body["header"]["message_ts"]
    else:
        del body["request_header"]["request_timestamp"]


def _without_list(body):
    del _payload(body)["link_request"]


def _without_transaction(body):
    del _payload(body)["transaction_id"]


def _payload(body):
    if "message" in body:
        return body["message"]
    return body["request_body"]["request_payload"]


def _page(body):
    body["request_body"]["pagination_request"] = {"current_page": 1, "page_size": 10}


FORM = [
    Case(
        "a field of an item is missing",
        "link",
        [Ask("N", 1, ("reference_id",))],
        invalid(1),
    ),
    Case(
        "two fields of an item are missing",
        "update",
        [Ask("N", 1, ("reference_id", "timestamp"))],
        invalid(2),
    ),
    Case("the address is missing", "link", [Ask("N")], invalid(1)),
    Case(
        "the ID is missing",
        "link",
        [Ask(None, 1)],
        {"A": (400, 1, REQUIRED), "B": answered(ID_INVALID)["B"]},
    ),
    Case("the ID is no text", "link", [Ask(7, 1)], invalid(1, NO_TEXT)),
    Case(
        "a structured address in 1.x",
        "link",
        [Ask("N", {"strategy_id": 4})],
        only("A", invalid(1, NO_TEXT)),
    ),
    Case(
        "additional_info is no list",
        "link",
        [Ask("N", 1, extra={"additional_info": {"strategy_id": 4}})],
        invalid(1, "Invalid Input. Input should be a valid list"),
    ),
    Case("the list is missing", "link", [], invalid(1), tweak=_without_list),
    Case(
        "the transaction is missing",
        "link",
        [Ask("N", 1)],
        invalid(1),
        tweak=_without_transaction,
    ),
    Case(
        "the time of the request is missing",
        "link",
        [Ask("N", 1)],
        invalid(1),
        tweak=_without_time,
    ),
    Case(
        "fields nobody knows",
        "link",
        [Ask("N", 1, extra={"zz": [1]})],
        answered("succ"),
        after={"N": 1},
        tweak=_unknown_fields,
    ),
    Case(
        "another action",
        "link",
        [Ask("N", 1)],
        {"A": (200, "rjct", "rjct.action.not_supported", [])},
        tweak=_action,
    ),
    Case(
        "a wrong count",
        "link",
        [Ask("N", 1)],
        only("A", answered("succ")),
        after={"N": 1},
        tweak=_count,
    ),
    Case(
        "the envelope of 1.x",
        "link",
        [Ask("N", 1)],
        only("B", invalid(2)),
        tweak=_other_envelope,
    ),
    Case(
        "pages",
        "link",
        [Ask("N", 1)],
        only("B", answered("succ")),
        after={"N": 1},
        tweak=_page,
    ),
]

#: Structured addresses are of 2.x only.
STRUCTURED = [
    Case(
        "an address without its provider",
        "link",
        [Ask("N", 1, fa_extra={"wallet_provider_name": None})],
        only("B", invalid(5 + 1 + 2)),
    ),
    Case(
        "an address with nothing but its strategy",
        "link",
        [Ask("N", {"strategy_id": 4, "fa_type": "MOBILE_WALLET"})],
        only("B", invalid(5 + 3 + 3)),
    ),
    Case(
        "an address as text",
        "link",
        [Ask("N", "mobile_number:1")],
        only(
            "B",
            invalid(
                3,
                "Invalid Input. Input should be a valid dictionary or "
                "object to extract fields from",
            ),
        ),
    ),
    Case(
        "an unknown strategy fails all",
        "link",
        [Ask("N", 1), Ask("M", 2, fa_extra={"strategy_id": 99})],
        only("B", broken()),
        outcomes=["transient"] * 2,
    ),
    Case(
        "a strategy of another kind fails all",
        "link",
        [Ask("N", 1), Ask("M", 2, fa_extra={"strategy_id": 2})],
        only("B", broken()),
        outcomes=["transient"] * 2,
    ),
    Case(
        "a strategy for IDs fails all",
        "link",
        [Ask("M", 2, fa_extra={"strategy_id": 1})],
        only("B", broken()),
        outcomes=["transient"] * 1,
    ),
    Case(
        "update to an unknown strategy",
        "update",
        [Ask("K", 2, fa_extra={"strategy_id": 99})],
        only("B", broken()),
        {"K": 1},
        outcomes=["transient"] * 1,
    ),
    Case(
        "the kind is told by the fields",
        "link",
        [Ask("N", 1, fa_extra={"fa_type": "BANK"})],
        only("B", answered("succ")),
        after={"N": wallet_text(1, "B").replace("MOBILE_WALLET", "BANK")},
    ),
    Case(
        "empty parts",
        "link",
        [Ask("N", 1, fa_extra={"mobile_number": ""})],
        only("B", answered("succ")),
        after={"N": wallet_text(1, "B").replace("+255700000001", "")},
    ),
]
