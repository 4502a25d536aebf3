"""Step 3, decide: pure rules. Facts -> next step; answer -> new state; retry policy.

No database and no network, so that every case can be tested. The engine reads a batch
of rows into :class:`Progress`, these rules change them, and ``store.py`` writes the
batch back.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from ..spar.answers import Outcome
from ..spar.codes import INTERNAL_ERROR, LINK, RESOLVE, UNLINK, UPDATE
from ..waits import retry_delay

IN_SYNC = "in_sync"
ENDED = "ended"
WAITING_ID = "waiting_id"

#: Contradictions in a row (duplicate, yet not linked) before waiting like a failure.
MAX_SWAPS = 2
#: Prefixes of codes that prove SPAR has not begun to process the request.
NOT_BEGUN = ("connect.", "http.3", "http.4")
#: Codes for which a single item of a request may be to blame.
MAY_BE_ONE_ITEM = ("http.500", INTERNAL_ERROR)
#: The code of an address that cannot be written for SPAR.
UNWRITABLE = "address.unwritable"
#: The code of an ID under which another registrant's row is still at SPAR.
ID_TAKEN = "id.taken"
#: The code of an ID that another registrant has as well.
ID_SHARED = "id.shared"
#: Seconds, at most, between two checks whether another registrant has left an ID.
ID_TAKEN_CAP = 60


# === FACTS -> NEXT STEP === #


class Facts(NamedTuple):
    """What is wanted for one registrant, and what SPAR holds as far as is known.

    :param wanted_id: the registrant's SPAR ID now, or None
    :param wanted_value: the address SPAR should hold, or its digest; None for no row
    :param linked_id: the ID under which SPAR has a row of this registrant, or None
    :param held_value: what that row holds, in the same form, or None while unknown
    """

    wanted_id: str | None = None
    wanted_value: str | None = None
    linked_id: str | None = None
    held_value: str | None = None

    def __repr__(self):
        return "<Facts>"


@dataclass(frozen=True)
class Wanted:
    """What a registrant should have at SPAR.

    :param spar_id: the SPAR ID, or None
    :param value: the address text with its strategy's number, or None for no address
    :param digest: what SPAR ID and value are compared by
    :param broken: set instead of an address that cannot be written for SPAR
    :param details: what else SPAR is sent
    :param shared: the ID, if another registrant has it as well
    """

    spar_id: str | None
    value: tuple | None = field(repr=False)
    digest: str | None = field(repr=False)
    broken: bool
    details: dict = field(repr=False)
    shared: str | None = None

    @property
    def on_hold(self):
        """Why nothing is sent of the address, as one of our codes, or None."""
        if self.shared and (self.value or self.broken):
            return ID_SHARED
        return UNWRITABLE if self.broken else None


@dataclass(frozen=True)
class Step:
    """The next call for one registrant: an operation on a SPAR ID."""

    operation: str
    spar_id: str


@dataclass(frozen=True)
class PlannedStep:
    """A step with the mapping it is for.

    :param Progress entry: the mapping
    :param Step step: the next call
    :param Wanted wanted: what the mapping should have at SPAR
    """

    entry: object
    step: Step
    wanted: Wanted


def next_step(facts):
    """Return the next :class:`Step`, or the final state when no step is left.

    The old ID is unlinked before the new one is linked: a registrant without a row for
    a moment can be mended, one who can be paid twice cannot.

    >>> next_step(Facts(wanted_id="7", wanted_value="a"))
    Step(operation='link', spar_id='7')
    >>> next_step(Facts("7", "b", linked_id="7", held_value="a"))
    Step(operation='update', spar_id='7')
    >>> next_step(Facts("8", "a", linked_id="7", held_value="a"))
    Step(operation='unlink', spar_id='7')
    >>> next_step(Facts("7", None, linked_id="7", held_value="a"))
    Step(operation='unlink', spar_id='7')
    >>> next_step(Facts("7", "a", linked_id="7", held_value="a"))
    'in_sync'
    >>> next_step(Facts(wanted_value="a")), next_step(Facts("7"))
    ('waiting_id', 'ended')
    """
    leave = facts.wanted_value is None or facts.linked_id != facts.wanted_id
    if facts.linked_id and leave:
        return Step(UNLINK, facts.linked_id)
    if facts.wanted_value is None:
        return ENDED
    if not facts.wanted_id:
        return WAITING_ID
    if not facts.linked_id:
        return Step(LINK, facts.wanted_id)
    if facts.held_value != facts.wanted_value:
        return Step(UPDATE, facts.wanted_id)
    return IN_SYNC


def plan_steps(entries, wanted_of):
    """Return the steps of the mappings that have something to send.

    The other mappings are settled or held here.

    :param entries: list of :class:`Progress`
    :param dict wanted_of: :class:`Wanted` by mapping id
    :rtype: list[PlannedStep]
    """
    planned = []
    for entry in entries:
        wanted = wanted_of[entry.id]
        if entry.sending_spar_id:
            # A resolve needs no address, so it also helps a broken one.
            step = Step(RESOLVE, entry.sending_spar_id)
        elif wanted.on_hold and entry.linked_spar_id in (
            None,
            wanted.shared or wanted.spar_id,
        ):
            # A row under an ID that is not theirs any more is unlinked all the same.
            entry.hold(wanted.on_hold)
            continue
        else:
            step = next_step(entry.facts(wanted))
        if isinstance(step, str):
            entry.settle(step)
        else:
            planned.append(PlannedStep(entry, step, wanted))
    return planned


def choose_request(planned, oldest=False, careful=False):
    """Return the steps that make one request: the largest, or the one due longest.

    While SPAR fails on changes it is the smallest: the sooner it is known whether SPAR
    fails on a few registrants or on all, the fewer requests are sent in vain.

    No SPAR ID is in it twice.

    :param planned: list of :class:`PlannedStep`, what has been due longest first
    :param bool oldest: whether to take the one of the first step, however small it is
    :param bool careful: whether to take the smallest
    :rtype: list[PlannedStep]
    """
    requests = defaultdict(dict)
    for one in planned:
        operation, group = one.step.operation, one.entry.send_group
        group = group_applies(group, operation) and group
        requests[operation, group].setdefault(one.step.spar_id, one)
    if careful and requests:
        return list(min(requests.values(), key=len).values())
    if oldest and requests:
        # Dictionaries keep the order.
        return list(next(iter(requests.values())).values())
    largest = max(requests.values(), key=len, default={})
    return list(largest.values())


# === ONE MAPPING === #


@dataclass
class Progress:
    """A mapping's row; the fields are those of ``g2p.spar.mapping``, and two more.

    ``change_state`` is the new state of its wanted change, if any, and ``replaced``
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
        """Return what :func:`next_step` decides by.

        :rtype: Facts
        """
        return Facts(
            wanted_id=wanted.spar_id,
            wanted_value=wanted.digest,
            linked_id=self.linked_spar_id,
            held_value=self.held_digest,
        )

    def take_up(self, change_id, others=()):
        """Make a newer change the wanted one.

        :param int change_id: the change
        :param others: ids of older waiting changes, which it replaces
        """
        # Of a finished change, nothing is left to replace.
        if self.state in ("held", "waiting_id") or self.is_moving:
            self.replaced.append(self.wanted_change_id)
        self.replaced += others
        self.wanted_change_id, self.change_state = change_id, "taken"
        self.forget_failures()
        # A new change is sent even if SPAR seems to hold its address already: another
        # system may have changed the row at SPAR.
        self.held_digest = None
        if self.state != "checking":
            self.be_due()

    def be_due(self):
        self.state, self.next_attempt_at = "due", None

    def forget_failures(self):
        self.attempts = 0
        self.outcome = self.reason_code = self.send_group = None

    def forget_unresolved(self):
        """Forget the request of unknown outcome: SPAR need not be asked about it."""
        self.sending_operation = self.sending_spar_id = None

    def mark_sent(self, request, item):
        """Note the request that was sent; its answer clears what it resolves.

        :param ~.claim.Request request: the request the mapping is a part of
        :param ~..spar.answers.Item item: its part
        """
        self.request_id = request.id
        # A request that could not be written has no journal number.
        self.recorded_sending = request.number or self.recorded_sending
        self.sending_operation = request.operation
        self.sending_spar_id = item.spar_id

    def lose_sender(self, unresolved, policy):
        """Have SPAR asked: the worker that sent the last request was killed.

        :param ~.journal.UnresolvedRequest unresolved: that request
        :param RetryPolicy policy: how long to wait
        """
        self.request_id = unresolved.request_id
        self.recorded_sending = unresolved.number
        if unresolved.operation != RESOLVE:
            self.sending_operation = unresolved.operation
            self.sending_spar_id = unresolved.spar_id
        expect_unknown(self, unresolved.operation, "sender.died", policy)

    def release(self):
        """Nothing was done at SPAR; it is as due as before."""
        self.be_due()
        # What a resolve was to find out is still unresolved.
        if self.sending_operation != RESOLVE:
            self.forget_unresolved()

    def hold(self, code):
        """Leave it to operators; a newer change of the registrant releases it.

        :param str code: SPAR's reason code, or one of ours
        """
        if self.sending_operation != RESOLVE:
            self.forget_unresolved()
        self.state, self.next_attempt_at = "held", None
        self.reason_code = code
        self.change_state = "held"

    def settle(self, state):
        """Nothing is left to do for the wanted change, or nothing can be done.

        :param str state: ``in_sync``, ``ended`` or ``waiting_id``
        """
        self.forget_failures()
        self.state, self.next_attempt_at = state, None
        if state != "waiting_id":
            self.change_state = "sent"


