import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class RegistryId(models.Model):
    _name = "spp.registry.id"
    _description = "Registrant ID"
    _order = "id desc"

    partner_id = fields.Many2one("res.partner", required=True, index=True)
    id_type_id = fields.Many2one("spp.vocabulary.code", "ID type", required=True)
    value = fields.Char(size=100, index=True)
    expiry_date = fields.Date()
    namespace_uri = fields.Char(
        related="id_type_id.namespace_uri", store=True, index=True
    )
    status = fields.Selection([("invalid", "Invalid"), ("valid", "Valid")])
    description = fields.Char()

    # Removed IDs stay as invalid rows; one without a status is live.
    _unique_active_id_type = models.UniqueIndex(
        "(partner_id, id_type_id) WHERE status IS DISTINCT FROM 'invalid'"
    )

    def _assert_id_type_free(self, vals, row=None):
        """Refuse a second live ID of a type in words, before the index does."""
        partner = vals.get("partner_id", row and row.partner_id.id)
        id_type = vals.get("id_type_id", row and row.id_type_id.id)
        if vals.get("status", row and row.status) == "invalid":
            return
        live = self.sudo().search(
            [
                ("partner_id", "=", partner),
                ("id_type_id", "=", id_type),
                ("status", "!=", "invalid"),
            ]
        )
        if live - (row or self.browse()):
            raise ValidationError("There is a valid ID of this type already.")

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._assert_id_type_free(vals)
        return super().create(vals_list)

    def write(self, vals):
        if {"partner_id", "id_type_id", "status"} & vals.keys():
            for row in self:
                self._assert_id_type_free(vals, row)
        return super().write(vals)

    @api.constrains("value")
    def _check_value(self):
        for one in self:
            pattern = one.id_type_id.id_validation
            if one.value and pattern and not re.match(pattern, one.value):
                raise ValidationError(f"{one.value} is no {one.id_type_id.display}.")
