"""How a run ends its own transactions."""

from psycopg2.errors import UniqueViolation

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONCURRENT

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import (
    MAX_BEATEN,
    commit,
    roll_back,
)

#: Another transaction changed one of the rows first; the work can be repeated.
BEATEN = (*CONCURRENT, UniqueViolation)


def apart(env, work):
    """Do something small in a transaction of its own; repeat it after a lost race.

    :param work: a function, called at the beginning of the transaction
    :return: its result
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
