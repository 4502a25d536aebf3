import re
from datetime import timedelta

import phonenumbers
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import MOBILE_WALLET, VALUE_FIELD
from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import trusted
from odoo.addons.g2p_spar_financial_address.toolkit.keyed_hash import keyed_hash
from odoo.addons.g2p_spar_financial_address.toolkit.value_checks import checked
from odoo.addons.g2p_spar_financial_address.values.checks import (
    clean_email_address,
    clean_name,
    clean_text,
)

from ..registration_payment import FirstPaymentForm

#: The steps with a form, in order; the last step, the review, has none.
FORM_STEPS = ("identity", "contact", "payment")

STEPS = (*FORM_STEPS, "review")

#: Unfinished registrations an agent may have.
MAX_OPEN = 50

_REFERENCE = re.compile(r"[A-Za-z0-9_-]{32}")

#: Rows the daily clean-up processes in one transaction.
GC_CHUNK = 1000

# A contact phone in any notation; the number of a wallet is checked more strictly.
_PHONE = re.compile(r"\+?[\d\s()./-]{4,30}")


def is_reference(text):
    """Return whether a text is as long as a reference, and has its characters only."""
    return bool(_REFERENCE.fullmatch(text))


class Answers:
    """The values of one step: cleaned values, and errors, by field."""

    def __init__(self, values=None, problems=None):
        self.values = values or {}
        self.problems = problems or {}

    def clean(self, name, clean, *arguments):
        """Keep the result of ``clean`` for a field, or its error."""
        try:
            self.values[name] = clean(*arguments)
        except ValidationError as problem:
            self.values[name] = ""
            self.problems[name] = str(problem)


class StepRefused(Exception):
    """The registration is refused for a reason found only at its end.

    :param str step: where it is corrected
    :param dict problems: a message by field
    """

    def __init__(self, step, problems):
        super().__init__(step)
        self.step = step
        self.problems = problems


