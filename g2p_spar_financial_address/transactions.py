"""How work in the background ends its own transactions."""

import time

from odoo import modules
from odoo.modules.registry import Registry

#: How often in a row somebody else may be faster.
MAX_BEATEN = 5
#: Seconds after which it is looked again whether others changed what is remembered.
REMEMBERED = 1.0
#: By database, when that was looked at last.
_LOOKED_AT = {}


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
