import phonenumbers

from odoo import models

from odoo.addons.g2p_spar_financial_address.const import MOBILE_WALLET

from .g2p_portal_registration import FORM_STEPS


class G2pPortalRegistration(models.Model):
    """What is shown before it is submitted: everything, as it will be entered.

    The number is shown whole, to the agent who has just typed it and on this page
    only: nobody finds a wrong digit behind dots.
    """

    _inherit = "g2p.portal.registration"

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


def _filled(values):
    return {name: text for name, text in values.items() if text}


def _in_groups(number):
    """Return an E.164 number as people read it aloud, such as ``+255 754 123 456``."""
    style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(phonenumbers.parse(number), style)
