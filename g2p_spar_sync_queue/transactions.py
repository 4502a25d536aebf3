"""How the engine ends its own transactions."""

import time

from psycopg2.errors import (
    DeadlockDetected,
    LockNotAvailable,
    SerializationFailure,
    UniqueViolation,
)

from odoo import modules

from odoo.addons.g2p_spar_financial_address.transactions import (
    MAX_BEATEN,
    commit,
    roll_back,
)

from .plan import retry_delay

#: Another worker was faster with one of the rows; nothing is lost by looking again.
BEATEN = (SerializationFailure, UniqueViolation)


#: Seconds to wait for a row that another transaction has locked.
LOCK_SECONDS = 2
#: Seconds, the longest wait before the second attempt, and before any.
AGAIN = 0.1, 1.0


class Busy(Exception):
    """What others must know could not be written down: the rows were never free.

    Nothing was changed. Who gets this stops, and comes back later.
    """


def apart(env, work):
    """Do something small in a transaction of its own, before any other does the same.

    It reads what is committed: an UPDATE that has to wait for its row sees what was
    written there meanwhile. With a snapshot it would be beaten, and a crowd could beat
    it for ever.

    :param env: its transaction is committed first
    :param work: a function that reads only rows that it has locked or that it may see
        change
    :return: what it returned
    :raise Busy: after too many attempts, with growing waits between them
    """
    commit(env)
    for attempt in range(MAX_BEATEN):
        if attempt:
            time.sleep(retry_delay(attempt, *AGAIN, least=0))
        try:
            _read_committed(env)
            result = work()
            commit(env)
            return result
        except (*BEATEN, DeadlockDetected, LockNotAvailable):
            roll_back(env)
    raise Busy


def _read_committed(env):
    if not modules.module.current_test:
        env.cr.execute(
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


class Beside:
    """A second transaction beside the one somebody works in.

    Whatever the first one sees, each of these sees all that was committed before it
    began. Inside a test, and if it is to be, both are the same.

    :param env: of the first one
    :param bool same: whether to do without a second one
    """

    def __init__(self, env, same=False):
        self._of = env
        self._same = same or bool(modules.module.current_test)
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
        """The environment of the second transaction, with a connection of its own."""
        if self._env is None:
            self._env = self._of(cr=self._of.registry.cursor())
        return self._env

    def commit(self):
        """End the second transaction; the next one begins with the next query."""
        if not self._same:
            commit(self.env)

    def roll_back(self):
        """Give up what the second transaction has done."""
        if not self._same:
            roll_back(self.env)

    def close(self):
        """Give the connection back; what was not committed is rolled back."""
        if not self._same and self._env is not None:
            self._env.cr.close()
            self._env = None
