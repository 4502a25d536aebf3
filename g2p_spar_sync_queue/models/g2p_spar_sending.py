from odoo import fields, models


class G2pSparSending(models.Model):
    """A request that is about to be sent: the engine's journal, see its ``journal.py``.

    One row for the whole request, committed before the request is sent.
    """

    _name = "g2p.spar.sending"
    _description = "Request about to be sent"
    _order = "id"

    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="cascade"
    )
    request_id = fields.Char(
        required=True, readonly=True, help="The message ID to tell SPAR's support."
    )
    operation = fields.Char(required=True, readonly=True)
    parts = fields.Json(
        required=True, readonly=True, help="The SPAR ID by the id of the mapping."
    )
    spar_ids = fields.Json("SPAR IDs", required=True, readonly=True)
