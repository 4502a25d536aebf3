from odoo import api, models

from odoo.addons.g2p_spar_sync_queue.live.drift import DRIFT
from odoo.addons.g2p_spar_sync_queue.live.status import OPERATOR


class G2pFaWork(models.AbstractModel):
    """What operators and managers do, who see the causes of it on the overview."""

    _inherit = "g2p.fa.work"

    @api.model
    def mine(self):
        found = super().mine()
        if not self.env.user.has_group(OPERATOR):
            return found
        overview = self.env["g2p.spar.overview"]
        held = self.env._("These registrants need attention before SPAR has them.")
        differing = self.env._("SPAR holds something else than this registry.")
        more = [
            overview._waiting("held", held, self.env._("Correct")),
            self.entry(
                "drift",
                differing,
                self.env._("Compare"),
                "g2p.spar.reconciliation.line",
                DRIFT,
                overview._list(differing, "g2p.spar.reconciliation.line", DRIFT),
            ),
            overview._not_compared(),
        ]
        if self.env["g2p.spar.connection"].has_access("write"):
            more += overview._keys()
        return [*found, *filter(None, more)]
