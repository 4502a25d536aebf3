"""SPAR's table, and what each operation does to it: the same in all versions."""

import datetime
from dataclasses import asdict, dataclass

#: PostgreSQL takes no more parameters in one statement.
MAX_PARAMETERS = 32_767

ID_NULL = "rjct.id.invalid", "ID is null"
FA_NULL = "rjct.fa.invalid", "FA is null"
LINKED = "rjct.reference_id.duplicate", "ID and FA are already mapped"
#: The same code as of what is linked already.
UNKNOWN_TO_UPDATE = "rjct.reference_id.duplicate", "ID doesnt exist please link first"
UNKNOWN_TO_UNLINK = "rjct.id.invalid", "ID doesnt exist please link first"
NOTHING_ASKED = "rjct.reference_id.invalid", "ID is required"
NOT_LINKED = "succ.fa.not_linked_to_id", "ID doesn't exist, please link first"


class Crash(Exception):
    """An unexpected error in SPAR's code; it fails the whole request."""


@dataclass
class Row:
    """One line of the table."""

    fa: str = ""
    name: str | None = None
    phone: str | None = None
    additional_info: list | None = None
    created_at: str = ""
    #: Set when the row is made, and never again.
    updated_at: str = ""


@dataclass
class Verdict:
    """The result of one item; ``row`` is what a resolve found."""

    item: dict
    code: str | None = None
    message: str | None = None
    row: Row | None = None
    left_out: bool = False

    @property
    def status(self):
        """``succ`` or ``rjct``: an ID that is not linked is a success."""
        return "rjct" if (self.code or "").startswith("rjct.") else "succ"


class Table:
    """Rows by ID, and the log of what was done to them.

    IDs are compared as they are: case, blanks and Unicode forms count.
    """

    def __init__(self):
        self.rows = {}
        #: ``[operation, id, address or None]``, in order.
        self.applied = []
        #: Name and phone number that came with what was stored last.
        self.sent_details = None

    def details(self):
        """Return all that is stored, by ID."""
        return {spar_id: asdict(row) for spar_id, row in self.rows.items()}

    def apply(self, operation, items, refused=(), prepare=dict):
        """Do what is asked, but not for refused IDs.

        :param Callable prepare: makes of an item one with an address in text.
        :return: a :class:`Verdict` for each item, in the order SPAR answers in.
        :raises Crash: where SPAR's code does; what it has committed stays.
        """
        left_out = [Verdict(i, left_out=True) for i in items if i.get("id") in refused]
        wanted = [item for item in items if item.get("id") not in refused]
        if operation == "resolve":
            return self._resolve(wanted) + left_out
        done = getattr(self, f"_{operation}")(prepare(item) for item in wanted)
        if not left_out:
            return done
        places = {item["reference_id"]: place for place, item in enumerate(items)}
        return sorted(done + left_out, key=lambda v: places[v.item["reference_id"]])

    def _link(self, items):
        """Store all accepted rows in one transaction."""
        verdicts, new = [], {}
        for item in items:
            fault = self._fault(item, needs_fa=True)
            if not fault and _asked(item["id"]) in self.rows:
                fault = LINKED
            if not fault:
                if item["id"] in new:
                    raise Crash("the index on the ID is unique")
                new[item["id"]] = item
            verdicts.append(Verdict(item, *fault))
        for item in new.values():
            _must_be_storable(item)
        for item in new.values():
            now = _now()
            self.rows[item["id"]] = Row(
                item["fa"],
                item.get("name"),
                item.get("phone_number"),
                item.get("additional_info"),
                created_at=now,
                updated_at=now,
            )
            self._note("link", item)
        return verdicts

    def _update(self, items):
        """Change one row after the other, each in a transaction of its own."""
        verdicts = []
        for item in items:
            fault = self._fault(item, needs_fa=True)
            if not fault and _asked(item["id"]) not in self.rows:
                fault = UNKNOWN_TO_UPDATE
            if not fault:
                _must_be_storable(item)
                row = self.rows[item["id"]]
                row.fa = item["fa"]
                # What is missing or empty leaves what is there.
                row.name = item.get("name") or row.name
                row.phone = item.get("phone_number") or row.phone
                row.additional_info = item.get("additional_info") or row.additional_info
                self._note("update", item)
            verdicts.append(Verdict(item, *fault))
        return verdicts

    def _unlink(self, items):
        """Delete rows in one transaction."""
        verdicts, gone = [], {}
        for item in items:
            fault = self._fault(item)
            if not fault:
                row = self.rows.get(_asked(item["id"]))
                fa = item.get("fa")
                if row is None or item["id"] in gone or (fa and _asked(fa) != row.fa):
                    fault = UNKNOWN_TO_UNLINK
                else:
                    gone[item["id"]] = True
            verdicts.append(Verdict(item, *fault))
        for spar_id in gone:
            del self.rows[spar_id]
            self.applied.append(["unlink", spar_id, None])
        return verdicts

    def _resolve(self, items):
        """Look up what is asked for; what is not acceptable comes first."""
        accepted = [item for item in items if item.get("id") or item.get("fa")]
        if accepted:
            if len(items) > MAX_PARAMETERS:
                raise Crash("too many parameters")
            for item in items:
                _asked(item.get("id") or "")
        verdicts = [
            Verdict(item, *NOTHING_ASKED)
            for item in items
            if not item.get("id") and not item.get("fa")
        ]
        for item in accepted:
            row = self.rows.get(item.get("id"))
            found = () if row else NOT_LINKED
            verdicts.append(Verdict(item, *found, row=row))
        return verdicts

    def _note(self, operation, item):
        self.applied.append([operation, item["id"], item["fa"]])
        self.sent_details = item.get("name"), item.get("phone_number")

    @staticmethod
    def _fault(item, needs_fa=False):
        """Return code and message of what an item lacks, or nothing."""
        if not item.get("id"):
            return ID_NULL
        if needs_fa and not item["fa"]:
            return FA_NULL
        return ()


def _asked(text):
    """Return a text that can be a parameter of a statement.

    :raises Crash: when PostgreSQL takes no such text.
    """
    if "\0" in text or text != text.encode(errors="ignore").decode():
        raise Crash("no text for PostgreSQL")
    return text


def _must_be_storable(item):
    for name in ("id", "fa", "name", "phone_number"):
        _asked(item.get(name) or "")


def _now():
    # As the mapper does: local time that does not say so.
    return datetime.datetime.now().isoformat()
