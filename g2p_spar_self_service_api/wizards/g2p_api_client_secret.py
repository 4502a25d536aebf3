from odoo import fields, models


class G2pApiClientSecret(models.TransientModel):
    """Shows a client's secret once. It is never stored: there is no column for it."""

    _name = "g2p.api.client.secret"
    _description = "New secret of a client"

    client_id = fields.Char("Client ID", readonly=True)
    client_secret = fields.Char("Secret", store=False, readonly=True)
