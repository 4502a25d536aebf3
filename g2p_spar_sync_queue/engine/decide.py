"""One mapping in the hands of the engine, and what an answer of SPAR does to it.

No database and no network: the engine reads rows into :class:`Progress`, these rules
alter them, and the engine writes a whole batch back in one statement.
"""

import hashlib
import json
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..spar.answers import Outcome
from ..spar.words import INTERNAL_ERROR, LINK, RESOLVE, UNLINK
from .plan import Facts, next_step, retry_delay

#: Contradictions in a row (duplicate, yet not linked) before waiting like a failure.
MAX_SWAPS = 2
#: Beginnings of codes after which SPAR has surely not begun with a request.
NOT_BEGUN = ("connect.", "http.3", "http.4")
#: Codes for which a single item of a request may be to blame.
MAY_BE_ONE_ITEM = ("http.500", INTERNAL_ERROR)
#: The code of an address that cannot be written for SPAR.
UNWRITABLE = "address.unwritable"
#: Seconds, at most, between two looks whether another registrant has left an ID.
ID_TAKEN_CAP = 60

#: Columns of a mapping that the engine writes, with their types in PostgreSQL.
COLUMNS = {
    "state": "text",
    "wanted_change_id": "int",
    "attempts": "int",
    "next_attempt_at": "timestamp",
    "send_group": "text",
    "outcome": "text",
    "reason_code": "text",
    "request_id": "text",
    "recorded_sending": "int",
    "sending_operation": "text",
    "sending_spar_id": "text",
    "linked_spar_id": "text",
    "held_digest": "text",
    "seen_at": "timestamp",
}


@dataclass
class Progress:
    """A mapping's row; the fields are those of ``g2p.spar.mapping``, and two more.

    ``change_state`` is what becomes of its wanted change, if anything, and ``replaced``
    are the changes that are not sent because of it.
    """

    id: int
    partner_id: int
    connection_id: int
    state: str
    wanted_change_id: int | None
    attempts: int
    next_attempt_at: datetime | None
    send_group: str | None
    outcome: str | None
    reason_code: str | None
    request_id: str | None
    recorded_sending: int | None
    sending_operation: str | None
    sending_spar_id: str | None
    linked_spar_id: str | None
    held_digest: str | None = field(repr=False)
    seen_at: datetime | None
    change_state: str | None = None
    replaced: list = field(default_factory=list)

    def __post_init__(self):
        self.attempts = self.attempts or 0

    @property
    def is_moving(self):
        """Whether the wanted change is still on its way."""
        return self.state in ("due", "retrying", "checking")

    @property
    def id_at_spar(self):
        """The ID under which SPAR has, or may have, a row; None if there is none."""
        return self.linked_spar_id or self.sending_spar_id

    def facts(self, wanted):
        """Return what :func:`~.plan.next_step` decides by."""
        return Facts(
            wanted_id=wanted.spar_id,
            wanted_value=wanted.digest,
            linked_id=self.linked_spar_id,
            held_value=self.held_digest,
        )

    def take_up(self, change_id, others=()):
        """A newer change is the wanted one from here on.

        :param others: older ones nobody has taken up, which it replaces
        """
        # Of one that is done with, nothing is left to replace.
        if self.state in ("held", "waiting_id") or self.is_moving:
            self.replaced.append(self.wanted_change_id)
        self.replaced += others
        self.wanted_change_id, self.change_state = change_id, "taken"
        self.forget_failures()
        # Somebody cares about this address now, so it is sent even if SPAR seems to
        # hold it already: others may have changed it there.
        self.held_digest = None
        if self.state != "checking":
            self.be_due()

    def be_due(self):
        self.state, self.next_attempt_at = "due", None

    def forget_failures(self):
        self.attempts = 0
        self.outcome = self.reason_code = self.send_group = None

    def forget_doubt(self):
        self.sending_operation = self.sending_spar_id = None

    def send(self, request, item):
        """It is being sent; from an answer follows what is left of that.

        :param request: the :class:`Request` it is a part of
        :param ~..spar.answers.Item item: its part
        """
        self.request_id = request.id
        # There is no number if it came to nothing before it was written down.
        self.recorded_sending = request.number or self.recorded_sending
        self.sending_operation = request.operation
        self.sending_spar_id = item.spar_id

    def lose_sender(self, doubt, pacing):
        """Whoever sent its last request died; nobody knows what became of that.

        :param doubt: the :class:`Doubt` that is left of it
        :param Pacing pacing: how long to wait
        """
        self.request_id, self.recorded_sending = doubt.request_id, doubt.number
        if doubt.operation != RESOLVE:
            self.sending_operation = doubt.operation
            self.sending_spar_id = doubt.spar_id
        expect_unknown(self, doubt.operation, "sender.died", pacing)

    def release(self):
        """Nothing was done at SPAR; it is as due as before."""
        self.be_due()
        # What a resolve was to find out is still in doubt.
        if self.sending_operation != RESOLVE:
            self.forget_doubt()

    def hold(self, code):
        """Leave it to people; a newer change of the registrant releases it.

        :param str code: SPAR's reason code, or one of ours
        """
        if self.sending_operation != RESOLVE:
            self.forget_doubt()
        self.state, self.next_attempt_at = "held", None
        self.reason_code = code
        self.change_state = "held"

    def settle(self, state):
        """Nothing is left to do for the wanted change, or nothing we can do.

        :param str state: ``in_sync``, ``ended`` or ``waiting_id``
        """
        self.forget_failures()
        self.state, self.next_attempt_at = state, None
        if state != "waiting_id":
            self.change_state = "sent"


