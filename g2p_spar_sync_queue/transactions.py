"""How the engine ends its own transactions."""

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import modules

from odoo.addons.g2p_spar_financial_address.transactions import (
    MAX_BEATEN,
    commit,
    roll_back,
)

#: Another worker was faster with one of the rows; nothing is lost by looking again.
BEATEN = (SerializationFailure, UniqueViolation)


def apart(env, work):
    """Do something small in a transaction of its own, again if somebody was faster.

    :param work: a function; it is the first to be done in its transaction
    :return: what it returned, or None after too many attempts
    """
    for _attempt in range(MAX_BEATEN):
        try:
            result = work()
            commit(env)
            return result
        except BEATEN:
            roll_back(env)
    return None


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
