from odoo import models
from odoo.exceptions import ValidationError

from .. import address_values
from ..account_numbers import check_account_number
from ..const import BANK_ACCOUNT, MOBILE_WALLET, VALUE_FIELD

#: Bytes a proof may have.
MAX_PROOF = 10 * 1024 * 1024


class G2pFinancialAddress(models.Model):
    """What is typed, in its one normal form, and what follows from it."""

    _inherit = "g2p.financial.address"

    def _value(self):
        """Return the account number, mobile number or e-mail address, by type."""
        self.ensure_one()
        return self.sudo()[VALUE_FIELD[self.fa_type]] if self.fa_type else False

    def _cleaned(self, vals):
        """Return ``vals`` with each value in its one normal form, and what follows.

        The values of other address types are dropped. On a draft, what is not in
        ``vals`` is taken from it.

        :raise ValidationError: with a message for whoever typed a wrong value
        """
        draft = self.sudo()
        if not draft and "dfsp_id" not in vals:
            # A default set later would not be what the number is checked against.
            vals = {**self.default_get(["dfsp_id"]), **vals}
        known = {
            name: vals[name] if name in vals else draft[name]
            for name in ("fa_type", *VALUE_FIELD.values())
        }
        dfsp = self.env["g2p.dfsp"].browse(vals.get("dfsp_id", draft.dfsp_id.id))
        # A file need not repeat what its provider says.
        fa_type = known["fa_type"] or dfsp.fa_type or MOBILE_WALLET
        value = self._cleaned_value(fa_type, known.get(VALUE_FIELD.get(fa_type)), dfsp)
        cleaned = {
            **dict.fromkeys(VALUE_FIELD.values(), False),
            "fa_type": fa_type,
            VALUE_FIELD[fa_type]: value,
            **self._derived(value, fa_type, dfsp),
        }
        if not draft or value != draft[VALUE_FIELD[fa_type]]:
            cleaned["entered_by_id"] = self.env.uid
        if fa_type != BANK_ACCOUNT:
            cleaned["branch_id"] = False
        return {**vals, **cleaned, **self._cleaned_texts(vals)}

    def _derived(self, value, fa_type=None, dfsp=None):
        """Return what is stored beside a number: how it is shown, how it is found."""
        dfsp = self.dfsp_id if dfsp is None else dfsp
        return {
            "masked": address_values.mask(value),
            "fingerprint": self._fingerprint(fa_type or self.fa_type, dfsp, value),
        }

    def _cleaned_texts(self, vals):
        """Return what is said about the address, checked."""
        cleaned = {}
        for name in {"holder_name", "reason", "proof_name"} & vals.keys():
            label = self._fields[name]._description_string(self.env)
            note = name == "reason"
            clean = address_values.clean_note if note else address_values.clean_text
            cleaned[name] = clean(self.env, vals[name], label) or False
        # Encoded, four characters are three bytes.
        if len(vals.get("proof") or "") * 3 // 4 > MAX_PROOF:
            raise ValidationError(
                self.env._(
                    "The proof is too large: at most %(limit)s MB.",
                    limit=MAX_PROOF // 1024**2,
                )
            )
        return cleaned

    def _cleaned_value(self, fa_type, text, dfsp):
        """Return the account number, mobile number or e-mail address, checked."""
        if fa_type == BANK_ACCOUNT:
            number = address_values.clean_account_number(self.env, text)
            check_account_number(self.env, number, dfsp)
            return number
        if fa_type == MOBILE_WALLET:
            country = dfsp.country_id or self.env.company.country_id
            return address_values.clean_mobile_number(self.env, text, country)
        if fa_type in VALUE_FIELD:
            return address_values.clean_email_address(self.env, text)
        raise ValidationError(self.env._("There is no such type of payment address."))

    def _with_registrants(self, vals_list):
        """Return these values, each with the registrant the form was opened for."""
        default = self.env.context.get("default_partner_id")
        return [
            {**vals, "partner_id": vals.get("partner_id") or default}
            for vals in vals_list
        ]

    def _check_references(self, vals_list):
        """Refuse values without a registrant, or naming something that is gone.

        The database would refuse them, too, and write the whole row into its log.

        :raise ValidationError: saying which
        """
        if not all(vals.get("partner_id", True) for vals in vals_list):
            raise ValidationError(self.env._("Choose the registrant."))
        for name in ("partner_id", "dfsp_id", "branch_id"):
            wanted = {vals[name] for vals in vals_list if vals.get(name)}
            records = self.env[self._fields[name].comodel_name].sudo().browse(wanted)
            if records.exists() != records:
                label = self._fields[name]._description_string(self.env)
                raise ValidationError(
                    self.env._("%(field)s: it does not exist any more.", field=label)
                )
