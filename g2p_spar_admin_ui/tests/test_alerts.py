from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.g2p_spar_sync_queue.tests.spar_stand_in import faults

from ..controllers.health import PER_MINUTE, Limiter, limiter
from .test_overview import MonitorCase

ATTENTION = "g2p_spar_admin_ui.activity_attention"
OVERDUE = "g2p_spar_admin_ui.activity_overdue"


@tagged("post_install", "-at_install")
class TestAlerts(MonitorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.settings = cls.env["g2p.fa.settings"].current()
        operator = "g2p_spar_sync_queue.group_operator"
        cls.ada = new_test_user(cls.env, "a_ada", operator, email="a@x.example")
        cls.ben = new_test_user(cls.env, "a_ben", operator, email="b@x.example")
        cls.clerk = new_test_user(cls.env, "a_clerk", "base.group_user")
        cls.connection.started_by_id = cls.operator_user

    def make_held(self, number):
        partners = self.make_registrants(number)
        self.run_engine(
            faults.refuse("rjct.fa.invalid"), mappings=partners.spar_mapping_ids
        )
        return partners.spar_mapping_ids

    def activities(self, kind):
        return self.connection.activity_search([kind])

    def watch(self):
        self.env["g2p.spar.connection"]._cron_watch()

    def test_many_registrants_in_trouble_are_one_to_do(self):
        mappings = self.make_held(3)
        for _again in range(2):
            self.watch()
            self.assertEqual(len(self.activities(ATTENTION)), 1)
        note = str(self.activities(ATTENTION).note)
        self.assertIn("3 registrants need attention", note)
        self.assertIn("SPAR does not accept the account: 3.", note)
        mappings.action_resend()
        self.run_engine(mappings=mappings)
        self.watch()
        self.assertFalse(self.activities(ATTENTION))

    def test_what_waits_too_long_is_told(self):
        self.enter_address()
        self.watch()
        self.assertFalse(self.activities(OVERDUE))
        self.env.cr.execute(
            "UPDATE g2p_spar_change SET create_date = %s WHERE state = 'queued'",
            [fields.Datetime.now() - timedelta(hours=25)],
        )
        self.settings.alert_after_hours = 0
        self.watch()
        self.assertFalse(self.activities(OVERDUE))
        self.settings.alert_after_hours = 24
        self.watch()
        self.assertEqual(len(self.activities(OVERDUE)), 1)

    def test_those_named_are_told_and_nobody_else(self):
        self.settings.alert_user_ids = self.ada | self.ben | self.clerk
        self.make_held(1)
        self.watch()
        person = self.activities(ATTENTION).user_id
        self.assertIn(person, self.ada | self.ben)
        other = (self.ada | self.ben) - person
        told = self.env["mail.message"].search(
            [("model", "=", "g2p.spar.connection"), ("res_id", "=", self.connection.id)]
        )
        self.assertIn(other.partner_id, told.notified_partner_ids)
        for user in self.operator_user | self.clerk:
            self.assertNotIn(user.partner_id, told.notified_partner_ids)

    def test_a_group_may_be_told(self):
        self.settings.alert_group_id = self.env.ref(
            "g2p_spar_sync_queue.group_operator"
        )
        self.assertIn(self.operator_user, self.settings._alert_recipients())
        self.operator_user.active = False
        self.assertNotIn(self.operator_user, self.settings._alert_recipients())

    # === DAILY SUMMARY === #

    def digests(self):
        return self.env["mail.mail"].search(
            [("subject", "=", "Payments at SPAR today")]
        )

    def test_the_summary_is_off_until_somebody_wants_it(self):
        self.settings.alert_user_ids = self.ada
        self.settings._cron_digest()
        self.assertFalse(self.digests())
        self.settings.send_digest = True
        self.settings.alert_user_ids = False
        self.settings._cron_digest()
        self.assertFalse(self.digests())

    def test_the_summary_says_how_things_stand(self):
        self.make_held(2)
        self.settings.write(
            {"send_digest": True, "alert_user_ids": [(6, 0, self.ada.ids)]}
        )
        self.settings._cron_digest()
        mail = self.digests()
        self.assertEqual(len(mail), 1)
        self.assertIn("a@x.example", mail.email_to)
        body = str(mail.body_html)
        self.assertIn("Need attention: <strong>2</strong>", body)
        self.assertIn("Differences from SPAR to decide about: <strong>0</strong>", body)
        for secret in ("7542", "B-0", "SR-1"):
            self.assertNotIn(secret, body)

    # === TOKEN === #

    def test_only_an_administrator_makes_a_token_and_nobody_reads_it(self):
        with self.assertRaises(AccessError):
            self.settings.with_user(self.operator_user).action_new_health_token()
        administrator = self.new_user("a_admin", "administrator")
        settings = self.settings.with_user(administrator)
        shown = settings.action_new_health_token()["params"]["message"]
        token = shown.split()[0]
        self.assertGreaterEqual(len(token), 40)
        digest = self.settings.sudo().health_token_digest
        self.assertNotIn(token, digest)
        with self.assertRaises(AccessError):
            settings.read(["health_token_digest"])
        self.assertNotIn(
            "health_token_digest", self.env["g2p.fa.settings"].cached_values()
        )
        self.assertTrue(settings.has_health_token)
        settings.action_drop_health_token()
        settings.invalidate_recordset()
        self.assertFalse(settings.has_health_token)


@tagged("post_install", "-at_install")
class TestHealthPage(MonitorCase, HttpCase):
    def setUp(self):
        super().setUp()
        limiter._counts.clear()
        self.addCleanup(limiter._counts.clear)
        settings = self.env["g2p.fa.settings"].current()
        message = settings.action_new_health_token()["params"]["message"]
        self.token = message.split()[0]

    def ask(self, token=None, scheme="Bearer"):
        headers = {"Authorization": f"{scheme} {token}"} if token else {}
        self.env.flush_all()
        return self.url_open("/spar/health", headers=headers)

    def test_with_the_token_it_tells_counts_and_ages(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.env["g2p.spar.tally"]._cron_count()
        answer = self.ask(self.token)
        self.assertEqual(answer.status_code, 200)
        self.assertIn("text/plain", answer.headers["Content-Type"])
        self.assertNotIn("session_id", answer.headers.get("Set-Cookie", ""))
        lines = answer.text.splitlines()
        self.assertIn("spar_need_attention 1", lines)
        label = f'{{connection="{self.connection.id}"}}'
        self.assertIn(f"spar_registrants{label} 1", lines)
        self.assertIn(f"spar_connection_running{label} 1", lines)
        self.assertTrue(answer.text.endswith("\n"))
        for line in lines:
            with self.subTest(line):
                self.assertRegex(
                    line,
                    r"^(# (HELP|TYPE) spar_[a-z_]+ .+"
                    r'|spar_[a-z_]+(\{connection="\d+"\})? \d+)$',
                )
        for secret in ("754200001", "SR-1", "Asha", "Test"):
            self.assertNotIn(secret, answer.text)

    def test_without_the_token_there_is_no_such_page(self):
        nowhere = self.url_open("/spar/nowhere-at-all")
        for token, scheme in (
            (None, ""),
            ("wrong", "Bearer"),
            (self.token, "Basic"),
            (self.token[:-1], "Bearer"),
        ):
            with self.subTest(scheme):
                answer = self.ask(token, scheme)
                self.assertEqual(answer.status_code, 404)
                self.assertNotIn("spar_", answer.text)
        self.assertEqual(nowhere.status_code, 404)
        self.env["g2p.fa.settings"].current().action_drop_health_token()
        self.assertEqual(self.ask(self.token).status_code, 404)

    def test_whoever_asks_too_often_is_told_nothing(self):
        for _number in range(PER_MINUTE):
            limiter.allows("127.0.0.1")
        self.assertEqual(self.ask(self.token).status_code, 404)

    def test_the_limit_is_per_minute_and_address(self):
        now = [0.0]
        limits = Limiter(lambda: now[0])
        self.assertTrue(all(limits.allows("one") for _n in range(PER_MINUTE)))
        self.assertFalse(limits.allows("one"))
        self.assertTrue(limits.allows("two"))
        now[0] = 60.0
        self.assertTrue(limits.allows("one"))
