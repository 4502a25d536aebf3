from odoo import fields, models

from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note


class G2pOdkDecision(models.TransientModel):
    """Dialog for the reason to ignore submissions, or to import them anyway."""

    _name = "g2p.odk.decision"
    _description = "Decision on ODK submissions"

    submission_ids = fields.Many2many("g2p.odk.submission", required=True)
    decision = fields.Selection(
        [("ignore", "Ignore"), ("confirm", "Import all the same")],
        required=True,
        readonly=True,
    )
    reason = Note(required=True, help="Kept with the submission.")

    def action_decide(self):
        """Carry out the decision; the submissions check who may."""
        self.ensure_one()
        if self.decision == "confirm":
            self.submission_ids.action_confirm(self.reason)
        else:
            self.submission_ids.action_ignore(self.reason)
        return {"type": "ir.actions.act_window_close"}
