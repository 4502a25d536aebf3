"""Step 5, send: the loop that claims, journals, sends and records, request by request.

Each request is one transaction: the due mappings are locked, one request is decided and
sent, its outcome is recorded and committed. While SPAR processes a full request, the
next one is decided in a second transaction, and sent as soon as the answer is there. So
SPAR need not wait for the worker, and never has more than one request of it.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property

from ..spar.answers import Answer, Outcome
from ..spar.client import SignedRequest, SparClient
from ..spar.codes import RESOLVE
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
from . import (
    breaker,
    claim,
    journal,
    new_key,
    rate_limit,
    record,
    restore_guard,
    store,
    wake_up,
)
from .decide import UNWRITABLE, blames_again

#: Seconds after which a job leaves the rest to the next job: short, so that an edit
#: does not wait long for a worker, and with one more request far below Odoo's usual
#: limit of 120 s.
JOB_SECONDS = 20
#: Seconds until the next job, after this one lost too many races for rows, or while a
#: new key is tried again.
REST = 10
#: Of so many claims from the backlog, one is of what has been due longest, however few
#: that are. Otherwise larger requests would go before it until the backlog is sent.
OLDEST_EVERY = 4
#: What is read of a connection again for each request.
SETTINGS = (
    "state",
    "breaker_state",
    "breaker_failures",
    "breaker_trips",
    "breaker_change_failures",
    "changes_problem",
    "key_retry_at",
    "dialect",
    "batch_size",
    "max_per_second",
    "send_every_value",
    "cool_down",
    "retry_base",
    "retry_cap",
)
#: Of the cool-down, the part that may pass between a request's last check and its
#: leaving, and the fewest seconds. The rest is for SPAR to process it.
LATE_PART, LATE_SECONDS = 0.25, 2
#: Seconds after which what was decided ahead is released: other workers may need those
#: rows, and what is wanted may have changed.
STALE = 2


@dataclass
class InFlight:
    """A request that SPAR is processing.

    :param env: of the transaction that holds the locks on its mappings
    :param ~.claim.Claim claim: what was claimed
    :param SparClient client: that sends it
    :param SignedRequest signed: what is sent
    :param future: of what comes back
    """

    env: object
    claim: object
    client: SparClient
    signed: SignedRequest
    future: object

    @cached_property
    def answer(self):
        """SPAR's :class:`~..spar.answers.Answer`; waits for it."""
        return self.client.read_answer(self.signed, self.future.result())

    def succeeds_within(self, seconds):
        """Return whether SPAR answers in time, and goes on accepting requests.

        :param float seconds: how long to wait
        """
        try:
            self.future.result(seconds)
        except NotYet:
            return False
        return not (self.answer.failed or self.answer.refuses_partner)


