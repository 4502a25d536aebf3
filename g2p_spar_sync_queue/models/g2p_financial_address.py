from datetime import timedelta

from odoo import api, models
from odoo.exceptions import ValidationError

from ..jobs import later
from ..spar import partner_api

#: Addresses that were put in use so long ago are seen by every transaction.
LONG_AGO = timedelta(days=1)


class G2pFinancialAddress(models.Model):
    _inherit = "g2p.financial.address"

    @api.model
    def _rewritten(self, domain):
        """Send these addresses again, and once committed those that were not seen here.

        An address that was put in use by another transaction since this one began may
        have been sent as it was written before.
        """
        result = super()._rewritten(domain)
        later(
            self.browse(), description=self.env._("Send again what was saved meanwhile")
        )._job_rewritten(list(domain), self.env.cr.now() - LONG_AGO)
        return result

    @api.model
    def _job_rewritten(self, domain, since):
        """Job: send addresses again that the transaction before may not have seen.

        :param list domain: which addresses are written in another way
        :param datetime since: when the first of these was put in use
        """
        addresses = self.sudo().search(
            [*domain, ("state", "=", "effective"), ("effective_date", ">=", since)]
        )
        addresses.partner_id._financial_address_changed("admin")

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
