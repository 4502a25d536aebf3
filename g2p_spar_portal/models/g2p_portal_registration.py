import re
import secrets
from datetime import timedelta

import phonenumbers
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import MOBILE_WALLET
from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import trusted
from odoo.addons.g2p_spar_financial_address.toolkit.keyed_hash import keyed_hash
from odoo.addons.g2p_spar_financial_address.values import checks

from ..registration_payment import FirstPaymentForm

#: The steps people fill in, in order; the last one only shows what was typed.
FORM_STEPS = ("identity", "contact", "payment")

STEPS = (*FORM_STEPS, "review")

#: Registrations one agent may have open at once.
MAX_OPEN = 50

_REFERENCE = re.compile(r"[A-Za-z0-9_-]{32}")

#: Rows the daily clean-up deals with in one transaction.
GC_CHUNK = 1000

# What people write for a phone; the number of a wallet is checked much closer.
_PHONE = re.compile(r"\+?[\d\s()./-]{4,30}")


class Answers:
    """What was typed at one step: cleaned, and what is wrong, by field."""

    def __init__(self, values=None, problems=None):
        self.values = values or {}
        self.problems = problems or {}

    def clean(self, name, clean, *arguments):
        """Keep what ``clean`` makes of a field, or what it says against it."""
        try:
            self.values[name] = clean(*arguments)
        except ValidationError as problem:
            self.values[name] = ""
            self.problems[name] = str(problem)


class StepRefused(Exception):
    """Something stands against the registration that shows only at its end.

    :param str step: where it is corrected
    :param dict problems: a message by field
    """

    def __init__(self, step, problems):
        super().__init__(step)
        self.step = step
        self.problems = problems