# === ANSWER -> NEW STATE === #


class Recorder:
    """Applies one answer to the mappings it is about.

    :param ~..spar.answers.Answer answer: the answer to the whole request
    :param str request_id: the request's message ID
    :param str operation: what was sent
    :param bool alone: whether the request held one item only
    :param bool well: whether SPAR was answering when the request was sent
    :param RetryPolicy policy: how long to wait
    :param digest: a function that returns the digest of an address and a strategy
    """

    def __init__(self, answer, request_id, operation, alone, well, policy, digest):
        self.answer = answer
        self.request_id = request_id
        self.operation = operation
        self.alone = alone
        # An item that is missing from an answer is missing although SPAR answers.
        self.well = well or not answer.failed
        self.policy = policy
        self.digest = digest

    def record(self, entry, item, wanted, half):
        """Apply the result of one item.

        :param Progress entry: the mapping
        :param ~..spar.answers.Item item: its part of the request
        :param Wanted wanted: what should be at SPAR
        :param int half: in which half of the request it was, 0 or 1
        """
        result = self.answer.results[item.reference_id]
        outcome, code = result.outcome, result.code
        if entry.reason_code == ID_TAKEN:
            # It waited for another registrant, and has not failed.
            entry.attempts = 0
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
        """SPAR did it, or answered what it holds."""
        resolved = self.operation == RESOLVE
        linked = result.linked if resolved else self.operation != UNLINK
        entry.forget_unresolved()
        entry.be_due()
        entry.seen_at = self.policy.now
        if group_applies(entry.send_group, self.operation):
            entry.send_group = None
        if linked:
            entry.linked_spar_id = item.spar_id
            entry.held_digest = (
                self.digest(result.fa, result.strategy_number)
                if resolved
                else wanted.digest
            )
        elif entry.linked_spar_id == item.spar_id:
            entry.linked_spar_id = entry.held_digest = None
        if not wanted.on_hold:
            step = next_step(entry.facts(wanted))
            if isinstance(step, str):
                entry.settle(step)

    def _swap(self, entry):
        """SPAR has a row where none was expected, or none where one was expected.

        Its reason code is the same for both, so SPAR is asked before the other verb is
        chosen; the row may hold the right address already, from a lost answer.
        """
        entry.attempts += 1
        waits = entry.attempts > MAX_SWAPS
        entry.state = "checking"
        entry.next_attempt_at = self.policy.again(entry.attempts) if waits else None

    def _unknown(self, entry, code, answered):
        """The answer was lost, for the whole request or for this item.

        :param bool answered: whether SPAR has answered about this registrant since it
            failed before
        """
        if not self.alone and entry.attempts and (answered or self.well):
            # The second time, though SPAR was not down for all: SPAR may fail on one
            # of them. Sent alone, since the next check comes only after a long wait.
            entry.send_group = self._group(entry.id)
        expect_unknown(
            entry, self.operation, code, self.policy, self.answer.retry_after
        )

    def _failed(self, entry, code, half):
        """It failed; try again after a growing wait.

        A link that failed may all the same have left a row. Were it forgotten, a
        registrant whose address is then ended would stay payable, so SPAR is asked
        first. After an update or unlink the row is known anyway.
        """
        entry.attempts += 1
        entry.state = "retrying"
        retry_after = self.answer.retry_after
        if code in MAY_BE_ONE_ITEM and not self.alone:
            entry.send_group = self._group(half)
            # The halves are another try each, not the same one again.
            entry.next_attempt_at = self.policy.again(1, retry_after)
        else:
            entry.next_attempt_at = self.policy.again(entry.attempts, retry_after)
        is_unresolved = self.operation == RESOLVE or (
            self.operation == LINK and not code.startswith(NOT_BEGUN)
        )
        if not is_unresolved:
            entry.forget_unresolved()


