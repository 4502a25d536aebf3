"""Proposals about one registrant, one after the other."""

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import (
    commit,
    roll_back,
)

#: First key of the advisory locks; the second is the partner's id. Not that of the
#: outbox: the registry takes that one after it has written the address, and a proposal
#: that holds it while it waits for the address would be in a deadlock.
REGISTRANT_LOCK = 0x53504150  # "SPAP"


def lock_registrant(env, partner):
    """Wait until no other call works for this registrant, and lock it out.

    What the transaction did before is committed. The lock is the next transaction's,
    and ends with it. That transaction sees what the call before committed: its snapshot
    is taken when the lock is held already. The snapshot of a transaction that waits
    itself is older, so the database would refuse what it writes.

    :param recordset partner: the registrant
    """
    key = {"kind": REGISTRANT_LOCK, "id": partner.id}
    # Of the session, so that it outlasts the end of the transaction.
    env.cr.execute("SELECT pg_advisory_lock(%(kind)s, %(id)s)", key)
    try:
        commit(env)
    except BaseException:
        roll_back(env)
        raise
    finally:
        # The session holds the lock, so it gets it again without waiting.
        env.cr.execute(
            """SELECT pg_advisory_xact_lock(%(kind)s, %(id)s);
               SELECT pg_advisory_unlock(%(kind)s, %(id)s)""",
            key,
        )
