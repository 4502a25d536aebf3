from collections import namedtuple

from odoo import api, models
from odoo.exceptions import ValidationError

from ..const import BANK_ACCOUNT, VALUE_FIELD
from ..strategy_template import Unwritable

#: An address as SPAR is told it: the text of its strategy, that strategy's number at
#: SPAR, and the same in its parts, by SPAR's names, with "" for what is empty.
Written = namedtuple("Written", "text number parts")


class G2pFinancialAddress(models.Model):
    """How an address is written for SPAR."""

    _inherit = "g2p.financial.address"

    @api.model
    def _rewritten(self, domain):
        """What is written for SPAR changed, for the addresses in use of this domain.

        :param list domain: which addresses
        """
        addresses = self.sudo().search([*domain, ("state", "=", "effective")])
        if addresses:
            addresses.partner_id._financial_address_changed("admin")

    def _spar_value(self):
        """Return what SPAR is to store for this address.

        :return: the financial address string, and the number of its strategy at SPAR
        :rtype: tuple[str, int]
        :raise ValidationError: when a value would break the string, or the number has
            been erased
        """
        address = self.ensure_one().sudo()
        if not address._value():
            raise ValidationError(self.env._("The number of this address was erased."))
        strategy = address.dfsp_id.strategy_id
        return strategy._construct(address._spar_parts()), strategy.strategy_number

    def _spar_parts(self):
        """Return the payment facts by the names SPAR has for them, empty as "".

        :rtype: dict
        """
        address = self.ensure_one().sudo()
        return {
            **address._provider_parts(),
            VALUE_FIELD[address.fa_type]: address._value() or "",
        }

    def _spar_values(self):
        """Return what SPAR is to store, by id, for those that can be written.

        The same as :meth:`_spar_value`, for a batch, most of which have the provider
        in common.

        :rtype: dict[int, Written]
        """
        values, writers = {}, {}
        for address in self.sudo():
            provider = address.dfsp_id.id, address.branch_id.id
            if provider not in writers:
                writers[provider] = address._writer()
            if value := address._value():
                try:
                    values[address.id] = writers[provider](value)
                except Unwritable:
                    continue
        return values

    def _writer(self):
        """Return a function that writes a value as an address at this provider.

        It takes an account number, say, returns a :class:`Written`, and raises
        ``Unwritable``.
        """
        strategy = self.dfsp_id.strategy_id
        template, number = strategy._parsed(), strategy.strategy_number
        shared, word = self._provider_parts(), strategy._type_word()
        name = VALUE_FIELD[self.fa_type]

        def write(value):
            parts = {**shared, name: value}
            return Written(template.fill({**parts, **word}), number, parts)

        return write

    def _provider_parts(self):
        return self._provider_parts_of(self.fa_type, self.dfsp_id, self.branch_id)

    @api.model
    def _provider_parts_of(self, fa_type, dfsp, branch):
        """Return what an address is written with besides its number."""
        if fa_type == BANK_ACCOUNT:
            parts = {
                "branch_name": branch.name,
                "branch_code": branch.code,
                "bank_name": dfsp.name,
                "bank_code": dfsp.code,
            }
        else:
            parts = {
                "wallet_provider_name": dfsp.name,
                "wallet_provider_code": dfsp.code,
            }
        return {name: text or "" for name, text in parts.items()}
