from odoo import fields, models
from odoo.exceptions import AccessError

from odoo.addons.g2p_spar_financial_address.const import EDITOR
from odoo.addons.g2p_spar_sync_queue.live.drift import IMPORTABLE, RESENDABLE


class G2pSparReading(models.Model):
    """What an operator may do about a difference seen on a registrant's page."""

    _inherit = "g2p.spar.reading"

    # === ACTION METHODS === #

    def action_resend(self):
        """Send the requested address again, in place of the one SPAR holds.

        :raise AccessError: when the user is no operator
        """
        self._differences(RESENDABLE).action_resend()
        return self._report(self.env._("Saved. Being sent to SPAR."))

    def action_take(self):
        """Enter SPAR's address here, as if the user had typed it.

        :raise AccessError: when the user may not send, or may not enter addresses
        """
        if not self.env.user.has_group(EDITOR):
            raise AccessError(
                self.env._("Only an editor of payment addresses may take one over.")
            )
        self._differences(IMPORTABLE).action_take()
        return self._report(
            self.env._("SPAR is queried again, then its address is entered here.")
        )

    # === BUSINESS METHODS === #

    def _differences(self, kinds):
        """Store the difference as a comparison with SPAR, which can be decided.

        :param kinds: the kinds of differences for which this decision is possible
        :rtype: ``g2p.spar.reconciliation.line``
        :raise AccessError: when the user is no operator, or may not see the registrant
        """
        self.env["g2p.spar.mapping"]._check_operator()
        self.check_access("read")
        self.partner_id.check_access("read")
        lines = self.env["g2p.spar.reconciliation.line"]
        for reading in self.sudo().filtered(lambda reading: reading.kind in kinds):
            mapping = reading._mapping()
            if mapping:
                lines |= reading._write_down(mapping)
        return lines.with_env(self.env)

    def _write_down(self, mapping):
        run = self.env["g2p.spar.reconciliation"].create(
            {
                "connection_id": self.connection_id.id,
                "state": "done",
                "total": 1,
                "checked": 1,
                "finished_at": fields.Datetime.now(),
            }
        )
        difference = {
            "mapping_id": mapping.id,
            "kind": self.kind,
            "spar_id": self.spar_id,
            "masked": self.masked,
            "seen": self.seen,
        }
        return run.line_ids.renew(run, [difference])

    def _mapping(self):
        self.ensure_one()
        return self.partner_id.spar_mapping_ids.filtered(
            lambda mapping: mapping.connection_id == self.connection_id
        )

    def _report(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": message},
        }
