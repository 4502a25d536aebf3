from collections import Counter

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
    _rec_names_search = ["label", "path"]

    form_id = fields.Many2one(
        "g2p.odk.form", required=True, index=True, ondelete="cascade", readonly=True
    )
    sequence = fields.Integer(readonly=True)
    label = fields.Char(
        "In words", readonly=True, help="What the form asks, as collectors read it."
    )
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

    @api.depends("label", "path", "form_id")
    def _compute_display_name(self):
        """Name questions in words; of equal names each with its path."""
        for form, questions in self.grouped("form_id").items():
            everything = form.with_context(active_test=False).question_ids | questions
            counts = Counter(one._words() for one in everything)
            for question in questions:
                name = question._words()
                if counts[name] > 1:
                    name = f"{name} ({question.path})"
                question.display_name = name

    def _words(self):
        """Return the label, or the name in the form without its signs."""
        name = (self.path or "").rpartition("/")[2].replace("_", " ").strip()
        return self.label or name[:1].upper() + name[1:]

    @api.depends("path", "form_id.sample_payload")
    def _compute_sample(self):
        for question in self:
            payload = question.form_id.sample_payload or {}
            try:
                answer = answer_at(payload, question.path or "", "first")
            except Unusable:
                answer = ""
            question.sample = shown(None, answer)

    def _holds_answers(self):
        """Return whether a person answers it with a text or a number."""
        return not self.binary and self.path.partition("/")[0] != "meta"

    def action_use(self):
        """Open a new line of the mapping for this question."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "g2p.odk.mapping.line",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_form_id": self.form_id.id,
                "default_question_id": self.id,
            },
        }

    def _is_number(self):
        """Return whether ODK drops zeros at the beginning of its answers."""
        return self.question_type in ("int", "integer", "decimal")
