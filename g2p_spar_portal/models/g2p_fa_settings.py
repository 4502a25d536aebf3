from odoo import fields, models


class G2pFaSettings(models.Model):
    _inherit = "g2p.fa.settings"

    registration_days = fields.Integer(
        "Keep unfinished registrations for (days)",
        required=True,
        default=30,
        tracking=True,
        help="Registrations on the portal that an agent did not continue are erased "
        "then.",
    )

    complaints = fields.Char(
        "Where people complain",
        tracking=True,
        help="Stands on the receipts of field agents, for example a phone number.",
    )

    _registration_days_positive = models.Constraint(
        "CHECK(registration_days > 0)",
        "Unfinished registrations are kept for at least one day.",
    )
