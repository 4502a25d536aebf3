"""Dialect B: the partner API of 2.x, where addresses are structured."""

from . import schema, strategies
from .dialect import OPERATIONS, Dialect, now, objects_in
from .schema import anything, fields, list_of, maybe, moment, text, whole_number
from .table import Crash

#: What a refused signature is called in 2.x.
VALIDATION = "rjct.request.validation"
UNBELIEVED = VALIDATION, "StatusReasonCodeEnum.rjct_jwt_invalid"
INTERNAL = "rjct.internal.error", "Internal server error"

_WALLET = {"wallet_provider_name": text, "wallet_provider_code": text}
_FA = {
    "strategy_id": whole_number,
    "fa_type": schema.one_of("BANK", "EMAIL_WALLET", "MOBILE_WALLET"),
}
#: Which of these an address is, its fields tell, and not its ``fa_type``.
_KINDS = [
    fields({**_FA, **{name: text for name in strategies.BANK}}),
    fields({**_FA, **_WALLET, "mobile_number": text}),
    fields({**_FA, **_WALLET, "email_address": text}),
]
_HEADER = fields(
    {
        "sender_app_mnemonic": text,
        "sender_app_url": text,
        "request_id": text,
        "request_timestamp": moment,
    },
    {"instance_id": maybe(text)},
)
_BASE = {"reference_id": text, "timestamp": text}
_COMMON = {"id": maybe(text), "name": maybe(text), "locale": maybe(text)}
_ANY_INFO = {"additional_info": maybe(list_of(anything))}
_LINK = fields(
    {**_BASE, "fa": schema.any_of(*_KINDS)},
    {
        **_COMMON,
        "phone_number": maybe(text),
        "additional_info": maybe(list_of(schema.plain_object)),
    },
)
_UNLINK = fields(
    _BASE, {**_COMMON, **_ANY_INFO, "fa": maybe(text), "phone_number": maybe(text)}
)
_SCOPE = schema.one_of("yes_no", "details")
_RESOLVE = fields(
    _BASE, {**_COMMON, **_ANY_INFO, "fa": maybe(text), "scope": maybe(_SCOPE)}
)
_ITEMS = {"link": _LINK, "update": _LINK, "unlink": _UNLINK, "resolve": _RESOLVE}


def _body(operation):
    items = {f"{operation}_request": list_of(_ITEMS[operation])}
    body = fields({"request_payload": fields({"transaction_id": text, **items})})
    return fields({"request_header": _HEADER, "request_body": body})


class DialectB(Dialect):
    """SPAR 2.0 and later."""

    prefix = "/mapper/"
    checkers = {operation: _body(operation) for operation in OPERATIONS}

    @staticmethod
    def parts_of(content, operation):
        """Return the request's ID and its items, as far as there are any."""
        try:
            items = content["request_body"]["request_payload"][f"{operation}_request"]
            return content["request_header"].get("request_id"), objects_in(items)
        except (AttributeError, KeyError, TypeError):
            return None, []

    def unbelieved(self, operation, content):
        return self.rejection(operation, content, *UNBELIEVED)

    def business(self, operation, content, request, refused):
        payload = content["request_body"]["request_payload"]
        items = payload[f"{operation}_request"]
        if not items:
            return self.rejection(operation, content, VALIDATION, _nothing(operation))
        # The ID may be missing in the schema, not in the table.
        items = [{**item, "id": item.get("id") or ""} for item in items]
        prepare = self.stored_form if operation in ("link", "update") else dict
        try:
            verdicts = self.mapper.apply(operation, items, refused, prepare)
        except Crash:
            return self.rejection(operation, content, *INTERNAL)
        entries = [self.entry(operation, verdict) for verdict in verdicts]
        return _answer(operation, content, entries, "SUCCESS")

    def stored_form(self, item):
        """Return an item with its address as text, and the number of the strategy.

        :raises Crash: when the strategy cannot be applied to such an address.
        """
        fa = item["fa"]
        try:
            constructed = strategies.construct(fa, self.mapper.strategies)
        except (KeyError, IndexError):
            raise Crash("the strategy cannot be applied") from None
        first, *rest = item.get("additional_info") or [{}]
        # One that the partner named itself is kept, right or wrong.
        first = {**first, "strategy_id": first.get("strategy_id", fa["strategy_id"])}
        return {**item, "fa": constructed, "additional_info": [first, *rest]}

    def rejection(self, operation, content, code, message=None):
        return _answer(operation, content, [], "ERROR", code, message or code)

    def entry(self, operation, verdict):
        """Return what is answered about one item."""
        item = verdict.item
        entry = {"reference_id": item["reference_id"], "timestamp": now()}
        code, extra = verdict.code, None
        if operation == "link":
            fa = item["fa"]
            # What a fault left out was not written as text.
            entry["fa"] = fa if isinstance(fa, str) else None
        elif operation == "update":
            entry["id"] = item["id"]
        elif operation == "unlink":
            entry["id"] = ""
        else:
            entry.update(fa=None, id=None, account_provider_info=None)
            if verdict.row:
                code = "succ.id.active"
                entry["id"] = item["id"]
                extra = item.get("additional_info")
                if item.get("scope") == "details":
                    entry["fa"] = strategies.deconstruct(
                        verdict.row, self.mapper.strategies
                    )
                    extra = verdict.row.additional_info
        return {
            **entry,
            "status": verdict.status,
            "status_reason_code": code,
            "status_reason_message": verdict.message,
            "additional_info": extra,
            "locale": item.get("locale", "en"),
            **({"left_out": True} if verdict.left_out else {}),
        }

    def list_in(self, answer):
        payload = answer.get("response_body", {}).get("response_payload", {})
        lists = [value for value in payload.values() if isinstance(value, list)]
        return lists[0] if lists else []


def _nothing(operation):
    """Return what SPAR says of an empty list."""
    return f"Empty {operation}_request list in request.request_body.request_payload"


def _answer(operation, content, entries, status, code=None, message=None):
    payload = content["request_body"]["request_payload"]
    return {
        "response_header": {
            "request_id": content["request_header"]["request_id"],
            "response_status": status,
            "response_error_code": code,
            "response_error_message": message,
            "response_timestamp": now(),
        },
        "response_body": {
            "pagination_response": None,
            "response_payload": {
                "transaction_id": payload["transaction_id"],
                "correlation_id": None,
                f"{operation}_response": entries,
            },
        },
    }
