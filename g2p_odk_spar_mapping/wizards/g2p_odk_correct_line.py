from odoo import api, fields, models

from ..pipeline import error_texts


class G2pOdkCorrectLine(models.TransientModel):
    """One value in the dialog that corrects a submission."""

    _name = "g2p.odk.correct.line"
    _description = "Corrected value of an ODK submission"
    _order = "id"

    correct_id = fields.Many2one("g2p.odk.correct", required=True, ondelete="cascade")
    submission_id = fields.Many2one("g2p.odk.submission", ondelete="cascade")
    target = fields.Selection(
        selection=lambda self: list(error_texts.target_labels(self.env).items()),
        string="Value",
        required=True,
    )
    question = fields.Char("Question of the form", compute="_compute_collected")
    collected = fields.Char(compute="_compute_collected", help="Numbers are masked.")
    value = fields.Char("Correct is")

    @api.depends("submission_id", "target")
    def _compute_collected(self):
        for submission, lines in self.grouped("submission_id").items():
            rows = {}
            if submission.state == "set_aside":
                found = submission._origin._correctable()
                rows = {row["target"]: row for row in found}
            for line in lines:
                row = rows.get(line.target, {})
                line.question = row.get("question", False)
                line.collected = row.get("collected", False)
