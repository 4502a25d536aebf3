"""Registrants whose payment data leaves the registry."""

from odoo import api, models
from odoo.tools import SQL

from ..engine import journal


class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    @api.model
    def _known_at_spar(self, partners):
        """Return the mappings of these under which SPAR has, or may have, a row."""
        mappings = self.search([("partner_id", "in", partners.ids)])
        held = mappings.filtered(lambda m: m.linked_spar_id or m.sending_spar_id)
        return held | journal.with_unresolved(mappings)

    @api.model
    def _forget(self, partners):
        """Delete what is kept of registrants whose payment data has been erased.

        By SQL, because none of it can be deleted otherwise. Those SPAR may know stay.
        """
        mappings = self.search([("partner_id", "in", partners.ids)])
        mappings -= self._known_at_spar(partners)
        if mappings:
            self.env.flush_all()
            for table in ("attempt", "intervention", "reconciliation_line", "change"):
                self.env.cr.execute(
                    SQL(
                        "DELETE FROM %s WHERE mapping_id = ANY(%s)",
                        SQL.identifier(f"g2p_spar_{table}"),
                        mappings.ids,
                    )
                )
            self.env.invalidate_all(flush=False)
            mappings.unlink()
