"""Dialect A: the G2P Connect envelope of 1.x, synchronous calls only."""

from . import schema
from .dialect import OPERATIONS, Dialect, now, objects_in
from .schema import anything, fields, flag, list_of, maybe, text, whole_number

_HEADER = fields(
    {
        "message_id": text,
        "message_ts": text,
        "action": text,
        "sender_id": text,
        "total_count": whole_number,
    },
    {
        "version": maybe(text),
        "sender_uri": maybe(text),
        "receiver_id": maybe(text),
        "is_msg_encrypted": maybe(flag),
        "is_encrypted": maybe(flag),
    },
)
_INFO = {
    "name": maybe(text),
    "additional_info": maybe(list_of(anything)),
    "locale": maybe(text),
}
_BASE = {"reference_id": text, "timestamp": text}
_LINK = fields(
    {**_BASE, "id": text, "fa": text}, {**_INFO, "phone_number": maybe(text)}
)
_UNLINK = fields(
    {**_BASE, "id": text}, {**_INFO, "fa": maybe(text), "phone_number": maybe(text)}
)
_SCOPE = schema.one_of("yes_no", "details")
_RESOLVE = fields(
    _BASE, {**_INFO, "fa": maybe(text), "id": maybe(text), "scope": maybe(_SCOPE)}
)
_ITEMS = {"link": _LINK, "update": _LINK, "unlink": _UNLINK, "resolve": _RESOLVE}


def _body(operation):
    items = {f"{operation}_request": list_of(_ITEMS[operation])}
    message = fields({"transaction_id": text, **items})
    return fields({"header": _HEADER, "message": message})


class DialectA(Dialect):
    """The mapper 1.1.0 and the 1.1 branch; they differ in their verifier only."""

    prefix = "/sync/"
    checkers = {operation: _body(operation) for operation in OPERATIONS}

    @staticmethod
    def parts_of(content, operation):
        """Return the request's ID and its items, as far as there are any."""
        try:
            items = content["message"][f"{operation}_request"]
            return content["header"].get("message_id"), objects_in(items)
        except (AttributeError, KeyError, TypeError):
            return None, []

    def unbelieved(self, operation, content):
        return self.rejection(operation, content, "rjct.jwt.invalid")

    def business(self, operation, content, request, refused):
        if content["header"]["action"] != operation:
            return self.rejection(operation, content, "rjct.action.not_supported")
        items = content["message"][f"{operation}_request"]
        verdicts = self.mapper.apply(operation, items, refused)
        entries = [self.entry(operation, verdict) for verdict in verdicts]
        done = sum(entry["status"] == "succ" for entry in entries)
        return {
            "header": _header(
                content["header"],
                status="succ",
                total_count=len(entries),
                completed_count=done,
                # Copied, not swapped.
                sender_id=content["header"]["sender_id"],
                receiver_id=content["header"].get("receiver_id", ""),
            ),
            "message": {
                "transaction_id": content["message"]["transaction_id"],
                "correlation_id": None,
                f"{operation}_response": entries,
            },
        }

    def rejection(self, operation, content, code):
        header = _header(
            content["header"],
            status="rjct",
            status_reason_code=code,
            status_reason_message=code,
        )
        return {"header": header, "message": {}}

    @staticmethod
    def entry(operation, verdict):
        """Return what is answered about one item."""
        item = verdict.item
        entry = {"reference_id": item["reference_id"], "timestamp": now()}
        extra = None
        if operation == "link":
            entry["fa"] = item["fa"]
        elif operation == "update":
            entry["id"] = "" if verdict.code else item["id"]
        elif operation == "unlink":
            entry["id"] = ""
        else:
            entry.update(fa=item.get("fa", ""), id=None, account_provider_info=None)
            if verdict.row:
                entry["id"] = item["id"]
                extra = item.get("additional_info")
                if item.get("scope") == "details":
                    entry["fa"], extra = verdict.row.fa, verdict.row.additional_info
        return {
            **entry,
            "status": verdict.status,
            "status_reason_code": verdict.code,
            "status_reason_message": verdict.message,
            "additional_info": extra,
            "locale": item.get("locale", "en"),
            **({"left_out": True} if verdict.left_out else {}),
        }

    def list_in(self, answer):
        lists = [v for v in answer.get("message", {}).values() if isinstance(v, list)]
        return lists[0] if lists else []


def _header(asked, **values):
    return {
        "version": "1.0.0",
        "message_id": asked["message_id"],
        "message_ts": now(),
        "action": asked["action"],
        "status": None,
        "status_reason_code": None,
        "status_reason_message": None,
        "total_count": None,
        "completed_count": None,
        "sender_id": None,
        "receiver_id": None,
        "is_msg_encrypted": False,
        "meta": {},
        **values,
    }