def expect_unknown(entry, operation, code, policy, retry_after=None):
    """Wait until SPAR cannot be processing the request any more, then resolve.

    :param Progress entry: the mapping
    :param str operation: what was sent
    :param str code: what happened, for the detail line
    :param RetryPolicy policy: how long to wait
    :param retry_after: seconds SPAR asked for, or None
    """
    entry.attempts += 1
    moment = policy.again(entry.attempts, retry_after)
    if operation != RESOLVE:
        # A resolve changes nothing at SPAR; any other lost request must be over.
        moment = max(moment, policy.cooled_down())
    entry.state, entry.next_attempt_at = "checking", moment
    entry.outcome, entry.reason_code = Outcome.AMBIGUOUS.value, code


def wait_for_id(entry, policy):
    """Wait: another registrant's row is at SPAR under this ID, and leaves first.

    :param Progress entry: the mapping
    :param RetryPolicy policy: how long to wait
    """
    entry.attempts += 1
    entry.state = "retrying"
    entry.next_attempt_at = policy.again(entry.attempts, cap=ID_TAKEN_CAP)
    entry.reason_code = ID_TAKEN


def blames_again(request, answer, others_succeed):
    """Return whether an answer only says that registrants fail who failed before.

    Where little else is sent, the breaker would take them for SPAR being down, and all
    others would wait. That is so for a single registrant, and, while changes of others
    succeed, for a request that is halved.

    :param ~.claim.Request request: what was sent
    :param ~..spar.answers.Answer answer: what came back
    :param bool others_succeed: whether changes of others have succeeded meanwhile
    :rtype: bool
    """
    if len(request.parts) > 1 and not others_succeed:
        return False
    return (
        answer.failed
        and answer.code in MAY_BE_ONE_ITEM
        and all(part.tried for part in request.parts.values())
    )


