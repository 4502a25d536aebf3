from odoo import api, fields, models


class G2pFaSettings(models.Model):
    _name = "g2p.fa.settings"
    _description = "Payment settings"
    retention_days = fields.Integer()

    @api.model
    def _get(self):
        return self.sudo().search([], limit=1) or self.sudo().create({})

    @api.model
    def _values(self):
        return {"retention_days": self._get().retention_days}
