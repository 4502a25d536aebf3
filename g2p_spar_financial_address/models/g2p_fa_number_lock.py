from odoo import api, fields, models


class G2pFaNumberLock(models.Model):
    """A lock for each number, taken by transactions that enter it.

    Two transactions that enter the same number do not see each other's address. Both
    write the row of the number's fingerprint, so PostgreSQL refuses the second one.
    Odoo runs it again, and then it sees the first one's address.
    """

    _name = "g2p.fa.number.lock"
    _description = "Number being entered"
    _log_access = False

    fingerprint = fields.Char(required=True, groups=fields.NO_ACCESS)

    _fingerprint_unique = models.Constraint("UNIQUE(fingerprint)")

    @api.private
    @api.model
    def lock_fingerprints(self, fingerprints):
        """Write the rows of these numbers, in one order: it prevents deadlocks.

        :param list fingerprints: keyed hashes of the numbers
        """
        if fingerprints:
            self.env.cr.execute(
                """INSERT INTO g2p_fa_number_lock (fingerprint)
                   SELECT DISTINCT unnest(%s) ORDER BY 1
                   ON CONFLICT (fingerprint)
                   DO UPDATE SET fingerprint = EXCLUDED.fingerprint""",
                [fingerprints],
            )

    @api.autovacuum
    def _gc_fingerprint_locks(self):
        """Delete all rows: they are needed only while transactions are open."""
        self.env.cr.execute("DELETE FROM g2p_fa_number_lock")
