from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.g2p_spar_financial_address.models.res_partner_adapter import (
    Anchor,
    IdRows,
)


class Card(models.Model):
    _name = "example.card"
    _description = "Card of a registrant"
    _inherit = "g2p.fa.id.row"

    partner_id = fields.Many2one("res.partner", required=True, index=True)
    number = fields.Char(required=True, index=True)
    lost = fields.Boolean()


class Registrant(models.Model):
    _inherit = "res.partner"

    card_ids = fields.One2many("example.card", "partner_id")
    left_on = fields.Date()

    @api.model
    def _spar_left_fields(self):
        return super()._spar_left_fields() | {"left_on"}

    @api.model
    def _spar_id_sources(self):
        return {"card": "Card number"}

    @api.model
    def _spar_id_rows(self, source):
        valid = Domain("lost", "=", False)
        return IdRows("card_ids", "number", valid, {}) if source == "card" else None

    @api.model
    def _spar_forms(self):
        tab = Anchor("//page[@name='cards']", "after")
        return {"example_registry.registrant_form": [tab]}
