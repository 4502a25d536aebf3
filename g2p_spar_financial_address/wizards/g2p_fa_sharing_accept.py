from odoo import fields, models

from ..toolkit.note_field import Note


class G2pFaSharingAccept(models.TransientModel):
    """Dialog for the reason to accept an address of several registrants."""

    _name = "g2p.fa.sharing.accept"
    _description = "Accept a shared payment address"

    sharing_ids = fields.Many2many("g2p.fa.sharing")
    address_id = fields.Many2one(
        "g2p.financial.address", help="An address that is not shared yet."
    )
    partner_ids = fields.Many2many(
        "res.partner",
        string="Also for",
        domain="[('is_registrant', '=', True)]",
        help="Registrants who are not paid there yet, and will be.",
    )
    reason = Note(required=True, help="For example: one household, one phone.")

    def action_accept(self):
        """Accept; the shared addresses check the rights of the user."""
        self.ensure_one()
        sharings = self.sharing_ids
        if self.address_id:
            sharings._check_approver()
            self.address_id.check_access("read")
            address = self.address_id.sudo()
            address._link_sharings()
            sharings |= address.sharing_id.sudo(False)
        sharings.action_accept(self.reason, self.partner_ids.ids)
        return {"type": "ir.actions.act_window_close"}
