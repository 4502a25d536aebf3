from odoo import fields, models


class DisableRegistrant(models.TransientModel):
    _name = "spp.disable.registrant.wizard"
    _description = "Disable a registrant"

    partner_id = fields.Many2one(
        "res.partner",
        required=True,
        default=lambda self: self.env.context.get("active_id"),
    )
    disabled_reason = fields.Text(required=True)

    def disable_registrant(self):
        for wizard in self:
            wizard.partner_id.update(
                {
                    "disabled": fields.Datetime.now(),
                    "disabled_reason": wizard.disabled_reason,
                    "disabled_by": self.env.user,
                }
            )
