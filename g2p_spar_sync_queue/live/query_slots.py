"""Who may ask SPAR while people look at screens: few at a time, and nobody twice.

A question may take seconds, and takes an HTTP worker meanwhile. With SPAR hanging, all
of them would be waiting for it, and nobody could work.
"""

from contextlib import closing, contextmanager

from odoo.sql_db import db_connect
from odoo.tools import config

#: First keys of the advisory locks: one for whoever asks, and one for each turn.
ASKER_LOCK = 0x53505255  # "SPRU"
TURN_LOCK = 0x53505254  # "SPRT"
#: Turns at a time, however many workers there are.
MAX_TURNS = 4


def turns_at_a_time():
    """Return how many may ask at the same time: at most half of the workers."""
    workers = config["workers"]
    return min(MAX_TURNS, max(1, workers // 2)) if workers else MAX_TURNS


def asker_lock(who):
    """Return the advisory lock of somebody, from the digest of who it is."""
    return ASKER_LOCK, int(who[:8], 16) - 2**31


@contextmanager
def turn(env, who):
    """Give somebody a turn, if there is one; nothing is waited for.

    The locks are those of a session of their own, which is in no transaction while the
    block runs. They end with it, even if the process is killed.

    :param Environment env: of the user
    :param str who: a digest of who asks, in hexadecimal
    :return: whether there is a turn
    """
    with closing(db_connect(env.cr.dbname).cursor()) as cr:
        held = []
        try:
            mine = _first_free(cr, [asker_lock(who)], held) and _first_free(
                cr, [(TURN_LOCK, number) for number in range(turns_at_a_time())], held
            )
            # Nothing was written: this ends the transaction, and locks of a session
            # outlast it.
            cr.rollback()
            yield mine
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
