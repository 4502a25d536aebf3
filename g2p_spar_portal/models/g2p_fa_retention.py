from odoo import api, models

from odoo.addons.g2p_spar_financial_address.toolkit.retention import Kept


class G2pFaRetention(models.AbstractModel):
    _inherit = "g2p.fa.retention"

    @api.model
    def _retention_rows(self):
        return super()._retention_rows() + [
            Kept(
                "g2p.portal.registration",
                "what an agent typed of a person",
                "it is finished or discarded; unfinished: as many days as the settings "
                "say",
                "g2p.portal.registration._gc_expired",
                ("partner_id",),
                ("reference",),
            ),
            Kept(
                "g2p.portal.sent",
                "a hash of a form, with a random token that is not kept",
                "90 days",
                "g2p.portal.sent._gc_sent",
            ),
        ]
