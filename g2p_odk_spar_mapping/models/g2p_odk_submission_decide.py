from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from odoo.addons.g2p_spar_financial_address.const import EDITOR, LIVE_STATES
from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note
from odoo.addons.g2p_spar_financial_address.toolkit.value_checks import checked
from odoo.addons.g2p_spar_financial_address.values.checks import clean_note, clean_text

from .. import xlsform
from ..pipeline import error_texts
from ..pipeline.mapping import is_unclear, raw_answers

#: States in which a person may decide.
OPEN_STATES = ("set_aside", "waiting", "staged")
#: Number of submissions imported at once; more are left to the next run.
AT_ONCE = 100

WITHDRAWN = "g2p_odk_spar_mapping.activity_withdrawn"


class G2pOdkSubmission(models.Model):
    """Decisions of users about submissions that were set aside."""

    _inherit = "g2p.odk.submission"

    correction_ids = fields.One2many(
        "g2p.odk.correction", "submission_id", string="Corrections"
    )
    confirmed_version = fields.Integer(readonly=True, copy=False)
    confirmed_by_id = fields.Many2one(
        "res.users", string="Confirmed by", readonly=True, copy=False
    )
    decided_by_id = fields.Many2one(
        "res.users", string="Decided by", readonly=True, copy=False
    )
    decided_at = fields.Datetime("Decided on", readonly=True, copy=False)
    decision_note = Note("Why", readonly=True, copy=False)
    confirmable = fields.Boolean(compute="_compute_confirmable")
    withdrawal_told = fields.Boolean("Withdrawal notified", readonly=True, copy=False)

    def _compute_confirmable(self):
        for one in self:
            one.confirmable = (
                one.state == "set_aside" and one.error_kind in error_texts.CONFIRMABLE
            )

    # === DECISIONS === #

    def _check_may_decide(self, states):
        """Check the rights of the user, and the state of the submissions.

        :raise AccessError: for users who are no editors of payment addresses
        :raise UserError: when one of these is in another state
        """
        self.check_access("read")
        if not self.env.user.has_group(EDITOR):
            raise AccessError(
                self.env._("Only an editor of payment addresses may decide this.")
            )
        if any(one.state not in states for one in self):
            raise UserError(
                self.env._("Another user has just decided this. Reload the page.")
            )

    def action_rerun(self):
        """Import these again: at once if they are few, with the next run if not.

        Ignored ones count again.

        :raise UserError: for applied or deleted ones, and those that wait for a review
        """
        self._check_may_decide(("set_aside", "ignored", "staged", "waiting"))
        rows = self.sudo()
        # Central's review is kept: a rejected submission cannot be imported this way.
        kinds = {kind for kind, _label in error_texts.ERROR_KINDS} | {
            False,
            "unexpected",
        }
        rows = rows.filtered(lambda one: one.error_kind in kinds)
        if not rows:
            raise UserError(
                self.env._("These cannot be imported: Central does not let them.")
            )
        rows._stage_again()
        if len(rows) <= AT_ONCE:
            rows._apply()

    def action_ignore(self, reason):
        """Leave these out for good, or until they are edited at Central.

        :param str reason: why; required
        """
        self._check_may_decide(OPEN_STATES)
        note = self._clean_reason(reason)
        rows = self.sudo()
        waiting = rows.search([("held_by_id", "in", rows.ids)]) - rows
        rows.correction_ids._forget()
        rows.write(
            {
                "state": "ignored",
                "error_kind": "decided",
                "error_text": False,
                **self._decision(note),
            }
        )
        if len(waiting) <= AT_ONCE:
            waiting._apply()

    def action_confirm(self, reason):
        """Import these in spite of a warning.

        :param str reason: why it is correct; required
        """
        self._check_may_decide(("set_aside",))
        if any(not one.confirmable for one in self):
            raise UserError(
                self.env._("This cannot be imported as it is. Correct it instead.")
            )
        note = self._clean_reason(reason)
        for one in self.sudo():
            one.write(
                {
                    "confirmed_version": one.version,
                    "confirmed_by_id": self.env.uid,
                    **self._decision(note),
                }
            )
        self.action_rerun()

    def action_ask_reason(self):
        """Open the dialog for the reason of the decision given in the context."""
        return {
            "type": "ir.actions.act_window",
            "res_model": "g2p.odk.decision",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Why"),
            "context": {
                "default_submission_ids": self.ids,
                "default_decision": self.env.context.get("decision", "ignore"),
            },
        }

    def action_open_correction(self):
        """Open the dialog that replaces answers by other values."""
        self.ensure_one()._check_may_decide(("set_aside",))
        return {
            "type": "ir.actions.act_window",
            "res_model": "g2p.odk.correct",
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Correct"),
            "context": {"default_submission_id": self.id},
        }

    def _correct(self, values, reason):
        """Replace answers by these values, and import.

        :param dict values: texts by target
        :param str reason: why; required
        :raise UserError: without a value or a reason
        """
        self.ensure_one()._check_may_decide(("set_aside",))
        note = self._clean_reason(reason)
        labels = error_texts.target_labels(self.env)
        values = {
            target: checked(self.env, clean_text, text, labels[target])
            for target, text in values.items()
            if text and text.strip()
        }
        if not values:
            raise UserError(self.env._("Enter at least one value."))
        collected = self.sudo()._collected()
        # The newest of each target counts; a number is kept once.
        self.sudo().correction_ids.filtered(lambda c: c.target in values)._forget()
        self.env["g2p.odk.correction"].sudo().create(
            [
                {
                    "submission_id": self.id,
                    "version": self.version,
                    "target": target,
                    "value": text,
                    "shown": error_texts.shown(target, text),
                    "shown_before": error_texts.shown(
                        target, collected.get(target, "")
                    ),
                    "reason": note,
                }
                for target, text in values.items()
            ]
        )
        self.action_rerun()

    def _correctable(self):
        """Return the targets that can be corrected, those with a question first.

        :return: for each the ``target``, its ``question`` in words, and what was
            ``collected`` or corrected, with numbers masked
        :rtype: list[dict]
        """
        self.ensure_one()._check_may_decide(("set_aside",))
        now = self._current()
        questions = self.sudo().form_id.mapping_line_ids._question_names()
        rows = [
            {
                "target": target,
                "question": questions.get(target, False),
                "collected": error_texts.shown(
                    target, self._in_words(target, now.get(target, ""), now)
                ),
            }
            for target in error_texts.target_labels(self.env)
        ]
        return sorted(rows, key=lambda row: not row["question"])

    def reveal(self, target):
        """Return what was collected for a target, not masked, and log that.

        :param str target: of the mapping
        :rtype: str
        :raise AccessError: for users who are no editors of payment addresses, and for
            those of other companies than the registrant's
        :raise UserError: when this is not set aside any more
        """
        self.ensure_one()._check_may_decide(("set_aside",))
        one = self.sudo()
        key = one.registrant_key or ""
        people = one.partner_id or one.env["res.partner"]._spar_find({key})[key]
        people.with_env(self.env).check_access("read")
        text = self._current().get(target, "")
        masked = error_texts.shown(target, text)
        if masked != text:
            self.env["g2p.fa.reveal"].note_without_address(
                "collected", people if len(people) == 1 else None, masked
            )
        return text

    def _current(self):
        """Return what was collected, or corrected since, by target."""
        one = self.sudo()
        return {**one._collected(), **one.correction_ids._in_force().get(one.id, {})}

    def _in_words(self, target, text, values):
        """Return the name of what a text is the code of, or the text.

        :param dict values: all texts of the submission, by target
        """
        if not text:
            return text
        if target == "dfsp_code":
            return self._provider(text).name or text
        if target == "branch_code":
            provider = self._provider(values.get("dfsp_code"))
            branches = provider.branch_ids.filtered(lambda one: one.code == text)
            return branches[:1].name or text
        field = self.env["g2p.financial.address"]._fields.get(target)
        if not field or field.type != "selection":
            return text
        return dict(field._description_selection(self.env)).get(text, text)

    def _provider(self, code):
        codes = [code, xlsform.code_of(code)] if code else []
        found = self.env["g2p.dfsp"].search([("code", "in", codes)], limit=2)
        return found if len(found) == 1 else found.browse()

    def _collected(self):
        """Return the collected values, by target; of those that cannot be read, the
        answers as they were given."""
        source = self._source({})
        (plan,) = self.form_id._read_all([source])
        values = dict(plan.values)
        for line in self.form_id.mapping_line_ids:
            plain = line._plain()
            if line.target in values or is_unclear(plain.paths, source.twins):
                continue
            if text := raw_answers(source.payload, plain.paths):
                values[line.target] = text
        return values

    def _clean_reason(self, reason):
        label = self._fields["decision_note"]._description_string(self.env)
        note = checked(self.env, clean_note, reason, label)
        if not note:
            raise UserError(self.env._("Say why."))
        return note

    def _decision(self, note):
        return {
            "decided_by_id": self.env.uid,
            "decided_at": fields.Datetime.now(),
            "decision_note": note,
        }

    # === WHEN THE PERSON'S PAYMENT DATA IS REMOVED === #

    def _forget_answers(self):
        result = super()._forget_answers()
        self.correction_ids._forget()
        return result

    @api.model
    def _remove_of(self, partners, spar_ids):
        """Leave out what waits of these registrants, and forget all they answered.

        :param res.partner partners: the registrants
        :param list spar_ids: the IDs they had
        """
        keys = [one for one in spar_ids if one]
        found = self.sudo().search(
            Domain("partner_id", "in", partners.ids)
            | Domain("address_id.partner_id", "in", partners.ids)
            | Domain("registrant_key", "in", keys)
        )
        found.filtered(lambda one: one.state in OPEN_STATES).write(
            {
                "state": "ignored",
                "error_kind": "decided",
                "error_text": False,
                **self._decision(self.env._("The registrant's data was removed.")),
            }
        )
        found._forget_answers()

    # === WHEN CENTRAL TAKES BACK WHAT WAS APPLIED === #

    def _withdrawn(self):
        """Give an approver an activity about the address, once for each version."""
        result = super()._withdrawn()
        for one in self.sudo():
            address = one.address_id
            told = one.withdrawal_told or address.odk_submission_id != one
            if not told and address.state in (*LIVE_STATES, "draft"):
                one.withdrawal_told = True
                one._ask_about_withdrawal(address)
        return result

    def _ask_about_withdrawal(self, address):
        # Of a user who may decide; the system user keeps it until there is one.
        person = address.approvers().get(address) or self.env.ref("base.user_root")
        address.with_user(SUPERUSER_ID).activity_schedule(
            WITHDRAWN,
            note=self.env._(
                "The ODK submission this address came from was rejected or deleted at "
                "Central. The address stays as it is. Find out, and end it if it is "
                "wrong."
            ),
            user_id=person.id,
        )
