"""Query slots: few people ask SPAR at a time, and no one twice.

A query may take seconds, and occupies an HTTP worker meanwhile. With SPAR hanging, all
of them would wait for it, and the registry would stop.
"""

from contextlib import closing, contextmanager

from odoo.sql_db import db_connect
from odoo.tools import config

#: First keys of the advisory locks: one per person who asks, and one per slot.
ASKER_LOCK = 0x53505255  # "SPRU"
SLOT_LOCK = 0x53505254  # "SPRT"
#: Slots, however many workers there are.
MAX_SLOTS = 4


def slots():
    """Return how many may ask at the same time: at most half of the workers.

    :rtype: int
    """
    workers = config["workers"]
    return min(MAX_SLOTS, max(1, workers // 2)) if workers else MAX_SLOTS


def asker_lock(asker):
    """Return the advisory lock of a person, from their digest.

    :rtype: tuple
    """
    return ASKER_LOCK, int(asker[:8], 16) - 2**31


@contextmanager
def query_slot(env, asker):
    """Take a slot, if one is free; never wait.

    The locks belong to a session of their own, which is in no transaction while the
    block runs. They end with it, even if the process is killed.

    :param Environment env: of the user
    :param str asker: a digest of who asks, in hexadecimal
    :return: whether there is a slot
    """
    with closing(db_connect(env.cr.dbname).cursor()) as cr:
        held = []
        try:
            taken = _first_free(cr, [asker_lock(asker)], held) and _first_free(
                cr, [(SLOT_LOCK, number) for number in range(slots())], held
            )
            # Nothing was written: this ends the transaction, and locks of a session
            # outlast it.
            cr.rollback()
            yield taken
        finally:
            for key in held:
                cr.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _first_free(cr, keys, held):
    """Lock the first of these that is free; return whether one was."""
    for key in keys:
        cr.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        if cr.fetchone()[0]:
            held.append(key)
            return True
    return False
