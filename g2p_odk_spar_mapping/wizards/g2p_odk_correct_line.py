from odoo import fields, models

from ..pipeline import error_texts


class G2pOdkCorrectLine(models.TransientModel):
    """One value in the dialog that corrects a submission."""

    _name = "g2p.odk.correct.line"
    _description = "Corrected value of an ODK submission"
    _order = "id"

    correct_id = fields.Many2one("g2p.odk.correct", required=True, ondelete="cascade")
    target = fields.Selection(
        selection=lambda self: list(error_texts.target_labels(self.env).items()),
        string="Value",
        required=True,
    )
    collected = fields.Char(help="Numbers are masked.")
    value = fields.Char("Correct is")
