from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    # === ACTION METHODS === #

    def action_spar_changes(self):
        """Open the changes captured for this registrant, with their results."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "g2p_spar_sync_queue.g2p_spar_change_action"
        )
        domain = [("mapping_id.partner_id", "=", self.id)]
        return {**action, "domain": domain, "context": {}}
