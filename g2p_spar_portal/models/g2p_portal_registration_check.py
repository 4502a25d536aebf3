import re

from odoo import models
from odoo.exceptions import ValidationError

from odoo.addons.g2p_spar_financial_address import address_values

from ..registration_payment import FirstPaymentForm
from .g2p_portal_registration import FORM_STEPS

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


class G2pPortalRegistration(models.Model):
    """What is asked at each step, and what is right."""

    _inherit = "g2p.portal.registration"

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
        return address_values.clean_text(self.env, text, label)

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
        return address_values.clean_email_address(self.env, text) if text else ""

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
