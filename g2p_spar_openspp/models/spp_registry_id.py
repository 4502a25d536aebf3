from odoo import api, models


class SppRegistryId(models.Model):
    """Tells the payment addresses of changes of IDs.

    A row may decide under which ID a person is paid. Its person is told once the row is
    stored, and so is the one it belonged to before.
    """

    _inherit = "spp.registry.id"

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows.partner_id._spar_changed()
        return rows

    def write(self, vals):
        before = self.partner_id
        result = super().write(vals)
        if {"partner_id", "id_type_id", "value", "status"} & vals.keys():
            (before | self.partner_id)._spar_changed()
        return result

    def unlink(self):
        people = self.partner_id
        result = super().unlink()
        people.exists()._spar_changed()
        return result
