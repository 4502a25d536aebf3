"""The table against a SPAR of which nothing is known but its address.

It is only reached through its API: what it holds is resolved, and what was linked is
unlinked again. Without permission to write, nothing but ``resolve`` is ever sent.
"""

import secrets
import tempfile
import time
from pathlib import Path

import requests

from tools import keys

from . import meaning, signatures
from .case import NOT_LINKED, Ask
from .cases import CASES
from .report import Row
from .run import Difference, NotPrepared, Server, cases_for, joined, run, words_of
from .speaker import COLUMNS, Key, Speaker

#: What is wrong with an answer that cannot be read as SPAR's.
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
#: What may happen to any question.
TROUBLE = (requests.RequestException, *UNREADABLE)
SIGNATURES = "Who is believed"
SECTIONS = {
    "link": "Link",
    "update": "Update",
    "unlink": "Unlink",
    "resolve": "Resolve",
}
#: So many rows without any answer in a row, and the others are not tried.
PATIENCE = 3
#: Of the cleaning up; seconds before the second try, doubled for each later one.
TRIES, WAIT = 4, 0.5


class Unreachable(Exception):
    """SPAR gave no answer; its words say to which question."""


class NotBelieved(Exception):
    """SPAR answers, but does not believe the partner."""


class Occupied(Exception):
    """SPAR already holds what the prefix names; its words list the IDs."""


class ReadOnly(Speaker):
    """A partner who only resolves."""

    def post(self, operation, *arguments, **options):
        """Send bytes as they are, if they ask and change nothing."""
        if operation != "resolve":
            raise PermissionError(operation)
        return super().post(operation, *arguments, **options)


class Foreign(Server):
    """A SPAR reached through its API only.

    :param Speaker speaker: who speaks to it.
    :param str prefix: begins every ID; without one, nothing is written.
    """

    def __init__(self, speaker, prefix=None):
        self.writes = bool(prefix)
        prefix = prefix or f"contract-{secrets.token_hex(6)}-"
        super().__init__(speaker, self._resolve, self._unlink, prefix)

    @property
    def ids(self):
        """All IDs that any row names, as they are sent."""
        named = set()
        for case in CASES:
            named |= {*case.given, *(case.after or {}), *(ask.id for ask in case.asks)}
        return sorted({self.named(i) for i in named if isinstance(i, str) and i})

    def _resolve(self):
        """Return what SPAR holds of these IDs, as text by ID."""
        # With a NUL nothing can be asked for, as nothing can be stored.
        asks = [Ask(i, extra={"scope": "details"}) for i in self.ids if "\0" not in i]
        items = [self._item("resolve", ask, place) for place, ask in enumerate(asks)]
        status, answer = self.speaker.ask("resolve", items)
        self._must_be_read("resolve", status, answer)
        ids = {item["reference_id"]: item["id"] for item in items}
        return {
            ids[entry["reference_id"]]: self._text(entry["fa"])
            for entry in self.speaker.entries("resolve", answer)
            if entry["status_reason_code"] != NOT_LINKED
        }

    def _text(self, fa):
        return joined(fa) if isinstance(fa, dict) else str(fa)

    def _unlink(self):
        """Unlink all that is linked of these IDs."""
        if not self.writes:
            return
        items = [
            self._item("unlink", Ask(spar_id), place)
            for place, spar_id in enumerate(self.rows())
        ]
        if items:
            self._must_be_read("unlink", *self.speaker.ask("unlink", items))

    def _item(self, operation, ask, place):
        """Return an item about an ID that has its prefix."""
        bare = Ask(ask.id.removeprefix(self.prefix), ask.fa, extra=ask.extra)
        return self.item(operation, bare, place)

    def _must_be_read(self, operation, status, answer):
        summary = self.speaker.summary(operation, status, answer)
        if summary[:2] not in ((200, "succ"), (200, "SUCCESS")):
            raise NotPrepared(f"{operation} was answered: {words_of(summary)}")

    def clean_up(self):
        """Unlink everything, with patience.

        What was sent last may still be under way: only the second look that finds
        nothing is believed.

        :return: IDs that may still be linked.
        """
        looks = 0
        for attempt in range(TRIES):
            try:
                self.clear()
                looks = 0 if self.rows() else looks + 1
            except (NotPrepared, *TROUBLE):
                looks = 0
            if looks == 2:
                return []
            time.sleep(WAIT * 2**attempt)
        try:
            return sorted(self.rows())
        except (NotPrepared, *TROUBLE):
            return self.ids


def recognise(make_speaker):
    """Return the column of the table that a SPAR is compared with.

    :param Callable make_speaker: makes a speaker for a column.
    :raises Unreachable: when there is no answer of a SPAR.
    :raises NotBelieved: when it does not believe the partner.
    """
    said = []
    for older, newer in (("1.1.0", "1.1"), ("2.1", "newest")):
        speaker = make_speaker(COLUMNS[newer])
        server = Foreign(speaker)
        try:
            if _is_believed(signatures.signed, server, said):
                return COLUMNS[_of_two(older, newer, server)]
        except requests.RequestException as trouble:
            raise Unreachable(f"no answer ({type(trouble).__name__})") from None
        except UNREADABLE:
            continue
    refused = [words for status, words in said if status != 404]
    if refused:
        raise NotBelieved(refused[-1])
    raise Unreachable("no answer of a SPAR at this address")