class Recorder:
    """Applies one answer to the mappings it is about.

    :param ~..spar.answers.Answer answer: the answer to the whole request
    :param str request_id: the request's message ID
    :param str operation: what was sent
    :param bool alone: whether the request held one item only
    :param bool well: whether SPAR was answering when the request was sent
    :param pacing: a :class:`Pacing`
    """

    def __init__(self, answer, request_id, operation, alone, well, pacing):
        self.answer = answer
        self.request_id = request_id
        self.operation = operation
        self.alone = alone
        # What is missing from an answer is missing though SPAR answers.
        self.well = well or not answer.failed
        self.pacing = pacing

    def record(self, entry, item, wanted, half):
        """Write down what became of one item.

        :param Progress entry: the mapping
        :param ~..spar.answers.Item item: its part of the request
        :param wanted: what should be at SPAR
        :param int half: in which half of the request it was, 0 or 1
        """
        result = self.answer.results[item.reference_id]
        outcome, code = result.outcome, result.code
        answered = entry.outcome == Outcome.DONE.value
        entry.outcome, entry.reason_code = outcome.value, code or None
        if outcome == Outcome.DONE:
            self._done(entry, item, result, wanted)
        elif outcome == Outcome.SWAP:
            self._swap(entry)
        elif outcome == Outcome.AMBIGUOUS:
            self._unknown(entry, code, answered)
        elif outcome == Outcome.PARTNER:
            entry.release()
        elif outcome == Outcome.TRANSIENT:
            self._failed(entry, code, half)
        elif outcome == Outcome.BATCH_REFUSED and not self.alone:
            entry.send_group = self._group(half)
            entry.release()
        else:
            entry.hold(code)

    def _group(self, label):
        return group_label(self.operation, f"{self.request_id}/{label}")

    def _done(self, entry, item, result, wanted):
        """SPAR did it, or told what it holds."""
        resolved = self.operation == RESOLVE
        linked = result.linked if resolved else self.operation != UNLINK
        entry.forget_doubt()
        entry.be_due()
        entry.seen_at = self.pacing.now
        if group_applies(entry.send_group, self.operation):
            entry.send_group = None
        if linked:
            entry.linked_spar_id = item.spar_id
            entry.held_digest = (
                digest(result.fa, result.strategy_number) if resolved else wanted.digest
            )
        elif entry.linked_spar_id == item.spar_id:
            entry.linked_spar_id = entry.held_digest = None
        if not wanted.broken:
            step = next_step(entry.facts(wanted))
            if isinstance(step, str):
                entry.settle(step)

    def _swap(self, entry):
        """SPAR has a row where we thought it had none, or none where we thought one.

        Its reason code is the same for both, so SPAR is asked before the other verb is
        chosen; the row may hold the right address already, from a lost answer.
        """
        entry.attempts += 1
        waits = entry.attempts > MAX_SWAPS
        entry.state = "checking"
        entry.next_attempt_at = self.pacing.again(entry.attempts) if waits else None

    def _unknown(self, entry, code, answered):
        """The answer was lost, for the whole request or for this item.

        :param bool answered: whether SPAR has answered about this registrant since it
            failed before
        """
        if not self.alone and entry.attempts and (answered or self.well):
            # Again, though SPAR was not down for everybody: one of them may be what it
            # stumbles over. Alone, since the next look comes only after a long wait.
            entry.send_group = self._group(entry.id)
        expect_unknown(
            entry, self.operation, code, self.pacing, self.answer.retry_after
        )

    def _failed(self, entry, code, half):
        """It failed; try again after a growing wait.

        A link that failed may all the same have left a row. Were it forgotten, a
        registrant whose address is then ended would stay payable, so SPAR is asked
        first. After an update or unlink we know of the row anyway.
        """
        entry.attempts += 1
        entry.state = "retrying"
        wish = self.answer.retry_after
        if code in MAY_BE_ONE_ITEM and not self.alone:
            entry.send_group = self._group(half)
            # The halves are another try each, not the same one again.
            entry.next_attempt_at = self.pacing.again(1, wish)
        else:
            entry.next_attempt_at = self.pacing.again(entry.attempts, wish)
        in_doubt = self.operation == RESOLVE or (
            self.operation == LINK and not code.startswith(NOT_BEGUN)
        )
        if not in_doubt:
            entry.forget_doubt()


