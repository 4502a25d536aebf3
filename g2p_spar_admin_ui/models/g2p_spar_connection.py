import time

from odoo import models

#: The bus message after which overviews reload.
MOVED_ON = "g2p_spar_admin_ui/moved_on"
#: Seconds, at least, between two messages of one process about one connection.
QUIET = 1.0
#: When this process last sent a message about a connection, by database and id.
_told = {}


class G2pSparConnection(models.Model):
    _inherit = "g2p.spar.connection"

    def _notify_progress(self, last=False):
        """Notify open overviews, at most once a second.

        The bus sends it after the commit. The message has no content.
        """
        result = super()._notify_progress(last)
        key, now = (self.env.cr.dbname, self.id), time.monotonic()
        if last or now - _told.get(key, -QUIET) >= QUIET:
            _told[key] = now
            self._tell_overviews()
        return result

    def _tell_overviews(self):
        group = self.env.ref("g2p_spar_sync_queue.group_operator")
        self.env["bus.bus"]._sendone(group, MOVED_ON, {})

    def _stop(self, reason, alert, cause=False):
        result = super()._stop(reason, alert, cause)
        self._tell_overviews()
        return result

    def action_resume(self):
        result = super().action_resume()
        self._tell_overviews()
        return result
