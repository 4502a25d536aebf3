from datetime import timedelta

from odoo import api, fields, models

#: Days for which attempts are kept.
KEPT_DAYS = 90
#: How many one run of the clean-up deletes.
CLEAN_UP = 10_000


class G2pSparAttempt(models.Model):
    """One request that did not bring a registrant's change to SPAR.

    The engine's ``record.py`` creates them. Successful first attempts have no row.
    """

    _name = "g2p.spar.attempt"
    _description = "Attempt that failed"
    _inherit = ["g2p.spar.of.company"]
    _order = "id desc"

    mapping_id = fields.Many2one(
        "g2p.spar.mapping", required=True, readonly=True, index=True, ondelete="cascade"
    )
    change_id = fields.Many2one(
        "g2p.spar.change", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="cascade"
    )
    operation = fields.Char(readonly=True)
    outcome = fields.Char("Failure class", readonly=True)
    reason_code = fields.Char("SPAR's code", readonly=True)
    request_id = fields.Char(
        readonly=True, help="The message ID to tell SPAR's support."
    )

    _by_hour = models.Index("(connection_id, create_date)")

    @api.autovacuum
    def _gc_attempts(self):
        """Delete attempts that are older than ``KEPT_DAYS``."""
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        old = self.search([("create_date", "<", before)], limit=CLEAN_UP, order="id")
        old.unlink()
        return len(old), len(old) == CLEAN_UP
