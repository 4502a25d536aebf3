"""Runs rows of the table against one server."""

import datetime
from dataclasses import dataclass

from .case import Ask, item_of, items_of, wallet_text
from .cases import CASES


class NotPrepared(Exception):
    """The server did not take, or did not lose, what a row begins with."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the table says; all are words to be shown.

    :param str what: what was compared.
    :param str expected: what the table says.
    :param str came: what the server answered.
    """

    what: str
    expected: str
    came: str


@dataclass(frozen=True)
class Result:
    """What came of one row.

    :param int status: of HTTP.
    :param answer: the parsed body.
    :param tuple summary: the answer in few words.
    :param list differences: each :class:`Difference` from the table.
    """

    status: int
    answer: object
    summary: tuple
    differences: list


class Comparison:
    """Collects differences."""

    def __init__(self):
        self.differences = []

    def same(self, what, expected, came, words=repr):
        """Note a difference if there is one.

        :param str what: what is compared.
        :param expected: what the table says.
        :param came: what the server answered.
        :param Callable words: makes a text of each.
        """
        if expected != came:
            self.differences.append(Difference(what, words(expected), words(came)))


class Server:
    """What the table needs to know of a server.

    :param Speaker speaker: who speaks to it.
    :param Callable rows: returns its table, as text by ID.
    :param Callable clear: empties the table.
    :param str prefix: begins every ID that is sent.
    """

    def __init__(self, speaker, rows, clear, prefix=""):
        self.speaker = speaker
        self.rows = rows
        self.clear = clear
        self.prefix = prefix

    @property
    def dialect(self):
        """``A`` or ``B``."""
        return self.speaker.column.dialect

    def named(self, spar_id):
        """Return an ID of the table as it is sent."""
        if isinstance(spar_id, str) and spar_id:
            return self.prefix + spar_id
        return spar_id

    def item(self, operation, ask, place=0):
        """Return one item as it is sent."""
        return self._prefixed(item_of(operation, ask, place, self.dialect))

    def items(self, case):
        """Return the items of a row as they are sent."""
        return [self._prefixed(item) for item in items_of(case, self.dialect)]

    def _prefixed(self, item):
        return {**item, "id": self.named(item["id"])} if "id" in item else item

    def prepare(self, given):
        """Empty the table and link what a case has as given.

        :raises NotPrepared: when the server then holds something else.
        """
        self.clear()
        if given:
            items = [
                self.item("link", Ask(spar_id, number), place)
                for place, (spar_id, number) in enumerate(given.items())
            ]
            self.speaker.ask("link", items)
        if self.rows() != self.texts(given):
            raise NotPrepared(", ".join(given) or "an empty table")

    def texts(self, wallets):
        """Return wallets as SPAR stores them, by ID."""
        return {
            self.named(spar_id): wallet_text(number, self.dialect)
            if isinstance(number, int)
            else number
            for spar_id, number in wallets.items()
        }


def cases_for(dialect, cases=CASES):
    """Return the rows that apply to a dialect."""
    return [case for case in cases if dialect in case.expected]


def run(case, server):
    """Ask what a row says and compare the answer, and the table afterwards.

    :rtype: Result
    :raises NotPrepared: when what the row begins with could not be made.
    """
    server.prepare(case.given)
    items = server.items(case)
    status, answer = server.speaker.ask(case.operation, items, case.tweak)
    summary = server.speaker.summary(case.operation, status, answer)
    compared = Comparison()
    compared.same("the answer", case.expected[server.dialect], summary, words_of)
    if not compared.differences:
        if case.message and server.dialect == "B":
            message = answer["response_header"]["response_error_message"]
            compared.same("the message", case.message, message)
        if status == 200:
            check_entries(compared, case.operation, items, answer, server)
    after = case.given if case.after is None else case.after
    compared.same("what SPAR holds", server.texts(after), server.rows(), words_of_rows)
    return Result(status, answer, summary, compared.differences)


def words_of(summary):
    """Return a :meth:`.speaker.Speaker.summary` as a person reads it."""
    if len(summary) == 3:
        status, count, first = summary
        return f"HTTP {status}, {count} complaint(s): {first}"
    status, head, code, items = summary
    head = f"{head} ({code})" if code else head
    return f"HTTP {status}, {head}; {', '.join(items) or 'no items'}"


def words_of_rows(rows):
    """Return what a table holds as a person reads it."""
    found = ", ".join(f"{spar_id!r}: {text!r}" for spar_id, text in rows.items())
    return found or "nothing"


def check_entries(compared, operation, items, answer, server):
    """Compare what each item of an answer carries, by the rules of its dialect."""
    asked = {item["reference_id"]: item for item in items}
    for entry in server.speaker.entries(operation, answer):
        reference = entry["reference_id"]
        item = asked[reference]
        compared.same(f"{reference}: a local time", True, _is_local(entry["timestamp"]))
        compared.same(f"{reference}: the language", "en", entry["locale"])
        known = server.dialect, operation
        told = entry.get("id")
        if operation == "link":
            # Only the address comes back, as text, and no ID.
            compared.same(f"{reference}: there is an ID", False, "id" in entry)
            fa = item["fa"] if known == ("A", "link") else _any_text(entry["fa"])
            compared.same(f"{reference}: the address", fa, entry["fa"])
        elif known == ("A", "update"):
            expected = "" if entry["status"] == "rjct" else item["id"]
            compared.same(f"{reference}: the ID", expected, told)
        elif known == ("B", "update"):
            compared.same(f"{reference}: the ID", item["id"], told)
        elif operation == "unlink":
            compared.same(f"{reference}: the ID", "", told)
        else:
            check_resolved(compared, item, entry, server)


def check_resolved(compared, item, entry, server):
    """Compare what a resolve tells of one ID."""
    stored = server.rows().get(item.get("id"))
    expected = {
        "id": item["id"] if stored else None,
        "account_provider_info": None,
        "fa": item.get("fa", "") if server.dialect == "A" else None,
    }
    came = {name: entry[name] for name in expected}
    if stored and item.get("scope") == "details":
        expected.update(fa=stored, additional_info=[{"strategy_id": 4}])
        came["additional_info"] = entry["additional_info"]
        if server.dialect == "B":
            expected["strategy_id"] = 4
            came["fa"] = joined(entry["fa"])
            came["strategy_id"] = entry["fa"]["strategy_id"]
    compared.same(f"{entry['reference_id']}: what is answered", expected, came)


def joined(parts):
    """Return the parts of an address, as 2.x tells them, as the text it stores."""
    return ".".join(
        f"{name}:{text}" for name, text in parts.items() if name != "strategy_id"
    )


def _any_text(value):
    return value if isinstance(value, str) else "any text"


def _is_local(text):
    """Return whether a time of SPAR is local and does not say so."""
    return datetime.datetime.fromisoformat(text).tzinfo is None
