"""The directory of banks and wallet operators that SPAR 2.x offers beside its mapper.

It is asked with the envelope of the partner API, without a signature: it tells nothing
about anybody, and takes none.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone

BANKS = "/dfsp/fetch-banks"
BRANCHES = "/dfsp/fetch-branches"
WALLETS = "/dfsp/fetch-wallet-service-providers"

#: What a directory holds, by the name of the list: its path, the texts of a row, and
#: what rows are told apart by.
_LISTS = {
    "banks": (BANKS, ("bank_code", "bank_name"), ("id",)),
    "branches": (BRANCHES, ("branch_code", "branch_name"), ("bank_id",)),
    "wallet_service_providers": (WALLETS, ("sp_code", "sp_name", "wallet_type"), ()),
}


class DirectoryProblem(Exception):
    """The directory cannot be read. ``code`` is our word for why."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Directory:
    """What SPAR knows: lists of rows as it tells them."""

    banks: list
    branches: list
    wallets: list


def fetch(transport, sender_id):
    """Ask for the whole directory.

    :param transport: a :class:`~.transport.Transport` to the server it is on
    :param str sender_id: this registry's name at SPAR
    :rtype: Directory
    :raise DirectoryProblem: when there is no directory, or it cannot be understood
    :raise ~.transport.NotSent: when the server cannot be reached
    :raise ~.transport.NoAnswer: when no whole answer came
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
    """Whether this is a row: what there is of it is of the kind it should be."""
    return (
        isinstance(row, dict)
        and all(isinstance(row.get(name), str | None) for name in texts)
        and all(isinstance(row.get(name), int | str | None) for name in keys)
    )