class SyncRun:
    """One worker's rounds through one connection, until nothing is due or time is up.

    One client, and with it the connection to SPAR and its TLS session, lasts as long.

    :param connection: a ``g2p.spar.connection``
    :param float seconds: after which the rest is left to the next job
    :param int since: seconds for which something must have been due
    """

    def __init__(self, connection, seconds, since=0):
        self._own = connection.env
        self._connection = connection
        #: The second transaction requests are decided in.
        self._second = AutonomousTransaction(self._own)
        #: Where requests are journaled.
        self._journal = AutonomousTransaction(self._own)
        #: Of the transaction the next request is decided in: the own or the second one.
        self._active = self._own
        self._in_flight = None
        #: Numbers of journaled requests whose outcome is recorded.
        self._recorded = []
        self.since = since
        self.deadline = time.monotonic() + seconds
        self.lost_races = 0
        #: How often the backlog was claimed from.
        self.claims = 0
        self.position = None
        self.client = None
        self.client_of = None
        self.has_worked = False
        #: Whether SPAR has done a change.
        self.has_changed = False
        # One, as SPAR gets one request at a time.
        self._caller = ThreadPoolExecutor(1, "spar")

    @property
    def connection(self):
        """The connection, in the active transaction."""
        return self._connection.with_env(self._active)

    @property
    def _spare(self):
        """The environment of the transaction that is not active."""
        return self._second.env if self._active is self._own else self._own

    def work(self, mappings=None):
        """Send these mappings first, and then whatever else is due.

        :param mappings: those the job was woken for
        """
        try:
            if not restore_guard.may_send(self.connection):
                return
            finished = self._work(mappings)
        except Busy:
            # Nothing may be sent on top of what could not be stored.
            roll_back(self._own)
            finished, self.lost_races = False, MAX_LOST_RACES + 1
        connection = self.connection
        if self.has_worked:
            connection._notify_progress(last=True)
        if breaker.allows_requests(connection):
            if not finished:
                rests = self.lost_races > MAX_LOST_RACES or new_key.is_waiting(
                    connection
                )
                wake_up.wake_up(connection, REST if rests else None)
            wake_up.wake_up_when_due(connection)
        commit(self._own)

    def _work(self, mappings):
        """Return whether nothing was left to do."""
        with ExitStack() as at_the_end:
            at_the_end.callback(self._close)
            # Also when something goes wrong with the next request.
            at_the_end.callback(self._finish)
            finished = (
                not mappings or self._work_at(mappings.sudo())
            ) and self._rounds(self._claim_backlog)
            self._delete_recorded()
        return finished

    def _close(self):
        # First the thread ends, so that nothing uses the client any more.
        self._caller.shutdown()
        self._active = self._own
        self._second.close()
        self._journal.close()
        if self.client:
            self.client.close()

    # === ROUNDS === #

    def _work_at(self, mappings):
        return self._rounds(
            lambda: claim.claim_mappings(mappings.with_env(self._active), self._journal)
        )

    def _rounds(self, next_claim):
        """Claim, send and record until there is nothing to claim.

        :param next_claim: what returns the next :class:`~.claim.Claim`
        :return: whether nothing is left, and no limit came first
        """
        while self.lost_races <= MAX_LOST_RACES and self._may_go_on():
            try:
                claimed = next_claim()
                if claimed.size:
                    self.has_worked = True
                    self._process(claimed)
                    continue
            except RETRYABLE_ERRORS:
                roll_back(self._active)
                self._journal.roll_back()
                self.lost_races += 1
                continue
            commit(self._active)
            if not self._in_flight:
                return True
            # Its registrants may have another step to send.
            self._finish()
        self._finish()
        return False

    def _claim_backlog(self):
        start = self.position
        # The first one, too: where SPAR is slow a job has few.
        oldest = self.claims % OLDEST_EVERY == 0
        self.claims += 1
        claimed, self.position = claim.claim_backlog(
            self.connection, self._journal, start, self.since, oldest
        )
        if not claimed.size and start:
            # From the beginning once more: mappings that other workers had locked may
            # have got a newer change since.
            claimed, self.position = claim.claim_backlog(
                self.connection, self._journal, None, self.since, oldest
            )
        return claimed

    def _may_go_on(self):
        """Return whether time is left, and SPAR may be sent something."""
        if time.monotonic() >= self.deadline:
            return False
        connection = self.connection
        connection.fetch(SETTINGS)
        if connection.state != "running" or new_key.is_waiting(connection):
            return False
        if self._in_flight:
            # Its client is in use, so no probe can be sent.
            return breaker.allows_requests(connection)
        try:
            return breaker.is_available(connection, self._open_client)
        except KeyProblem as problem:
            connection._pause_for_key(problem)
            return False

    def _open_client(self, version=None):
        """Return the client; a new one once what it was made of has changed.

        :param tuple version: of that, see :func:`~.store.version`; read when not
            given
        """
        version = version or self._version()
        if self.client and self.client_of != version:
            self.client.close()
            self.client = None
        if not self.client:
            self.client, self.client_of = self.connection._client(), version
        return self.client

    def _version(self, env=None):
        return store.version(env or self._active, self._connection.id)

    # === ONE ROUND === #

    def _process(self, claimed):
        """Send what was claimed, if anything, and record what was sent before it."""
        if claimed.request:
            claimed = self._send_or_release(claimed)
        if claimed and not claimed.request:
            store.save_progress(self._active, claimed.entries)
            commit(self._active)
            self.lost_races = 0

    def _send_or_release(self, claimed):
        """Send a request, unless something has changed since it was decided.

        :return: the claim, without a request if nothing of it may be sent; None when
            it was sent, or released
        """
        try:
            return self._sign_and_send(claimed)
        except KeyProblem as problem:
            roll_back(self._active)
            self.connection._pause_for_key(problem)
            return None

    def _sign_and_send(self, claimed):
        request = claimed.request
        if self._in_flight and request.version != self.client_of:
            return self._release()
        client = self._open_client(request.version)
        self._wait_for_rate(request)
        # While SPAR processes the one before, and before the request is journaled: what
        # cannot be signed was never about to be sent.
        try:
            signed = sign_request(client, request)
        except ValueError:
            return self._record_unwritable(claimed)
        if self._in_flight and not self._in_flight.succeeds_within(STALE):
            return self._release()
        claimed = self._journal_request(claimed)
        if not claimed:
            return self._release()
        if claimed.request:
            self._send(client, signed, claimed)
            return None
        return claimed

    def _release(self):
        """Release what was claimed: it is decided anew after the one before it."""
        roll_back(self._active)
        self._finish()

    def _wait_for_rate(self, request):
        """Wait until the speed limit lets this request leave.

        :raise Busy: when the wait could not be stored
        """
        if request.limited:
            connection = self._connection.with_env(self._journal.env)
            if wait := rate_limit.reserve(connection, len(request.parts)):
                time.sleep(wait)

    def _record_unwritable(self, claimed):
        """Record that a request cannot be written, as if SPAR had refused it.

        So the mapping to blame is found, and no other one waits for it.
        """
        request = claimed.request
        items = [part.item for part in request.parts.values()]
        answer = Answer.same_for_all(items, Outcome.BATCH_REFUSED, UNWRITABLE)
        record.record_answer(self._active, claimed, answer)
        self.connection._notify_progress()
        commit(self._active)

    def _journal_request(self, claimed):
        """Journal what is about to be sent, and commit that.

        :return: the claim with what may be sent of it; None when the connection has
            changed since it was decided
        """
        recorded, self._recorded = self._recorded, []
        request = journal.write_intent(
            self._journal.env, self._connection.id, claimed.request, recorded
        )
        self._journal.commit()
        return request and journal.leave_out(claimed, request)

    def _send(self, client, signed, claimed):
        """Have a request sent; decide the next one ahead if there seems to be more."""
        with self._forgotten_if_not_sent(claimed.request):
            if len(claimed.request.parts) < len(signed.items):
                signed = sign_request(client, claimed.request)
            in_time = self._check_locks_held(claimed.request)
            future = self._caller.submit(client.deliver, signed, in_time)
        before = self._in_flight
        self._in_flight = InFlight(self._active, claimed, client, signed, future)
        if before:
            self._record(before)
        if self._decides_ahead(claimed.request):
            self._active = self._spare
            # What was read there to record the request before is of an older moment.
            roll_back(self._active)
        else:
            self._finish()

    @contextmanager
    def _forgotten_if_not_sent(self, request):
        """If the block fails, nothing has left, and nothing is unresolved."""
        try:
            yield
        except Exception:
            self._delete_recorded(request.number)
            raise

    def _check_locks_held(self, request):
        """Make sure that no other worker can have locked these mappings since.

        This process may have been stopped since the claim. The locks are those of its
        session: as long as that lasts, no other worker has claimed these mappings.

        :return: a function that returns, without a query, whether that is so short a
            time ago that the next worker still waits for this request
        :raise psycopg2.Error: when the session has ended
        """
        until = boot_time() + max(LATE_SECONDS, LATE_PART * request.policy.cool_down)
        store.check_session(self._active)
        return lambda: boot_time() <= until

    def _decides_ahead(self, request):
        """Return whether to decide the next request while SPAR processes this one.

        Not with a speed limit: there is time enough.
        """
        return request.full and not request.limited and not self._second.is_same

    def _finish(self):
        """Wait for the request in flight, if any, and record its answer."""
        if self._in_flight:
            in_flight, self._in_flight = self._in_flight, None
            self._record(in_flight)

    def _record(self, in_flight):
        """Record the outcome of a request; stop if SPAR refuses the partner."""
        request = in_flight.claim.request
        if isinstance(in_flight.future.result(), TooLate):
            # As due as before. First deleted, so that no worker takes it for lost.
            self._delete_recorded(request.number)
            roll_back(in_flight.env)
            self.lost_races += 1
            return
        answer = in_flight.answer
        connection = self._connection.with_env(in_flight.env)
        try:
            record.record_answer(in_flight.env, in_flight.claim, answer)
            connection._notify_progress()
            # First the outcome for the registrants: a pause may conflict with another
            # worker's.
            commit(in_flight.env)
        except RETRYABLE_ERRORS:
            # As if this worker had been killed: the outcome is resolved later.
            roll_back(in_flight.env)
            self.lost_races += 1
        else:
            self.lost_races = 0
            self._recorded.append(request.number)
        is_done = any(r.outcome == Outcome.DONE for r in answer.results.values())
        self.has_changed |= is_done and request.operation != RESOLVE
        if not blames_again(request, answer, self.has_changed):
            breaker.note_answer(connection, answer, request.operation)
        if not answer.refuses_partner:
            new_key.note_answer(connection, answer)
        elif self._version(in_flight.env) == request.version:
            connection._stop_for_signature()

    def _delete_recorded(self, *more):
        """Delete from the journal what is recorded, and these requests."""
        numbers, self._recorded = [*self._recorded, *more], []
        if numbers:
            env = self._journal.env
            commit_with_retry(env, lambda: store.delete_requests(env, numbers))


def boot_time():
    """Return the seconds since the machine was started, time asleep included."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def sign_request(client, request):
    """Return what is sent for a request, signed.

    :param ~..spar.client.SparClient client: whose partner signs it
    :param ~.claim.Request request: what was claimed
    :rtype: ~..spar.client.SignedRequest
    :raise ValueError: when it cannot be written
    :raise KeyProblem: when it cannot be signed
    """
    items = [part.item for part in request.parts.values()]
    return client.sign_request(request.operation, items, request.id)
