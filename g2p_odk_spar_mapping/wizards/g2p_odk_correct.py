from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note


class G2pOdkCorrect(models.TransientModel):
    """Replaces answers by other values; the answers are kept."""

    _name = "g2p.odk.correct"
    _description = "Correct an ODK submission"

    submission_id = fields.Many2one("g2p.odk.submission", required=True, readonly=True)
    # Read with the user's own rights: a client may name any submission.
    error_text = fields.Char(related="submission_id.error_text", related_sudo=False)
    line_ids = fields.One2many("g2p.odk.correct.line", "correct_id", string="Values")
    reason = Note(help="Kept with the submission: how you know the correct value.")

    refusal = fields.Char(
        "Why it was refused",
        readonly=True,
        help="Type the values again: they are not kept.",
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        submission = self.env["g2p.odk.submission"].browse(values.get("submission_id"))
        if submission and "line_ids" in fields_list:
            values["line_ids"] = [
                Command.create(
                    {"target": row["target"], "submission_id": submission.id}
                )
                for row in submission._correctable()
            ]
        return values

    def action_correct(self):
        """Correct and import; the submission checks who may.

        An error is shown in the dialog, not raised: the values must not stay in its
        tables, and an error would bring them back.
        """
        self.ensure_one()
        values = {line.target: line.value for line in self.line_ids}
        reason = self.reason
        self.write({"reason": False, "refusal": False})
        self.line_ids.write({"value": False})
        try:
            with self.env.cr.savepoint():
                self.submission_id._correct(values, reason)
        except UserError as error:
            self.refusal = str(error)
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("Correct"),
                "res_model": self._name,
                "res_id": self.id,
                "view_mode": "form",
                "target": "new",
            }
        return {"type": "ir.actions.act_window_close"}
