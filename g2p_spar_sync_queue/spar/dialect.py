"""What the dialects of SPAR's mapper have in common.

The envelopes differ; the items in them and their reason codes are nearly the same. SPAR
answers HTTP 200 also for refused items, lists items in any order, some of them without
``id``: only ``reference_id`` identifies them.
"""

import re
from abc import ABC, abstractmethod

from .answers import Answer, Outcome, Result
from .codes import (
    DUPLICATE,
    ID_INVALID,
    INTERNAL_ERROR,
    LINK,
    MISSING,
    NOT_LINKED,
    OPERATIONS,
    OTHER_ID,
    RESOLVE,
    SIGNATURE_REFUSED,
    UNLINK,
    UNREADABLE,
    UPDATE,
)

#: Outcome of a request that was refused as a whole, where no item can be the cause.
_REFUSALS = {
    SIGNATURE_REFUSED: Outcome.PARTNER,
    "rjct.signature.invalid": Outcome.PARTNER,
    "rjct.permission.denied": Outcome.PARTNER,
    INTERNAL_ERROR: Outcome.TRANSIENT,
}


class Dialect(ABC):
    """The requests and answers of one generation of SPAR's mapper."""

    #: Technical name, as stored on connections.
    name = None

    @abstractmethod
    def path(self, operation):
        """Return the path of an operation below the connection's base URL."""

    def build(self, operation, items, sender_id, message_id, timestamp):
        """Return the body of a request.

        :param str operation: one of :data:`~.codes.OPERATIONS`
        :param items: the :class:`~.answers.Item` list, no SPAR ID twice (a link batch
            with a duplicate fails as a whole, and nothing of it is stored)
        :param str sender_id: the partner's name at SPAR
        :param str message_id: unique per request; also the transaction ID
        :param str timestamp: ISO 8601 with offset
        :rtype: dict
        :raise ValueError: for an unknown operation, a SPAR ID twice, or an item that
            lacks what this dialect needs of it
        """
        if operation not in OPERATIONS:
            raise ValueError(f"unknown operation {operation!r}")
        if len({item.spar_id for item in items}) < len(items):
            raise ValueError("a SPAR ID occurs twice in one request")
        entries = [self._entry(operation, item, timestamp) for item in items]
        return self._envelope(operation, entries, sender_id, message_id, timestamp)

    # Not the one of Odoo's models.
    def read(self, operation, items, body):  # pylint: disable=method-required-super
        """Return the :class:`~.answers.Answer` in the parsed body of an HTTP 200.

        Items are not matched by position. An item that SPAR left out is ambiguous; an
        answer that is not of the documented shape makes every item ambiguous.

        :param str operation: what was sent
        :param items: what was sent
        :param body: any JSON value
        """
        header, payload = self._unwrap(body) if isinstance(body, dict) else (None, None)
        if isinstance(header, dict):
            refusal = self._refusal(header)
            if refusal:
                return Answer.same_for_all(items, *refusal)
        if not isinstance(header, dict) or not isinstance(payload, dict):
            return Answer.same_for_all(items, Outcome.AMBIGUOUS, UNREADABLE)
        by_reference = _by_reference(payload.get(f"{operation}_response"))
        return Answer(
            {
                item.reference_id: self._result(operation, item, by_reference)
                for item in items
            }
        )

    # === WHAT DIFFERS === #

    @abstractmethod
    def _envelope(self, operation, entries, sender_id, message_id, timestamp):
        """Return the whole body around the items."""

    @abstractmethod
    def _address(self, item):
        """Return the fields of a link or update that contain the address."""

    @abstractmethod
    def _unwrap(self, body):
        """Return header and payload of an answer; their types are not checked yet."""

    @abstractmethod
    def _refusal(self, header):
        """Return outcome and code if the request as a whole was refused, or None."""

    @abstractmethod
    def _address_at_spar(self, entry):
        """Return the address in the answer to a resolve, as text, and its strategy.

        :return: the text and the strategy's number; either is None if unknown
        """

    # === WHAT IS THE SAME === #

    def _entry(self, operation, item, timestamp):
        entry = {
            "reference_id": item.reference_id,
            "timestamp": timestamp,
            "id": item.spar_id,
            "locale": "en",
        }
        if operation in (LINK, UPDATE):
            entry.update(self._address(item))
            # If these are missing or empty, SPAR keeps the values it has.
            details = {"name": item.name, "phone_number": item.phone}
            entry.update({key: text for key, text in details.items() if text})
        elif operation == RESOLVE:
            entry["scope"] = "details"
        # Unlink without "fa" deletes the row whichever address it has.
        return entry

    def _result(self, operation, item, by_reference):
        entry = by_reference.get(item.reference_id)
        if entry is None:
            return Result(Outcome.AMBIGUOUS, MISSING)
        status = entry.get("status")
        code = clean_code(entry.get("status_reason_code"))
        if operation == RESOLVE:
            return self._resolved(item, entry, status, code)
        if status == "succ":
            return Result(Outcome.DONE, code)
        if operation in (LINK, UPDATE) and code == DUPLICATE:
            return Result(Outcome.SWAP, code)
        if operation == UNLINK and code == ID_INVALID:
            # The row does not exist, which is what unlink should achieve.
            return Result(Outcome.DONE, code)
        if code == INTERNAL_ERROR:
            return Result(Outcome.TRANSIENT, code)
        return _not_done(status, code)

    def _resolved(self, item, entry, status, code):
        if status != "succ":
            return _not_done(status, code)
        found = entry.get("id")
        if found is None or code == NOT_LINKED:
            return Result(Outcome.DONE, code, linked=False)
        if found != item.spar_id:
            # An answer about another ID under our reference is not used.
            return Result(Outcome.AMBIGUOUS, OTHER_ID)
        fa, number = self._address_at_spar(entry)
        return Result(Outcome.DONE, code, linked=True, fa=fa, strategy_number=number)


def clean_code(value):
    """Return a reason code; "unknown" for anything else.

    Codes are stored and shown, and free text in their place might repeat the address.
    """
    code = str(value or "")
    return code if re.fullmatch(r"[a-zA-Z_.]{0,64}", code) else "unknown"


def request_refused(code):
    """Return outcome and code of a request refused as a whole with this code."""
    return _REFUSALS.get(code, Outcome.BATCH_REFUSED), code


def clean_text(value):
    """Return the address at SPAR, or None for a value that cannot be stored here."""
    if not isinstance(value, str) or "\0" in value:
        return None
    # JSON can contain half a surrogate pair; PostgreSQL cannot store it.
    return value if value == value.encode(errors="ignore").decode() else None


def recorded_strategy(entry):
    """Return the strategy SPAR stored with an address, or None if it names none."""
    info = entry.get("additional_info")
    first = info[0] if isinstance(info, list) and info else None
    return clean_number(first.get("strategy_id") if isinstance(first, dict) else None)


def clean_number(value):
    """Return a strategy's number, or None for anything else."""
    # JSON's true is no number, although bool is a kind of int in Python.
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _by_reference(entries):
    by_reference = {}
    for entry in entries if isinstance(entries, list) else []:
        reference_id = entry.get("reference_id") if isinstance(entry, dict) else None
        if isinstance(reference_id, str):
            # Of two answers for one item, neither is used.
            known = reference_id in by_reference
            by_reference[reference_id] = None if known else entry
    return by_reference


def _not_done(status, code):
    """Return the result of an item that was not done: unclear, or refused."""
    return Result(Outcome.REFUSED if status == "rjct" else Outcome.AMBIGUOUS, code)
