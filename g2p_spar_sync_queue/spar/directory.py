"""The directory of banks and wallet operators that SPAR 2.x offers beside its mapper.

Requests have the envelope of the partner API and no signature, because SPAR verifies
none here. The directory contains no data of registrants.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone

BANKS = "/dfsp/fetch-banks"
BRANCHES = "/dfsp/fetch-branches"
WALLETS = "/dfsp/fetch-wallet-service-providers"

#: The lists of a directory by name: path, text fields of a row, and its key fields.
_LISTS = {
    "banks": (BANKS, ("bank_code", "bank_name"), ("id",)),
    "branches": (BRANCHES, ("branch_code", "branch_name"), ("bank_id",)),
    "wallet_service_providers": (WALLETS, ("sp_code", "sp_name", "wallet_type"), ()),
}


class DirectoryProblem(Exception):
    """The directory cannot be read. ``code`` is a code of ours for the reason."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Directory:
    """Lists of rows as SPAR returns them."""

    banks: list
    branches: list
    wallets: list


def fetch(transport, sender_id):
    """Fetch the whole directory, in three requests.

    :param transport: a :class:`~.transport.Transport` to the server it is on
    :param str sender_id: this registry's name at SPAR
    :rtype: Directory
    :raise DirectoryProblem: when there is no directory, or it cannot be understood
    :raise ~.transport.NotSent: when the server cannot be reached
    :raise ~.transport.NoAnswer: when no complete answer arrived
    """
    return Directory(*(_fetch_list(transport, sender_id, name) for name in _LISTS))


def _fetch_list(transport, sender_id, name):
    path, texts, keys = _LISTS[name]
    body = json.dumps(_request(sender_id)).encode()
    reply = transport.post(path, body, {"Content-Type": "application/json"})
    if reply.status != 200:
        raise DirectoryProblem(f"http.{reply.status}")
    rows = _rows(reply.content, name)
    if not all(_is_row(row, texts, keys) for row in rows):
        raise DirectoryProblem("answer.unreadable")
    return rows


def _request(sender_id):
    return {
        "request_header": {
            "request_id": str(uuid.uuid4()),
            "request_timestamp": datetime.now(timezone.utc).isoformat(
                timespec="milliseconds"
            ),
            "sender_app_mnemonic": sender_id,
            "sender_app_url": "",
        },
        "request_body": {"request_payload": {}},
    }


def _rows(content, name):
    """Return the list in an answer.

    :raise DirectoryProblem: when there is none
    """
    try:
        body = json.loads(content or b"")
        if body["response_header"]["response_status"] != "SUCCESS":
            raise DirectoryProblem("answer.refused")
        rows = body["response_body"]["response_payload"][name]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise DirectoryProblem("answer.unreadable") from None
    if not isinstance(rows, list):
        raise DirectoryProblem("answer.unreadable")
    return rows


def _is_row(row, texts, keys):
    """Whether this is a row whose fields, as far as present, have the right types."""
    return (
        isinstance(row, dict)
        and all(isinstance(row.get(name), str | None) for name in texts)
        and all(isinstance(row.get(name), int | str | None) for name in keys)
    )
