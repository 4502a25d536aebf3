from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..transactions import alone

BURST = "g2p_spar_financial_address.activity_burst"


class G2pFaSettings(models.Model):
    _inherit = "g2p.fa.settings"

    burst_limit = fields.Integer(
        "Changes by one person in an hour",
        default=50,
        help="Above this, an approver is asked to look. 0 never asks.",
    )

    _burst_limit_not_negative = models.Constraint(
        "CHECK(burst_limit >= 0)", "The number of changes cannot be negative."
    )


class G2pFinancialAddress(models.Model):
    """One person who changes many addresses in a short time is looked at.

    Nothing is stopped: a campaign looks the same. Somebody else is asked, once.
    """

    _inherit = "g2p.financial.address"

    @api.model
    def _cron_watch_bursts(self):
        """Ask an approver to look at whoever changed many addresses this hour."""
        limit = self.env["g2p.fa.settings"]._values()["burst_limit"]
        if not limit:
            return
        hour_ago = fields.Datetime.now() - relativedelta(hours=1)
        # Typed changes of what was in use: imports and first entries come in masses.
        changed = Domain("create_date", ">", hour_ago) & Domain(
            [("previous_id", "!=", False), ("channel", "in", ("admin", "portal"))]
        )
        rows = self.sudo()._read_group(
            changed, ["entered_by_id"], ["__count", "id:max"], [("__count", ">", limit)]
        )
        for person, count, newest in rows:
            alone(self.env, self.sudo().browse(newest)._report_burst, person, count)

    def _report_burst(self, person, count):
        """Ask one approver, unless one is asked about this person already."""
        summary = self.env._("Many changes by %(name)s", name=person.name)
        asked = self.env["mail.activity"].search_count(
            [
                ("activity_type_id", "=", self.env.ref(BURST).id),
                ("summary", "=", summary),
            ],
            limit=1,
        )
        approver = self._approvers().get(self)
        if asked or not approver:
            return
        self.activity_schedule(
            BURST,
            summary=summary,
            note=self.env._(
                "%(name)s changed %(count)s payment addresses within an hour. Look at "
                "them in the list of payment addresses, filtered by who entered them.",
                name=person.name,
                count=count,
            ),
            user_id=approver.id,
        )
