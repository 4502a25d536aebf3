from odoo import api, fields, models
from odoo.exceptions import UserError


class G2pFaReveal(models.Model):
    """Who was shown a whole account number, phone number or e-mail address."""

    _name = "g2p.fa.reveal"
    _description = "Number shown"
    _order = "id desc"

    address_id = fields.Many2one(
        "g2p.financial.address",
        string="Payment address",
        readonly=True,
        index=True,
        ondelete="set null",
    )
    # Kept when the address itself is gone.
    partner_id = fields.Many2one(
        "res.partner", string="Registrant", readonly=True, ondelete="set null"
    )
    masked = fields.Char("Number", readonly=True)
    user_id = fields.Many2one("res.users", string="Shown to", readonly=True)
    create_date = fields.Datetime("Shown on", readonly=True)
    way = fields.Selection(
        [
            ("reveal", "Revealed"),
            ("read", "Opened"),
            ("export", "Exported"),
            ("subject", "Given to the person"),
        ],
        required=True,
        readonly=True,
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Who saw which number is not deleted."))
