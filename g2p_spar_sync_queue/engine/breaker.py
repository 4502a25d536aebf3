"""Guard: the circuit breaker. No request leaves while SPAR is down.

After some failures in a row the breaker opens. When the wait is over, one worker sends
a probe; the first answer closes the breaker, no answer doubles the wait.

A probe is a query. A SPAR that answers queries may fail on every change, for example
while its table of strategies is empty. So failures on changes are counted apart, and
only a change that succeeds ends them; where the first change after an answered probe
fails as well, those responsible are called, once.

The connection's row is shared by all workers, so each change is committed at once, in a
transaction of its own. What cannot be stored stops the worker, see
:class:`~..transactions.Busy`.
"""

import logging
import math
from datetime import timedelta

from ..jobs import later
from ..spar.answers import Item
from ..spar.codes import RESOLVE
from ..transactions import commit_with_retry
from ..waits import retry_delay
from . import store, wake_up
from .decide import MAY_BE_ONE_ITEM

_logger = logging.getLogger(__name__)

#: Seconds a probe may take beyond its time-outs before another worker may send one.
PROBE_GRACE = 10
#: A SPAR ID that no registrant has: if the answer is lost, nothing is unresolved.
PROBE_ID = "connection-test"


def allows_requests(connection):
    """Return whether the engine goes on by itself: started, and SPAR answers."""
    return connection.state == "running" and connection.breaker_state == "closed"


def was_answered(connection):
    """Return whether SPAR answered the last request, as far as is known.

    A request, or the probe that closed the breaker.
    """
    connection.ensure_one()
    probed = connection.breaker_state == "closed" and connection.breaker_trips
    return not connection.breaker_failures or bool(probed)


def is_available(connection, open_client):
    """Return whether requests may be sent now; when it is time, send a probe first.

    :param connection: a ``g2p.spar.connection``
    :param open_client: a function that returns an open client
    :rtype: bool
    :raise Busy: when the result of the probe cannot be stored
    """
    if connection.breaker_state == "closed":
        return True
    taken = commit_with_retry(connection.env, lambda: take_probe(connection))
    return bool(taken) and _probe(connection, open_client())


def take_probe(connection):
    """Become the one worker that sends the probe; another may when this one dies."""
    seconds = connection.connect_timeout + connection.answer_timeout + PROBE_GRACE
    return store.take_probe(connection.env, connection.id, seconds)


def _probe(connection, client):
    """Send a harmless resolve; return whether SPAR answered."""
    answer = client.send(RESOLVE, [Item("probe", PROBE_ID)])
    if answer.failed:
        commit_with_retry(
            connection.env, lambda: open_breaker(connection, answer.retry_after)
        )
        return False
    commit_with_retry(connection.env, lambda: close_breaker(connection))
    return True


def note_answer(connection, answer, operation):
    """Count the outcome of a request; open the breaker after too many failures.

    Only changes are written, so that workers do not wait for each other while SPAR
    answers.

    :param connection: a ``g2p.spar.connection``
    :param ~..spar.answers.Answer answer: of a request that was sent
    :param str operation: what was sent
    :raise Busy: when it cannot be stored
    """
    connection.ensure_one()
    is_change = operation != RESOLVE
    if answer.failed:
        code = answer.code if is_change and answer.code in MAY_BE_ONE_ITEM else None
        commit_with_retry(
            connection.env, lambda: note_failure(connection, answer.retry_after, code)
        )
    elif _has_failures(connection, is_change):
        commit_with_retry(
            connection.env, lambda: forget_failures(connection, is_change)
        )


def _has_failures(connection, is_change):
    """Return whether an answer ends failures that were counted."""
    if connection.breaker_change_failures and not is_change:
        return connection.breaker_failures
    return (
        connection.breaker_failures
        or connection.breaker_change_failures
        or connection.breaker_trips
    )


def forget_failures(connection, is_change):
    """Forget failures: SPAR has answered.

    :param bool is_change: whether to a change
    """
    lock(connection)
    is_over = is_change and connection.breaker_change_failures
    is_forgotten = store.reset_failures(connection.env, connection.id, is_change)
    # Also where SPAR was down meanwhile, which is another problem. The alert of a pause
    # stays.
    if is_forgotten and is_over and connection.state == "running":
        connection._end_alert()


def note_failure(connection, retry_after, changes_problem=None):
    """Count a failure; open the breaker at the threshold, or when SPAR asks for it.

    :param retry_after: seconds SPAR asked for, or None
    :param changes_problem: the reason code with which SPAR failed on a change, if so
    """
    on_change = bool(changes_problem)
    row = store.count_failure(connection.env, connection.id, on_change)
    if row and (row[0] or retry_after):
        open_breaker(connection, retry_after, changes_problem)


def open_breaker(connection, retry_after=None, changes_problem=None):
    """Open the breaker, for longer with each probe that was not answered.

    :param retry_after: seconds SPAR asked for, or None
    :param changes_problem: as for :func:`note_failure`
    """
    lock(connection)
    trips = connection.breaker_trips + 1
    # Only after a probe that was answered is it known that SPAR fails on changes alone.
    probed = connection.breaker_state == "closed" and trips > 1
    problem = changes_problem if probed else None
    if problem and not connection.changes_problem:
        connection._alert_changes_fail(problem)
    delay = retry_delay(trips, connection.probe_base, connection.probe_cap, retry_after)
    until = store.now(connection.env) + timedelta(seconds=math.ceil(delay))
    store.open_breaker(connection.env, connection.id, trips, until, problem)
    _logger.info("connection %s: left alone until %s", connection.id, until)
    later(
        connection,
        eta=until,
        identity_key=f"spar-probe-{connection.id}",
        description=connection.env._("Ask whether SPAR is back"),
    ).job_work_off()


def close_breaker(connection):
    """Close the breaker; one more failure opens it again, for longer."""
    store.close_breaker(connection.env, connection.id)
    # Those that failed have waited long enough. Lost answers go on cooling down.
    store.make_failed_due(connection.env, connection.id)
    _logger.info("connection %s: SPAR is back", connection.id)
    wake_up.wake_up(connection)


def reset(connections):
    """Close the breaker by hand; nothing is remembered."""
    connections.sudo().write(
        {
            "breaker_state": "closed",
            "breaker_failures": 0,
            "breaker_change_failures": 0,
            "changes_problem": False,
            "breaker_trips": 0,
            "breaker_until": False,
        }
    )


def lock(connection):
    """Wait until no other transaction writes this connection, and lock it.

    For work of :func:`~..transactions.commit_with_retry`: from here on it reads what
    all others have written.
    """
    connection.ensure_one()
    store.lock_connection(connection.env, connection.id)
    connection.invalidate_recordset()
