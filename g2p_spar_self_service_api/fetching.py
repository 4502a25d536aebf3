"""An issuer's keys are fetched by one call at a time; others wait for what it brings.

Strangers can demand keys that do not exist as often as they like. So nobody waits
unless a fetch is under way, and never longer than one lasts.
"""

from psycopg2.errors import LockNotAvailable

from . import jwks

#: First key of the advisory locks; the second is the issuer's id.
FETCH_LOCK = 0x5350414A  # "SPAJ"
#: Seconds it may take to keep what was fetched.
KEEPING = 1


def begin(cr, issuer_id):
    """Return whether this call may fetch: nobody else does.

    :param cr: of a transaction of its own; others wait until that ends, also when the
        process is killed
    :param int issuer_id: whose keys
    :rtype: bool
    """
    cr.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [FETCH_LOCK, issuer_id])
    return cr.fetchone()[0]


def wait(cr, issuer_id):
    """Wait until whoever fetches these keys is done.

    :param cr: of a transaction of its own, which is over afterwards
    :param int issuer_id: whose keys
    :return: whether they were done in time
    :rtype: bool
    """
    limit_waiting(cr, jwks.TIMEOUT + KEEPING)
    try:
        cr.execute(
            "SELECT pg_advisory_xact_lock_shared(%s, %s)",
            [FETCH_LOCK, issuer_id],
            log_exceptions=False,
        )
    except LockNotAvailable:
        return False
    finally:
        cr.rollback()
    return True


def limit_waiting(cr, seconds):
    """Have this transaction wait for others only so long.

    :param cr: of the transaction
    :param float seconds: after these, the statement that waits fails
    """
    text = f"{round(seconds * 1000)}ms"
    cr.execute("SELECT set_config('lock_timeout', %s, true)", [text])
