from odoo import models


class SppRegistryId(models.Model):
    _name = "spp.registry.id"
    _inherit = ["spp.registry.id", "g2p.fa.id.row"]
