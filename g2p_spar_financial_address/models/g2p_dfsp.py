from odoo import api, fields, models

from .. import address_values
from ..const import FA_TYPES


class G2pDfsp(models.Model):
    """A digital financial service provider: the bank or wallet operator."""

    _name = "g2p.dfsp"
    _description = "Financial service provider"
    _order = "name"

    name = fields.Char(required=True)
    code = fields.Char(required=True, help="The provider's code at SPAR.")
    fa_type = fields.Selection(
        FA_TYPES, string="Offers", required=True, default="bank_account"
    )
    country_id = fields.Many2one(
        "res.country",
        help="Phone numbers typed without a country code are read as of this country.",
    )
    strategy_id = fields.Many2one(
        "g2p.fa.strategy",
        compute="_compute_strategy_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        domain="[('fa_type', '=', fa_type)]",
        help="How addresses at this provider are written for SPAR.",
    )
    branch_ids = fields.One2many("g2p.dfsp.branch", "dfsp_id", string="Branches")
    active = fields.Boolean(default=True)

    _code_unique = models.Constraint(
        "UNIQUE(fa_type, code)",
        "There is already a provider of this type with this code.",
    )

    @api.depends("fa_type")
    def _compute_strategy_id(self):
        for dfsp in self:
            if dfsp.strategy_id.fa_type != dfsp.fa_type:
                dfsp.strategy_id = self.env["g2p.fa.strategy"].search(
                    [("fa_type", "=", dfsp.fa_type)], limit=1
                )

    @api.constrains("name", "code")
    def _check_parts(self):
        address_values.check_parts(self, ("name", "code"))

    def write(self, vals):
        result = super().write(vals)
        if {"name", "code", "strategy_id"} & vals.keys():
            self.env["g2p.financial.address"]._rewritten([("dfsp_id", "in", self.ids)])
        return result