class G2pPortalRegistration(models.Model):
    """One person an agent is registering, with all values typed so far.

    Values are kept as typed, also invalid ones: an agent may go back, or lose the
    network, at any moment. Only the agent can read them, through the portal, and they
    are erased as soon as the registration ends.

    This part begins a registration, keeps its values and ends it without a registrant.
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
        help="Names it in addresses of pages; it tells nothing and cannot be guessed. "
        "It is also the key by which what is sent again is recognised.",
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
    has_id = fields.Boolean(
        "ID typed",
        compute="_compute_has",
        compute_sudo=True,
        store=True,
        help="Whether the agent has typed an ID. What was typed is for the agent only.",
    )
    has_address = fields.Boolean(
        "Payment address typed",
        compute="_compute_has",
        compute_sudo=True,
        store=True,
        help="Whether the agent has typed a number or an e-mail address to pay to.",
    )
    erased_on = fields.Date(
        "Erased on",
        compute="_compute_erased_on",
        help="The day on which it is erased if it is not continued.",
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
    # Phones choose it: what another agent's phone has chosen is not revealed.
    _reference_unique = models.UniqueIndex("(user_id, reference)")
    _to_clean_up = models.Index("(last_activity)")

    # === FOR THE OFFICE === #

    # Which registrations are not finished, and what they lack; not what was typed.

    @api.depends("typed")
    def _compute_has(self):
        for registration in self:
            registration.has_id = bool(
                registration._values("identity").get("id_number", "").strip()
            )
            typed = registration._values("payment")
            value = typed.get(VALUE_FIELD.get(typed.get("fa_type")), "")
            registration.has_address = bool(value.strip()) or (
                typed.get("fa_type") == MOBILE_WALLET
                and bool(typed.get("same_as_contact"))
            )

    @api.depends("last_activity", "state")
    def _compute_erased_on(self):
        days = self.env["g2p.fa.settings"].cached_values()["registration_days"]
        for registration in self:
            registration.erased_on = registration.state == "open" and (
                registration.last_activity.date() + timedelta(days=days)
            )

    # === BEGINNING AND FINDING === #

    @api.model
    def _begin(self, key):
        """Begin a registration, as the current user, or find it: once for each key.

        :param str key: chosen by the form or the phone, at random; the reference
        :return: the registration; empty if it was begun before and deleted since
        :rtype: G2pPortalRegistration
        :raise UserError: when this agent has too many unfinished ones
        """
        own = self._find_own(key)
        sent = self.env["g2p.portal.sent"].sudo()
        if own or not sent._is_first_registration(key):
            return own
        if self._count_open() >= MAX_OPEN:
            raise UserError(
                self.env._(
                    "You have %(limit)s unfinished registrations. Finish or discard "
                    "one before you begin another.",
                    limit=MAX_OPEN,
                )
            )
        return self.sudo().create({"user_id": self.env.uid, "reference": key})

    @api.model
    def _find_own(self, reference):
        """Return the current user's registration with this reference, or an empty one.

        The search includes the owner: other users find nothing with a known reference.

        :param str reference: as in the address of the page
        """
        if not is_reference(reference):
            return self.sudo().browse()
        own = [("user_id", "=", self.env.uid), ("reference", "=", reference)]
        return self.sudo().search(own, limit=1)

    @api.model
    def _find_open(self):
        """Return the current user's unfinished registrations, the newest first."""
        return self.sudo().search(self._own_open_domain())

    @api.model
    def _count_open(self):
        """Return the number of the current user's unfinished registrations."""
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
        """Return whether this step was saved, valid or not."""
        self.ensure_one()
        return step in (self.typed or {})

    def _save(self, step, values):
        """Save the typed values of a step, valid or not.

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
        """Store the step the agent is at, for a later visit.

        :param str step: one of :data:`STEPS`
        """
        self._write_open(step=step)

    def _set_problems(self, step, problems):
        """Store the step with errors, and the errors, for the next page.

        :param str step: where it was typed
        :param dict problems: a message by field
        """
        self._write_open(step=step, problems={step: problems})

    def _shown_problems(self, step):
        """Return the errors of the agent's last attempt to leave this step.

        :rtype: dict
        """
        self.ensure_one()
        return dict((self.problems or {}).get(step) or {})

    def _write_open(self, **values):
        """Write to unfinished ones of these; ended ones are not changed."""
        open_ones = self.filtered(lambda one: one.state == "open")
        open_ones.write({**values, "last_activity": fields.Datetime.now()})

    # === HOW IT IS SHOWN === #

    def _path(self, page=None):
        """Return the address of a page of this registration.

        :param str page: a step or ``discard``; by default the agent's last step
        """
        self.ensure_one()
        return f"/my/register/{self.reference}/{page or self.step}"

    def _step_label(self, step=None):
        """Return the name of a step, by default of the agent's last step."""
        labels = dict(self._fields["step"]._description_selection(self.env))
        return labels[step or self.step]

    def _step_number(self, step=None):
        """Return the number of a step, from one; by default, of the last step."""
        return STEPS.index(step or self.step) + 1

    def _typed_name(self):
        """Return the parts of the name typed so far."""
        typed = self._values("identity")
        names = self.env["res.partner"]._portal_name_fields()
        return " ".join(typed[name] for name in names if typed.get(name))

    # === ENDING === #

    def _close(self, state, partner=None):
        """End these registrations and erase their values.

        :param str state: ``finished`` or ``discarded``
        :param partner: the registrant that was created, if any
        """
        self._write_open(
            state=state,
            partner_id=partner.id if partner else False,
            typed=False,
            problems=False,
        )

    @api.autovacuum
    def _gc_expired(self):
        """Discard registrations left unfinished, and delete those ended as long ago.

        A finished one is kept for a time: if an agent with a poor network sends it
        again, the page redirects to the registrant.

        :return: number of processed rows, and whether there may be more
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

    # The fields of each step, and their checks.

    def _labels(self, step):
        """Return the labels of a step's fields, in the order of the form.

        :param str step: one of :data:`FORM_STEPS`
        :rtype: dict[str, str]
        """
        return getattr(self, f"_labels_{step}")()

    def _answers(self, step):
        """Return the checked values of a step.

        :param str step: one of :data:`FORM_STEPS`
        :rtype: Answers
        """
        self.ensure_one()
        return getattr(self, f"_check_{step}")(self._values(step))

    def _is_done(self, step):
        """Return whether a step is complete and valid."""
        return self._is_filled(step) and not self._answers(step).problems

    def _first_undone(self):
        """Return the first step that is not complete; ``review`` if all are."""
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
            answers.clean(
                name, checked, self.env, clean_name, typed.get(name), labels[name]
            )
        # Some people have one name only.
        if not any(answers.values[name] for name in names):
            answers.problems.setdefault(names[0], self.env._("Write the name."))
        answers.clean(
            "id_number", self._clean_id, typed.get("id_number"), labels["id_number"]
        )
        return answers

    def _clean_text(self, text, label):
        return checked(self.env, clean_text, text, label)

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
        """Return the agent's own registrant with the typed ID, if there is one.

        For an ID of another agent's registrant the name is not revealed.

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
        """Return the ID as it would be stored, even if it is in use, or nothing."""
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
        return checked(self.env, clean_email_address, text) if text else ""

    # === PAYMENT === #

    def _labels_payment(self):
        return self._payment_form().labels

    def _check_payment(self, typed):
        return Answers(*self._payment_form().check())

    def _payment_form(self):
        """Return the form of the payment address with the values typed so far.

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

    # The review before the end: all values, as they will be entered.
    #
    # The whole number is shown, on this page only, to the agent who has just typed it:
    # a wrong digit cannot be found in a masked number.

    def _review(self):
        """Return the values that will be entered, by step.

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
        """Return the values of a step, with a text for empty ones."""
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
            "payee_name": values.get("payee_name"),
            "payee_relation": dict(form.relations).get(values.get("payee_relation")),
            "payee_id_number": values.get("payee_id_number"),
            "payee_until": str(values.get("payee_until") or ""),
            "holder_name": values.get("holder_name"),
        }
        labels = form.all_labels
        return [(labels[name], text) for name, text in texts.items() if text]

    # === END === #

    # The end: a registration creates a registrant with a payment address.

    def _finish(self):
        """Create registrant and payment address, both or neither, and only once.

        :return: the registrant; empty if there is an error, which is stored with the
            step where it is corrected
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
        """Lock the registration against a second submission at the same time.

        After this transaction, Odoo repeats the other one, which finds it finished.
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
        """Check every step again, because the registry may have changed meanwhile.

        :return: the answers by step, all valid
        :rtype: dict[str, Answers]
        :raise StepRefused: for the first step with an error
        """
        self._lock_spar_id()
        answers = {step: self._answers(step) for step in FORM_STEPS}
        for step, given in answers.items():
            if given.problems or not self._is_filled(step):
                raise StepRefused(step, given.problems)
        return answers

    def _lock_spar_id(self):
        """Lock the ID: another transaction that enters it is repeated later.

        Without it the database would refuse the second one, and its log would contain
        the ID.
        """
        if text := self._clean_typed_id():
            digest = keyed_hash(self.env, f"id|{text}")
            self.env["g2p.fa.number.lock"].lock_fingerprints([digest])

    def _enter(self, answers):
        """Create the registrant and the address.

        :param dict answers: the valid values, by step
        :rtype: res.partner
        :raise StepRefused: when a rule of the registry refuses one of them
        """
        partner = self._enter_registrant(
            answers["identity"].values, answers["contact"].values
        )
        self._enter_address(partner)
        return partner

    def _enter_registrant(self, identity, contact):
        # One message for a registration, not one for each field.
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
        # In a statement of its own: PostgreSQL logs refused statements, and its log
        # must not contain a phone number.
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
    """Return an E.164 number in readable groups, such as ``+255 754 123 456``."""
    style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(phonenumbers.parse(number), style)
