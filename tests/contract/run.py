"""Runs rows of the table against one server."""

import datetime

from .case import Ask, item_of, items_of, wallet_text
from .cases import CASES


class Server:
    """What the table needs to know of a server.

    :param Speaker speaker: who speaks to it.
    :param Callable rows: returns its table, as text by ID.
    :param Callable clear: empties the table.
    """

    def __init__(self, speaker, rows, clear):
        self.speaker = speaker
        self.rows = rows
        self.clear = clear

    @property
    def dialect(self):
        """``A`` or ``B``."""
        return self.speaker.column.dialect

    def prepare(self, given):
        """Empty the table and link what a case has as given."""
        self.clear()
        if given:
            items = [
                item_of("link", Ask(spar_id, number), place, self.dialect)
                for place, (spar_id, number) in enumerate(given.items())
            ]
            status, _answer = self.speaker.ask("link", items)
            assert status == 200
        assert self.rows() == self.texts(given)

    def texts(self, wallets):
        """Return wallets as SPAR stores them, by ID."""
        return {
            spar_id: wallet_text(number, self.dialect)
            if isinstance(number, int)
            else number
            for spar_id, number in wallets.items()
        }


def cases_for(dialect, cases=CASES):
    """Return the rows that apply to a dialect."""
    return [case for case in cases if dialect in case.expected]


def run(case, server):
    """Ask what a row says and compare the answer, and the table afterwards.

    :return: HTTP status and the whole answer.
    """
    server.prepare(case.given)
    items = items_of(case, server.dialect)
    status, answer = server.speaker.ask(case.operation, items, case.tweak)
    summary = server.speaker.summary(case.operation, status, answer)
    assert summary == case.expected[server.dialect]
    if case.message and server.dialect == "B":
        assert answer["response_header"]["response_error_message"] == case.message
    if status == 200:
        check_entries(case.operation, items, answer, server)
    after = case.given if case.after is None else case.after
    assert server.rows() == server.texts(after)
    return status, answer


def check_entries(operation, items, answer, server):
    """Check what each item of an answer carries, by the rules of its dialect."""
    asked = {item["reference_id"]: item for item in items}
    for entry in server.speaker.entries(operation, answer):
        item = asked[entry["reference_id"]]
        check_time(entry["timestamp"])
        assert entry["locale"] == "en"
        known = server.dialect, operation
        if operation == "link":
            # Only the address comes back, as text, and no ID.
            assert "id" not in entry
            assert isinstance(entry["fa"], str)
            if known == ("A", "link"):
                assert entry["fa"] == item["fa"]
        elif known == ("A", "update"):
            assert entry["id"] == ("" if entry["status"] == "rjct" else item["id"])
        elif known == ("B", "update"):
            assert entry["id"] == item["id"]
        elif operation == "unlink":
            assert entry["id"] == ""
        else:
            check_resolved(item, entry, server)


def check_resolved(item, entry, server):
    """Check what a resolve tells of one ID."""
    stored = server.rows().get(item.get("id"))
    details = item.get("scope") == "details"
    assert entry["id"] == (item["id"] if stored else None)
    assert entry["account_provider_info"] is None
    if not stored or not details:
        assert entry["fa"] == (item.get("fa", "") if server.dialect == "A" else None)
        return
    assert entry["additional_info"] == [{"strategy_id": 4}]
    if server.dialect == "A":
        assert entry["fa"] == stored
    else:
        assert entry["fa"].pop("strategy_id") == 4
        parts = (f"{name}:{text}" for name, text in entry["fa"].items())
        assert ".".join(parts) == stored


def check_time(text):
    """Check that a time of SPAR is local and does not say so."""
    assert datetime.datetime.fromisoformat(text).tzinfo is None
