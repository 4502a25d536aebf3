"""The table: what is asked of SPAR, and what each version answers.

The columns are those of :data:`.speaker.COLUMNS`. ``newest`` answers as ``2.1`` does,
but for who it believes; that is in :mod:`.signatures`. The last column is what the
suite's own client must make of it, as the word of its ``Outcome``.
"""

from dataclasses import dataclass, field

from .speaker import MOMENT

DUPLICATE = "rjct.reference_id.duplicate"
ID_INVALID = "rjct.id.invalid"
FA_INVALID = "rjct.fa.invalid"
NOTHING_ASKED = "rjct.reference_id.invalid"
NOT_LINKED = "succ.fa.not_linked_to_id"
ACTIVE = "succ.id.active"
INTERNAL = "rjct.internal.error"
VALIDATION = "rjct.request.validation"
REQUIRED = "Invalid Input. Field required"
NO_TEXT = "Invalid Input. Input should be a valid string"
CRASH = 500, 1, "Unknown Error."
EMPTY = object()


@dataclass(frozen=True)
class Ask:
    """One item of a request.

    :param str id: the SPAR ID; None leaves it out.
    :param fa: number of a wallet, in the form the request takes; or text, or
        :data:`EMPTY`; None leaves it out.
    :param tuple without: fields to leave out.
    :param dict extra: further fields.
    :param dict fa_extra: what is else in a structured address, None for what is not.
    """

    id: str | None
    fa: object = None
    without: tuple = ()
    extra: dict = field(default_factory=dict)
    fa_extra: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One row of the table.

    :param str name: what it shows.
    :param str operation: what is asked.
    :param list asks: the items.
    :param expected: a column's :meth:`.speaker.Speaker.summary`: one for all, or by
        ``A`` and ``B``; what is not there does not apply to that dialect.
    :param dict given: wallets linked before, by ID.
    :param dict after: wallets linked afterwards, by ID, as numbers or as SPAR's text;
        None for the same as before.
    :param tweak: changes the body before it is signed.
    :param list outcomes: of the client, one for each item, or one by dialect; None
        where the client cannot ask so.
    """

    name: str
    operation: str
    asks: list
    expected: dict
    given: dict = field(default_factory=dict)
    after: dict | None = None
    tweak: object = None
    outcomes: object = None

    def __str__(self):
        return self.name.replace(" ", "-").replace("/", "-")


def wallet_text(number, dialect):
    """Return a wallet as SPAR stores it."""
    kind = "mobile_wallet_provider" if dialect == "A" else "MOBILE_WALLET"
    return (
        f"mobile_number:+255700{number:06d}.wallet_provider_name:M-Cash"
        f".wallet_provider_code:MC.fa_type:{kind}"
    )


def wallet_parts(number):
    """Return a wallet as SPAR 2.x takes and returns it."""
    return {
        "strategy_id": 4,
        "fa_type": "MOBILE_WALLET",
        "wallet_provider_name": "M-Cash",
        "wallet_provider_code": "MC",
        "mobile_number": f"+255700{number:06d}",
    }


def items_of(case, dialect):
    """Return the items of a case as a dialect wants them."""
    return [
        item_of(case.operation, ask, place, dialect)
        for place, ask in enumerate(case.asks)
    ]


def item_of(operation, ask, place, dialect):
    """Return one item as a dialect wants it."""
    item = {"reference_id": f"r{place}", "timestamp": MOMENT}
    if ask.id is not None:
        item["id"] = ask.id
    structured = dialect == "B" and operation in ("link", "update")
    if isinstance(ask.fa, int) and structured:
        parts = {**wallet_parts(ask.fa), **ask.fa_extra}
        item["fa"] = {name: text for name, text in parts.items() if text is not None}
    elif isinstance(ask.fa, int):
        item["fa"] = wallet_text(ask.fa, dialect)
    elif ask.fa is not None:
        item["fa"] = "" if ask.fa is EMPTY else ask.fa
    if operation in ("link", "update"):
        item["additional_info"] = [{"strategy_id": 4}]
    item.update(ask.extra)
    return {name: value for name, value in item.items() if name not in ask.without}


def answered(*words):
    """Expect an answer of the business layer: ``succ``, or a code, for each item."""
    listed = [w if ": " in w else f"r{n}: {w}" for n, w in enumerate(words)]
    return {
        "A": (200, "succ", None, listed),
        "B": (200, "SUCCESS", None, listed),
    }


def broken():
    """Expect that nothing at all is told: HTTP 500 in A, an error in B."""
    return {"A": CRASH, "B": (200, "ERROR", INTERNAL, [])}


def invalid(complaints, first=REQUIRED):
    """Expect HTTP 400 with so many complaints."""
    answer = 400, complaints, first
    return {"A": answer, "B": answer}


def only(dialect, expected):
    """Expect it of one dialect; the other does not have the case."""
    return {dialect: expected[dialect]}


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


LINKS = [
    Case(
        "link new",
        "link",
        [Ask("N", 1)],
        answered("succ"),
        after={"N": 1},
        outcomes=["done"],
    ),
    Case(
        "link again, same address",
        "link",
        [Ask("K", 1)],
        answered(DUPLICATE),
        {"K": 1},
        outcomes=["swap"],
    ),
    Case(
        "link again, other address",
        "link",
        [Ask("K", 2)],
        answered(DUPLICATE),
        {"K": 1},
        outcomes=["swap"],
    ),
    Case(
        "link an empty ID",
        "link",
        [Ask("", 1), Ask("N", 1)],
        answered(ID_INVALID, "succ"),
        after={"N": 1},
        outcomes=["refused", "done"],
    ),
    Case(
        "link an empty address",
        "link",
        [Ask("N", EMPTY), Ask("M", 2)],
        only("A", answered(FA_INVALID, "succ")),
        after={"M": 2},
    ),
    Case(
        "link new, existing, new",
        "link",
        [Ask("N", 1), Ask("K", 2), Ask("M", 3)],
        answered("succ", DUPLICATE, "succ"),
        {"K": 9},
        {"N": 1, "K": 9, "M": 3},
        outcomes=["done", "swap", "done"],
    ),
    Case(
        "link one ID twice and another",
        "link",
        [Ask("N", 1), Ask("M", 2), Ask("N", 3)],
        broken(),
        {"K": 9},
    ),
    Case(
        "link an existing ID twice",
        "link",
        [Ask("K", 1), Ask("K", 2), Ask("N", 3)],
        answered(DUPLICATE, DUPLICATE, "succ"),
        {"K": 9},
        {"K": 9, "N": 3},
    ),
    Case(
        "IDs are compared as they are",
        "link",
        [Ask("k", 1), Ask("K ", 2), Ask("É", 3), Ask("E\u0301", 4)],
        answered("succ", "succ", "succ", "succ"),
        {"K": 9},
        {"K": 9, "k": 1, "K ": 2, "É": 3, "E\u0301": 4},
        outcomes=["done"] * 4,
    ),
    Case(
        "link nothing",
        "link",
        [],
        {"A": (200, "succ", None, []), "B": (200, "ERROR", VALIDATION, [])},
    ),
    Case(
        "NUL in an ID",
        "link",
        [Ask("a\0", 1), Ask("N", 2)],
        broken(),
        outcomes=["transient"] * 2,
    ),
    Case(
        "NUL in a name",
        "link",
        [Ask("N", 1), Ask("M", 2, extra={"name": "a\0"})],
        broken(),
        outcomes=["transient"] * 2,
    ),
]

UPDATES = [
    Case(
        "update known",
        "update",
        [Ask("K", 2)],
        answered("succ"),
        {"K": 1},
        {"K": 2},
        outcomes=["done"],
    ),
    Case(
        "update unknown",
        "update",
        [Ask("N", 2)],
        answered(DUPLICATE),
        outcomes=["swap"],
    ),
    Case(
        "update known, unknown, known",
        "update",
        [Ask("K", 2), Ask("N", 3), Ask("L", 4)],
        answered("succ", DUPLICATE, "succ"),
        {"K": 1, "L": 1},
        {"K": 2, "L": 4},
        outcomes=["done", "swap", "done"],
    ),
    Case(
        "update an empty ID",
        "update",
        [Ask("", 2)],
        answered(ID_INVALID),
        outcomes=["refused"],
    ),
    Case(
        "update one ID twice",
        "update",
        [Ask("K", 2), Ask("K", 3)],
        answered("succ", "succ"),
        {"K": 1},
        {"K": 3},
    ),
    Case(
        "update keeps what came before a failure",
        "update",
        [Ask("K", 2), Ask("L", 3, extra={"name": "a\0"}), Ask("M", 4)],
        broken(),
        {"K": 1, "L": 1, "M": 1},
        {"K": 2, "L": 1, "M": 1},
        outcomes=["transient"] * 3,
    ),
]

UNLINKS = [
    Case(
        "unlink without an address",
        "unlink",
        [Ask("K")],
        answered("succ"),
        {"K": 1},
        {},
        outcomes=["done"],
    ),
    Case(
        "unlink the right address",
        "unlink",
        [Ask("K", 1)],
        answered("succ"),
        {"K": 1},
        {},
    ),
    Case(
        "unlink a wrong address",
        "unlink",
        [Ask("K", 2)],
        answered(ID_INVALID),
        {"K": 1},
    ),
    Case(
        "unlink an empty address",
        "unlink",
        [Ask("K", EMPTY)],
        answered("succ"),
        {"K": 1},
        {},
    ),
    Case(
        "unlink unknown",
        "unlink",
        [Ask("N"), Ask("K")],
        answered(ID_INVALID, "succ"),
        {"K": 1},
        {},
        outcomes=["done", "done"],
    ),
    Case(
        "unlink twice",
        "unlink",
        [Ask("K"), Ask("K")],
        answered("succ", ID_INVALID),
        {"K": 1},
        {},
    ),
    Case("unlink an empty ID", "unlink", [Ask("")], answered(ID_INVALID)),
    Case(
        "unlink a structured address",
        "unlink",
        [Ask("K", {"strategy_id": 4})],
        invalid(1, NO_TEXT),
        {"K": 1},
    ),
    Case(
        "unlink is one transaction",
        "unlink",
        [Ask("K"), Ask("a\0")],
        broken(),
        {"K": 1},
        outcomes=["transient"] * 2,
    ),
]

_DETAILS = {"scope": "details"}
RESOLVES = [
    Case(
        "resolve details",
        "resolve",
        [Ask("K", extra=_DETAILS)],
        {**answered("succ"), "B": answered(ACTIVE)["B"]},
        {"K": 1},
        outcomes=["done"],
    ),
    Case(
        "resolve yes_no",
        "resolve",
        [Ask("K", extra={"scope": "yes_no"})],
        {**answered("succ"), "B": answered(ACTIVE)["B"]},
        {"K": 1},
    ),
    Case(
        "resolve unknown",
        "resolve",
        [Ask("N", extra=_DETAILS), Ask("M", extra=_DETAILS)],
        answered(NOT_LINKED, NOT_LINKED),
        outcomes=["done", "done"],
    ),
    Case(
        "resolve by address only",
        "resolve",
        [Ask(None, 1)],
        answered(NOT_LINKED),
        {"K": 1},
    ),
    Case(
        "resolve neither",
        "resolve",
        [Ask("", extra=_DETAILS)],
        answered(NOTHING_ASKED),
        outcomes=["refused"],
    ),
    Case(
        "resolve puts what is not acceptable first",
        "resolve",
        [Ask("K"), Ask(""), Ask("N"), Ask(None)],
        {
            "A": answered(
                "r1: " + NOTHING_ASKED,
                "r3: " + NOTHING_ASKED,
                "r0: succ",
                "r2: " + NOT_LINKED,
            )["A"],
            "B": answered(
                "r1: " + NOTHING_ASKED,
                "r3: " + NOTHING_ASKED,
                "r0: " + ACTIVE,
                "r2: " + NOT_LINKED,
            )["B"],
        },
        {"K": 1},
    ),
    Case(
        "resolve one ID twice",
        "resolve",
        [Ask("K"), Ask("K")],
        {**answered("succ", "succ"), "B": answered(ACTIVE, ACTIVE)["B"]},
        {"K": 1},
    ),
    Case(
        "resolve an unknown scope",
        "resolve",
        [Ask("K", extra={"scope": "all"})],
        invalid(1, "Invalid Input. Input should be 'yes_no' or 'details'"),
    ),
    Case(
        "NUL in what is asked for",
        "resolve",
        [Ask("K"), Ask("a\0")],
        broken(),
        {"K": 1},
        outcomes=["transient"] * 2,
    ),
]

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

CASES = [*LINKS, *UPDATES, *UNLINKS, *RESOLVES, *FORM, *STRUCTURED]
