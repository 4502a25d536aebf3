from odoo import models

from ..spar import partner_api


class G2pFinancialAddress(models.Model):
    _inherit = "g2p.financial.address"

    def _spar_checked_parts(self, dialect):
        """Return the address in its parts, fit to be sent.

        SPAR 2.x writes its own text from them, with a strategy of its own, and one
        address it cannot write fails all that travel with it. So more is checked for it
        than that our own strategy can write the address.

        :param str dialect: of the connection it is for
        :rtype: dict
        :raise ValidationError: when SPAR could not write or read it back
        """
        parts = self._spar_parts()
        if dialect == partner_api.NAME:
            address = self.sudo()
            strategy = address.dfsp_id.strategy_id
            strategy._spar_check_parts(address.fa_type, parts)
        return parts
