from odoo import api, models
from odoo.exceptions import ValidationError

from odoo.addons.g2p_spar_financial_address.const import (
    BANK_ACCOUNT,
    EMAIL_WALLET,
    MOBILE_WALLET,
    OWN_PARTS,
    VALUE_FIELD,
)
from odoo.addons.g2p_spar_financial_address.toolkit.value_checks import checked
from odoo.addons.g2p_spar_financial_address.values.checks import check_part, mask

from ..strategy_writer import StrategyWriter

#: What SPAR's strings call each type: in 1.x, in 2.x, and for the G2P Bridge. A row
#: keeps its word when SPAR is upgraded.
TYPE_WORDS = {
    BANK_ACCOUNT: {"bank", "BANK", "BANK_ACCOUNT"},
    MOBILE_WALLET: {"mobile_wallet_provider", "MOBILE_WALLET"},
    EMAIL_WALLET: {"email_wallet_provider", "EMAIL_WALLET"},
}


class G2pFaStrategy(models.Model):
    _inherit = "g2p.fa.strategy"

    @api.model
    def _spar_masked(self, text, number):
        """Return the provider and the masked number of an address at SPAR.

        :param str text: the text SPAR has, or None
        :param int number: of the strategy it was written with, or None
        :rtype: str
        """
        strategy, parts = self._spar_read(text, number)
        if not parts:
            return self.env._("Cannot be read here")
        provider = parts.get("bank_name") or parts.get("wallet_provider_name")
        value = mask(parts.get(VALUE_FIELD[strategy.fa_type]))
        return " · ".join(part for part in (provider, value) if part)

    @api.model
    def _spar_address_values(self, text, number):
        """Return the values of an address from its text at SPAR.

        :param str text: the text SPAR has
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
        # By its name where the strategy tells no code: it must not get lost.
        named = parts.get("branch_code") or parts.get("branch_name")
        name = "code" if parts.get("branch_code") else "name"
        branch = dfsp.branch_ids.filtered(lambda branch: branch[name] == named)
        if len(dfsp) != 1 or (named and len(branch) != 1):
            return None
        return {
            "fa_type": strategy.fa_type,
            "dfsp_id": dfsp.id,
            "branch_id": branch.id,
            **{name: parts[name] for name in OWN_PARTS if name in parts},
        }

    def _spar_read(self, text, number):
        """Return the strategy of this number, and the parts of the string."""
        strategy = self._spar_numbered(number)
        parts = strategy._deconstruct(text) if strategy else None
        if parts and not strategy._spar_is_type_word(parts.get("fa_type")):
            parts = None
        return strategy, parts

    @api.model
    def _spar_writers(self):
        """Return writers of our strategies for the parts that SPAR 2.x returns.

        As plain data, because an answer is read while no transaction may begin.

        :rtype: dict[int, ..strategy_writer.StrategyWriter]
        """
        return {
            strategy.strategy_number: StrategyWriter(
                strategy._parsed(), strategy.fa_type_code, strategy._spar_type_words()
            )
            for strategy in self.search([("kind", "=", "fa")])
        }

    def _spar_check_parts(self, fa_type, parts):
        """Refuse an address that would make its whole batch fail at SPAR 2.x.

        :param str fa_type: of the address
        :param dict parts: the address by SPAR's names
        :raise ValidationError: saying why
        """
        self.ensure_one()
        if self.kind != "fa" or self.fa_type != fa_type or self.strategy_number < 1:
            raise ValidationError(
                self.env._(
                    "The strategy “%(strategy)s” is not for addresses of this type.",
                    strategy=self.name,
                )
            )
        for text in parts.values():
            checked(self.env, check_part, text, self.env._("A value"))

    def _spar_numbered(self, number):
        """Return our strategy for payment addresses with this number, if there is.

        Called on strategies, it looks among them only, without a query.
        """
        if not number:
            return self.browse()
        known = self or self.search([("strategy_number", "=", number)])
        return known.filtered(
            lambda one: one.strategy_number == number and one.kind == "fa"
        )

    def _spar_is_type_word(self, word):
        """Whether a string of this strategy may say this for its type, or nothing."""
        return word is None or word in self._spar_type_words()

    def _spar_type_words(self):
        self.ensure_one()
        return frozenset({self.fa_type_code, *TYPE_WORDS[self.fa_type]})
