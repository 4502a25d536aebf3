from odoo import api, fields, models
from odoo.fields import Command

from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note


class G2pOdkCorrect(models.TransientModel):
    """Replaces answers by other values; the answers are kept."""

    _name = "g2p.odk.correct"
    _description = "Correct an ODK submission"

    submission_id = fields.Many2one("g2p.odk.submission", required=True, readonly=True)
    error_text = fields.Char(related="submission_id.error_text")
    line_ids = fields.One2many("g2p.odk.correct.line", "correct_id", string="Values")
    reason = Note(
        required=True, help="Kept with the submission: how you know the correct value."
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        submission = self.env["g2p.odk.submission"].browse(values.get("submission_id"))
        if submission and "line_ids" in fields_list:
            values["line_ids"] = [
                Command.create({"target": target, "collected": collected})
                for target, collected in submission._correctable()
            ]
        return values

    def action_correct(self):
        """Correct and import; the submission checks who may."""
        self.ensure_one()
        self.submission_id._correct(
            {line.target: line.value for line in self.line_ids}, self.reason
        )
        # The values must not stay in the dialog's own tables.
        self.line_ids.unlink()
        return {"type": "ir.actions.act_window_close"}
