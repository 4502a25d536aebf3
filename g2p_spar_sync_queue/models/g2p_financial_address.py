from datetime import timedelta

from odoo import api, models
from odoo.exceptions import ValidationError

from ..jobs import as_moment, later
from ..spar import partner_api

#: Addresses that were put in use so long ago are seen by every transaction.
LONG_AGO = timedelta(days=1)


class G2pFinancialAddress(models.Model):
    _inherit = "g2p.financial.address"

    @api.model
    def _resync(self, domain):
        """Send these addresses again, and after the commit those not visible here.

        An address that another transaction has put in use since this one began may have
        been sent with the former text.
        """
        result = super()._resync(domain)
        since = self.env.cr.now() - LONG_AGO
        later(
            self.browse(), description=self.env._("Send again what was saved meanwhile")
        ).job_rewritten(list(domain), since.isoformat())
        return result

    @api.private
    @api.model
    def job_rewritten(self, domain, since):
        """Job: send addresses again that the transaction before may not have seen.

        :param list domain: which addresses are written in another way
        :param str since: when the first of these was put in use
        """
        since = as_moment(since)
        addresses = self.sudo().search(
            [*domain, ("state", "=", "effective"), ("effective_date", ">=", since)]
        )
        addresses.partner_id._financial_address_changed("admin")

    @api.model
    def _spar_texts_for(self, dialect, chosen):
        """Return the texts of :meth:`_spar_texts`, for addresses this dialect can send.

        SPAR 2.x writes its own text from the parts, with a strategy of its own, and one
        address it cannot write makes the whole batch fail. So for SPAR 2.x more is
        checked than whether our own strategy can write the address.

        :param str dialect: of the connection it is for
        :param SQL chosen: a condition on addresses ``a``
        :rtype: dict
        """
        return self.sudo()._spar_texts(
            chosen, _fits_spar_2 if dialect == partner_api.NAME else None
        )


def _fits_spar_2(strategy, fa_type, parts):
    try:
        strategy._spar_check_parts(fa_type, parts)
    except ValidationError:
        return False
    return True
