from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..spar.keys import partner_name


class G2pSparKeyGenerate(models.TransientModel):
    """The settings of a new signing key; it never contains the key itself."""

    _name = "g2p.spar.key.generate"
    _description = "Generate a signing key"

    connection_id = fields.Many2one(
        "g2p.spar.connection",
        required=True,
        default=lambda self: self.env["g2p.spar.connection"].search([], limit=1),
    )
    sender_id = fields.Char(related="connection_id.sender_id", string="Issued to")
    name = fields.Char(
        required=True,
        default=lambda self: self.env["g2p.spar.key"]._default_name(),
    )
    bits = fields.Selection(
        [("2048", "2048 bits"), ("3072", "3072 bits"), ("4096", "4096 bits")],
        string="Length",
        required=True,
        default="3072",
    )
    kind = fields.Selection(
        [
            ("certificate", "The key signs its own certificate"),
            ("request", "A certificate authority signs it: make a request"),
        ],
        string="Certificate",
        required=True,
        default="certificate",
    )
    days = fields.Integer("Valid for (days)", default=730, required=True)
    organisation = fields.Char(default=lambda self: self.env.company.name)
    country_id = fields.Many2one(
        "res.country", default=lambda self: self.env.company.country_id
    )

    @api.constrains("days")
    def _check_days(self):
        for wizard in self:
            if not 1 <= wizard.days <= 3650:
                raise ValidationError(
                    self.env._("A certificate is valid for 1 to 3,650 days.")
                )

    def action_generate(self):
        """Generate the key, and open its record.

        :raise UserError: when no key can be stored here, or a name is too long
        """
        self.ensure_one()
        self.env["g2p.spar.key"].check_access("create")
        self.connection_id.check_access("write")
        key = self.env["g2p.spar.key"]._generate(
            self.connection_id,
            self.name,
            int(self.bits),
            self._subject(),
            self.days if self.kind == "certificate" else None,
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": key._name,
            "res_id": key.id,
            "view_mode": "form",
        }

    def _subject(self):
        try:
            return partner_name(self.sender_id, self.organisation, self.country_id.code)
        except ValueError:
            raise UserError(
                self.env._("Sender and organisation may have 64 letters each.")
            ) from None
