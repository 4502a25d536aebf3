"""Wake-ups: the jobs in which the engine runs.

A lost, doubled or late wake-up is harmless: what is due is decided by the rows of the
mappings alone.
"""

from datetime import timedelta

from ..jobs import later
from . import store
from .journal import GRACE

#: After the 10 of other jobs: an edit goes before a backlog.
BACKLOG_PRIORITY = 15


def wake_up_mappings(mappings):
    """Have the engine process these mappings soon.

    :param recordset mappings: ``g2p.spar.mapping``
    """
    for connection, chosen in mappings.sudo().grouped("connection_id").items():
        enqueue(chosen, connection.batch_size)


def enqueue(mappings, batch_size):
    """Schedule jobs for these mappings of one connection, one for each batch.

    :param recordset mappings: ``g2p.spar.mapping``
    :param int batch_size: of their connection
    """
    for start in range(0, len(mappings), batch_size):
        chunk = mappings[start : start + batch_size]
        description = mappings.env._("Send to SPAR")
        later(chunk, description=description).job_sync()


def wake_up(connections, eta=None):
    """Have the engine process whatever is due, soon or at a given time.

    :param recordset connections: ``g2p.spar.connection``
    :param eta: seconds from now, or a moment in UTC, before which nothing happens
    """
    for connection in connections.sudo():
        for slot in range(connection.workers):
            later(
                connection,
                eta=eta,
                priority=BACKLOG_PRIORITY,
                identity_key=f"spar-{connection.id}-{slot}",
                description=connection.env._("Send to SPAR"),
            ).job_work_off()


def enlist_again(connection, since, seconds):
    """Have registrants taken up once more after some time.

    :param connection: a ``g2p.spar.connection``
    :param datetime since: when the first of these jobs began
    :param int seconds: from now
    """
    later(
        connection,
        eta=seconds,
        identity_key=f"spar-enlist-{connection.id}",
        description=connection.env._("Take up registrants"),
    ).job_enlist(since.isoformat())


def wake_up_when_due(connection):
    """Have the engine run again when the next waiting mapping is due.

    That includes what another worker is sending: it may be killed before it records it.

    :param connection: a ``g2p.spar.connection``
    """
    connection.env.flush_all()
    grace = timedelta(seconds=GRACE)
    for moment in store.next_due(connection.env, connection.id, grace):
        later(
            connection,
            eta=moment,
            identity_key=f"spar-{connection.id}-{moment}",
            description=connection.env._("Send to SPAR"),
        ).job_work_off()
