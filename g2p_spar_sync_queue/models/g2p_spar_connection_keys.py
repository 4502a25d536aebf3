"""Which key a connection signs with."""

from odoo import api, fields, models

from ..spar.jws import Signer
from ..spar.keys import NO_CERTIFICATE, KeyProblem


class G2pSparConnection(models.Model):
    """The keys of a connection: of those whose time has come the newest signs.

    Each worker asks anew at the beginning of its shift, so that a switch needs no
    restart.
    """

    _inherit = "g2p.spar.connection"

    key_ids = fields.One2many("g2p.spar.key", "connection_id", string="Signing keys")
    key_id = fields.Many2one(
        "g2p.spar.key", string="Signing key", compute="_compute_key_id"
    )
    previous_key_id = fields.Many2one(
        "g2p.spar.key", string="Previous key", compute="_compute_key_id"
    )
    key_until = fields.Datetime("Key valid until", compute="_compute_key_id")

    @api.depends("key_ids.use_from", "key_ids.certificate", "key_ids.not_after")
    def _compute_key_id(self):
        for connection in self:
            in_turn = connection._keys_in_turn()
            connection.key_id = in_turn[:1]
            connection.key_until = in_turn[:1].not_after
            connection.previous_key_id = in_turn[1:2]

    def _keys_in_turn(self):
        """Return the keys whose time has come, the one that signs first."""
        now = fields.Datetime.now()
        return self.key_ids.filtered(
            lambda key: key._is_ready() and key.use_from and key.use_from <= now
        ).sorted(lambda key: (key.use_from, key._origin.id or 0), reverse=True)

    def _signer(self):
        """Return what signs as this partner, with the key whose turn it is.

        :rtype: ~..spar.jws.Signer
        :raise KeyProblem: in words for people, when there is none that can be used
        """
        self.ensure_one()
        key = self._keys_in_turn()[:1]
        if not key:
            text = self.env._("There is none yet. Add one to the connection.")
            raise KeyProblem(NO_CERTIFICATE, text=text)
        pair = key._load_pair(known=True)
        try:
            pair.check_dates(fields.Datetime.now())
        except KeyProblem as problem:
            raise key._worded(problem) from None
        return Signer(pair, self.send_kid, key.kid)

    def _note_switch(self, before, after):
        """Leave a trail of a switch by hand.

        :param before: the key that signed
        :param after: the key that signs from now on
        """
        body = self.env._(
            "“%(after)s” signs from now on, instead of “%(before)s”.",
            after=after.name,
            before=before.name,
        )
        for record in (self, before, after):
            record._message_log(body=body)

    def action_previous_key(self):
        """Go back to the key that signed before the current one.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: when there is none that can be used
        """
        self.check_access("write")
        self.ensure_one()
        self.key_id.action_set_aside()
