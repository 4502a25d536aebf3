from odoo import api, models

from odoo.addons.g2p_spar_financial_address.toolkit.retention import Kept


class G2pFaRetention(models.AbstractModel):
    _inherit = "g2p.fa.retention"

    @api.model
    def _retention_rows(self):
        return super()._retention_rows() + [
            Kept("g2p.fa.bulk"),
            Kept(
                "g2p.fa.bulk.line",
                "that an address was amended with many others",
                paths=("partner_id",),
            ),
            Kept("g2p.spar.tally", until="90 days", job="g2p.spar.tally._gc_hours"),
        ]