class Pacing:
    """How long to wait: one connection's settings, at one moment.

    Those that failed in one request wait equally long, so that they stay together.

    :param datetime now: by the database's clock, the one all workers share
    :param int cool_down: seconds until a lost request must be over
    :param int base: seconds, the longest wait after the first failure
    :param int cap: seconds, the longest wait ever
    """

    def __init__(self, now, cool_down, base, cap):
        self.now = now
        self.cool_down, self._base, self._cap = cool_down, base, cap
        self._moments = {}

    def at(self, now):
        """Return the same settings at another moment."""
        return Pacing(now, self.cool_down, self._base, self._cap)

    def after(self, seconds):
        """Return a moment in whole seconds, as fields keep it, and never too early."""
        moment = self.now + timedelta(seconds=math.ceil(seconds))
        return moment.replace(microsecond=0) + timedelta(seconds=1)

    def again(self, attempts, wish=None, cap=None):
        """Return when to try again after so many failures.

        :param wish: seconds SPAR asked for, or None
        :param cap: seconds, for a shorter longest wait
        """
        key = attempts, wish, cap
        if key not in self._moments:
            cap = min(cap or self._cap, self._cap)
            delay = retry_delay(attempts, self._base, cap, wish)
            self._moments[key] = self.after(delay)
        return self._moments[key]

    def cooled_down(self):
        """Return when SPAR cannot be working on a lost request any more."""
        return self.after(self.cool_down)


def expect_unknown(entry, operation, code, pacing, wish=None):
    """Wait until SPAR cannot be working on the request any more, then resolve.

    :param str operation: what was sent
    :param str code: what happened, for the detail line
    :param wish: seconds SPAR asked for, or None
    """
    entry.attempts += 1
    moment = pacing.again(entry.attempts, wish)
    if operation != RESOLVE:
        # Asking changes nothing at SPAR; any other lost request must be over.
        moment = max(moment, pacing.cooled_down())
    entry.state, entry.next_attempt_at = "checking", moment
    entry.outcome, entry.reason_code = Outcome.AMBIGUOUS.value, code


def wait_for_id(entry, pacing):
    """Another registrant's row is at SPAR under this one's ID; it leaves first."""
    entry.attempts += 1
    entry.state = "retrying"
    entry.next_attempt_at = pacing.again(entry.attempts, cap=ID_TAKEN_CAP)
    entry.reason_code = "id.taken"


def group_label(operation, name):
    """Return the name of a group that is sent by itself.

    A question and a change fail for different reasons, so a group that failed with one
    of them is mixed with others again for the other.
    """
    return f"{'ask' if operation == RESOLVE else 'tell'}:{name}"


def group_applies(label, operation):
    """Whether a mapping with this label is sent by itself for this operation."""
    return bool(label) and label.startswith("ask:") == (operation == RESOLVE)


def digest(text, strategy_number, details=None):
    """Return what SPAR's row is compared by, so that the address is not stored.

    With the strategy: read by another one, the same string may mean another account.

    :param dict details: what else is sent to SPAR; a resolve does not return them, so
        after one they are unknown
    :return: a text, that of the address first, or None when the address is unknown
    """
    if text is None:
        return None
    address = _hashed(f"{strategy_number}:{text}")
    if not details:
        return address
    return f"{address}:{_hashed(json.dumps(details, sort_keys=True))}"


def of_address(known):
    """Return which part of a digest is that of the address, or None without one."""
    return known and known.partition(":")[0]


def _hashed(text):
    return hashlib.sha256(text.encode()).hexdigest()
