import secrets

from odoo import api, fields, models, tools


class G2pFaSettings(models.Model):
    _inherit = "g2p.fa.settings"

    fingerprint_key = fields.Char(
        groups=fields.NO_ACCESS,
        copy=False,
        default=lambda self: secrets.token_hex(32),
        help="Key of the hashes by which shared numbers are found. It never changes: "
        "the hashes stored so far would be worth nothing.",
    )

    @api.model
    @tools.ormcache()
    def _fingerprint_key(self):
        """Return the key of the keyed hash, as bytes."""
        return bytes.fromhex(self.current().fingerprint_key)
