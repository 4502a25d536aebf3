from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import CHANNELS
from ..toolkit.note_field import Note

#: Why an address is to be confirmed.
REASONS = [
    ("age", "Not confirmed for a long time"),
    ("marked", "Asked for by a user"),
]


class G2pFaConfirmation(models.Model):
    """Who asked whether a number is still right, and who confirmed that it is."""

    _name = "g2p.fa.confirmation"
    _description = "Confirmation of a payment address"
    _order = "id desc"

    address_id = fields.Many2one(
        "g2p.financial.address",
        string="Payment address",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    event = fields.Selection(
        [("asked", "Confirmation asked for"), ("confirmed", "Confirmed")],
        string="What happened",
        required=True,
        readonly=True,
    )
    note = Note("Why", readonly=True)
    channel = fields.Selection(CHANNELS, required=True, readonly=True)
    said_on = fields.Datetime(
        "Said on",
        readonly=True,
        required=True,
        help="When the person said so. Collected offline, that is earlier than the "
        "entry.",
    )
    create_uid = fields.Many2one("res.users", string="By", readonly=True)
    create_date = fields.Datetime("Entered on", readonly=True)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Who confirmed which address is not deleted."))
