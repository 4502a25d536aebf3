from odoo import fields, models

from ..toolkit.note_field import Note


class G2pFaDecision(models.TransientModel):
    """Dialog for the reason to refuse or end an address, or to have it confirmed."""

    _name = "g2p.fa.decision"
    _description = "Decision on payment addresses"

    address_ids = fields.Many2many("g2p.financial.address")
    proposal_ids = fields.Many2many("g2p.fa.proposal")
    merge_ids = fields.Many2many("g2p.fa.merge")
    decision = fields.Selection(
        [("refuse", "Refuse"), ("mark", "Ask for a confirmation"), ("end", "End")],
        required=True,
        readonly=True,
    )
    reason = Note(required=True, help="Kept in the history of the registrant.")

    def action_decide(self):
        """Carry out the decision; the address checks the rights of the user."""
        self.ensure_one()
        if asked := self.proposal_ids or self.merge_ids:
            asked.action_refuse(self.reason)
        elif self.decision == "refuse":
            self.address_ids.action_refuse(self.reason)
        elif self.decision == "mark":
            self.address_ids.mark_to_confirm(self.reason)
        else:
            self.address_ids.action_end(self.reason)
        return {"type": "ir.actions.act_window_close"}
