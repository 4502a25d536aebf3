from odoo import api, fields, models


class G2pFaMeeting(models.Model):
    """Where two transactions that enter the same number meet.

    Neither sees the other's address. Both write the row of the number, so the second
    is run again by Odoo, and then sees the first one's.
    """

    _name = "g2p.fa.meeting"
    _description = "Number being entered"
    _log_access = False

    fingerprint = fields.Char(required=True, groups=fields.NO_ACCESS)

    _fingerprint_unique = models.Constraint("UNIQUE(fingerprint)")

    @api.private
    @api.model
    def lock_fingerprints(self, fingerprints):
        """Write the rows of these numbers, in one order, so that nobody waits in turn.

        :param list fingerprints: keyed hashes of the numbers
        """
        if fingerprints:
            self.env.cr.execute(
                """INSERT INTO g2p_fa_meeting (fingerprint)
                   SELECT DISTINCT unnest(%s) ORDER BY 1
                   ON CONFLICT (fingerprint)
                   DO UPDATE SET fingerprint = EXCLUDED.fingerprint""",
                [fingerprints],
            )

    @api.autovacuum
    def _gc_meetings(self):
        """Forget them: whoever enters the number again writes a new row."""
        self.env.cr.execute("DELETE FROM g2p_fa_meeting")
