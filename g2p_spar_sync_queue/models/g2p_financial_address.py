from odoo import api, models
from odoo.exceptions import ValidationError

from ..spar import partner_api


class G2pFinancialAddress(models.Model):
    _inherit = "g2p.financial.address"

    @api.model
    def _spar_written_for(self, dialect, chosen):
        """Return what SPAR is to store, as :meth:`_spar_written`, if fit to be sent.

        SPAR 2.x writes its own text from the parts, with a strategy of its own, and one
        address it cannot write fails all that travel with it. So more is checked for it
        than that our own strategy can write the address.

        :param str dialect: of the connection it is for
        :param SQL chosen: a condition on addresses ``a``
        :rtype: dict
        """
        return self.sudo()._spar_written(
            chosen, _fits_spar_2 if dialect == partner_api.NAME else None
        )


def _fits_spar_2(strategy, fa_type, parts):
    try:
        strategy._spar_check_parts(fa_type, parts)
    except ValidationError:
        return False
    return True
