from odoo import api, models

from odoo.addons.g2p_spar_financial_address.toolkit.retention import DIALOG, Kept


class G2pFaRetention(models.AbstractModel):
    _inherit = "g2p.fa.retention"

    @api.model
    def _retention_rows(self):
        return super()._retention_rows() + [
            Kept(
                "g2p.api.proposal",
                "keyed hashes of a request, by which a repeated one is recognised",
                "a day",
                "g2p.api.proposal._gc_keys",
                ("partner_id",),
                ("key_hash", "body_hash"),
            ),
            Kept(
                "g2p.api.call",
                "who called for whom, and when; nothing that was sent",
                "as many days as the settings say",
                "g2p.api.call._gc_calls",
                ("partner_id",),
            ),
            Kept("g2p.api.client"),
            Kept("g2p.api.client.secret", until=DIALOG),
            Kept("g2p.api.issuer"),
            Kept("g2p.api.rights"),
        ]
