from odoo import fields, models


class G2pSparReading(models.Model):
    """What SPAR answered last when somebody looked at a registrant."""

    _name = "g2p.spar.reading"
    _description = "Last look at SPAR"
    _order = "id desc"

    mapping_id = fields.Many2one(
        "g2p.spar.mapping", required=True, readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="mapping_id.partner_id", string="Registrant")
    masked = fields.Char("At SPAR", readonly=True)
    read_at = fields.Datetime("Read on", required=True, readonly=True)

    _one_per_mapping = models.Constraint(
        "UNIQUE(mapping_id)", "There is one last look at each registrant."
    )
