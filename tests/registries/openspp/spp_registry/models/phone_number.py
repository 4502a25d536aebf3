from odoo import fields, models


class PhoneNumber(models.Model):
    _name = "spp.phone.number"
    _description = "Phone number"

    partner_id = fields.Many2one("res.partner", required=True)
    phone_no = fields.Char(required=True)
    disabled = fields.Datetime()