# === RETRY POLICY === #


class RetryPolicy:
    """How long to wait: one connection's settings, at one moment.

    Mappings that failed in one request wait equally long, so that they stay together.

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
        return RetryPolicy(now, self.cool_down, self._base, self._cap)

    def after(self, seconds):
        """Return a moment in whole seconds, as fields keep it, and never too early."""
        moment = self.now + timedelta(seconds=math.ceil(seconds))
        return moment.replace(microsecond=0) + timedelta(seconds=1)

    def again(self, attempts, retry_after=None, cap=None):
        """Return when to try again after so many failures.

        :param int attempts: failures so far
        :param retry_after: seconds SPAR asked for, or None
        :param cap: seconds, for a shorter longest wait
        """
        key = attempts, retry_after, cap
        if key not in self._moments:
            cap = min(cap or self._cap, self._cap)
            delay = retry_delay(attempts, self._base, cap, retry_after)
            self._moments[key] = self.after(delay)
        return self._moments[key]

    def cooled_down(self):
        """Return when SPAR cannot be processing a lost request any more."""
        return self.after(self.cool_down)


# === GROUPS AND DIGESTS === #


def group_label(operation, name):
    """Return the name of a group that is sent by itself.

    A resolve and a change fail for different reasons, so a group that failed with one
    of them is mixed with others again for the other.
    """
    return f"{'ask' if operation == RESOLVE else 'tell'}:{name}"


def group_applies(label, operation):
    """Return whether a mapping with this label is sent by itself for an operation."""
    return bool(label) and label.startswith("ask:") == (operation == RESOLVE)
