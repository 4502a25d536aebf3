from odoo import models

from odoo.addons.g2p_spar_sync_queue.live.status import OPERATOR


class ResUsers(models.Model):
    _inherit = "res.users"

    def _spar_home_action(self):
        if self.has_group(OPERATOR):
            return self._spar_action("g2p_spar_admin_ui.action_overview")
        return super()._spar_home_action()
