"""One connection's or person's error stops no scheduled action."""

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.crons import LOGGER, CronsMixin

from .test_overview import MonitorCase

ADDON = "g2p_spar_admin_ui"


@tagged("post_install", "-at_install")
class TestCrons(CronsMixin, MonitorCase):
    def test_all_are_looked_at_here(self):
        names = {"cron_count", "cron_watch", "cron_digest"}
        self.assertEqual(self.crons_of(ADDON), names)

    def test_counting_fails_alone(self):
        Tally = type(self.env["g2p.spar.tally"])
        self.run_with_error(f"{ADDON}.cron_count", Tally, "_count")

    def test_the_next_connection_is_watched(self):
        other = self.connection.copy(
            {"name": "Other", "base_url": "http://127.0.0.1:2"}
        )
        other.state = "paused"
        xmlid, Connection = f"{ADDON}.cron_watch", type(self.connection)
        self.assertGreaterEqual(
            self.run_with_error(xmlid, Connection, "_keep_alert"), 3
        )

    def test_the_next_person_gets_the_summary(self):
        settings = self.env["g2p.fa.settings"].current()
        people = self.operator_user | self.manager_user
        people[0].email, people[1].email = "a@example.org", "b@example.org"
        settings.write({"send_digest": True, "alert_user_ids": [(6, 0, people.ids)]})
        sent = []
        Template = type(self.env["mail.template"])

        def send(template, res_id, **values):
            sent.append(values["email_values"]["email_to"])
            if len(sent) == 1:
                raise ValueError("no such mailbox")

        self.patch(Template, "send_mail", send)
        with self.assertLogs(LOGGER, "ERROR"):
            self.run_cron(f"{ADDON}.cron_digest")
        self.assertEqual(len(sent), 2)
