"""The reminder before a certificate expires."""

from odoo import api, fields, models
from odoo.tools import format_date

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone

from ..spar.keys import KeyProblem

#: The activity that reminds of it.
EXPIRY = "g2p_spar_sync_queue.activity_key_expiry"


class G2pSparKey(models.Model):
    _inherit = "g2p.spar.key"

    warned_for = fields.Datetime(
        readonly=True, copy=False, help="The last expiry date with a reminder."
    )

    @api.model
    def _cron_watch(self):
        """Remind of certificates that expire soon, once for each key and expiry date.

        Also encrypts stored keys anew when the server has a newer secret.
        """
        for key in self.search([("source", "=", "stored")]):
            alone(self.env, key._reseal)
        for key in self.search([("use_from", "!=", False)]):
            alone(self.env, key._check_expiry)

    def _check_expiry(self):
        self._refresh_certificate()
        in_use = self.state in ("current", "next")
        if in_use and self.validity in ("soon", "expired"):
            self._remind()
        else:
            self.activity_unlink([EXPIRY])

    def _refresh_certificate(self):
        """Read the certificate again: the file on the server may be a new one."""
        try:
            self._store_certificate(self._load_pair().certificate)
        except KeyProblem:
            # A key that cannot be read is reported when it has to sign.
            return

    def _remind(self):
        """Schedule an activity for those responsible, once for each expiry date."""
        if self.warned_for == self.not_after:
            return
        self.activity_unlink([EXPIRY])
        self._store_facts(warned_for=self.not_after)
        end = format_date(self.env, self.not_after)
        for user in self.connection_id._responsible_users():
            self.activity_schedule(
                EXPIRY,
                date_deadline=fields.Date.to_date(self.not_after),
                summary=self.env._("The signing key ends on %s", end),
                note=self.env._(
                    "The certificate of “%(key)s” ends on %(date)s. From then on "
                    "nothing is sent to SPAR. Add a new key, have SPAR's operator "
                    "register its certificate, and set the date from which it signs.",
                    key=self.name,
                    date=end,
                ),
                user_id=user.id,
            )

    @api.model
    def _hand_over_todos(self, todos):
        for id_, mine in todos.grouped("res_id").items():
            if key := self.browse(id_).exists():
                key.connection_id._hand_over_alerts(mine)
