from odoo import api, fields, models
from odoo.tools import format_date

from .g2p_spar_mapping import DISPLAY_STATES

VIEWER = "g2p_spar_financial_address.group_viewer"


class ResPartner(models.Model):
    _inherit = "res.partner"

    spar_mapping_ids = fields.One2many(
        "g2p.spar.mapping", "partner_id", string="At SPAR", groups=VIEWER
    )
    spar_state = fields.Selection(
        DISPLAY_STATES, compute="_compute_spar_state", string="SPAR", groups=VIEWER
    )
    spar_sentence = fields.Char(
        compute="_compute_spar_state", string="What happens next", groups=VIEWER
    )

    @api.depends("spar_mapping_ids", "financial_address_ids.state")
    def _compute_spar_state(self):
        for partner in self:
            # The first connection speaks for the registrant.
            mapping = partner.spar_mapping_ids.sorted("id")[:1]
            if partner.financial_address_state == "draft":
                partner.spar_state = "incomplete"
                partner.spar_sentence = self.env._(
                    "Choose the provider to finish this address."
                )
            elif partner.financial_address_state == "to_approve":
                pending = partner.pending_address_id
                partner.spar_state = "to_approve"
                partner.spar_sentence = self.env._(
                    "Entered by %(name)s on %(day)s. Waiting for a second person.",
                    name=pending.entered_by_id.name,
                    day=format_date(self.env, pending.create_date),
                )
            elif mapping and (
                mapping.display_state != "ended" or mapping.confirmed_change_id
            ):
                partner.spar_state = mapping.display_state
                partner.spar_sentence = mapping.sentence
            elif partner.financial_address_id:
                partner.spar_state = "paused"
                partner.spar_sentence = self.env._(
                    "Saved. No connection to SPAR has been started."
                )
            else:
                partner.spar_state = "no_address"
                partner.spar_sentence = self.env._("No payment address yet. Add one.")

    def _financial_address_changed(self, channel):
        result = super()._financial_address_changed(channel)
        self.env["g2p.spar.mapping"]._capture(self, channel)
        return result
