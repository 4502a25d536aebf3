from odoo import api, models

from odoo.addons.g2p_spar_financial_address.const import BANK_ACCOUNT

#: What helps somebody to type an account number.
HINTS = ("account_hint", "account_example")


class G2pDfsp(models.Model):
    """The directory as callers of the API read it."""

    _inherit = "g2p.dfsp"

    @api.model
    def _api_page(self, fa_type, page, size):
        """Return a page of the providers in use, by name.

        :param str fa_type: only those that offer this; all when it is empty
        :param int page: which one, from 1
        :param int size: how many a page has
        :return: the providers, and whether there are more
        :rtype: tuple[list[dict], bool]
        """
        domain = [("fa_type", "=", fa_type)] if fa_type else []
        found = self.sudo().search_fetch(
            domain,
            ["code", "name", "fa_type", "country_id", *HINTS],
            offset=(page - 1) * size,
            limit=size + 1,
            order="name, id",
        )
        items = [
            {
                "code": dfsp.code,
                "name": dfsp.name,
                "type": dfsp.fa_type,
                "country": dfsp.country_id.code or None,
                **{name: dfsp[name] or None for name in HINTS},
            }
            for dfsp in found[:size]
        ]
        return items, len(found) > size

    @api.model
    def _api_branches(self, code, page, size):
        """Return a page of the branches of a bank, by name.

        :param str code: of the bank
        :param int page: which one, from 1
        :param int size: how many a page has
        :return: the branches, and whether there are more; None if there is no such bank
        :rtype: tuple[list[dict], bool] | None
        """
        bank = self.sudo().search([("fa_type", "=", BANK_ACCOUNT), ("code", "=", code)])
        if not bank:
            return None
        found = bank.branch_ids.search_fetch(
            [("dfsp_id", "=", bank.id)],
            ["code", "name"],
            offset=(page - 1) * size,
            limit=size + 1,
            order="name, id",
        )
        items = [{"code": branch.code, "name": branch.name} for branch in found[:size]]
        return items, len(found) > size
