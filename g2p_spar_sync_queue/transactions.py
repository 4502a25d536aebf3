"""How the engine ends its own transactions."""

import time

from psycopg2.errors import (
    DeadlockDetected,
    LockNotAvailable,
    SerializationFailure,
    UniqueViolation,
)

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import (
    MAX_BEATEN as MAX_LOST_RACES,
)
from odoo.addons.g2p_spar_financial_address.toolkit.transactions import (
    commit,
    is_open,
    roll_back,
)

from .waits import retry_delay

#: Another transaction changed or locked one of the rows first; the work can be done
#: again.
RETRYABLE_ERRORS = (SerializationFailure, UniqueViolation, LockNotAvailable)

#: Seconds to wait for a row that another transaction has locked.
LOCK_SECONDS = 2
#: Seconds: the longest wait before the second attempt, and before any attempt.
RETRY_WAITS = 0.1, 1.0


class Busy(Exception):
    """What other workers must know could not be stored: the rows were never free.

    Nothing was changed. The caller stops, and comes back later.
    """


def commit_with_retry(env, work):
    """Do something small in a transaction of its own, and commit it before returning.

    It runs under READ COMMITTED: an UPDATE that has to wait for its row then reads what
    was committed there meanwhile. Under REPEATABLE READ it would fail, and with many
    workers it could fail for ever.

    :param env: its transaction is committed first
    :param work: a function that reads only rows that it has locked or whose change does
        not matter to it
    :return: what it returned
    :raise Busy: after too many attempts, with growing waits between them
    """
    commit(env)
    for attempt in range(MAX_LOST_RACES):
        if attempt:
            time.sleep(retry_delay(attempt, *RETRY_WAITS, least=0))
        try:
            _read_committed(env.cr)
            result = work()
            commit(env)
            return result
        except (*RETRYABLE_ERRORS, DeadlockDetected):
            roll_back(env)
    raise Busy


def _read_committed(cr):
    """Let a transaction that has not begun wait for rows, and then read them anew.

    One that has begun stays as it is: it belongs to a caller that will end it.
    """
    if not is_open(cr):
        cr.execute(
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;"
            " SET LOCAL lock_timeout = %s",
            [int(1000 * LOCK_SECONDS)],
            log_exceptions=False,
        )


def began_before(env, moment):
    """Return whether another transaction goes on that began before a moment.

    It may see the database as it was then. Those of another role cannot be seen.

    :param datetime moment: in UTC, by the database's clock
    :rtype: bool
    """
    env.cr.execute(
        """SELECT EXISTS (
               SELECT FROM pg_stat_activity
                WHERE datname = current_database() AND pid != pg_backend_pid()
                  AND xact_start < %s AT TIME ZONE 'UTC')""",
        [moment],
    )
    return env.cr.fetchone()[0]


class AutonomousTransaction:
    """A second transaction, independent of the caller's.

    It sees all that was committed before it began, whatever the caller's snapshot is.

    :param env: of the caller's transaction
    :param bool same: whether to use the caller's transaction instead
    """

    #: Whether the caller's transaction is used unless it is said otherwise.
    same_by_default = False

    def __init__(self, env, same=None):
        self._of = env
        self._same = self.same_by_default if same is None else same
        self._env = env if self._same else None

    def __enter__(self):
        return self

    def __exit__(self, *_problem):
        self.close()

    @property
    def is_same(self):
        """Whether there is no second transaction."""
        return self._same

    @property
    def env(self):
        """The environment of the second transaction, with a cursor of its own."""
        if self._env is None:
            self._env = self._of(cr=self._of.registry.cursor())
        return self._env

    def commit(self):
        """End the second transaction; the next one begins with the next query."""
        if not self._same:
            commit(self.env)

    def roll_back(self):
        """Roll the second transaction back."""
        if not self._same:
            roll_back(self.env)

    def close(self):
        """Close the cursor; what was not committed is rolled back."""
        if not self._same and self._env is not None:
            self._env.cr.close()
            self._env = None
