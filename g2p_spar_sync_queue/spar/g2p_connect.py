"""The G2P Connect dialect of the SPAR mapper 1.x (synchronous calls).

Every business decision comes as HTTP 200. ``header.status`` is ``succ`` even when all
items were refused; ``rjct`` means the whole request was, and then the list is absent.
Items come in any order, some without an ``id``: only ``reference_id`` tells them apart.
"""

import re

from .answers import Answer, Outcome, Result

LINK = "link"
UPDATE = "update"
UNLINK = "unlink"
RESOLVE = "resolve"
OPERATIONS = (LINK, UPDATE, UNLINK, RESOLVE)

#: "already linked" from link, "not linked" from update: the same words for both.
DUPLICATE = "rjct.reference_id.duplicate"
ID_INVALID = "rjct.id.invalid"
NOT_LINKED = "succ.fa.not_linked_to_id"
SIGNATURE_REFUSED = "rjct.jwt.invalid"
INTERNAL_ERROR = "rjct.internal.error"
#: Our word for an item SPAR left out of its answer.
MISSING = "answer.item.missing"


def path(operation):
    """Return the path of an operation below the connection's base URL."""
    return f"/sync/{operation}"


def build(operation, items, sender_id, message_id, timestamp):
    """Return the body of a request.

    :param str operation: one of :data:`OPERATIONS`
    :param items: the :class:`~.answers.Item` list, no SPAR ID twice (SPAR answers
        HTTP 500 to a link batch with a duplicate, and stores none of it)
    :param str sender_id: the partner's name at SPAR
    :param str message_id: unique per request; also the transaction ID
    :param str timestamp: ISO 8601 with offset
    :rtype: dict
    :raise ValueError: for an unknown operation or a SPAR ID twice
    """
    if operation not in OPERATIONS:
        raise ValueError(f"unknown operation {operation!r}")
    if len({item.spar_id for item in items}) < len(items):
        raise ValueError("a SPAR ID occurs twice in one request")
    return {
        "header": {
            "version": "1.0.0",
            "message_id": message_id,
            "message_ts": timestamp,
            "action": operation,
            "sender_id": sender_id,
            "sender_uri": "",
            "receiver_id": "spar",
            "total_count": len(items),
            "is_msg_encrypted": False,
            "meta": {},
        },
        "message": {
            "transaction_id": message_id,
            f"{operation}_request": [
                _item(operation, item, timestamp) for item in items
            ],
        },
    }


def _item(operation, item, timestamp):
    body = {
        "reference_id": item.reference_id,
        "timestamp": timestamp,
        "id": item.spar_id,
        "locale": "en",
    }
    if operation in (LINK, UPDATE):
        body["fa"] = item.fa
        # In every update too: without it SPAR keeps a stale strategy.
        body["additional_info"] = [{"strategy_id": item.strategy_number}]
        # SPAR keeps what it has where these are missing or empty.
        details = {"name": item.name, "phone_number": item.phone}
        body.update({key: text for key, text in details.items() if text})
    elif operation == RESOLVE:
        body["scope"] = "details"
    # Unlink without "fa" deletes the row whatever it holds.
    return body


def read(operation, items, body):
    """Return the :class:`~.answers.Answer` in the parsed body of an HTTP 200.

    Never trusts position or completeness: an item SPAR left out is ambiguous, and
    anything that is not of the documented shape makes every item ambiguous.

    :param str operation: what was sent
    :param items: what was sent
    :param body: whatever JSON value came
    """
    header = body.get("header") if isinstance(body, dict) else None
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(header, dict) or not isinstance(message, dict):
        return Answer.same_for_all(items, Outcome.AMBIGUOUS, "answer.unreadable")
    if header.get("status") == "rjct":
        return _request_refused(items, _code(header))
    entries = message.get(f"{operation}_response")
    by_reference = {}
    for entry in entries if isinstance(entries, list) else []:
        reference_id = entry.get("reference_id") if isinstance(entry, dict) else None
        if isinstance(reference_id, str):
            # Two answers for one item contradict each other: believe neither.
            known = reference_id in by_reference
            by_reference[reference_id] = None if known else entry
    return Answer(
        {item.reference_id: _result(operation, item, by_reference) for item in items}
    )


def _code(entry):
    """Return the reason code of an answer, if it looks like one.

    Codes are stored and shown; free text in their place might repeat the address.
    """
    code = str(entry.get("status_reason_code") or "")
    return code if re.fullmatch(r"[a-zA-Z_.]{0,64}", code) else "unknown"


def _request_refused(items, code):
    if code == SIGNATURE_REFUSED:
        return Answer.same_for_all(items, Outcome.PARTNER, code)
    if code == INTERNAL_ERROR:
        return Answer.same_for_all(items, Outcome.TRANSIENT, code)
    return Answer.same_for_all(items, Outcome.BATCH_REFUSED, code)


def _result(operation, item, by_reference):
    entry = by_reference.get(item.reference_id)
    if entry is None:
        return Result(Outcome.AMBIGUOUS, MISSING)
    status, code = entry.get("status"), _code(entry)
    if operation == RESOLVE:
        return _resolved(item, entry, status, code)
    if status == "succ":
        return Result(Outcome.DONE, code)
    if operation in (LINK, UPDATE) and code == DUPLICATE:
        return Result(Outcome.SWAP, code)
    if operation == UNLINK and code == ID_INVALID:
        # Already gone, which is what was wanted.
        return Result(Outcome.DONE, code)
    if code == INTERNAL_ERROR:
        return Result(Outcome.TRANSIENT, code)
    return _not_done(status, code)


def _not_done(status, code):
    """Only a plain rejection says that nothing was done."""
    return Result(Outcome.REFUSED if status == "rjct" else Outcome.AMBIGUOUS, code)


def _resolved(item, entry, status, code):
    if status != "succ":
        return _not_done(status, code)
    found = entry.get("id")
    if found is None or code == NOT_LINKED:
        return Result(Outcome.DONE, code, linked=False)
    if found != item.spar_id:
        # Somebody else's answer under our reference: believe nothing of it.
        return Result(Outcome.AMBIGUOUS, "answer.other_id")
    return Result(
        Outcome.DONE,
        code,
        linked=True,
        fa=_text(entry.get("fa")),
        strategy_number=_strategy_number(entry.get("additional_info")),
    )


def _strategy_number(additional_info):
    """Return the strategy SPAR stored with an address, or None if it names none."""
    first = additional_info[:1] if isinstance(additional_info, list) else []
    number = (
        first[0].get("strategy_id") if first and isinstance(first[0], dict) else None
    )
    return number if isinstance(number, int) else None


def _text(value):
    """Return what SPAR holds, or None for what can be no address of ours."""
    if not isinstance(value, str) or "\0" in value:
        return None
    # JSON can carry half a surrogate pair, which no database can.
    return value if value == value.encode(errors="ignore").decode() else None
