from odoo import api, fields, models
from odoo.exceptions import ValidationError


class IdType(models.Model):
    _name = "g2p.id.type"
    _description = "Type of IDs"

    # Types have no codes: administrators make them, with a name each.
    name = fields.Char(required=True)
    id_validation = fields.Char()


class RegId(models.Model):
    _name = "g2p.reg.id"
    _description = "Registrant ID"

    partner_id = fields.Many2one("res.partner", required=True)
    id_type = fields.Many2one("g2p.id.type", required=True)
    value = fields.Char(size=100)
    expiry_date = fields.Date()
    status = fields.Selection([("invalid", "Invalid"), ("valid", "Valid")])

    # Two people may have the same number: nothing refuses that.
    @api.constrains("partner_id", "id_type")
    def _check_one_of_a_type(self):
        for row in self:
            same = [
                ("partner_id", "=", row.partner_id.id),
                ("id_type", "=", row.id_type.id),
            ]
            if self.search_count(same) > 1:
                raise ValidationError("One ID of a type for each registrant.")


class Registrant(models.Model):
    _inherit = "res.partner"

    is_registrant = fields.Boolean("Registrant")
    is_group = fields.Boolean("Group")
    family_name = fields.Char()
    given_name = fields.Char()
    reg_ids = fields.One2many("g2p.reg.id", "partner_id")
    # Filled by a service some time after the registrant was made.
    unique_id = fields.Char("Unique ID")
    disabled = fields.Datetime("Date disabled")
    disabled_by = fields.Many2one("res.users")
    disabled_reason = fields.Text()
    company_id = fields.Many2one(required=True, default=lambda self: self.env.company)

    _unique_unique_id = models.Constraint("UNIQUE(unique_id)", "The unique ID exists.")

    def enable_registrant(self):
        self.filtered("disabled").update({"disabled": None, "disabled_reason": None})
