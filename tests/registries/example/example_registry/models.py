from odoo import api, fields, models
from odoo.fields import Command

from odoo.addons.g2p_spar_financial_address.models.res_partner_adapter import Anchor


class Card(models.Model):
    _name = "example.card"
    _description = "Card of a registrant"

    partner_id = fields.Many2one("res.partner", required=True, index=True)
    number = fields.Char(required=True, index=True)
    lost = fields.Boolean()

    @api.model_create_multi
    def create(self, vals_list):
        cards = super().create(vals_list)
        cards.partner_id._spar_changed()
        return cards

    def write(self, vals):
        people = self.partner_id
        result = super().write(vals)
        (people | self.partner_id)._spar_changed()
        return result


class Registrant(models.Model):
    _inherit = "res.partner"

    card_ids = fields.One2many("example.card", "partner_id")
    left_on = fields.Date()

    def _spar_is_paid(self, companies=()):
        return not self.left_on and super()._spar_is_paid(companies)

    @api.model
    def _spar_paid_fields(self):
        return super()._spar_paid_fields() | {"left_on"}

    @api.model
    def _spar_resuming(self, vals):
        back = {"left_on"} if "left_on" in vals and not vals["left_on"] else set()
        return super()._spar_resuming(vals) | back

    @api.model
    def _spar_id_sources(self):
        return {"card": "Card number"}

    def _spar_id_read(self, source):
        cards = self.sudo().card_ids.filtered(lambda card: not card.lost)
        return cards[-1:].number

    @api.model
    def _spar_id_owners(self, source, texts):
        cards = self.env["example.card"].sudo()
        cards = cards.search([("number", "in", texts), ("lost", "=", False)])
        return {
            number: self.browse(found.partner_id.ids)
            for number, found in cards.grouped("number").items()
        }

    @api.model
    def _spar_id_new(self, source, text):
        return {"card_ids": [Command.create({"number": text})]}

    @api.model
    def _spar_forms(self):
        tab = Anchor("//page[@name='cards']", "after")
        return {"example_registry.registrant_form": [tab]}
