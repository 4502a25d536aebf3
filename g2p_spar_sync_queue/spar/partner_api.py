"""The partner API dialect of the SPAR mapper 2.x.

``response_status`` is ``SUCCESS`` even when all items were refused; ``ERROR`` means the
whole request was, and then the list is empty. An address is sent in its parts: SPAR
writes the text it stores with a strategy of its own, and answers a resolve with the
parts it reads from that text. For the engine an address is one text, which our strategy
of the same number writes, so that addresses of both dialects compare as equal.
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

#: The one code for every invalid request, also for an invalid signature.
REQUEST_INVALID = "rjct.request.validation"

_WALLET = ("wallet_provider_name", "wallet_provider_code")

#: SPAR recognises the type of an address by its fields. For each type: the field that
#: only this type has, its ``fa_type``, and all its required fields, which may be empty
#: but not null.
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

    :param write: a function of a strategy's number and the parts of an address; it
        returns the text our strategy writes for them, or None if they do not fit it
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
                    # SPAR adds it, too. It could not read a row without it.
                    "additional_info": [{"strategy_id": item.strategy_number}],
                }
        raise ValueError("an address without its parts cannot be sent to SPAR 2.x")

    def _unwrap(self, body):
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

    def _address_at_spar(self, entry):
        fa = entry.get("fa")
        number = recorded_strategy(entry)
        if not isinstance(fa, dict):
            return clean_text(fa), number
        parts = {name: text for name, text in fa.items() if text is not None}
        named = clean_number(parts.pop("strategy_id", None))
        number = number if named is None else named
        # SPAR returns no parts for a row without a strategy, or one that its strategy
        # cannot read: the ID is linked, and the address unknown.
        if not parts or number is None or not self._write:
            return None, number
        if any(clean_text(text) is None for text in parts.values()):
            return None, number
        return self._write(number, parts), number


def _is_about_signature(header):
    """Whether an invalid request is one whose signature SPAR refused.

    SPAR has one code for all invalid requests; for a bad signature, the text is the
    name of a constant of its own. Faults in the body are answered with HTTP 400, so an
    empty text also means the signature: the connection then pauses and alerts a person,
    and no registrant is held.
    """
    text = header.get("response_error_message")
    if not isinstance(text, str) or not text.strip():
        return True
    return any(word in text.lower() for word in ("jwt", "signature"))
