from odoo import api, models

from odoo.addons.g2p_spar_financial_address import address_values
from odoo.addons.g2p_spar_financial_address.const import VALUE_FIELD


class G2pFaStrategy(models.Model):
    _inherit = "g2p.fa.strategy"

    @api.model
    def _spar_masked(self, text, number):
        """Return what SPAR holds as anybody may see it: provider and masked number.

        :param str text: the string SPAR holds, or None
        :param int number: of the strategy it was written with, or None
        :rtype: str
        """
        strategy, parts = self._spar_read(text, number)
        if not parts:
            return self.env._("Cannot be read here")
        provider = parts.get("bank_name") or parts.get("wallet_provider_name")
        value = address_values.mask(parts.get(VALUE_FIELD[strategy.fa_type]))
        return " · ".join(part for part in (provider, value) if part)

    @api.model
    def _spar_address_values(self, text, number):
        """Return the values of a financial address as SPAR holds it.

        :param str text: the string SPAR holds
        :param int number: of the strategy it was written with
        :return: values for ``create``, or None when strategy, provider or branch is not
            known here
        """
        strategy, parts = self._spar_read(text, number)
        if not parts:
            return None
        code = parts.get("bank_code") or parts.get("wallet_provider_code")
        dfsp = self.env["g2p.dfsp"].search(
            [("code", "=", code), ("strategy_id", "=", strategy.id)]
        )
        branch_code = parts.get("branch_code")
        branch = dfsp.branch_ids.filtered(lambda branch: branch.code == branch_code)
        if len(dfsp) != 1 or (branch_code and len(branch) != 1):
            return None
        name = VALUE_FIELD[strategy.fa_type]
        return {
            "fa_type": strategy.fa_type,
            "dfsp_id": dfsp.id,
            "branch_id": branch.id,
            name: parts.get(name),
        }

    def _spar_read(self, text, number):
        """Return the strategy of this number, and the parts of the string."""
        strategy = self.search([("strategy_number", "=", number)]) if number else self
        parts = strategy._deconstruct(text) if len(strategy) == 1 else None
        if parts and parts.get("fa_type", strategy.fa_type_code) != (
            strategy.fa_type_code
        ):
            parts = None
        return strategy, parts
