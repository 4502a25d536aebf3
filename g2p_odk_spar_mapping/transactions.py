"""How a run ends its own transactions."""

from psycopg2.errors import UniqueViolation

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONCURRENT

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import (
    MAX_BEATEN,
    commit,
    roll_back,
)

#: Somebody else was faster with one of the rows; nothing is lost by looking again.
BEATEN = (*CONCURRENT, UniqueViolation)


def apart(env, work):
    """Do something small in a transaction of its own, again if somebody was faster.

    :param work: a function; it is the first to be done in its transaction
    :return: what it returned
    """
    for _attempt in range(MAX_BEATEN - 1):
        try:
            result = work()
            commit(env)
            return result
        except BEATEN:
            roll_back(env)
    result = work()
    commit(env)
    return result
