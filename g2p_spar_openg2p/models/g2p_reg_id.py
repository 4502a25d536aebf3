from odoo import models


class G2pRegId(models.Model):
    _name = "g2p.reg.id"
    _inherit = ["g2p.reg.id", "g2p.fa.id.row"]
