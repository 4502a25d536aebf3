"""Alerts for problems that need a person: one for each problem, not registrant."""

from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone
from odoo.addons.g2p_spar_sync_queue.live.drift import DRIFT

from .g2p_spar_overview import DOMAINS, LIMIT

ATTENTION = "g2p_spar_admin_ui.activity_attention"
OVERDUE = "g2p_spar_admin_ui.activity_overdue"
DIGEST = "g2p_spar_admin_ui.mail_template_digest"


class G2pSparConnection(models.Model):
    _inherit = "g2p.spar.connection"

    def _responsible_users(self):
        """Return who is called: the user named here, or in the settings, or as before.

        The first of those named in the settings gets the to-do, the others a message.
        """
        people = super()._responsible_users()
        recipients = self.env["g2p.fa.settings"]._alert_recipients() & self._operators()
        if recipients and people != self.responsible_id:
            return (people & recipients or recipients)[:1]
        return people

    def _call(self, kind, reason):
        """Give the to-do, and notify the other recipients of the settings."""
        todos = super()._call(kind, reason)
        recipients = self.env["g2p.fa.settings"]._alert_recipients() & self._operators()
        if todos and (others := recipients - todos.user_id):
            self.with_user(SUPERUSER_ID).message_notify(
                partner_ids=others.partner_id.ids,
                subject=self.env._("SPAR needs attention: %s", self.name),
                body=reason,
            )
        return todos

    def _keep_alert(self, kind, reason):
        """Keep the activities of this kind while there is a reason; else remove them.

        :param str kind: external ID of an activity type
        :param str reason: text of the problem, or an empty text
        """
        self.ensure_one()
        if reason:
            self._call(kind, reason)
        else:
            self.activity_unlink([kind])

    @api.model
    def _cron_watch(self):
        """Check whether registrants need attention, or a change waits for too long."""
        hours = self.env["g2p.fa.settings"].cached_values()["alert_after_hours"]
        connections = self.search([("state", "!=", "draft")])
        ages = self.env["g2p.spar.health"]._oldest(connections)
        for connection in connections:
            alone(self.env, connection._watch, hours, ages.get(connection.id, 0))

    def _watch(self, hours, age):
        """Create, keep or remove the alerts of this connection.

        :param int hours: after which a change has been on its way for too long, or 0
        :param int age: seconds for which the oldest change has been on its way
        """
        self._keep_alert(ATTENTION, self._held_text())
        overdue = hours and age > hours * 3600
        reason = overdue and self.env._(
            "Something has been on its way for more than %s hours.", hours
        )
        self._keep_alert(OVERDUE, reason)

    def _held_text(self):
        """Return how many registrants need attention and why, the commonest first.

        :rtype: str
        """
        Mapping = self.env["g2p.spar.mapping"]
        labels = dict(Mapping._fields["cause"]._description_selection(self.env))
        held = [("connection_id", "=", self.id), ("display_state", "=", "held")]
        causes = Mapping._read_group(held, ["cause"], ["__count"])
        causes.sort(key=lambda cause: -cause[1])
        if not causes:
            return ""
        return self.env._(
            "%(count)s registrants need attention. %(causes)s.",
            count=sum(count for _cause, count in causes),
            causes="; ".join(
                f"{labels.get(cause, cause)}: {count}" for cause, count in causes
            ),
        )


class G2pFaSettings(models.Model):
    _inherit = "g2p.fa.settings"

    digest_lines = fields.Html(compute="_compute_digest_lines", sanitize=False)

    @api.depends_context("lang", "uid", "digest_for")
    def _compute_digest_lines(self):
        """Return the text of the daily summary, as its reader may know it."""
        reader = self.env.context.get("digest_for")
        if not isinstance(reader, models.BaseModel):
            # A client sends no record.
            reader = self.env.user
        lines = Markup().join(
            Markup("<li>{}: <strong>{}</strong></li>").format(label, value)
            for label, value in self._digest_figures(reader)
        )
        for settings in self:
            settings.digest_lines = Markup("<ul>{}</ul>").format(lines)

    @api.model
    def _digest_figures(self, reader):
        work = self.env["g2p.fa.work"].with_user(reader)
        work = work.with_context(allowed_company_ids=reader.sudo().company_ids.ids)
        connections, every = work.countable(
            "g2p.spar.connection", [("id", "!=", False)]
        )
        overview = self.env["g2p.spar.overview"].with_env(work.env)
        moment = overview._oldest_moment(connections.search(every))
        waiting = moment and fields.Datetime.now() - moment
        counted = [
            (self.env._("On their way"), "g2p.spar.mapping", DOMAINS["on_its_way"]),
            (self.env._("Need attention"), "g2p.spar.mapping", DOMAINS["held"]),
            (
                self.env._("Differences from SPAR to decide about"),
                "g2p.spar.reconciliation.line",
                DRIFT,
            ),
        ]
        figures = []
        for label, model, domain in counted:
            records, domain = work.countable(model, domain)
            figures.append((label, records.search_count(domain, limit=LIMIT + 1)))
        figures.insert(
            2,
            (
                self.env._("The oldest has been waiting for (hours)"),
                round(max(0, waiting.total_seconds()) / 3600, 1) if waiting else 0.0,
            ),
        )
        return figures

    @api.model
    def _cron_digest(self):
        """Send the daily summary to the recipients, each in their language."""
        settings = self.current()
        if not settings.send_digest:
            return
        for user in self._alert_recipients().filtered("email"):
            alone(self.env, settings._send_digest_to, user)

    def _send_digest_to(self, user):
        self.env.ref(DIGEST).with_context(lang=user.lang, digest_for=user).send_mail(
            self.id,
            email_values={"email_to": user.email_formatted, "recipient_ids": []},
        )
