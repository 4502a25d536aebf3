import re

from odoo import models
from odoo.exceptions import ValidationError

from odoo.addons.g2p_spar_financial_address import address_values

from .g2p_portal_registration import FORM_STEPS

CONTACT_FIELDS = ("phone", "email", "street", "city")

_PHONE = re.compile(r"\+?[\d\s()./-]{4,30}")


class Answers:
    """What was typed at one step: cleaned, or with what is wrong at which field."""

    def __init__(self):
        self.values = {}
        self.problems = {}

    def clean(self, name, clean, *arguments):
        """Keep what ``clean`` makes of a field, or what it says against it."""
        try:
            self.values[name] = clean(*arguments)
        except ValidationError as problem:
            self.values[name] = ""
            self.problems[name] = str(problem)


class G2pPortalRegistration(models.Model):
    """What is right at each step."""

    _inherit = "g2p.portal.registration"

    def _fields_of(self, step):
        """Return the fields of a step, in the order in which they are shown.

        :param str step: one of :data:`FORM_STEPS`
        :rtype: tuple
        """
        if step == "identity":
            return (*self.env["res.partner"]._portal_name_fields(), "id_number")
        if step == "contact":
            return CONTACT_FIELDS
        return PAYMENT_FIELDS

    def _answers(self, step):
        """Return what was typed at a step, checked.

        :param str step: one of :data:`FORM_STEPS`
        :rtype: Answers
        """
        checks = {
            "identity": self._check_identity,
            "contact": self._check_contact,
            "payment": self._check_payment,
        }
        typed = self._values(step)
        answers = Answers()
        checks[step](typed, answers)
        return answers

    def _first_undone(self):
        """Return the first step that is not filled in, or wrong; else ``review``."""
        for step in FORM_STEPS:
            if not self._is_filled(step) or self._answers(step).problems:
                return step
        return "review"

    # === IDENTITY === #

    def _check_identity(self, typed, answers):
        labels = {
            "name": self.env._("Name"),
            "given_name": self.env._("Given name"),
            "family_name": self.env._("Family name"),
        }
        names = self.env["res.partner"]._portal_name_fields()
        for name in names:
            answers.clean(
                name,
                address_values.clean_text,
                self.env,
                typed.get(name),
                labels[name],
            )
        # Some people have one name only.
        if not any(answers.values[name] for name in names):
            answers.problems.setdefault(names[0], self.env._("Write the name."))
        answers.clean("id_number", self._clean_id, typed.get("id_number"))

    def _clean_id(self, text):
        text = address_values.clean_text(self.env, text, self.env._("ID on the card"))
        if text and self.env["res.partner"]._spar_find({text})[text]:
            raise ValidationError(self._id_taken())
        return text

    def _id_taken(self):
        return self.env._(
            "This ID is already registered. Look at the card again. If it is right, "
            "ask your supervisor: the person may be in the registry already."
        )

    def _own_with_this_id(self):
        """Return the agent's own registrant who has the ID that was typed, if any.

        Whose an ID is that belongs to somebody else's registrant is not told.

        :rtype: res.partner
        """
        text = (self._values("identity").get("id_number") or "").strip()
        found = self.env["res.partner"]
        if text:
            found = found._spar_find({text})[text]
        return found.filtered(lambda one: one.active and one._spar_is_agent(self.user_id))

    # === CONTACT === #

    def _check_contact(self, typed, answers):
        labels = {
            "street": self.env._("Street or place"),
            "city": self.env._("Village or town"),
        }
        answers.clean("phone", self._clean_phone, typed.get("phone"))
        answers.clean("email", self._clean_email, typed.get("email"))
        for name, label in labels.items():
            answers.clean(
                name, address_values.clean_text, self.env, typed.get(name), label
            )

    def _clean_phone(self, text):
        text = address_values.clean_text(self.env, text, self.env._("Contact phone"))
        if text and not _PHONE.fullmatch(text):
            raise ValidationError(
                self.env._("This is not a phone number. Write digits only.")
            )
        return text

    def _clean_email(self, text):
        if not (text or "").strip():
            return ""
        return address_values.clean_email_address(self.env, text)
