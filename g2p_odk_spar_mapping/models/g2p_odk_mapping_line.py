from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.g2p_spar_financial_address.const import ADMINISTRATOR

from ..pipeline import error_texts
from ..pipeline.mapping import (
    DIGIT_TARGETS,
    OWN_TARGETS,
    PICKS,
    Line,
    Problem,
    is_unclear,
    read,
)
from ..pipeline.transforms import OF_ONE, Unusable, check_parameter

TRANSFORMS = [
    ("keep", "As it is"),
    ("trim", "Single blanks only"),
    ("upper", "In capital letters"),
    ("lower", "In small letters"),
    ("title", "Words with a capital letter"),
    ("map", "By a table"),
    ("phone", "Phone number of a country"),
    ("join", "Several answers in one"),
    ("constant", "Always the same"),
]


class G2pOdkMappingLine(models.Model):
    """The value of the registry that one answer of a form fills."""

    _name = "g2p.odk.mapping.line"
    _description = "Line of an ODK mapping"
    _order = "form_id, sequence, id"
    _rec_name = "target"

    form_id = fields.Many2one(
        "g2p.odk.form", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    question_id = fields.Many2one(
        "g2p.odk.question",
        domain="[('form_id', '=', form_id), ('binary', '=', False)]",
        ondelete="restrict",
    )
    joined_ids = fields.Many2many(
        "g2p.odk.question",
        string="Together with",
        domain="[('form_id', '=', form_id), ('binary', '=', False)]",
        help="Further answers, in the order of the form. Those that are empty are left "
        "out, so this also takes whichever of several questions was answered.",
    )
    target = fields.Selection(
        selection=lambda self: list(error_texts.target_labels(self.env).items()),
        string="Becomes",
        required=True,
    )
    transform = fields.Selection(
        TRANSFORMS, string="How", required=True, default="keep"
    )
    parameter = fields.Text(
        "Detail",
        help="By a table: answer = value, one on each line, * for all others. Phone "
        "number: the two letters of the country. Several answers: what stands between "
        "them. Always the same: the value.",
    )
    pick = fields.Selection(
        [
            ("only", "The only one"),
            ("first", "The first"),
            ("last", "The last"),
        ],
        string="Of a repeated group",
        required=True,
        default=PICKS[0],
        help="Which answer counts when a repeated group was answered several times. "
        "“The only one” sets aside what has several different answers.",
    )
    in_repeat = fields.Boolean(compute="_compute_in_repeat")
    required = fields.Boolean(
        help="A submission without this value is set aside instead of imported."
    )
    sample_answer = fields.Char(related="question_id.sample", groups=ADMINISTRATOR)
    sample_result = fields.Char(
        "In the sample",
        compute="_compute_sample_result",
        groups=ADMINISTRATOR,
        help="Numbers are masked.",
    )

    _target_unique = models.Constraint(
        "UNIQUE(form_id, target)",
        "Two lines become the same. Remove one of them, or join the answers in one "
        "line.",
    )

    # === COMPUTE METHODS === #

    @api.depends("question_id", "joined_ids")
    def _compute_in_repeat(self):
        for line in self:
            line.in_repeat = bool(
                any((line.question_id | line.joined_ids).mapped("repeat_path"))
            )

    @api.depends(
        "question_id",
        "joined_ids",
        "target",
        "transform",
        "parameter",
        "pick",
        "required",
        "form_id.sample_payload",
        "form_id.twins",
    )
    def _compute_sample_result(self):
        for line in self:
            line.sample_result = line._sample_result()

    def _sample_result(self):
        """Return the value of the sample's answer, masked, or its error."""
        payload = self.form_id.sample_payload
        if not payload or not self.target:
            return False
        twins = (self.form_id.twins or "").split()
        values, problems = read(payload, [self._plain()], twins=twins)
        if problems:
            return error_texts.explain_code(
                self.env, problems[0].code, problems[0].details
            ).capitalize()
        return error_texts.shown(self.target, values.get(self.target, ""))

    # === CONSTRAINTS === #

    @api.constrains("question_id", "joined_ids", "transform", "parameter", "target")
    def _check_line(self):
        """Refuse a line that can never give a value.

        :raise ValidationError: naming the value and saying what to do
        """
        for line in self:
            if problem := line._problem():
                raise ValidationError(problem)

    def _problem(self):
        """Return the error of this line in words, or ``None``."""
        label = error_texts.target_labels(self.env)[self.target]
        questions = self.question_id | self.joined_ids
        if questions.form_id - self.form_id:
            return self.env._("%s: choose a question of this form.", label)
        if self.target in OWN_TARGETS and self.transform in ("constant", "map"):
            return self.env._(
                "%s: each person has their own, so it is not always the same, and not "
                "by a table.",
                label,
            )
        if self.transform != "constant" and not questions:
            return self.env._("%s: choose the question it comes from.", label)
        if self.transform in OF_ONE and self.joined_ids:
            return self.env._(
                "%s: choose “Several answers in one” to take more than one question.",
                label,
            )
        if self.target in DIGIT_TARGETS and any(q._is_number() for q in questions):
            problem = Problem(self.target, "whole_number", {})
            return error_texts.explain(self.env, problem)
        if self._is_unclear():
            return error_texts.explain(self.env, Problem(self.target, "twins", {}))
        try:
            check_parameter(self.transform, self.parameter)
        except Unusable as error:
            return error_texts.explain(
                self.env, Problem(self.target, error.code, error.details)
            )
        return None

    # === BUSINESS METHODS === #

    def _is_unclear(self):
        """Return whether several questions have a name that this line reads."""
        return is_unclear(self._plain().paths, (self.form_id.twins or "").split())

    def _question_names(self):
        """Return the questions of these lines in words, by target.

        :rtype: dict[str, str]
        """
        return {
            line.target: ", ".join(
                (line.question_id | line.joined_ids).mapped("display_name")
            )
            for line in self
            if line.transform != "constant"
        }

    def _plain(self):
        """Return this line as plain values.

        :rtype: mapping.Line
        """
        questions = self.question_id
        if self.transform == "join":
            questions |= self.joined_ids
        elif self.transform == "constant":
            questions = questions.browse()
        return Line(
            paths=tuple(questions.sorted("sequence").mapped("path")),
            target=self.target,
            transform=self.transform or "keep",
            parameter=self.parameter,
            required=self.required,
            pick=self.pick or "only",
        )
