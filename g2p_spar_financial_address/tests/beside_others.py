"""Tests with more than one transaction, which end for good as on a server."""

from contextlib import closing, contextmanager

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import BaseCase, get_db_name


@contextmanager
def transaction():
    """Give an environment in a transaction of its own, rolled back at the end."""
    with closing(db_connect(get_db_name()).cursor()) as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


class BesideOthersCase(BaseCase):
    """What a test commits stays in the database: the test itself has to delete it."""

    def open(self):
        """Return an environment in a transaction of its own, until the test ends."""
        return self.enterContext(transaction())

    def advisory_locks(self, kind, number):
        """Return how many transactions hold a lock of two numbers, or wait for it."""
        with transaction() as env:
            env.cr.execute(
                """SELECT count(*) FROM pg_locks
                    WHERE locktype = 'advisory' AND classid = %s AND objid = %s
                      AND database = (SELECT oid FROM pg_database
                                       WHERE datname = current_database())""",
                [kind, number],
            )
            return env.cr.fetchone()[0]
