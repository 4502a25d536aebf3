"""The form of a payment address on the portal: read, check, enter.

It has three steps, so that it works without JavaScript: the type, then for a bank
account the bank, then all other fields; only these are posted. The rules for the values
are those of the payment address itself.
"""

from psycopg2 import IntegrityError

from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.const import (
    BANK_ACCOUNT,
    EMAIL_WALLET,
    MOBILE_WALLET,
    PAYEE_DETAILS,
    PAYEE_OTHER,
    PAYEE_SELF,
    VALUE_FIELD,
)

from .const import CHANNEL

#: Fields of the last step, for all types and for single ones.
_COMMON = ("fa_type", "dfsp_id", *PAYEE_DETAILS, "holder_name", "reason")
_OF_TYPE = {
    BANK_ACCOUNT: ("branch_id", "account_number"),
    MOBILE_WALLET: ("mobile_number", "same_as_contact"),
    EMAIL_WALLET: ("email_address",),
}


def fields_of(fa_type):
    """Return the names of the fields that are posted for this type of address.

    :rtype: tuple[str]
    """
    return _COMMON + _OF_TYPE.get(fa_type, ())


class PaymentForm:
    """One payment address as it is typed.

    :param env: the environment of the system, with the agent as its user
    :param dict chosen: ``type`` and ``provider`` of the earlier steps, as texts
    :param str phone: the contact phone of the registrant, if there is one
    :param str holder: the name suggested for the holder
    :param g2p.financial.address address: the last entry, if there is one
    :param bool amends: whether an address in use is replaced, which requires a reason
    :param res.partner partner: the registrant, if there is one already
    """

    def __init__(
        self,
        env,
        chosen=None,
        phone="",
        holder="",
        address=None,
        amends=False,
        partner=None,
    ):
        self.env = env
        self.partner = partner or env["res.partner"]
        self.address = address or env["g2p.financial.address"]
        self.amends = amends
        self.phone = phone or ""
        #: Values of the fields, as text.
        self.typed = self._suggested(chosen or {}, holder or "")
        #: Errors by field; those of no field under "".
        self.errors = {}
        #: Valid values, cleaned, by field of a payment address.
        self.values = {}

    def _suggested(self, chosen, holder):
        """Return the suggested values of an empty form: never a number."""
        address = self.address
        fa_type = chosen.get("type") or address.fa_type or ""
        same_type = fa_type == address.fa_type
        provider = chosen.get("provider") or (same_type and address.dfsp_id.id) or ""
        same_provider = str(provider) == str(address.dfsp_id.id)
        return {
            "fa_type": fa_type if fa_type in VALUE_FIELD else "",
            "dfsp_id": str(provider),
            "branch_id": str(same_provider and address.branch_id.id or ""),
            "holder_name": address.holder_name or holder,
            "payee_name": address.payee_name or "",
            "payee_relation": address.payee_relation or "",
            "payee_until": str(address.payee_until or ""),
        }

    # === WHAT IS SHOWN === #

    @property
    def fa_type(self):
        return self.typed.get("fa_type") or ""

    @property
    def step(self):
        """The current step: ``type``, ``provider`` or ``details``."""
        if self.fa_type not in VALUE_FIELD:
            return "type"
        # Posted values are shown again, even if the bank was archived meanwhile.
        if self.fa_type == BANK_ACCOUNT and not self.provider and not self.errors:
            return "provider"
        return "details"

    @property
    def types(self):
        """The types of addresses, as pairs of value and label."""
        field = self.address._fields["fa_type"]
        return field._description_selection(self.env)

    @property
    def type_label(self):
        return dict(self.types).get(self.fa_type, "")

    @property
    def value_field(self):
        """The field of the number or e-mail address of this type."""
        return VALUE_FIELD.get(self.fa_type, "")

    @property
    def provider(self):
        """The provider chosen, or an empty record."""
        return self._chosen("dfsp_id", self._providers())

    @property
    def providers(self):
        """The providers of this type, as pairs of ID and name."""
        return [(one.id, one.name) for one in self._providers()]

    @property
    def branches(self):
        """The branches of the provider chosen, as pairs of ID and name."""
        return [(one.id, f"{one.name} ({one.code})") for one in self._branches()]

    @property
    def all_branches(self):
        """The branches of all providers of this type, as records."""
        providers = self._providers().ids
        return self.env["g2p.dfsp.branch"].search([("dfsp_id", "in", providers)])

    @property
    def relations(self):
        """The relations of a payee, as pairs of value and label."""
        field = self.address._fields["payee_relation"]
        return field._description_selection(self.env)

    @property
    def has_payee(self):
        """Whether something is typed of another person who receives the money."""
        return any(self.typed.get(name) for name in PAYEE_DETAILS)

    @property
    def labels(self):
        """Labels of the fields, in the order of the form."""
        bank = self.fa_type == BANK_ACCOUNT
        labels = {
            "dfsp_id": self.env._("Bank") if bank else self.env._("Provider"),
            "branch_id": self.env._("Branch"),
            "same_as_contact": self.env._("Same as contact phone"),
            "account_number": self.env._("Account number"),
            "mobile_number": self.env._("Payment phone"),
            "email_address": self.env._("E-mail address of the wallet"),
            "payee_name": self.env._("Name of the payee"),
            "payee_relation": self.env._("Relation to the registrant"),
            "payee_id_number": self.env._("ID number of the payee"),
            "payee_until": self.env._("Mandate until"),
            "holder_name": self.env._("Name of the account holder"),
            "reason": self.env._("Reason for the change"),
        }
        hidden = {"reason"} if not self.amends else set()
        names = {*fields_of(self.fa_type)} - hidden
        return {name: label for name, label in labels.items() if name in names}

    def _providers(self):
        return self.env["g2p.dfsp"].search([("fa_type", "=", self.fa_type)])

    def _branches(self):
        return self.env["g2p.dfsp.branch"].search([("dfsp_id", "=", self.provider.id)])

    def _chosen(self, name, records):
        text = self.typed.get(name) or ""
        return records.filtered(lambda record: str(record.id) == text)

    # === WHAT WAS TYPED === #

    def read(self, posted):  # pylint: disable=method-required-super
        """Read the posted values, and check all of them.

        :param dict posted: texts by field, of :func:`fields_of` this type
        :return: whether all are valid; if not, ``errors`` has the messages
        :rtype: bool
        """
        self.typed = {name: posted.get(name, "") for name in fields_of(self.fa_type)}
        self.typed["fa_type"] = posted.get("fa_type", "")
        self.errors = {}
        from_contact = self.fa_type == MOBILE_WALLET and self.typed["same_as_contact"]
        number = self.phone if from_contact else self.typed.get(self.value_field, "")
        self.values, problems = self.env["g2p.financial.address"].check_entry(
            {
                **self._read_registrant(),
                "fa_type": self.fa_type,
                self.value_field: number,
                "holder_name": self.typed["holder_name"],
                "reason": self.typed["reason"],
                **self._read_payee(),
                **self._read_provider(),
            }
        )
        if from_contact:
            self._check_contact_phone(problems)
        elif number.strip() and "dfsp_id" in self.errors:
            # The format depends on the provider, whose error comes first.
            problems.pop(self.value_field, None)
        if self.amends and not self.typed["reason"].strip():
            self.errors["reason"] = self.env._(
                "Say why the payment address is changed."
            )
        self.errors = {**problems, **self.errors}
        return not self.errors

    def _read_registrant(self):
        return {"partner_id": self.partner.id} if self.partner else {}

    def _read_payee(self):
        """Return the values of the payee: the registrant, if no other is named."""
        if not self.has_payee:
            return {"payee": PAYEE_SELF}
        typed = {name: self.typed[name].strip() or False for name in PAYEE_DETAILS}
        if not typed["payee_id_number"]:
            # It is not shown again: the same payee keeps it.
            del typed["payee_id_number"]
        return {"payee": PAYEE_OTHER, **typed}

    def _read_provider(self):
        """Return the values of the provider and the branch, those that are chosen."""
        if not self.provider:
            self.errors["dfsp_id"] = self.env._("Choose one from the list.")
            return {"dfsp_id": False}
        values = {"dfsp_id": self.provider.id}
        if self.fa_type == BANK_ACCOUNT:
            branch = self._chosen("branch_id", self._branches())
            if branch:
                # Not known is not the same as none: the same account keeps its branch.
                values["branch_id"] = branch.id
            elif self.typed["branch_id"]:
                self.errors["branch_id"] = self.env._("Choose one from the list.")
        return values

    def _check_contact_phone(self, problems):
        """Check the contact phone, taken for the wallet because of a tick.

        :param dict problems: what is wrong with the entry, by field; what is wrong with
            the phone is moved to the tick
        """
        problem = problems.pop("mobile_number", None)
        number = self.typed["mobile_number"].strip()
        if not self.phone:
            self.errors["same_as_contact"] = self.env._("There is no contact phone.")
        elif "dfsp_id" in self.errors:
            # The format depends on the provider, whose error comes first.
            return
        elif problem:
            self.errors["same_as_contact"] = problem
        elif number:
            other, wrong = self.env["g2p.financial.address"].check_entry(
                {**self.values, "mobile_number": number}
            )
            if "mobile_number" in wrong:
                self.errors["mobile_number"] = wrong["mobile_number"]
            elif other["mobile_number"] != self.values["mobile_number"]:
                self.errors["mobile_number"] = self.env._(
                    "This is another number than the contact phone. Empty it, or "
                    "remove the tick."
                )

    # === WHAT IS ENTERED === #

    def enter(self, partner, is_first=None):
        """Enter the valid values of :meth:`read`, through the channel portal.

        If they are refused, nothing is stored, and ``errors`` has the reason.

        :param res.partner partner: the registrant, as the system
        :param is_first: a function that returns whether this form was not sent before
            (``AgentPortal._is_first``); if it was, nothing is done, without an error
        :return: whether the address is entered
        :rtype: bool
        """
        try:
            with self.env.cr.savepoint():
                if is_first is None or is_first():
                    self._enter(partner)
                    self.env.flush_all()
        except UserError as problem:
            self.errors[""] = str(problem)
        except IntegrityError:
            self.errors[""] = self.env._(
                "Somebody else has just changed where this person is paid. Look at it "
                "first, and save again if it is still right."
            )
        return not self.errors

    def _enter(self, partner):
        entry = {**self.values, "partner_id": partner.id}
        self.env["g2p.financial.address"].submit([entry], CHANNEL)
