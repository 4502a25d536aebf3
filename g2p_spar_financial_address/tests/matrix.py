"""What tests of who may do what have in common: cells, and what none may change."""

import logging
from contextlib import contextmanager

from odoo.tools import SQL

_logger = logging.getLogger(__name__)

#: All that a refused call leaves as it is. Not every addon of the suite is installed.
TABLES = (
    "res_partner",
    "g2p_financial_address",
    "g2p_fa_reveal",
    "g2p_spar_mapping",
    "g2p_spar_change",
    "g2p_api_proposal",
    "g2p_portal_registration",
    "g2p_portal_sent",
    "g2p_spar_job",
    "queue_job",
    "mail_message",
)


class MatrixMixin:
    """Goes before a test class. Every cell is a subtest with a name, and is counted."""

    def setUp(self):
        super().setUp()
        self.cells = 0
        self.env.cr.execute(
            "SELECT name FROM unnest(%s) AS name WHERE to_regclass(name) IS NOT NULL",
            [list(TABLES)],
        )
        self._tables = [name for (name,) in self.env.cr.fetchall()]

    @contextmanager
    def cell(self, *names):
        """Run the block as one cell.

        :param names: say which one; empty ones are left out
        """
        self.cells += 1
        with self.subTest(" | ".join(str(name) for name in names if name)):
            yield

    @contextmanager
    def changes(self, expected=False):
        """The block changes something in the registry, or nothing at all."""
        before = self.fingerprint()
        yield
        after = self.fingerprint()
        if expected:
            self.assertNotEqual(after, before, "nothing was done")
        else:
            self.assertEqual(after, before, "something was changed")

    def fingerprint(self):
        """Return what all the tables hold, as one digest each."""
        self.env.flush_all()
        parts = [
            SQL(
                """SELECT %s, count(*), md5(string_agg(t::text, '|' ORDER BY id))
                     FROM %s t""",
                name,
                SQL.identifier(name),
            )
            for name in self._tables
        ]
        self.env.cr.execute(SQL(" UNION ALL ").join(parts))
        return sorted(self.env.cr.fetchall())

    def assertCells(self, least):
        """At least so many cells were there: a table that is empty proves nothing."""
        _logger.info("%s: %s cells", self.id(), self.cells)
        self.assertGreaterEqual(self.cells, least)
