"""The partner API dialect of the SPAR mapper 2.x.

``response_status`` is ``SUCCESS`` even when all items were refused; ``ERROR`` means the
whole request was, and then the list is empty. An address travels in its parts: SPAR
writes the text it stores by a strategy of its own, and on resolve tells the parts it
reads from that text. For the engine an address stays one text, the one our strategy of
the same number writes, so that both dialects compare alike.
"""

from .answers import Outcome
from .dialect import (
    Dialect,
    clean_code,
    clean_number,
    clean_text,
    recorded_strategy,
    request_refused,
)

NAME = "partner_api"

#: The code of whatever SPAR finds wrong with a request, the signature included.
REQUEST_INVALID = "rjct.request.validation"

_WALLET = ("wallet_provider_name", "wallet_provider_code")

#: SPAR tells the kinds of addresses apart by the fields present: what only this kind
#: has, its ``fa_type``, and all the fields it must have. Empty is allowed, null is not.
KINDS = (
    (
        "account_number",
        "BANK",
        ("bank_name", "bank_code", "branch_name", "branch_code", "account_number"),
    ),
    ("mobile_number", "MOBILE_WALLET", (*_WALLET, "mobile_number")),
    ("email_address", "EMAIL_WALLET", (*_WALLET, "email_address")),
)


class PartnerApi(Dialect):
    """SPAR 2.x; see :class:`~.dialect.Dialect`.

    :param write: a function of a strategy's number and the parts of an address that
        returns the text our strategy writes for them, or None when they do not fit it
    """

    name = NAME

    def __init__(self, write=None):
        self._write = write

    def path(self, operation):
        return f"/mapper/{operation}"

    def _envelope(self, operation, entries, sender_id, message_id, timestamp):
        return {
            "request_header": {
                "request_id": message_id,
                "request_timestamp": timestamp,
                "sender_app_mnemonic": sender_id,
                "sender_app_url": "",
            },
            "request_body": {
                "request_payload": {
                    "transaction_id": message_id,
                    f"{operation}_request": entries,
                }
            },
        }

    def _address(self, item):
        parts = item.parts or {}
        for own, fa_type, names in KINDS:
            if own in parts:
                return {
                    "fa": {
                        "strategy_id": item.strategy_number,
                        "fa_type": fa_type,
                        **{name: parts.get(name) or "" for name in names},
                    },
                    # SPAR adds it itself. A row that lacks it could never be read.
                    "additional_info": [{"strategy_id": item.strategy_number}],
                }
        raise ValueError("an address without its parts cannot be sent to SPAR 2.x")

    def _opened(self, body):
        content = body.get("response_body")
        payload = content.get("response_payload") if isinstance(content, dict) else None
        return body.get("response_header"), payload

    def _refusal(self, header):
        if header.get("response_status") != "ERROR":
            return None
        code = clean_code(header.get("response_error_code"))
        if code == REQUEST_INVALID and _is_about_signature(header):
            return Outcome.PARTNER, code
        return request_refused(code)

    def _held(self, entry):
        fa = entry.get("fa")
        number = recorded_strategy(entry)
        if not isinstance(fa, dict):
            return clean_text(fa), number
        parts = {name: text for name, text in fa.items() if text is not None}
        named = clean_number(parts.pop("strategy_id", None))
        number = number if named is None else named
        # Without a strategy, or where its own could not read the row, SPAR tells no
        # parts: linked, but where to is unknown.
        if not parts or number is None or not self._write:
            return None, number
        if any(clean_text(text) is None for text in parts.values()):
            return None, number
        return self._write(number, parts), number


def _is_about_signature(header):
    """Whether an invalid request is one whose signature SPAR refused.

    SPAR has one code for all of it, and puts the name of its own constant for a bad
    signature where the text belongs. Mistakes in the body are an HTTP 400, so without
    any text it is the signature, too: better to stop and call somebody than to hold
    every registrant for it.
    """
    text = header.get("response_error_message")
    if not isinstance(text, str) or not text.strip():
        return True
    return any(word in text.lower() for word in ("jwt", "signature"))
