from odoo import fields, models


class G2pFinancialAddress(models.Model):
    """Through whom an address was entered, and ended, in the self-service API.

    The user is that of the API, so it says nothing of them.
    """

    _inherit = "g2p.financial.address"

    api_caller = fields.Char("Proposed through", readonly=True, copy=False)
    api_ended_by = fields.Char("Ended through", readonly=True, copy=False)

    def _erase(self):
        """Forget the hashes, too, that were made of these numbers."""
        result = super()._erase()
        self.env["g2p.api.proposal"].sudo().search(
            [("address_id", "in", self.ids)]
        )._forget_keys()
        return result
