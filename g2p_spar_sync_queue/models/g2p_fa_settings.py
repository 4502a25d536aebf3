from odoo import api, models
from odoo.tools import SQL

#: Settings that decide whether names and phones are sent to SPAR.
DETAILS = ("send_name", "send_phone")


class G2pFaSettings(models.Model):
    _inherit = "g2p.fa.settings"

    def write(self, vals):
        """Send all registrants again if more details are to be sent from now on.

        SPAR deletes no name and no phone when it stops receiving them.
        """
        more = [
            name for name in DETAILS if vals.get(name) and not all(self.mapped(name))
        ]
        result = super().write(vals)
        if more:
            self.env["g2p.financial.address"]._resync([])
        return result

    @api.model
    def _hold_details(self):
        """Keep the settings of what is sent to SPAR until the transaction ends.

        Before a name or a phone is changed that is not sent: a switch of the setting at
        the same time would miss that registrant. The switch waits for this transaction,
        and an older transaction is run again. If another process has switched it, the
        cached settings of this process are cleared.
        """
        self.flush_model(DETAILS)
        columns = SQL(", ").join(map(SQL.identifier, DETAILS))
        self.env.cr.execute(
            SQL("SELECT %s FROM g2p_fa_settings FOR SHARE", columns),
            log_exceptions=False,
        )
        remembered = self.cached_values()
        for stored in self.env.cr.fetchall():
            if [bool(v) for v in stored] != [remembered[name] for name in DETAILS]:
                self.env.registry.clear_cache()
