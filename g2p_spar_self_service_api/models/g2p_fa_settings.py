from odoo import fields, models


class G2pFaSettings(models.Model):
    _inherit = "g2p.fa.settings"

    api_call_days = fields.Integer(
        "Keep calls of the API for (days)",
        default=365,
        tracking=True,
        help="Who called the self-service API is forgotten after this many days. 0 "
        "keeps it.",
    )

    _api_call_days_not_negative = models.Constraint(
        "CHECK(api_call_days >= 0)", "The number of days cannot be negative."
    )