class G2pPortalRegistration(models.Model):
    """One person an agent is registering, and everything typed so far.

    What was typed is kept as it was typed, also when it is wrong: an agent may go back,
    or lose the network, at any moment. Nobody reads it but the agent, through the
    portal, and it is erased as soon as the registration is over.

    This file holds how a registration begins, is kept and ends without a registrant.
    Next to it: ``_check`` (what is right at which step) and ``_finish`` (how it becomes
    a registrant with a payment address).
    """

    _name = "g2p.portal.registration"
    _description = "Registration on the portal"
    _order = "last_activity desc, id desc"
    reference = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        default=lambda self: secrets.token_urlsafe(24),
        help="Names it in addresses of pages; it tells nothing and cannot be guessed.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Field agent",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        ondelete="cascade",
    )
    state = fields.Selection(
        [
            ("open", "Unfinished"),
            ("finished", "Finished"),
            ("discarded", "Discarded"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="open",
    )
    step = fields.Selection(
        [
            ("identity", "Identity"),
            ("contact", "Contact"),
            ("payment", "Payment"),
            ("review", "Review"),
        ],
        string="Step reached",
        required=True,
        readonly=True,
        copy=False,
        default="identity",
    )
    typed = fields.Json(
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="What was typed, by step and field.",
    )
    problems = fields.Json(
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="What was wrong when the agent wanted to go on, by step and field.",
    )
    revision = fields.Integer(
        readonly=True,
        copy=False,
        help="Counts what was saved, so that only what was looked at is submitted.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    last_activity = fields.Datetime(
        required=True, readonly=True, copy=False, default=fields.Datetime.now
    )
    _reference_unique = models.UniqueIndex("(reference)")
    _to_clean_up = models.Index("(last_activity)")

    # === BEGINNING AND FINDING === #

    @api.model
    def _begin(self):
        """Begin to register somebody, as the current user.

        :rtype: G2pPortalRegistration
        :raise UserError: when this agent has too many unfinished ones
        """
        if self._count_open() >= MAX_OPEN:
            raise UserError(
                self.env._(
                    "You have %(limit)s unfinished registrations. Finish or discard "
                    "one before you begin another.",
                    limit=MAX_OPEN,
                )
            )
        return self.sudo().create({"user_id": self.env.uid})

    @api.model
    def _find_own(self, reference):
        """Return the current user's registration with this reference, or none.

        The owner is part of the question: whoever else knows a reference finds nothing.

        :param str reference: as it stands in the address of the page
        """
        if not _REFERENCE.fullmatch(reference):
            return self.sudo().browse()
        own = [("user_id", "=", self.env.uid), ("reference", "=", reference)]
        return self.sudo().search(own, limit=1)

    @api.model
    def _find_open(self):
        """Return what the current user has not finished, the newest first."""
        return self.sudo().search(self._own_open_domain())

    @api.model
    def _count_open(self):
        """Return how many the current user has not finished."""
        return self.sudo().search_count(self._own_open_domain())

    @api.model
    def _own_open_domain(self):
        return [("user_id", "=", self.env.uid), ("state", "=", "open")]

    # === WHAT WAS TYPED === #

    def _values(self, step):
        """Return what was typed at a step, by field.

        :param str step: one of :data:`FORM_STEPS`
        :rtype: dict
        """
        self.ensure_one()
        return dict((self.typed or {}).get(step) or {})

    def _is_filled(self, step):
        """Return whether somebody has saved this step, whatever was typed."""
        self.ensure_one()
        return step in (self.typed or {})

    def _save(self, step, values):
        """Keep what was typed at a step, right or wrong.

        :param str step: one of :data:`FORM_STEPS`
        :param dict values: texts by field
        """
        self.ensure_one()
        self._write_open(
            typed={**(self.typed or {}), step: values},
            problems=False,
            revision=self.revision + 1,
        )

    def _go_to(self, step):
        """Remember where the agent is, for when they come back.

        :param str step: one of :data:`STEPS`
        """
        self._write_open(step=step)

    def _set_problems(self, step, problems):
        """Lead the agent to what is wrong.

        :param str step: where it was typed
        :param dict problems: a message by field
        """
        self._write_open(step=step, problems={step: problems})

    def _shown_problems(self, step):
        """Return what was wrong when the agent last wanted to leave this step.

        :rtype: dict
        """
        self.ensure_one()
        return dict((self.problems or {}).get(step) or {})

    def _write_open(self, **values):
        """Write on these while they are unfinished; what is over stays as it is."""
        open_ones = self.filtered(lambda one: one.state == "open")
        open_ones.write({**values, "last_activity": fields.Datetime.now()})

    # === HOW IT IS SHOWN === #

    def _path(self, page=None):
        """Return the address of a page of this registration.

        :param str page: a step or ``discard``; without it, where the agent was
        """
        self.ensure_one()
        return f"/my/register/{self.reference}/{page or self.step}"

    def _step_label(self, step=None):
        """Return what a step is called; without one, where the agent was."""
        labels = dict(self._fields["step"]._description_selection(self.env))
        return labels[step or self.step]

    def _step_number(self, step=None):
        """Return which step this is, from one; without one, where the agent was."""
        return STEPS.index(step or self.step) + 1

    def _typed_name(self):
        """Return the name as far as it was typed."""
        typed = self._values("identity")
        names = self.env["res.partner"]._portal_name_fields()
        return " ".join(typed[name] for name in names if typed.get(name))

    # === ENDING === #

    def _close(self, state, partner=None):
        """End these and forget what was typed.

        :param str state: ``finished`` or ``discarded``
        :param partner: the registrant that was made, if any
        """
        self._write_open(
            state=state,
            partner_id=partner.id if partner else False,
            typed=False,
            problems=False,
        )

    @api.autovacuum
    def _gc_expired(self):
        """Discard what nobody went on with, and forget what ended as long ago.

        A finished one is kept for a while, because an agent with a poor network may
        send it once more and has to be led to the person then.

        :return: how many were dealt with, and whether there may be more
        :rtype: tuple
        """
        days = self.env["g2p.fa.settings"].cached_values()["registration_days"]
        before = fields.Datetime.now() - timedelta(days=days)
        idle = self.sudo().search(
            [("last_activity", "<", before)], order="last_activity", limit=GC_CHUNK
        )
        unfinished = idle.filtered(lambda one: one.state == "open")
        unfinished._close("discarded")
        (idle - unfinished).unlink()
        return len(idle), len(idle) == GC_CHUNK

    # === CHECKS === #

    # What is asked at each step, and what is right.

    def _labels(self, step):
        """Return what the fields of a step are called, in the order of the form.

        :param str step: one of :data:`FORM_STEPS`
        :rtype: dict[str, str]
        """
        return getattr(self, f"_labels_{step}")()

    def _answers(self, step):
        """Return what was typed at a step, checked.

        :param str step: one of :data:`FORM_STEPS`
        :rtype: Answers
        """
        self.ensure_one()
        return getattr(self, f"_check_{step}")(self._values(step))

    def _is_done(self, step):
        """Return whether a step is filled in and nothing is wrong with it."""
        return self._is_filled(step) and not self._answers(step).problems

    def _first_undone(self):
        """Return the first step that is not done; ``review`` when all are."""
        undone = (step for step in FORM_STEPS if not self._is_done(step))
        return next(undone, "review")

    # === IDENTITY === #

    def _labels_identity(self):
        labels = {
            "name": self.env._("Name"),
            "given_name": self.env._("Given name"),
            "family_name": self.env._("Family name"),
        }
        names = self.env["res.partner"]._portal_name_fields()
        return {
            **{name: labels[name] for name in names},
            "id_number": self.env._("ID on the card"),
        }

    def _check_identity(self, typed):
        answers = Answers()
        labels = self._labels_identity()
        names = self.env["res.partner"]._portal_name_fields()
        for name in names:
            answers.clean(name, self._clean_text, typed.get(name), labels[name])
        # Some people have one name only.
        if not any(answers.values[name] for name in names):
            answers.problems.setdefault(names[0], self.env._("Write the name."))
        answers.clean(
            "id_number", self._clean_id, typed.get("id_number"), labels["id_number"]
        )
        return answers

    def _clean_text(self, text, label):
        return checks.clean_text(self.env, text, label)

    def _clean_id(self, text, label):
        text = self.env["res.partner"]._spar_id_cleaned(text, label)
        if text and self.env["res.partner"]._spar_find({text})[text]:
            raise ValidationError(self._id_taken())
        return text

    def _id_taken(self):
        return self.env._(
            "This ID is already registered. Look at the card again. If it is right, "
            "ask your supervisor."
        )

    def _own_with_this_id(self):
        """Return the agent's own registrant who has the ID that was typed, if any.

        Whose an ID is that belongs to somebody else's registrant is not told.

        :rtype: res.partner
        """
        text = self._clean_typed_id()
        found = self.env["res.partner"]
        if text:
            found = found._spar_find({text})[text]
        return found.filtered(
            lambda one: one.active and one._spar_is_agent(self.user_id)
        )[:1]

    def _clean_typed_id(self):
        """Return the ID as it would be kept, also when it is taken, or nothing."""
        try:
            return self.env["res.partner"]._spar_id_cleaned(
                self._values("identity").get("id_number")
            )
        except ValidationError:
            return ""

    # === CONTACT === #

    def _labels_contact(self):
        return {
            "phone": self.env._("Contact phone"),
            "city": self.env._("Village or town"),
            "street": self.env._("Street or place"),
            "email": self.env._("E-mail"),
        }

    def _check_contact(self, typed):
        answers = Answers()
        cleaners = {"phone": self._clean_phone, "email": self._clean_email}
        for name, label in self._labels_contact().items():
            clean = cleaners.get(name, self._clean_text)
            answers.clean(name, clean, typed.get(name), label)
        return answers

    def _clean_phone(self, text, label):
        text = self._clean_text(text, label)
        if text and not _PHONE.fullmatch(text):
            raise ValidationError(
                self.env._("This is not a phone number. Write digits only.")
            )
        return text

    def _clean_email(self, text, label):
        text = self._clean_text(text, label)
        return checks.clean_email_address(self.env, text) if text else ""

    # === PAYMENT === #

    def _labels_payment(self):
        return self._payment_form().labels

    def _check_payment(self, typed):
        return Answers(*self._payment_form().check())

    def _payment_form(self):
        """Return where they are paid, as it was typed so far.

        :rtype: FirstPaymentForm
        """
        contact = self._answers("contact").values
        identity = self._answers("identity").values
        names = self.env["res.partner"]._portal_name_fields()
        return FirstPaymentForm(
            self.env,
            self._values("payment"),
            phone=contact["phone"],
            holder=" ".join(identity[name] for name in names if identity[name]),
        )

    # === REVIEW === #

    # What is shown before it is submitted: everything, as it will be entered.
    #
    # The number is shown whole, to the agent who has just typed it and on this page
    # only: nobody finds a wrong digit behind dots.

    def _review(self):
        """Return what will be entered, step by step.

        :return: for each step its ``name``, ``label`` and ``rows`` of label and text
        :rtype: list[dict]
        """
        return [
            {
                "name": step,
                "label": self._step_label(step),
                "rows": getattr(self, f"_review_{step}")(),
            }
            for step in FORM_STEPS
        ]

    def _review_identity(self):
        return self._rows("identity", {"id_number": self.env._("None yet")})

    def _review_contact(self):
        rows = self._rows("contact")
        return rows or [(self._step_label("contact"), self.env._("Nothing entered"))]

    def _rows(self, step, empty=None):
        """Return what was typed at a step, and what stands for what is empty."""
        texts = {**(empty or {}), **_filled(self._answers(step).values)}
        return [
            (label, texts[name])
            for name, label in self._labels(step).items()
            if name in texts
        ]

    def _review_payment(self):
        form = self._payment_form()
        values, _problems = form.check()
        if not form.has_address:
            return [(self.env._("Payment address"), self.env._("None yet"))]
        branch = self.env["g2p.dfsp.branch"].browse(values.get("branch_id"))
        number = values.get(form.value_field)
        if form.fa_type == MOBILE_WALLET:
            number = _in_groups(number)
        texts = {
            "fa_type": form.type_label,
            "dfsp_id": form.provider_label,
            "branch_id": branch.name,
            form.value_field: number,
            "holder_name": values.get("holder_name"),
        }
        labels = form.all_labels
        return [(labels[name], text) for name, text in texts.items() if text]

    # === END === #

    # How a registration becomes a registrant with a payment address.

    def _finish(self):
        """Enter the registrant and the payment address, both or neither, and once.

        :return: the registrant; empty when something is wrong, which is then kept with
            the step where it is corrected
        :rtype: res.partner
        """
        self.ensure_one()
        self._lock()
        if self.state != "open":
            return self.partner_id
        try:
            answers = self._check_all()
            with self.env.cr.savepoint():
                partner = self._enter(answers)
        except StepRefused as refused:
            self._set_problems(refused.step, refused.problems)
            return self.env["res.partner"]
        self._close("finished", partner)
        return partner

    def _lock(self):
        """Let whoever submits the same registration at the same moment wait.

        When this one is done, Odoo runs the other again, and it finds it finished.
        """
        self.flush_recordset()
        self.env.execute_query(
            SQL(
                "SELECT id FROM g2p_portal_registration WHERE id = %s FOR UPDATE",
                self.id,
            )
        )
        self.invalidate_recordset()

    def _check_all(self):
        """Check every step once more: the registry has gone on meanwhile.

        :return: the answers by step, all of them right
        :rtype: dict[str, Answers]
        :raise StepRefused: for the first step with something wrong
        """
        self._lock_spar_id()
        answers = {step: self._answers(step) for step in FORM_STEPS}
        for step, given in answers.items():
            if given.problems or not self._is_filled(step):
                raise StepRefused(step, given.problems)
        return answers

    def _lock_spar_id(self):
        """Run whoever enters the same ID at the same moment again, after this one.

        Without it the database would refuse the second, and its log would say whose ID
        it was.
        """
        if text := self._clean_typed_id():
            digest = keyed_hash(self.env, f"id|{text}")
            self.env["g2p.fa.meeting"].lock_fingerprints([digest])

    def _enter(self, answers):
        """Enter the registrant and the address.

        :param dict answers: what was found right, by step
        :rtype: res.partner
        :raise StepRefused: when a rule of the registry is against one of them
        """
        partner = self._enter_registrant(
            answers["identity"].values, answers["contact"].values
        )
        self._enter_address(partner)
        return partner

    def _enter_registrant(self, identity, contact):
        # What an agent enters is one event, not a message for each field.
        Partner = self.env["res.partner"].with_context(tracking_disable=True).sudo()
        # The agent is no editor: this page has checked what they may enter.
        Partner = trusted(Partner, "portal")
        try:
            partner = Partner.create(Partner._portal_new_values(identity))
            self.env.flush_all()
        except UniqueViolation:
            raise StepRefused("identity", {"id_number": self._id_taken()}) from None
        except UserError as problem:
            raise StepRefused("identity", {"id_number": str(problem)}) from None
        # Not with the rest: what the database refuses stands in its log, and a phone
        # number has no place there.
        try:
            partner.write(Partner._portal_contact_values(contact))
        except UserError as problem:
            raise StepRefused("contact", {"phone": str(problem)}) from None
        return partner

    def _enter_address(self, partner):
        form = self._payment_form()
        form.check()
        if form.has_address and not form.enter(partner):
            raise StepRefused("payment", form.errors)


def _filled(values):
    return {name: text for name, text in values.items() if text}


def _in_groups(number):
    """Return an E.164 number as people read it aloud, such as ``+255 754 123 456``."""
    style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(phonenumbers.parse(number), style)
