"""The payment address within a registration.

The form of a payment address, and two more answers: the provider is not known yet, and
there is no payment address yet. On a page without JavaScript it has up to three parts,
each of which is saved when it is sent.
"""

from odoo.addons.g2p_spar_financial_address.const import VALUE_FIELD

from .payment_form import PaymentForm, fields_of

#: The answer, instead of a type, that there is no payment address yet.
NO_ADDRESS = "none"
#: The answer, instead of a provider, that it is not known yet.
UNKNOWN = "unknown"

#: The parts of the step.
PARTS = ("type", "provider", "details")


def names_of(part, fa_type):
    """Return the names of the fields that are posted together.

    :param str part: one of :data:`PARTS`
    :param str fa_type: the type of address that was chosen
    :rtype: tuple[str]
    """
    if part == "details":
        # A first address needs no reason.
        return tuple(name for name in fields_of(fa_type) if name != "reason")
    return ("fa_type", "dfsp_id") if part == "provider" else ("fa_type",)


class FirstPaymentForm(PaymentForm):
    """The form of the first payment address of a new registrant.

    :param env: the environment of the system, with the agent as its user
    :param dict typed: the values typed so far, by field
    :param str phone: the contact phone, if there is one
    :param str holder: the name suggested for the holder
    """

    def __init__(self, env, typed, phone="", holder=""):
        super().__init__(env, phone=phone, holder=holder)
        self.answer = typed.get("fa_type", "")
        self._asked = None
        # Values of another type are kept, but not shown.
        self.typed.update(typed)

    def ask(self, part):
        """Show a part again that was completed before.

        :param str part: one of :data:`PARTS`
        """
        answered = PARTS.index(part) <= PARTS.index(self.step)
        self._asked = part if answered else None

    @property
    def is_incomplete(self):
        """Whether the answer is that the provider is not known yet."""
        return self.typed.get("dfsp_id") == UNKNOWN

    @property
    def has_address(self):
        """Whether the answer is not "No payment address yet"."""
        return self.answer != NO_ADDRESS

    @property
    def step(self):
        if self._asked:
            return self._asked
        provider_open = super().step == "provider"
        return "details" if provider_open and self.is_incomplete else super().step

    @property
    def types(self):
        """The answers to the first question, as pairs of value and label."""
        return [*super().types, (NO_ADDRESS, self.env._("No payment address yet"))]

    @property
    def providers(self):
        """The answers to the second question, as pairs of value and label."""
        return [*super().providers, (UNKNOWN, self.env._("Not known yet"))]

    @property
    def labels(self):
        """Labels of the current fields, in the order of the form."""
        names = names_of(self.step, self.fa_type)
        labels = self.all_labels
        return {name: labels[name] for name in labels if name in names}

    @property
    def all_labels(self):
        """Labels of all fields of this type."""
        return {"fa_type": self.env._("How they are paid"), **super().labels}

    @property
    def provider_label(self):
        """The text for the provider, once it is chosen or not known."""
        return self.provider.name or self.env._("Not known yet")

    def check(self):
        """Check all typed values.

        :return: valid values, by field of a payment address, and errors
        :rtype: tuple[dict, dict]
        """
        if not self.has_address:
            return {}, {}
        if self.fa_type not in VALUE_FIELD:
            return {}, {"fa_type": self.env._("Choose one.")}
        self.read(dict(self.typed))
        return self.values, self.errors

    def _read_provider(self):
        if not self.is_incomplete:
            return super()._read_provider()
        return {"dfsp_id": False}
