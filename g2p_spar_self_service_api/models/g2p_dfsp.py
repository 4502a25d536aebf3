from odoo import api, models, tools
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
        found = self._api_all(fa_type)
        start = (page - 1) * size
        return list(found[start : start + size]), len(found) > start + size

    @api.model
    @tools.ormcache("fa_type")
    def _api_all(self, fa_type):
        """Return the providers in use, by name, without a query once they are known.

        :param str fa_type: only those that offer this; all when it is empty
        :rtype: tuple[dict]
        """
        self.flush_model()
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT d.code, d.name, d.fa_type AS type, c.code AS country,
                          NULLIF(d.account_hint, '') AS account_hint,
                          NULLIF(d.account_example, '') AS account_example
                     FROM g2p_dfsp d
                     LEFT JOIN res_country c ON c.id = d.country_id
                    WHERE d.active AND (%(fa_type)s IS NULL OR d.fa_type = %(fa_type)s)
                    ORDER BY d.name, d.id""",
                fa_type=fa_type or None,
            )
        )
        return tuple(rows)

    @api.model_create_multi
    def create(self, vals_list):
        dfsps = super().create(vals_list)
        self.env.registry.clear_cache()
        return dfsps

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

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
