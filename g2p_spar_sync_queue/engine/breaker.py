"""Guard: the circuit breaker. No request leaves while SPAR is down.

After some failures in a row the breaker opens. When the wait is over, one worker sends
a probe; the first answer closes the breaker, no answer doubles the wait.

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


def note_answer(connection, answer):
    """Count the outcome of a request; open the breaker after too many failures.

    Only changes are written, so that workers do not wait for each other while SPAR
    answers.

    :param connection: a ``g2p.spar.connection``
    :param ~..spar.answers.Answer answer: of a request that was sent
    :raise Busy: when it cannot be stored
    """
    connection.ensure_one()
    if answer.failed:
        commit_with_retry(
            connection.env, lambda: note_failure(connection, answer.retry_after)
        )
    elif connection.breaker_failures or connection.breaker_trips:
        commit_with_retry(
            connection.env, lambda: store.reset_failures(connection.env, connection.id)
        )


def note_failure(connection, retry_after):
    """Count a failure; open the breaker at the threshold, or when SPAR asks for it.

    :param retry_after: seconds SPAR asked for, or None
    """
    row = store.count_failure(connection.env, connection.id)
    if row and (row[0] or retry_after):
        open_breaker(connection, retry_after)


def open_breaker(connection, retry_after=None):
    """Open the breaker, for longer with each probe that was not answered.

    :param retry_after: seconds SPAR asked for, or None
    """
    lock(connection)
    trips = connection.breaker_trips + 1
    delay = retry_delay(trips, connection.probe_base, connection.probe_cap, retry_after)
    until = store.now(connection.env) + timedelta(seconds=math.ceil(delay))
    store.open_breaker(connection.env, connection.id, trips, until)
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
