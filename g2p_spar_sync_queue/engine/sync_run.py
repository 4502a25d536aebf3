"""One worker's turn with one connection: requests are decided, sent and recorded.

Each request is one transaction: the mappings that are due are locked, one request is
decided and sent, what came of it is recorded and committed. While SPAR works on one of
a backlog, the next is decided in a second transaction, and sent as soon as the answer
is there. So SPAR need not wait for the worker, and never has more than one request of
it.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property

from ..spar.answers import Answer, Outcome
from ..spar.client import Letter, SparClient
from ..spar.keys import KeyProblem
from ..spar.transport import TooLate
from ..transactions import (
    MAX_LOST_RACES,
    RETRYABLE_ERRORS,
    AutonomousTransaction,
    Busy,
    commit,
    commit_with_retry,
    roll_back,
)
from .decide import UNWRITABLE, blames_one_again

#: Seconds after which a job hands what is left to the next one: short enough for an
#: edit not to wait long for a worker, and with one request more far below Odoo's usual
#: limit of 120 s.
JOB_SECONDS = 20
#: Seconds for which a job rests that was beaten to a row too often.
REST = 10
#: What is read of a connection again for each request.
SETTINGS = (
    "state",
    "breaker_state",
    "breaker_failures",
    "breaker_trips",
    "dialect",
    "batch_size",
    "max_per_second",
    "send_every_value",
    "cool_down",
    "retry_base",
    "retry_cap",
)
#: Of the cool-down, the part that may pass between a request's last check and its
#: leaving, and the fewest seconds. The rest is for SPAR to work on it.
LATE_PART, LATE_SECONDS = 0.25, 2
#: Seconds after which what was decided ahead is given back: others may want those rows,
#: and what they should hold may have changed.
STALE = 2


@dataclass
class UnderWay:
    """A request SPAR works on.

    :param env: of the transaction that holds the locks on its mappings
    :param Claim claim: what was claimed
    :param SparClient client: that sends it
    :param Letter letter: what is sent
    :param future: of what comes back
    """

    env: object
    claim: object
    client: SparClient
    letter: Letter
    future: object

    @cached_property
    def answer(self):
        """What SPAR says, a :class:`~..spar.answers.Answer`; waits for it."""
        return self.client.read_answer(self.letter, self.future.result())

    def went_well(self, seconds):
        """Whether SPAR answers within some seconds, and goes on taking requests.

        :param float seconds: how long to wait
        """
        try:
            self.future.result(seconds)
        except NotYet:
            return False
        return not (self.answer.failed or self.answer.refuses_partner)


class Shift:
    """Rounds until nothing is due or time is up.

    The client, and with it the connection to SPAR and its TLS session, lasts as long.

    :param connection: a ``g2p.spar.connection``
    :param float seconds: after which what is left is handed on
    :param int since: seconds for which something must have been due
    """

    def __init__(self, connection, seconds, since=0):
        self._home = connection.env
        self._connection = connection
        #: The other transaction requests are decided in.
        self._away = AutonomousTransaction(self._home)
        #: Where they are written down.
        self._beside = AutonomousTransaction(self._home)
        #: Of the transaction the next request is decided in.
        self._env = self._home
        self._under_way = None
        #: Numbers of requests written down, once their outcome is, too.
        self._done = []
        self.since = since
        self.deadline = time.monotonic() + seconds
        self.beaten = 0
        self.position = None
        self.client = None
        self.client_of = None
        self.worked = False
        # One, as SPAR gets one request at a time.
        self._caller = ThreadPoolExecutor(1, "spar")

    @property
    def connection(self):
        """The connection, as the transaction sees it that is not waiting for SPAR."""
        return self._connection.with_env(self._env)

    @property
    def mappings(self):
        """All mappings, in the same transaction."""
        return self._env["g2p.spar.mapping"].sudo()

    @property
    def _sendings(self):
        return self._beside.env["g2p.spar.sending"].sudo()

    def work(self, mappings=None):
        """Bring to SPAR these mappings first, and then whatever else is due.

        :param mappings: those somebody was woken up for
        """
        try:
            if not self.connection._is_guarded():
                return
            finished = self._work(mappings)
        except Busy:
            # Going on would be as if it had not happened.
            roll_back(self._home)
            finished, self.beaten = False, MAX_LOST_RACES + 1
        connection = self.connection
        if self.worked:
            connection._moved_on(last=True)
        if connection._is_open():
            if not finished:
                connection._wake_up(REST if self.beaten > MAX_LOST_RACES else None)
            connection._wake_up_when_due()
        commit(self._home)

    def _work(self, mappings):
        """Return whether nothing was left to do."""
        with ExitStack() as at_the_end:
            at_the_end.callback(self._close)
            # Also when something goes wrong with the next one.
            at_the_end.callback(self._finish)
            finished = (
                not mappings or self._work_at(mappings.sudo())
            ) and self._rounds(self._claim_backlog)
            self._forget_done()
        return finished

    def _close(self):
        # First the thread ends, so that nothing uses the client any more.
        self._caller.shutdown()
        self._env = self._home
        self._away.close()
        self._beside.close()
        if self.client:
            self.client.close()

    # === ROUNDS === #

    def _work_at(self, mappings):
        return self._rounds(lambda: mappings.with_env(self._env)._claim(self._beside))

    def _rounds(self, claim):
        """Claim, send and record until there is nothing to claim.

        :param claim: what returns the next :class:`Claim`
        :return: whether it came to that, and no limit came first
        """
        while self.beaten <= MAX_LOST_RACES and self._may_go_on():
            try:
                claimed = claim()
                if claimed.size:
                    self.worked = True
                    self._carry_out(claimed)
                    continue
            except RETRYABLE_ERRORS:
                roll_back(self._env)
                self._beside.roll_back()
                self.beaten += 1
                continue
            commit(self._env)
            if not self._under_way:
                return True
            # Its registrants may have another step before them.
            self._finish()
        self._finish()
        return False

    def _claim_backlog(self):
        start = self.position
        claimed, self.position = self.mappings._claim_backlog(
            self.connection, self._beside, start, self.since
        )
        if not claimed.size and start:
            # From the beginning once more: what somebody else was busy with may have
            # got a newer change since.
            claimed, self.position = self.mappings._claim_backlog(
                self.connection, self._beside, None, self.since
            )
        return claimed

    def _may_go_on(self):
        """Whether there is time, and SPAR may be sent something as far as is known."""
        if time.monotonic() >= self.deadline:
            return False
        connection = self.connection
        connection.fetch(SETTINGS)
        if connection.state != "running":
            return False
        if self._under_way:
            # Its client is busy, so nothing else can be asked.
            return connection._is_open()
        try:
            return connection._is_available(self._open_client)
        except KeyProblem as problem:
            connection._pause_for_key(problem)
            return False

    def _open_client(self, version=None):
        """Return the client; a new one once what it was made of has changed.

        :param tuple version: of that, see ``_version`` of a connection; read when not
            given
        """
        version = version or self.connection._version()
        if self.client and self.client_of != version:
            self.client.close()
            self.client = None
        if not self.client:
            self.client, self.client_of = self.connection._client(), version
        return self.client

    # === ONE ROUND === #

    def _carry_out(self, claimed):
        """Send what was claimed, if anything, and record what was sent before it."""
        if claimed.request:
            claimed = self._deliver(claimed)
        if claimed and not claimed.request:
            self.mappings._save_progress(claimed.entries)
            commit(self._env)
            self.beaten = 0

    def _deliver(self, claimed):
        """Send a request, unless something came in between.

        :return: the claim, without a request if nothing of it may be sent; None when
            it was sent, or given back
        """
        try:
            return self._deliver_signed(claimed)
        except KeyProblem as problem:
            roll_back(self._env)
            self.connection._pause_for_key(problem)
            return None

    def _deliver_signed(self, claimed):
        request = claimed.request
        if self._under_way and request.version != self.client_of:
            return self._give_back()
        client = self._open_client(request.version)
        self._wait_for_turn(request)
        # While SPAR works on the one before, and before anything is written down:
        # what cannot be signed was never about to be sent.
        try:
            letter = prepared(client, request)
        except ValueError:
            return self._refuse(claimed)
        if self._under_way and not self._under_way.went_well(STALE):
            return self._give_back()
        claimed = self._write_down(claimed)
        if not claimed:
            return self._give_back()
        if claimed.request:
            self._send(client, letter, claimed)
            return None
        return claimed

    def _give_back(self):
        """What was claimed is decided anew, once it is known what came before it."""
        roll_back(self._env)
        self._finish()

    def _wait_for_turn(self, request):
        """Wait for a place among what may be sent in a second.

        :raise Busy: when there is none to be had
        """
        if request.limited:
            connection = self._connection.with_env(self._beside.env)
            if wait := connection._reserve(len(request.parts)):
                time.sleep(wait)

    def _refuse(self, claimed):
        """Record that a request cannot be written, as if SPAR had refused it.

        So the one to blame is found, and no other registrant waits for it.
        """
        request = claimed.request
        items = [part.item for part in request.parts.values()]
        answer = Answer.same_for_all(items, Outcome.BATCH_REFUSED, UNWRITABLE)
        self.mappings._record(claimed, answer)
        self.connection._moved_on()
        commit(self._env)

    def _write_down(self, claimed):
        """Write down what is about to be sent.

        :return: the claim with what may be sent of it; None when it was decided before
            something that could alter the decision
        """
        done, self._done = self._done, []
        request = self._sendings._write_down(self._connection.id, claimed.request, done)
        self._beside.commit()
        return request and self.mappings._leave_out(claimed, request)

    def _send(self, client, letter, claimed):
        """Have a request sent; go on with the next if there seem to be more."""
        with self._forgotten_if_not_sent(claimed.request):
            if len(claimed.request.parts) < len(letter.items):
                letter = prepared(client, claimed.request)
            in_time = self._still_held(claimed.request)
            future = self._caller.submit(client.deliver, letter, in_time)
        before = self._under_way
        self._under_way = UnderWay(self._env, claimed, client, letter, future)
        if before:
            self._record(before)
        if self._goes_ahead(claimed.request):
            self._env = self._away.env if self._env is self._home else self._home
        else:
            self._finish()

    @contextmanager
    def _forgotten_if_not_sent(self, request):
        """If the block fails, nothing has left, and nothing is in doubt."""
        try:
            yield
        except Exception:
            self._forget_done(request.number)
            raise

    def _still_held(self, request):
        """Make sure that no other worker can have taken these registrants.

        It may have been stopped since it claimed. Its locks are those of its session:
        as long as that lasts, no other worker has touched these registrants.

        :return: a function that tells, without asking the database, whether that is
            so short a time ago that the next worker still waits for this request
        :raise psycopg2.Error: when the session has ended
        """
        until = boot_time() + max(LATE_SECONDS, LATE_PART * request.policy.cool_down)
        self._env.cr.execute("SELECT 1", log_exceptions=False)
        return lambda: boot_time() <= until

    def _goes_ahead(self, request):
        """Whether to decide the next request while SPAR works on this one.

        Not where SPAR gets only so much in a second: there is time enough.
        """
        return request.full and not request.limited and not self._away.is_same

    def _finish(self):
        """Wait for the answer that is still to come, if any, and record it."""
        if self._under_way:
            under_way, self._under_way = self._under_way, None
            self._record(under_way)

    def _record(self, under_way):
        """Record what came of a request; pause if SPAR refuses the partner."""
        request = under_way.claim.request
        if isinstance(under_way.future.result(), TooLate):
            # As due as before. First forgotten, so that no worker takes it for lost.
            self._forget_done(request.number)
            roll_back(under_way.env)
            self.beaten += 1
            return
        answer = under_way.answer
        connection = self._connection.with_env(under_way.env)
        try:
            under_way.env["g2p.spar.mapping"].sudo()._record(under_way.claim, answer)
            connection._moved_on()
            # First what became of the registrants: pausing may meet another worker's.
            commit(under_way.env)
        except RETRYABLE_ERRORS:
            # As if this worker had died: what came of it is found out later.
            roll_back(under_way.env)
            self.beaten += 1
        else:
            self.beaten = 0
            self._done.append(request.number)
        if not blames_one_again(request, answer):
            connection._note_answer(answer)
        if answer.refuses_partner and request.version == connection._version():
            connection._pause_for_signature()

    def _forget_done(self, *more):
        done, self._done = [*self._done, *more], []
        if done:
            commit_with_retry(self._beside.env, lambda: self._sendings._forget(done))


def boot_time():
    """Return the seconds since the machine was started, those asleep included."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def prepared(client, request):
    """Return what is sent for a request, signed.

    :param ~..spar.client.SparClient client: whose partner signs it
    :param Request request: what was claimed
    :rtype: ~..spar.client.Letter
    :raise ValueError: when it cannot be written
    :raise KeyProblem: when it cannot be signed
    """
    items = [part.item for part in request.parts.values()]
    return client.prepare(request.operation, items, request.id)
