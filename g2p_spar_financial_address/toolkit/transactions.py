"""Transactions of work in the background."""

import logging
import time
import traceback
from contextlib import contextmanager

from psycopg2.extensions import (
    ISOLATION_LEVEL_READ_COMMITTED,
    TRANSACTION_STATUS_IDLE,
)

from odoo import SUPERUSER_ID
from odoo.modules.registry import Registry
from odoo.tools.misc import split_every

_logger = logging.getLogger(__name__)

#: How many races in a row work in the background may lose.
MAX_BEATEN = 5
#: Seconds between two checks of whether other processes have changed cached values.
REMEMBERED = 1.0
#: Time of the last check, by database.
_LOOKED_AT = {}
#: A value that no function returns.
_FAILED = object()


@contextmanager
def autonomous(env):
    """Give the system an environment in a transaction of its own, committed at the end.

    What is written there stays when the caller's transaction is rolled back.

    :param env: of the caller
    :raise psycopg2.errors.LockNotAvailable: when a lock could not be had
    """
    with second_cursor(env) as cr:
        yield env(cr=cr, user=SUPERUSER_ID)


@contextmanager
def second_cursor(env):
    """Give a second cursor, which waits for locks for a moment only.

    The caller itself may hold them.
    """
    with waiting_cursor(env.registry) as cr:
        if is_open(cr):
            env.flush_all()
        else:
            cr.execute("SET LOCAL lock_timeout = '1s'")
        yield cr


def waiting_cursor(registry):
    """Return a cursor whose statements wait for others at a row, and then go on.

    Odoo's own transactions would fail there instead. The registry may give a cursor
    inside a transaction that goes on: its isolation level is settled, and stays.
    """
    cr = registry.cursor()
    if not is_open(cr):
        cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
    return cr


def commit(env):
    """End a transaction; the next one sees what others have committed meanwhile."""
    env.flush_all()
    end_transaction(env.cr)
    env.invalidate_all()


def roll_back(env):
    """Roll back a transaction without changes, or one that lost a race."""
    abandon_transaction(env.cr)
    env.invalidate_all(flush=False)


def end_transaction(cr):
    """Commit; see :func:`commit`."""
    # Results must be stored before the work goes on, so that they are not lost and
    # requests not sent twice.
    cr.commit()  # pylint: disable=invalid-commit
    _hear_of_changes(cr.dbname)


def abandon_transaction(cr):
    """Roll back; see :func:`roll_back`."""
    cr.rollback()


def is_open(cr):
    """Return whether a transaction has begun; its isolation level is then settled."""
    return cr.connection.info.transaction_status != TRANSACTION_STATUS_IDLE


def _hear_of_changes(database):
    """Clear cached policies and settings that another process has changed.

    Odoo checks that when a request or a job begins, but some jobs last long.
    """
    now = time.monotonic()
    if now - _LOOKED_AT.get(database, -REMEMBERED) >= REMEMBERED:
        _LOOKED_AT[database] = now
        Registry(database).check_signaling()


def alone(env, work, *args, failed=None):
    """Do something in a transaction of its own; log an error and continue.

    For scheduled actions: an error with one record must not stop the others, and Odoo
    deactivates a scheduled action that keeps failing.

    :param env: of the transaction that is ended
    :param work: a function
    :param args: its arguments
    :param failed: returned if it fails
    :return: what the function returns
    """
    try:
        result = work(*args)
        commit(env)
    except Exception as error:  # pylint: disable=broad-except
        roll_back(env)
        # Without its text, which may contain data of a registrant.
        place = "".join(traceback.format_tb(error.__traceback__))
        _logger.error("%s in a scheduled action:\n%s", type(error).__name__, place)
        return failed
    return result


def in_chunks(records, size, work):
    """Do something to records in chunks; a chunk that fails is done one by one.

    :param records: all of them
    :param int size: of a chunk, each in a transaction of its own
    :param work: a function of some of these records
    :return: the number of records of each chunk, after it is done
    :rtype: iterator
    """
    for ids in split_every(size, records.ids):
        chunk = records.browse(ids)
        if alone(records.env, work, chunk, failed=_FAILED) is _FAILED:
            for record in chunk:
                alone(records.env, work, record)
        yield len(ids)
