from odoo import models
from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.const import BANK_ACCOUNT


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    def action_spar_take_over(self):
        """Enter these accounts as the payment addresses of their registrants.

        They are checked and approved like any other entry. An account whose bank is no
        provider here is kept as incomplete: the provider is chosen on the Payment page.

        :return: a message on how many were entered, and why the others were not
        :raise AccessError: for users who may not enter addresses
        :raise UserError: for several accounts of one person, and when none can be taken
        """
        self.check_access("read")
        Address = self.env["g2p.financial.address"]
        # First: what is said of an account tells of its owner.
        Address.check_access("create")
        several = [
            person
            for person, accounts in self.grouped("partner_id").items()
            if len(accounts) > 1
        ]
        if several:
            raise UserError(
                self.env._(
                    "A person has one payment address. Choose one account of: "
                    "%(names)s.",
                    names=", ".join(person.display_name for person in several),
                )
            )
        entries = self._spar_entries()
        right, origins, refused = [], [], []
        checked = Address.check_entries(entries)
        for account, (values, problems) in zip(self, checked, strict=True):
            if not account.partner_id._spar_is_registrant():
                problems = {"partner_id": self.env._("This is no registrant.")}
            elif account.partner_id.spar_unpaid:
                left = self.env._("This registrant has left the registry.")
                problems = {"partner_id": left}
            if problems:
                reasons = " ".join(problems.values())
                refused.append(f"{account.partner_id.display_name}: {reasons}")
            else:
                right.append(values)
                # The registrant has not said it again.
                origins.append({"confirmed_on": account.write_date})
        if not right:
            raise UserError("\n".join(refused))
        Address.submit(right, "admin", origins)
        message = self.env._("%s payment addresses entered.", len(right))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if refused else "success",
                "message": "\n".join([message, *refused]),
                "sticky": bool(refused),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _spar_entries(self):
        """Return what these accounts say, as entries of payment addresses."""
        names = self.bank_id.mapped("name")
        codes = [bic for bic in self.bank_id.mapped("bic") if bic]
        providers = self.env["g2p.dfsp"].search(
            [
                ("fa_type", "=", BANK_ACCOUNT),
                "|",
                ("name", "in", names),
                ("code", "in", codes),
            ]
        )
        by_name = {provider.name: provider for provider in providers}
        by_code = {provider.code: provider for provider in providers}
        none = providers.browse()
        return [
            {
                "partner_id": account.partner_id.id,
                "fa_type": BANK_ACCOUNT,
                "account_number": account.acc_number,
                "holder_name": account.acc_holder_name
                or account.partner_id._spar_get_name(),
                "dfsp_id": (
                    by_code.get(account.bank_id.bic)
                    or by_name.get(account.bank_id.name)
                    or none
                ).id,
            }
            for account in self
        ]
