"""Query slots: limits the queries at the same time, to one for each person.

A query may take seconds and occupies an HTTP worker. Without a limit, a SPAR that does
not answer would occupy all of them, and the registry would stop.
"""

from contextlib import closing, contextmanager

from odoo.sql_db import db_connect
from odoo.tools import config

#: First keys of the advisory locks: one lock for each person, and one for each slot.
ASKER_LOCK = 0x53505255  # "SPRU"
SLOT_LOCK = 0x53505254  # "SPRT"
#: The most slots, for any number of workers.
MAX_SLOTS = 4


def slots():
    """Return the number of slots: half of the workers, but at least 1 and at most 4.

    Without worker processes (threads only), it is 4.

    :rtype: int
    """
    workers = config["workers"]
    return min(MAX_SLOTS, max(1, workers // 2)) if workers else MAX_SLOTS


def asker_lock(asker):
    """Return the key of a person's advisory lock.

    :param str asker: digest of the person, in hexadecimal
    :rtype: tuple[int, int]
    """
    return ASKER_LOCK, int(asker[:8], 16) - 2**31


@contextmanager
def query_slot(env, asker):
    """Take a slot, if one is free, without waiting.

    The locks belong to a session of their own, which has no open transaction while the
    block runs. If the process is killed, PostgreSQL releases them with the session.

    :param Environment env: of the user
    :param str asker: digest of the person, in hexadecimal
    :return: context manager; its value is whether a slot was taken
    """
    with closing(db_connect(env.cr.dbname).cursor()) as cr:
        held = []
        try:
            taken = _first_free(cr, [asker_lock(asker)], held) and _first_free(
                cr, [(SLOT_LOCK, number) for number in range(slots())], held
            )
            # Ends the transaction. The locks belong to the session and remain.
            cr.rollback()
            yield taken
        finally:
            for key in held:
                cr.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _first_free(cr, keys, held):
    """Take the first of these locks that is free; return whether one was free."""
    for key in keys:
        cr.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        if cr.fetchone()[0]:
            held.append(key)
            return True
    return False
