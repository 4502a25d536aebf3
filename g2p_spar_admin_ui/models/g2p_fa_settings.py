import hashlib
import secrets

from odoo import fields, models


class G2pFaSettings(models.Model):
    _inherit = "g2p.fa.settings"

    alert_group_id = fields.Many2one(
        "res.groups",
        string="Group that is alerted",
        tracking=True,
        help="All members of this group get the alerts.",
    )
    alert_user_ids = fields.Many2many(
        "res.users",
        string="People who are alerted",
        help="Users who also get the alerts. Only SPAR operators do. If none is named, "
        "the user who started sending gets them.",
    )
    alert_after_hours = fields.Integer(
        "Alert when the oldest waits longer than (hours)",
        default=24,
        tracking=True,
        help="0 never alerts.",
    )
    send_digest = fields.Boolean(
        "Daily summary by e-mail",
        tracking=True,
        help="What waits, what needs attention, the oldest and the differences, once a "
        "day, to those who are alerted.",
    )
    # No user may read it; the digest of a received token is compared with it.
    health_token_digest = fields.Char(groups=fields.NO_ACCESS)
    has_health_token = fields.Boolean(
        "Monitoring token set", compute="_compute_has_health_token"
    )

    _alert_after_not_negative = models.Constraint(
        "CHECK(alert_after_hours >= 0)", "The number of hours cannot be negative."
    )

    def _compute_has_health_token(self):
        for settings in self:
            settings.has_health_token = bool(settings.sudo().health_token_digest)

    # === RECIPIENTS === #

    def _alert_recipients(self):
        """Return the SPAR operators among those named to get alerts about problems.

        :rtype: ``res.users``
        """
        settings = self.current()
        people = settings.alert_user_ids | settings.alert_group_id.all_user_ids
        operators = self.env.ref("g2p_spar_sync_queue.group_operator").sudo()
        return (people & operators.all_user_ids).filtered("active")

    # === THE TOKEN OF THE HEALTH PAGE === #

    def action_new_health_token(self):
        """Make a new token, show it once, and replace the one before.

        :raise AccessError: when the user may not change the settings
        """
        self.check_access("write")
        token = secrets.token_urlsafe(32)
        self.current().sudo().health_token_digest = token_digest(token)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "sticky": True,
                "title": self.env._("The new token"),
                "message": self.env._(
                    "%s Copy it now into the monitoring system: it is not shown again.",
                    token,
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_drop_health_token(self):
        """Delete the token, so that no monitoring system gets an answer.

        :raise AccessError: when the user may not change the settings
        """
        self.check_access("write")
        self.current().sudo().health_token_digest = False


def token_digest(token):
    """Return the digest of a token. Tokens are random, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
