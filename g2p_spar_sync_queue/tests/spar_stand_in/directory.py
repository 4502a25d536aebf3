"""The directory of banks and wallets that SPAR 2.x offers beside its mapper.

Its paths are asked with the envelope of dialect B and no login.
"""

from .dialect import now

PREFIX = "/dfsp/fetch-"

_BANKS = [
    {"id": 1, "bank_mnemonic": "FIRST", "bank_name": "First Bank", "bank_code": "FB"},
    {
        "id": 2,
        "bank_mnemonic": "HABESHA",
        "bank_name": "ሐበሻ ባንክ",
        "bank_code": "HB",
    },
]
_BRANCHES = [
    {
        "id": 1,
        "branch_mnemonic": "FIRST-NORTH",
        "branch_name": "North",
        "branch_code": "FB001",
        "bank_id": 1,
    },
    {
        "id": 2,
        "branch_mnemonic": "HABESHA-BOLE",
        "branch_name": "Bole",
        "branch_code": "HB001",
        "bank_id": 2,
    },
]
_WALLETS = [
    {
        "id": 1,
        "sp_mnemonic": "MCASH",
        "sp_name": "M-Cash",
        "sp_code": "MC",
        "wallet_type": "MOBILE_WALLET",
    },
    {
        "id": 2,
        "sp_mnemonic": "MAILPAY",
        "sp_name": "MailPay",
        "sp_code": "MP",
        "wallet_type": "EMAIL_WALLET",
    },
]
#: The list at each path, and its name in the answer.
LISTS = {
    "banks": ("banks", _BANKS),
    "branches": ("branches", _BRANCHES),
    "wallet-service-providers": ("wallet_service_providers", _WALLETS),
}


def answer(path, content):
    """Return the answer at a path of the directory, or None at another path.

    :param str path: of the request.
    :param dict content: its body; branches may be asked for of one ``bank_id``.
    """
    kind = path.removeprefix(PREFIX)
    if not path.startswith(PREFIX) or kind not in LISTS:
        return None
    name, rows = LISTS[kind]
    body = content.get("request_body") or {}
    bank = (body.get("request_payload") or {}).get("bank_id")
    if kind == "branches" and bank is not None:
        rows = [row for row in rows if row["bank_id"] == bank]
    return {
        "response_header": {
            "request_id": content.get("request_header", {}).get("request_id"),
            "response_status": "SUCCESS",
            "response_error_code": None,
            "response_error_message": None,
            "response_timestamp": now(),
        },
        "response_body": {
            "pagination_response": None,
            "response_payload": {name: rows},
        },
    }
