from odoo import models
from odoo.exceptions import AccessError

#: Models whose messages are an audit trail, and cannot be changed.
KEPT = {
    "g2p.dfsp",
    "g2p.fa.policy",
    "g2p.fa.proposal",
    "g2p.fa.settings",
    "g2p.fa.sharing",
    "g2p.financial.address",
}


class MailMessage(models.Model):
    _inherit = "mail.message"

    def write(self, vals):
        self._check_may_rewrite()
        return super().write(vals)

    def unlink(self):
        self._check_may_rewrite()
        return super().unlink()

    def _check_may_rewrite(self):
        """Refuse to change or delete messages of the audit trail."""
        if not self.env.su and KEPT.intersection(self.sudo().mapped("model")):
            raise AccessError(
                self.env._("What is written here is kept, and not edited or deleted.")
            )
