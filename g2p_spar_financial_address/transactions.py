"""How work in the background ends its own transactions."""

from odoo import modules

#: How often in a row somebody else may be faster.
MAX_BEATEN = 5


def commit(env):
    """End a transaction; inside a test, only flush it.

    From here on what others committed meanwhile is seen.
    """
    env.flush_all()
    if not modules.module.current_test:
        # What must not be lost, or sent twice, is written down before work goes on.
        env.cr.commit()  # pylint: disable=invalid-commit
    env.invalidate_all()


def roll_back(env):
    """Give up a transaction in which nothing was done or somebody else was faster.

    Inside a test, only forget what was read.
    """
    if not modules.module.current_test:
        env.cr.rollback()
    env.invalidate_all(flush=False)
