"""Guard: the speed limit. All workers together send so many registrants a second."""

from ..transactions import commit_with_retry
from . import store


def batch_limit(connection):
    """Return how many registrants go into one request.

    With a speed limit few enough for all workers to send one before a claim looks
    abandoned.

    :rtype: int
    """
    if not connection.max_per_second:
        return connection.batch_size
    share = 2 * connection.max_per_second // connection.workers
    return min(connection.batch_size, max(1, share))


def reserve(connection, number):
    """Reserve the time that so many registrants take.

    :param connection: a ``g2p.spar.connection``
    :param int number: of registrants
    :return: seconds to wait before sending them
    :raise Busy: when it cannot be reserved now, so nothing may be sent
    """
    if not connection.max_per_second:
        return 0.0
    return commit_with_retry(connection.env, lambda: take_place(connection, number))


def take_place(connection, number):
    """Reserve the time in the caller's transaction; see :func:`reserve`."""
    if not connection.max_per_second:
        # The limit was lifted meanwhile.
        return 0.0
    seconds = number / connection.max_per_second
    return max(0.0, store.reserve(connection.env, connection.id, seconds))
