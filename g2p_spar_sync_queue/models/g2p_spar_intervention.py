from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note

ACTIONS = [
    ("retry", "Tried again"),
    ("resend", "Sent again"),
    ("skip", "Skipped"),
    ("cancel", "Cancelled"),
    ("pause", "Paused"),
    ("resume", "Resumed"),
]


class G2pSparIntervention(models.Model):
    """Operator log: what a person did to a registrant's mapping, when and why."""

    _name = "g2p.spar.intervention"
    _description = "Intervention at SPAR"
    _inherit = ["g2p.spar.of.company"]
    _order = "id desc"

    mapping_id = fields.Many2one(
        "g2p.spar.mapping", required=True, readonly=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="mapping_id.partner_id", string="Registrant")
    change_id = fields.Many2one(
        "g2p.spar.change",
        readonly=True,
        index="btree_not_null",
        help="The change that was given up, if one was.",
    )
    action = fields.Selection(ACTIONS, required=True, readonly=True)
    reason = Note(readonly=True)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What people did is kept."))

    def write(self, vals):
        """Refuse for every user: the operator log is append-only.

        :raise UserError: when there is anything to write
        """
        self.check_access("write")
        if self:
            raise UserError(self.env._("What people did is kept as it was."))
        return super().write(vals)
