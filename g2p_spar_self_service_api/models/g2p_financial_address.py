from odoo import fields, models

#: Where callers are set up, by kind.
CALLERS = {"client": "g2p.api.client", "citizen": "g2p.api.issuer"}


class G2pFinancialAddress(models.Model):
    """Through whom an address was entered, and ended, in the self-service API.

    The user is that of the API, so it says nothing of them.
    """

    _inherit = "g2p.financial.address"

    api_caller = fields.Char("Proposed through", readonly=True, copy=False)
    api_caller_key = fields.Char(
        "Caller",
        readonly=True,
        copy=False,
        help="The client or issuer, as it is kept with the calls of the API.",
    )
    api_ended_by = fields.Char("Ended through", readonly=True, copy=False)

    def _authors(self):
        """Add those who could have called in the caller's name."""
        people = super()._authors()
        for key in set(self.sudo().mapped("api_caller_key")) - {False}:
            kind, _colon, record_id = key.partition(":")
            callers = self.env[CALLERS[kind]].sudo().browse(int(record_id))
            people |= callers.proved_by_ids
        return people

    def _erase(self):
        """Forget the hashes, too, that were made of these numbers."""
        result = super()._erase()
        self.env["g2p.api.proposal"].sudo().search(
            [("address_id", "in", self.ids)]
        )._forget_keys()
        return result
