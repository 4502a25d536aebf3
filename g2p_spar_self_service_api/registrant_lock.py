"""Proposals about one registrant, one after the other."""

from odoo import modules

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import commit

#: First key of the advisory locks; the second is the partner's id. Not that of the
#: outbox: whoever saves a form takes that one when their address is already written,
#: and two that wait for each other's would both be in vain.
REGISTRANT_LOCK = 0x53504150  # "SPAP"


def lock_registrant(env, partner):
    """Let nobody else come to this point for this registrant until the call is over.

    What the transaction did before is committed, and a new one begins: the snapshot of
    one that waited is from before it had to, so it would not see what it waited for,
    and in the end be refused by the database. Therefore the lock is not of the
    transaction, and is given back when the next one ends, however it does.

    Inside a test there is one connection, and so no others.

    :param recordset partner: the registrant
    """
    if modules.module.current_test:
        return
    cr, connection = env.cr, env.cr.connection
    key = [REGISTRANT_LOCK, partner.id]

    def give_back():
        # By the connection itself: a cursor that is closed has none to execute with.
        with connection.cursor() as raw:
            raw.execute("SELECT pg_advisory_unlock(%s, %s)", key)
        connection.rollback()

    cr.execute("SELECT pg_advisory_lock(%s, %s)", key)
    try:
        commit(env)
    except BaseException:
        connection.rollback()
        give_back()
        raise
    cr.postcommit.add(give_back)
    cr.postrollback.add(give_back)
