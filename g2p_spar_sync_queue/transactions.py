"""How the engine ends its own transactions."""

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo.addons.g2p_spar_financial_address.transactions import MAX_BEATEN, commit

#: Another worker was faster with one of the rows; nothing is lost by looking again.
BEATEN = (SerializationFailure, UniqueViolation)


def roll_back(env):
    """Give up a transaction in which somebody else was faster."""
    env.cr.rollback()
    env.invalidate_all(flush=False)


def apart(env, work):
    """Do something small in a transaction of its own, again if somebody was faster.

    :param work: a function; it is the first to be done in its transaction
    :return: what it returned, or None after too many attempts
    """
    for _attempt in range(MAX_BEATEN):
        try:
            result = work()
            commit(env)
            return result
        except BEATEN:
            roll_back(env)
    return None
