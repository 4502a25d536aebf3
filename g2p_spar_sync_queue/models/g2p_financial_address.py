from odoo import models
from odoo.exceptions import ValidationError

from ..spar import partner_api


class G2pFinancialAddress(models.Model):
    _inherit = "g2p.financial.address"

    def _spar_values_for(self, dialect):
        """Return what SPAR is to store, by id, for those that are fit to be sent.

        SPAR 2.x writes its own text from the parts, with a strategy of its own, and one
        address it cannot write fails all that travel with it. So more is checked for it
        than that our own strategy can write the address.

        :param str dialect: of the connection it is for
        :rtype: dict
        """
        values = self._spar_values()
        if dialect != partner_api.NAME:
            return values
        return {
            address.id: values[address.id]
            for address in self.sudo()
            if address.id in values and address._fits_spar_2(values[address.id].parts)
        }

    def _fits_spar_2(self, parts):
        try:
            self.dfsp_id.strategy_id._spar_check_parts(self.fa_type, parts)
        except ValidationError:
            return False
        return True