def _of_two(older, newer, server):
    """Return which of two versions of one dialect it is."""
    if server.dialect == "A":
        make = signatures.names_in_its_form_sent_raw
        return newer if _is_believed(make, server) else older
    return older if _is_believed(signatures.with_other_kid, server) else newer


def _is_believed(make, server, said=None):
    trial = signatures.Trial("", make, signatures.HEARD)
    summary, _stored = signatures.attempt(trial, server, "resolve")
    if said is not None:
        said.append((summary[0], words_of(summary)))
    column = server.speaker.column.name
    return summary == signatures.expected_of(trial, column, "resolve")


def check_free(server):
    """Make sure that nothing is overwritten.

    :raises Occupied: when SPAR holds some of the IDs already.
    """
    if held := server.rows():
        raise Occupied(", ".join(map(repr, sorted(held))))


def warnings(rows):
    """Return sentences about rows that must not be overlooked."""
    believed = ("HTTP 200, succ;", "HTTP 200, SUCCESS;")
    for row in rows:
        if row.name == "another key" and row.came.startswith(believed):
            yield (
                "This SPAR does not verify signatures: it believed a request signed "
                "with a key it does not know. Anyone who reaches it can read and "
                "change where people are paid."
            )


def rows_of(server):
    """Ask everything the table says that may be asked.

    :param Foreign server: the SPAR.
    :return: generator of rows.
    :raises Unreachable: when it stops to answer.
    """
    silent = 0
    for plan in (*_signature_plans(server), *_case_plans(server)):
        row, answered = _judged(*plan)
        silent = 0 if answered else silent + 1
        yield row
        if silent >= PATIENCE:
            raise Unreachable(f"no answer to the last {PATIENCE} rows")


def _judged(make_row, ask):
    """Return a row with what came, and whether SPAR answered.

    :param Callable make_row: makes a row of what came.
    :param ask: a function that returns expected and given answer in words, and the
        differences; or the reason why it is not called.
    """
    if isinstance(ask, str):
        return make_row(reason=ask), True
    try:
        expected, came, differences = ask()
    except requests.RequestException as trouble:
        silence = Difference("the answer", "one of SPAR", type(trouble).__name__)
        return make_row(differences=[silence]), False
    except NotPrepared as trouble:
        begins = Difference("what the row begins with", "could be made", str(trouble))
        return make_row(differences=[begins]), True
    except UNREADABLE:
        foreign = Difference("the answer", "in the form of SPAR", "in another form")
        return make_row(differences=[foreign]), True
    return make_row(expected=expected, came=came, differences=differences), True


# === ROWS === #


def _signature_plans(server):
    operation = "link" if server.writes else "resolve"
    with tempfile.TemporaryDirectory() as folder:
        other = Key(keys.make_partner_key(Path(folder)))
    trials = [
        *signatures.TRIALS,
        signatures.with_another_key(other),
        signatures.with_its_own_certificate(other),
    ]
    for trial in trials:
        yield _trial_plan(server, trial, operation)
    old = server.speaker
    stranger = type(old)(old.column, old.url, old.key, f"nobody-{server.prefix}")
    stranger.session.verify = old.session.verify
    unknown = signatures.Trial(
        "unknown partner", signatures.signed, signatures.NO_VERDICT
    )
    strange = Foreign(stranger, server.prefix if server.writes else None)
    # The stranger may not even resolve: the partner looks after what is held.
    strange.rows, strange.clear = server.rows, server.clear
    yield _trial_plan(strange, unknown, operation)


def _trial_plan(server, trial, operation):
    column = server.speaker.column.name

    def make_row(**came):
        return Row(
            section=SIGNATURES,
            name=trial.name,
            seen=trial.seen[column],
            meaning=meaning.of_trial(trial),
            **came,
        )

    def ask():
        expected = signatures.expected_of(trial, column, operation)
        summary, stored = signatures.attempt(trial, server, operation)
        heard = trial.expected[column] in (signatures.HEARD_A, signatures.HEARD_B)
        differences = []
        if summary != expected:
            words = words_of(expected), words_of(summary)
            differences.append(Difference("the answer", *words))
        if operation == "link" and stored != heard:
            words = [("nothing", "the address")[done] for done in (heard, stored)]
            differences.append(Difference("what SPAR stored", *words))
        return words_of(expected), words_of(summary), differences

    if server.speaker.key.kid is None and trial.name in NEED_A_CERTIFICATE:
        return make_row, "needs CERTIFICATE"
    return make_row, ask


#: Ways to sign that name the certificate.
NEED_A_CERTIFICATE = ("with its key ID", "with type and thumbprint")


def _case_plans(server):
    for case in cases_for(server.dialect):
        yield _case_plan(server, case)


def _case_plan(server, case):
    def make_row(**came):
        return Row(
            section=SECTIONS[case.operation],
            name=case.name,
            seen=case.seen[server.dialect],
            meaning=meaning.of_case(case),
            **came,
        )

    def ask():
        result = run(case, server)
        expected = words_of(case.expected[server.dialect])
        return expected, words_of(result.summary), result.differences

    return make_row, _why_not(server, case) or ask


def _why_not(server, case):
    """Return why a row may not be asked, or None."""
    if case.operation == "resolve":
        if case.given and not server.writes:
            return "needs an address that is linked, so only with WRITE=yes"
        return None
    if not server.writes:
        return "writes, so only with WRITE=yes"
    if all(isinstance(ask.id, str) and ask.id for ask in case.asks):
        return None
    return "its ID cannot carry the prefix"
