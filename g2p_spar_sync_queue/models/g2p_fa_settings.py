from odoo import models


class G2pFaSettings(models.Model):
    _inherit = "g2p.fa.settings"

    def write(self, vals):
        """Have SPAR told what it is to be told from now on, of all who are paid.

        It cannot be told to forget a name or a phone.
        """
        more = [
            name
            for name in ("send_name", "send_phone")
            if vals.get(name) and not all(self.mapped(name))
        ]
        result = super().write(vals)
        if more:
            self.env["g2p.financial.address"]._rewritten([])
        return result
