from collections import namedtuple

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..const import BANK_ACCOUNT, VALUE_FIELD
from ..strategy_template import Unwritable
from .g2p_financial_address import WRITTEN_FIELDS

#: An address as SPAR is told it: the text of its strategy, that strategy's number at
#: SPAR, and the same in its parts, by SPAR's names, with "" for what is empty.
Written = namedtuple("Written", "text number parts")

#: SQL: the number of an address ``a``, by its type.
VALUE = SQL(" ").join(
    SQL("WHEN %s THEN %s", fa_type, SQL.identifier("a", name))
    for fa_type, name in VALUE_FIELD.items()
)


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
            **self._provider_parts(address.fa_type, address.dfsp_id, address.branch_id),
            VALUE_FIELD[address.fa_type]: address._value() or "",
        }

    @api.model
    def _spar_written(self, chosen, fits=None):
        """Return what SPAR is to store for many addresses, most with a common provider.

        Straight from the table: to read the fields of each address through the ORM
        would be most of what a batch costs.

        :param SQL chosen: a condition on addresses ``a``
        :param fits: whether SPAR takes an address, as a function of its strategy, its
            type and its parts
        :return: by address id, its registrant's id and what :meth:`_spar_value` writes;
            None instead of that for what cannot be written
        :rtype: dict[int, tuple[int, Written or None]]
        """
        self.flush_model(["partner_id", "state", *WRITTEN_FIELDS])
        rows = self.env.execute_query(
            SQL(
                """SELECT a.id, a.partner_id, a.fa_type, a.dfsp_id, a.branch_id,
                          CASE a.fa_type %s END
                     FROM g2p_financial_address a
                    WHERE %s""",
                VALUE,
                chosen,
            )
        )
        found, writers = {}, {}
        for id_, partner_id, *provider, value in rows:
            key = tuple(provider)
            if key not in writers:
                writers[key] = self._writer(*key, fits)
            found[id_] = partner_id, writers[key](value)
        return found

    def _writer(self, fa_type, dfsp_id, branch_id, fits=None):
        """Return a function that writes an account number, say, as an address.

        :return: a function that returns a :class:`Written`, or None
        """
        dfsp = self.env["g2p.dfsp"].sudo().browse(dfsp_id)
        branch = self.env["g2p.dfsp.branch"].sudo().browse(branch_id)
        strategy = dfsp.strategy_id
        template, number = strategy._parsed(), strategy.strategy_number
        shared = self._provider_parts(fa_type, dfsp, branch)
        word = strategy._type_word()
        name = VALUE_FIELD[fa_type]

        def write(value):
            if not value:
                return None
            parts = {**shared, name: value}
            if fits and not fits(strategy, fa_type, parts):
                return None
            try:
                return Written(template.fill({**parts, **word}), number, parts)
            except Unwritable:
                return None

        return write

    @api.model
    def _provider_parts(self, fa_type, dfsp, branch):
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
