from odoo import api, models
from odoo.tools import SQL

#: Settings that decide whether names and phones are sent to SPAR.
DETAILS = ("send_name", "send_phone")


class G2pFaSettings(models.Model):
    _inherit = "g2p.fa.settings"

    def write(self, vals):
        """Have SPAR told what it is to be told from now on, of all who are paid.

        It cannot be told to forget a name or a phone.
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

        Before a name or a phone is changed that SPAR is not told: a switch at the same
        time would miss that registrant. It waits for this transaction, and an older
        transaction is done again. What this process remembers is forgotten where
        another one has switched.
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
