from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.const import CHANNELS

#: An address ends a moment after its transaction has begun, which dates the change.
SAME_MOMENT = timedelta(minutes=1)


class G2pSparChange(models.Model):
    """One captured intent to change the address of a registrant at SPAR.

    It is appended in the transaction that makes the change; later the engine stores the
    outcome in it. Its only payment data are the masked number and the SPAR ID: the
    values to send are read from the registrant when they are sent.
    """

    _name = "g2p.spar.change"
    _description = "Change for SPAR"
    _inherit = ["g2p.spar.of.company"]
    _order = "id desc"

    mapping_id = fields.Many2one(
        "g2p.spar.mapping", required=True, readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(related="mapping_id.partner_id", string="Registrant")
    connection_id = fields.Many2one(
        related="mapping_id.connection_id", store=True, precompute=True
    )
    address_id = fields.Many2one(
        "g2p.financial.address",
        string="Payment address",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The address to be paid at; empty when it was ended.",
    )
    spar_id = fields.Char(
        "SPAR ID", readonly=True, help="The registrant's ID when this was captured."
    )
    channel = fields.Selection(CHANNELS, required=True, readonly=True)
    entered_by = fields.Char(
        "By",
        compute="_compute_entered_by",
        help="Who entered or ended the address, whoever had it sent.",
    )
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("taken", "On its way"),
            ("sent", "At SPAR"),
            ("superseded", "Replaced by a newer one"),
            ("held", "Needs attention"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="queued",
        readonly=True,
    )
    attempts = fields.Integer(readonly=True)
    request_id = fields.Char(
        readonly=True, help="The message ID to tell SPAR's support."
    )
    reason_code = fields.Char(readonly=True)
    confirmed_at = fields.Datetime("Confirmed on", readonly=True)

    # The queue. Changes that were taken up are not in it: many may wait for an ID or
    # for SPAR, and would slow down the claim.
    _queue = models.Index("(connection_id, create_date, id) WHERE state = 'queued'")
    # The waiting changes of one mapping.
    _waiting = models.Index("(mapping_id, id) WHERE state = 'queued'")
    # The history of one mapping.
    _of_mapping = models.Index("(mapping_id, id)")

    @api.depends("address_id")
    def _compute_display_name(self):
        for change in self:
            change.display_name = change.address_id.display_name or self.env._(
                "No address"
            )

    @api.depends("address_id", "create_uid")
    def _compute_entered_by(self):
        without = self.sudo().filtered(lambda change: not change.address_id)
        ended = self.env["g2p.financial.address"].sudo()
        if without:
            ended = ended.search(
                [
                    ("partner_id", "in", without.partner_id.ids),
                    ("ended_by_id", "!=", False),
                ],
                order="end_date desc",
            )
        by_partner = ended.grouped("partner_id")
        for change in self:
            known = change.sudo()
            if known.address_id:
                change.entered_by = known.address_id.entered_by
                continue
            until = (known.create_date or fields.Datetime.now()) + SAME_MOMENT
            last = by_partner.get(known.partner_id, ended.browse()).filtered(
                lambda address, until=until: address.end_date <= until
            )[:1]
            change.entered_by = (last.ended_by_id or known.create_uid).name

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The history of changes cannot be deleted."))
