import hashlib
import hmac

from psycopg2.errors import UniqueViolation

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.marks import trusted

from .g2p_portal_registration import FORM_STEPS


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
    """How a registration becomes a registrant with a payment address."""

    _inherit = "g2p.portal.registration"

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
        self._meet_on_id()
        answers = {step: self._answers(step) for step in FORM_STEPS}
        for step, given in answers.items():
            if given.problems or not self._is_filled(step):
                raise StepRefused(step, given.problems)
        return answers

    def _meet_on_id(self):
        """Run whoever enters the same ID at the same moment again, after this one.

        Without it the database would refuse the second, and its log would say whose ID
        it was.
        """
        if text := self._clean_typed_id():
            key = self.env["g2p.fa.settings"]._fingerprint_key()
            digest = hmac.new(key, f"id|{text}".encode(), hashlib.sha256).hexdigest()
            self.env["g2p.fa.meeting"]._meet([digest])

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
