"""How work in the background ends its own transactions."""

import logging
import time
import traceback

from odoo import modules
from odoo.modules.registry import Registry
from odoo.tools.misc import split_every

_logger = logging.getLogger(__name__)

#: How often in a row somebody else may be faster.
MAX_BEATEN = 5
#: Seconds after which it is looked again whether others changed what is remembered.
REMEMBERED = 1.0
#: By database, when that was looked at last.
_LOOKED_AT = {}
#: Like nothing a function returns.
_FAILED = object()


def commit(env):
    """End a transaction; inside a test, only flush it.

    From here on what others committed meanwhile is seen.
    """
    env.flush_all()
    if not modules.module.current_test:
        # What must not be lost, or sent twice, is written down before work goes on.
        env.cr.commit()  # pylint: disable=invalid-commit
        _hear_of_changes(env.cr.dbname)
    env.invalidate_all()


def _hear_of_changes(database):
    """Forget the policies and settings that another process has changed.

    Odoo looks for that when a request or a job begins, and some jobs go on for long.
    """
    now = time.monotonic()
    if now - _LOOKED_AT.get(database, -REMEMBERED) >= REMEMBERED:
        _LOOKED_AT[database] = now
        Registry(database).check_signaling()


def roll_back(env):
    """Give up a transaction in which nothing was done or somebody else was faster.

    Inside a test, only forget what was read.
    """
    if not modules.module.current_test:
        env.cr.rollback()
    env.invalidate_all(flush=False)


def alone(env, work, *args, failed=None):
    """Do something in a transaction of its own, and go on if it fails.

    For scheduled actions: an error with one record must not keep the others waiting,
    and Odoo switches off a scheduled action that keeps failing.

    :param env: whose transaction is ended
    :param work: a function
    :param args: what it is called with
    :param failed: what is returned if it fails
    :return: what the function returns
    """
    try:
        result = work(*args)
        commit(env)
    except Exception as error:  # pylint: disable=broad-except
        roll_back(env)
        # Without its text, which may hold what belongs to a registrant.
        place = "".join(traceback.format_tb(error.__traceback__))
        _logger.error("%s in a scheduled action:\n%s", type(error).__name__, place)
        return failed
    return result


def in_chunks(records, size, work):
    """Do something to records in chunks; a chunk that fails is done one by one.

    :param records: all of them
    :param int size: of a chunk, each in a transaction of its own
    :param work: a function of some of these records
    :return: the number of records of each chunk, once it is over
    :rtype: iterator
    """
    for ids in split_every(size, records.ids):
        chunk = records.browse(ids)
        if alone(records.env, work, chunk, failed=_FAILED) is _FAILED:
            for record in chunk:
                alone(records.env, work, record)
        yield len(ids)
