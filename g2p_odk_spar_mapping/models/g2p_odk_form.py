import base64
import hashlib
from collections import Counter
from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.g2p_spar_financial_address.const import (
    ADMINISTRATOR,
    FA_TYPES,
    PAYEES,
    RELATIONS,
)
from odoo.addons.g2p_spar_financial_address.toolkit.keyed_hash import keyed_hash

from .. import xlsform
from ..asking import asking
from ..central.errors import CentralError
from ..central.feed import Feed
from ..central.labels import question_labels
from ..central.rows import Unreadable
from ..pipeline import error_texts
from ..pipeline.mapping import NUMBER_TARGET, Problem
from ..pipeline.transforms import fingerprint_text
from ..transactions import apart, commit

#: Types of groups in Central's list of questions, which have no answer.
HOLDERS = ("structure", "repeat")

#: Final states of submissions, whose answers are not read again.
SETTLED = ("applied", "removed")


class G2pOdkForm(models.Model):
    """A form at Central whose submissions are fetched.

    The runs that fetch them are in ``g2p_odk_form_pull.py``.
    """

    _name = "g2p.odk.form"
    _description = "ODK form"
    _inherit = ["g2p.fa.audited", "g2p.fa.protected"]
    _order = "name, id"
    # How far it was read, and what is unclear in it. With other values, submissions
    # would be left out, or answers run together.
    _registry_fields = frozenset({"cursor", "reading", "swept_at", "sweeping", "twins"})
    name = fields.Char(required=True)
    active = fields.Boolean(default=True, tracking=True)
    server_id = fields.Many2one(
        "g2p.odk.server", required=True, ondelete="restrict", index=True
    )
    project_id = fields.Integer(
        "Project number", required=True, help="As in its address at Central."
    )
    xml_form_id = fields.Char("Form ID", required=True, help="The form's ID in ODK.")
    review_policy = fields.Selection(
        [
            ("any", "All submissions"),
            ("not_refused", "All but those rejected or with issues"),
            ("approved", "Only those approved at Central"),
        ],
        string="Which submissions count",
        required=True,
        default="not_refused",
        tracking=True,
    )
    registrant_policy = fields.Selection(
        [
            ("match", "Only registrants who are known"),
            ("create", "Add registrants who are not known"),
            ("create_without_id", "Add who is not known, also without an ID"),
        ],
        string="Registrants",
        required=True,
        default="match",
        tracking=True,
        help="Which registrants a submission may be about. Without an ID, every "
        "submission creates a new registrant.",
    )
    wins_policy = fields.Selection(
        [
            ("registry", "The registry: only what is empty is filled in"),
            ("submission", "The submission: it replaces what is there"),
        ],
        string="If names or phones differ",
        required=True,
        default="registry",
        tracking=True,
        help="Payment addresses are always amended; earlier ones stay as history.",
    )
    interval_minutes = fields.Integer(
        "Every (minutes)",
        default=15,
        required=True,
        tracking=True,
        help="How often Central is queried. 0: only when a user presses Run now.",
    )
    overlap_minutes = fields.Integer(
        "Look back (minutes)",
        default=10,
        required=True,
        help="Each run reads the last minutes of the one before again, for submissions "
        "that Central shows a little late.",
    )
    sweep_hours = fields.Integer(
        "Compare all (hours)",
        default=24,
        required=True,
        help="How often everything at Central is compared with what was fetched. This "
        "finds restored submissions and files that arrived later.",
    )
    erase_days = fields.Integer(
        "Erase answers after (days)",
        default=30,
        required=True,
        tracking=True,
        help="How long the answers of a submission are kept after it was deleted at "
        "Central, where it can be restored for 30 days.",
    )
    next_pull_at = fields.Datetime("Next run", copy=False, readonly=True)
    cursor = fields.Char(
        copy=False,
        readonly=True,
        help="Until when everything was fetched, by Central's clock.",
    )
    reading = fields.Json(
        copy=False,
        readonly=True,
        help="The place reached in the new submissions, while there are more.",
    )
    swept_at = fields.Datetime("Last compared", copy=False, readonly=True)
    sweeping = fields.Json(
        copy=False,
        readonly=True,
        help="How far all has been compared, while there is more.",
    )
    twins = fields.Char(
        "Names used twice",
        copy=False,
        readonly=True,
        help="What Central calls several questions of this form, at once or one after "
        "the other, between blanks.",
    )
    trouble = fields.Char(copy=False, readonly=True)
    failures = fields.Integer("Failed in a row", copy=False, readonly=True)
    run_ids = fields.One2many("g2p.odk.run", "form_id", string="Runs")
    submission_ids = fields.One2many("g2p.odk.submission", "form_id")
    _form_unique = models.Constraint(
        "UNIQUE(server_id, project_id, xml_form_id)", "This form is fetched already."
    )
    _project_given = models.Constraint(
        "CHECK(project_id > 0)", "A project's number is above 0."
    )
    _times_fit = models.Constraint(
        "CHECK(interval_minutes >= 0 AND overlap_minutes BETWEEN 1 AND 1440"
        " AND sweep_hours BETWEEN 1 AND 720)",
        "The form looks back from 1 to 1,440 minutes and compares all every 1 to 720 "
        "hours.",
    )
    _erase_days_fit = models.Constraint(
        "CHECK(erase_days BETWEEN 0 AND 3650)",
        "Answers are erased after 0 to 3,650 days.",
    )
    applied_count = fields.Integer("Applied", compute="_compute_counts")
    set_aside_count = fields.Integer("Set aside", compute="_compute_counts")
    staged_count = fields.Integer("To apply", compute="_compute_counts")
    question_ids = fields.One2many("g2p.odk.question", "form_id", string="Questions")
    unused_question_ids = fields.One2many(
        "g2p.odk.question",
        compute="_compute_unused_question_ids",
        string="Questions that are not used",
    )
    mapping_line_ids = fields.One2many(
        "g2p.odk.mapping.line", "form_id", string="Mapping", copy=False
    )
    mapping_problems = fields.Text(
        "What the mapping still lacks", compute="_compute_mapping_problems"
    )
    other_name_policy = fields.Selection(
        [
            ("set_aside", "Set aside until a user has checked it"),
            ("accept", "Accept"),
        ],
        string="Another name under the ID",
        required=True,
        default="set_aside",
        help="What happens when the collected name is quite another one than the "
        "registry has under the collected ID: the ID is mistyped, or belongs to "
        "another person.",
    )
    twins_problem = fields.Text(
        "Questions with one name", compute="_compute_twins_problem"
    )
    xlsform = fields.Binary(
        "Form to collect with", compute="_compute_xlsform", groups=ADMINISTRATOR
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        forms = super().create(vals_list)
        forms._schedule()
        return forms

    def write(self, vals):
        """Change a form; after a change of the policy all is fetched again.

        :raise UserError: when it would become another form at Central
        """
        if {"server_id", "project_id", "xml_form_id"} & vals.keys():
            for form in self.filtered(lambda form: form._has_begun()):
                if any(
                    form._fields[name].convert_to_write(form[name], form) != vals[name]
                    for name in ("server_id", "project_id", "xml_form_id")
                    if name in vals
                ):
                    raise UserError(
                        self.env._("Add another form instead, and archive this one.")
                    )
        changed = self.filtered(
            lambda form: (
                "review_policy" in vals and form.review_policy != vals["review_policy"]
            )
        )
        result = super().write(vals)
        if changed:
            # The policy has to be applied to all submissions again.
            changed._read_anew()
        if "interval_minutes" in vals or vals.get("active"):
            self._schedule()
        return result

    # === BUSINESS METHODS === #

    def _fetch_schema(self):
        """Return the questions of the form's current version at Central.

        :return: list of dicts: ``path`` (such as ``group/question``, named as in the
            payload), ``raw`` (as in the form), ``name``, ``type``, ``binary`` and
            ``repeat``, which is the path of the innermost repeat the question is in,
            or False; ``label`` in words, if Central tells it
        :raise UserError: when Central cannot be queried, in words
        """
        self.ensure_one()
        with asking(self.server_id) as client:
            found = client.fields(self.project_id, self.xml_form_id)
            labels = self._fetch_labels(client)
        self._note_twins(found)
        repeats = [_path(item) for item in found if item.get("type") == "repeat"]
        schema = {}
        for item in found:
            if item.get("type") in HOLDERS:
                continue
            path = _path(item)
            inside = [repeat for repeat in repeats if path.startswith(f"{repeat}/")]
            schema[path] = {
                "path": path,
                "raw": item["raw"],
                "name": item["name"],
                "type": item.get("type") or "string",
                "binary": bool(item.get("binary")),
                "repeat": max(inside, key=len, default=False),
                "label": labels.get(item["raw"], False),
            }
        return list(schema.values())

    def _fetch_labels(self, client):
        """Return what the form asks, by the paths in the form.

        Without them questions are named by their paths, so an error is ignored.
        """
        try:
            definition = client.definition(self.project_id, self.xml_form_id)
        except CentralError:
            return {}
        return question_labels(definition, self.env.lang)

    def _has_begun(self):
        """Return whether any submission of this form was read."""
        Submission = self.env["g2p.odk.submission"].sudo()
        mine = [("form_id", "=", self.id)]
        return self.cursor or self.reading or Submission.search_count(mine, limit=1)

    def _read_anew(self):
        """Make the next run read all submissions from the beginning."""
        self.sudo().write({"cursor": False, "reading": False})

    # === NAMES THAT BECOME ONE === #

    def _check_twins(self, client, rows, checked):
        """Read the form's questions if these rows have an unknown version of it.

        :param set checked: the versions whose questions were read in this run
        """
        readable = [row for row in self._keyed(rows) if not isinstance(row, Unreadable)]
        staged = self._staged([row.instance_id for row in readable])
        here = {one.instance_id: one.content_hash for one in staged}
        versions = {
            row.form_version
            for row in readable
            if not row.has_answers_of(here.get(row.instance_id))
        }
        commit(self.env)
        if versions - checked:
            self._read_twins(client)
            checked |= versions

    def _keyed(self, rows):
        """Return rows of the feed with the registry's key in the hash of the answers.

        It is kept longer than the answers: without a key, a number that was erased
        could be found again by trying.
        """
        return [
            row
            if isinstance(row, Unreadable) or not row.content_hash
            else replace(
                row,
                content_hash=keyed_content(self.env, row.content_hash),
                whole_hash=keyed_content(self.env, row.whole_hash),
            )
            for row in rows
        ]

    def _read_twins(self, client):
        """Read the form's current questions at Central."""
        commit(self.env)
        found = client.fields(self.project_id, self.xml_form_id)
        apart(self.env, lambda: self._note_twins(found))

    def _note_twins(self, found):
        """Store the names that several questions have at Central.

        Its feed replaces characters that OData does not allow, and the answers of
        questions with the same resulting name cannot be separated. The answers of a
        question that replaced a mapped one have the name of that one.

        :param list found: the questions as Central lists them
        """
        form = self.sudo()
        before = set((form.twins or "").split())
        now = {*_twins(found), *form._replaced(found)}
        if before == now:
            return
        form.twins = " ".join(sorted(now)) or False
        if now - before:
            # Submissions that are not applied yet may have been read with this fault.
            pending = [("form_id", "=", form.id), ("state", "not in", SETTLED)]
            form.env["g2p.odk.submission"].search(pending).twins = form.twins
        if before - now:
            # Now the answers have separate names, those of old submissions as well.
            form._read_anew()

    def _replaced(self, found):
        """Return the mapped paths that now belong to another question.

        A mapped question keeps the type it had when it was mapped; the others get their
        current one. A name of several questions does not identify any of them.
        """
        twins = set(_twins(found))
        raw = {_path(item): item["raw"] for item in found}
        mapped = self._mapped_questions()
        replaced = set()
        for question in self.with_context(active_test=False).question_ids:
            now = raw.get(question.path, question.raw_path)
            if now == question.raw_path or question.path in twins:
                continue
            if question in mapped and question.raw_path:
                replaced.add(question.path)
            else:
                question.raw_path = now
        return replaced

    def _fetch_samples(self, number=1):
        """Return the answers of the newest submissions, without storing them.

        :param int number: how many at most
        :return: list of nested dicts, as the payload of a submission
        :raise UserError: when Central cannot be queried, in words
        """
        self.ensure_one()
        with asking(self.server_id) as client:
            self._note_twins(client.fields(self.project_id, self.xml_form_id))
            rows = self._feed(client).samples(number)
        return [row.data for row in rows if not row.is_encrypted]

    def _feed(self, client):
        return Feed(client, self.project_id, self.xml_form_id, self.server_id.page_size)

    # === COUNTS === #

    # Numbers of a form's submissions by state, for its buttons.

    def _compute_counts(self):
        rows = self.env["g2p.odk.submission"]._read_group(
            [("form_id", "in", self.ids)], ["form_id", "state"], ["__count"]
        )
        counts = {(form.id, state): count for form, state, count in rows}
        for form in self:
            for state in ("applied", "set_aside", "staged"):
                form[f"{state}_count"] = counts.get((form.id, state), 0)

    def action_open_submissions(self):
        """Open the submissions of this form in the state given in the context."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "g2p_odk_spar_mapping.g2p_odk_submission_action"
        )
        state = self.env.context.get("submission_state")
        return {
            **action,
            "domain": [("form_id", "=", self.id)],
            "context": {f"search_default_{state}": 1} if state else {},
        }

    # === MAPPING === #

    # The mapping of a form's answers.

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

    @api.depends(
        "question_ids", "mapping_line_ids.question_id", "mapping_line_ids.joined_ids"
    )
    def _compute_unused_question_ids(self):
        for form in self:
            lines = form.mapping_line_ids
            used = (lines.question_id | lines.joined_ids)._origin
            left = form.question_ids._origin - used
            form.unused_question_ids = left.filtered(lambda one: one._holds_answers())

    @api.depends("twins", "mapping_line_ids.question_id", "mapping_line_ids.joined_ids")
    def _compute_twins_problem(self):
        for form in self:
            unclear = form.mapping_line_ids.filtered(lambda line: line._is_unclear())
            form.twins_problem = "\n".join(
                error_texts.explain(self.env, Problem(line.target, "twins", {}))
                for line in unclear
            )

    def _mapping_problems(self):
        """Return what is missing in the mapping before an import, in words.

        :rtype: list[str]
        """
        self.ensure_one()
        label = error_texts.target_labels(self.env)
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
            self.env._("The form has no question “%s” any more.", question.display_name)
            for question in gone
        ]
        return problems

    def _adds_without_id(self):
        return self.registrant_policy == "create_without_id"

    # === QUESTIONS === #

    def action_read_questions(self):
        """Read the form's questions from Central; keep those used by lines.

        :raise UserError: when Central does not answer, or refuses
        """
        for form in self:
            form.check_access("write")
            form._take_questions(form._fetch_schema())

    def _take_questions(self, found):
        """Store the current questions of the form.

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
                "label": question.get("label", False),
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
        # A line may refer to a removed question, which the form then shows.
        gone.active = False
        Question.create(new)
        self.invalidate_recordset(["question_ids"])

    def _mapped_questions(self):
        """Return the questions used by lines of the mapping."""
        lines = self.sudo().mapping_line_ids.with_context(active_test=False)
        return lines.question_id | lines.joined_ids

    # === THE FORM THAT SHIPS WITH THE ADDON === #

    def action_apply_ready_mapping(self):
        """Replace the mapping by the one for the form that comes with the addon.

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
        """Download the form that comes with the addon, with the current providers.

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
        """Return the form that comes with the addon, as a workbook.

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
        # The same directory and questions give the same version of the form.
        same = fingerprint_text([choices, xlsform.READY_MAPPING])
        version = hashlib.sha256(same.encode()).hexdigest()[:12]
        payee = {"payee": PAYEES, "payee_relation": RELATIONS}
        return xlsform.build(choices, dict(FA_TYPES), payee, version)


def _path(item):
    return str(item.get("path") or "").strip("/")


def _twins(found):
    """Return the paths of more than one question, and the paths inside them."""
    # A question may also get the name of one of Central's own fields.
    own = ["__id", "__system"]
    own += [f"{_path(one)}/__id" for one in found if one.get("type") == "repeat"]
    counts = Counter([*own, *map(_path, found)])
    twice = [path for path, count in counts.items() if count > 1]
    return sorted(
        path
        for path in counts
        if any(path == one or path.startswith(f"{one}/") for one in twice)
    )


def keyed_content(env, plain):
    """Return the hash of the answers of a submission as it is stored.

    :param Environment env: of any user
    :param str plain: the hash without a key
    """
    return keyed_hash(env, f"odk answers {plain}")
