"""Proposals about one registrant, one after the other."""

from contextlib import contextmanager

from odoo import modules

from odoo.addons.g2p_spar_financial_address.transactions import commit

#: First key of the advisory locks; the second is the partner's id. Not that of the
#: outbox: whoever saves a form takes that one when their address is already written,
#: and two that wait for each other's would both be in vain.
TURN_LOCK = 0x53504150  # "SPAP"


@contextmanager
def turn(env, partner):
    """Let nobody else use the block for this registrant until it is committed.

    The lock outlives transactions, because the block begins with a new one: the
    snapshot of a transaction that waited is from before it had to, so it would not see
    what it waited for, and in the end be refused by the database.

    What the transaction did before is committed, too. Inside a test there is one
    connection, and so no others.

    :param recordset partner: the registrant
    """
    if modules.module.current_test:
        yield
        return
    key = [TURN_LOCK, partner.id]
    env.cr.execute("SELECT pg_advisory_lock(%s, %s)", key)
    try:
        commit(env)
        yield
        commit(env)
    except BaseException:
        # In a transaction that has failed the lock could not be given back.
        env.cr.rollback()
        raise
    finally:
        env.cr.execute("SELECT pg_advisory_unlock(%s, %s)", key)
