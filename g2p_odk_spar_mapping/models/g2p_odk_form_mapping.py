import base64
import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.g2p_spar_financial_address.const import ADMINISTRATOR, FA_TYPES

from .. import words, xlsform
from ..mapping import NUMBER_TARGET, Problem
from ..transforms import fingerprint_text


class G2pOdkForm(models.Model):
    """What becomes of a form's answers, and who they may become."""

    _inherit = "g2p.odk.form"

    question_ids = fields.One2many("g2p.odk.question", "form_id", string="Questions")
    mapping_line_ids = fields.One2many(
        "g2p.odk.mapping.line", "form_id", string="Mapping", copy=False
    )
    mapping_problems = fields.Text(
        "What the mapping still lacks", compute="_compute_mapping_problems"
    )
    registrant_policy = fields.Selection(
        selection_add=[
            ("create_without_id", "Add who is not known, also without an ID"),
        ],
        ondelete={"create_without_id": "set default"},
        help="Whom a submission may be about. Without an ID, every submission is "
        "somebody new.",
    )
    other_name_policy = fields.Selection(
        [
            ("set_aside", "Set aside until somebody has looked"),
            ("accept", "Accept"),
        ],
        string="Another name under the ID",
        required=True,
        default="set_aside",
        help="What happens when the collected name is quite another one than the "
        "registry has under the collected ID: a mistyped ID, or somebody else's.",
    )

    twins_problem = fields.Text(
        "Questions with one name", compute="_compute_twins_problem"
    )

    xlsform = fields.Binary(
        "Form to collect with", compute="_compute_xlsform", groups=ADMINISTRATOR
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "mapping_line_ids.target",
        "mapping_line_ids.question_id.active",
        "mapping_line_ids.joined_ids.active",
        "registrant_policy",
        "other_name_policy",
    )
    def _compute_mapping_problems(self):
        for form in self:
            form.mapping_problems = "\n".join(form._mapping_problems())

    @api.depends("twins", "mapping_line_ids.question_id", "mapping_line_ids.joined_ids")
    def _compute_twins_problem(self):
        for form in self:
            unclear = form.mapping_line_ids.filtered(lambda line: line._is_unclear())
            form.twins_problem = "\n".join(
                words.explain(self.env, Problem(line.target, "twins", {}))
                for line in unclear
            )

    def _mapping_problems(self):
        """Return what the mapping lacks before anything can be imported, in words.

        :rtype: list[str]
        """
        self.ensure_one()
        label = words.target_labels(self.env)
        lines = self.mapping_line_ids
        targets = set(lines.mapped("target"))
        problems = []
        if len(lines) > len(targets):
            problems.append(
                self.env._("Two lines become the same. Remove one, or join them.")
            )
        if "registrant_id" not in targets and not self._adds_without_id():
            problems.append(
                self.env._("No question becomes: %s.", label["registrant_id"])
            )
        names = {"full_name", "given_name", "family_name"}
        if self.registrant_policy != "match" and not names & targets:
            problems.append(
                self.env._("Who is added to the registry needs a name: map one.")
            )
        if not {"fa_type", "dfsp_code"} & targets:
            problems.append(
                self.env._(
                    "No question tells the type of payment address. If it is always "
                    "the same, add a line for it that is “Always the same”."
                )
            )
        numbers = set(NUMBER_TARGET.values())
        if not numbers & targets:
            choices = ", ".join(label[target] for target in sorted(numbers))
            problems.append(self.env._("No question becomes one of: %s.", choices))
        gone = (lines.question_id | lines.joined_ids).filtered(lambda q: not q.active)
        problems += [
            self.env._("The form has no question “%s” any more.", question.path)
            for question in gone
        ]
        return problems

    def _adds_without_id(self):
        return self.registrant_policy == "create_without_id"

    # === QUESTIONS === #

    def action_read_questions(self):
        """Read the form's questions from Central; keep those lines are about.

        :raise UserError: when Central does not answer, or refuses
        """
        for form in self:
            form.check_access("write")
            form._take_questions(form._fetch_schema())

    def _take_questions(self, found):
        """Store the questions of the form as it is now.

        :param list found: as :meth:`_fetch_schema` returns them
        """
        self.ensure_one()
        Question = self.env["g2p.odk.question"].sudo().with_context(active_test=False)
        known = Question.search([("form_id", "=", self.id)])
        by_path = {question.path: question for question in known}
        new = []
        for sequence, question in enumerate(found, 1):
            values = {
                "sequence": sequence,
                "question_type": question["type"],
                "binary": question["binary"],
                "repeat_path": question["repeat"],
                "active": True,
            }
            if old := by_path.pop(question["path"], None):
                old.write(values)
            else:
                own = {"path": question["path"], "raw_path": question["raw"]}
                new.append({**values, **own, "form_id": self.id})
        gone = Question.browse(question.id for question in by_path.values())
        # A line may still need what is gone, to tell people so.
        gone.active = False
        Question.create(new)
        self.invalidate_recordset(["question_ids"])

    def _mapped_questions(self):
        """Return the questions that lines of the mapping read."""
        lines = self.sudo().mapping_line_ids.with_context(active_test=False)
        return lines.question_id | lines.joined_ids

    # === THE FORM THAT SHIPS WITH THE ADDON === #

    def action_apply_ready_mapping(self):
        """Replace the mapping by the one for the form that ships with the addon.

        :raise UserError: naming the questions this form does not have
        """
        self.ensure_one().check_access("write")
        self.action_read_questions()
        questions = {question.path: question for question in self.question_ids}
        lacking = [
            path
            for path, target, _how, required in xlsform.READY_MAPPING
            if path not in questions and required
        ]
        if lacking:
            raise UserError(
                self.env._(
                    "This is not the form that ships with the registry: it has no "
                    "question %s. Map its questions one by one.",
                    ", ".join(f"“{path}”" for path in lacking),
                )
            )
        self.mapping_line_ids = [
            Command.clear(),
            *(
                Command.create(
                    {
                        "sequence": sequence * 10,
                        "question_id": questions[path].id,
                        "target": target,
                        "transform": how,
                        "required": required,
                    }
                )
                for sequence, (path, target, how, required) in enumerate(
                    xlsform.READY_MAPPING, 1
                )
                if path in questions
            ),
        ]

    def action_download_xlsform(self):
        """Download the form that ships with the addon, with today's providers.

        :raise UserError: while the directory has no provider
        """
        self.ensure_one().check_access("write")
        self._xlsform()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/xlsform/{xlsform.FORM_ID}.xlsx"
            "?download=true",
            "target": "download",
        }

    def _compute_xlsform(self):
        for form in self:
            form.xlsform = base64.b64encode(self._xlsform())

    @api.model
    def _xlsform(self):
        """Return the form that ships with the addon, as a workbook.

        :rtype: bytes
        :raise UserError: while the directory has no provider
        """
        providers = self.env["g2p.dfsp"].search(
            [("fa_type", "!=", False)], order="fa_type, name, id"
        )
        if not providers:
            raise UserError(
                self.env._(
                    "Enter the banks and wallet operators first: the form lets people "
                    "choose among them."
                )
            )
        choices = [
            {
                "fa_type": provider.fa_type,
                "code": provider.code,
                "name": provider.name,
                "pattern": provider.account_pattern,
                "branches": provider.branch_ids.mapped(lambda b: (b.code, b.name)),
            }
            for provider in providers
        ]
        # The same directory makes the same version of the form.
        version = hashlib.sha256(fingerprint_text(choices).encode()).hexdigest()[:12]
        return xlsform.build(choices, dict(FA_TYPES), version)
