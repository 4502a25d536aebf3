from odoo import api, fields, models

from odoo.addons.g2p_spar_financial_address.const import ADMINISTRATOR

from ..pipeline.error_texts import shown
from ..pipeline.mapping import answer_at
from ..pipeline.transforms import Unusable


class G2pOdkQuestion(models.Model):
    """One question of a form, as Central lists it; it has no answers."""

    _name = "g2p.odk.question"
    _description = "Question of an ODK form"
    _order = "form_id, sequence, id"
    _rec_name = "path"

    form_id = fields.Many2one(
        "g2p.odk.form", required=True, index=True, ondelete="cascade", readonly=True
    )
    sequence = fields.Integer(readonly=True)
    path = fields.Char(
        "Question",
        required=True,
        readonly=True,
        help="The groups the question lies in, and its name.",
    )
    raw_path = fields.Char(
        "In the form",
        readonly=True,
        help="The path in the form itself. Where letters are not Latin, Central gives "
        "several questions one path.",
    )
    question_type = fields.Char("Type", readonly=True)
    binary = fields.Boolean("A file", readonly=True)
    repeat_path = fields.Char(
        "Repeated group",
        readonly=True,
        help="The group that may be answered several times, if it lies in one.",
    )
    active = fields.Boolean(
        default=True, help="Not active when the form has this question no more."
    )
    sample = fields.Char(
        "Answer in the sample",
        compute="_compute_sample",
        groups=ADMINISTRATOR,
        help="Numbers are masked.",
    )

    _path_unique = models.Constraint(
        "UNIQUE(form_id, path)", "This form already has a question of this name."
    )

    @api.depends("path", "form_id.sample_payload")
    def _compute_sample(self):
        for question in self:
            payload = question.form_id.sample_payload or {}
            try:
                answer = answer_at(payload, question.path or "", "first")
            except Unusable:
                answer = ""
            question.sample = shown(None, answer)

    def _is_number(self):
        """Return whether ODK drops zeros at the beginning of its answers."""
        return self.question_type in ("int", "integer", "decimal")
