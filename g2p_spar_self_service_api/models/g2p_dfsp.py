from odoo import api, models
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import BANK_ACCOUNT


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
        self.flush_model()
        # All in one statement: the country is of another model.
        self.env.cr.execute(
            SQL(
                """SELECT d.code, d.name, d.fa_type AS type, c.code AS country,
                          NULLIF(d.account_hint, '') AS account_hint,
                          NULLIF(d.account_example, '') AS account_example
                     FROM g2p_dfsp d
                     LEFT JOIN res_country c ON c.id = d.country_id
                    WHERE d.active AND (%(fa_type)s IS NULL OR d.fa_type = %(fa_type)s)
                    ORDER BY d.name, d.id
                    LIMIT %(limit)s OFFSET %(offset)s""",
                fa_type=fa_type or None,
                limit=size + 1,
                offset=(page - 1) * size,
            )
        )
        items = self.env.cr.dictfetchall()
        return items[:size], len(items) > size

    @api.model
    def _api_branches(self, code, page, size):
        """Return a page of the branches of a bank, by name.

        :param str code: of the bank
        :param int page: which one, from 1
        :param int size: how many a page has
        :return: the branches, and whether there are more; None if there is no such bank
        :rtype: tuple[list[dict], bool] | None
        """
        bank = self.sudo().search(
            [("fa_type", "=", BANK_ACCOUNT), ("code", "=", code)], limit=1
        )
        if not bank:
            return None
        found = (
            self.env["g2p.dfsp.branch"]
            .sudo()
            .search_fetch(
                [("dfsp_id", "=", bank.id)],
                ["code", "name"],
                offset=(page - 1) * size,
                limit=size + 1,
                order="name, id",
            )
        )
        items = [{"code": branch.code, "name": branch.name} for branch in found[:size]]
        return items, len(found) > size
