"""Where addresses are sent is changed by two managers, never by one."""

import logging
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import config

from ..spar.detect import PROBE_ID
from .common import SparCase
from .spar_stand_in.in_process import SparStandIn
from .test_spar_detect import mapper
from .web_server import Authority, WebServer

SYNC = "g2p_spar_sync_queue"
LOG = f"odoo.addons.{SYNC}.models.g2p_spar_connection_settings"


@tagged("post_install", "-at_install")
class TestSecondManager(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one, cls.other = (
            new_test_user(cls.env, f"sm_{name}", f"{SYNC}.group_manager")
            for name in ("one", "other")
        )
        cls.operator_user = new_test_user(
            cls.env, "sm_operator", f"{SYNC}.group_operator"
        )

    def setUp(self):
        super().setUp()
        self.enter_address()
        self.run_engine()
        self.listener = SparStandIn()
        self.addCleanup(self.listener.stop)
        self.mine = self.connection.with_user(self.one)

    def confirm(self, user, connection=None):
        """Press Confirm as a user who has the form open."""
        connection = (connection or self.connection).with_user(user)
        mark = connection.unconfirmed_mark
        connection.with_context(unconfirmed_mark=mark).action_confirm_settings()

    def assertNothingSent(self):
        """Nothing but the harmless question is asked at the new address."""
        self.enter_address("0754 200 005")
        self.connection.job_work_off()
        self.env["g2p.spar.mapping"]._cron_sweep()
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.job_run()
        asked = {(operation, *ids) for operation, ids in self.listener.log}
        self.assertLessEqual(asked, {("resolve", PROBE_ID)})

    def test_one_manager_alone_sends_nothing_elsewhere(self):
        address = self.mapper.url
        known = self.connection.message_ids
        self.mine.base_url = self.listener.url
        self.assertEqual(self.connection.state, "paused")
        self.mapping.with_user(self.one).action_resend()
        for action in ("action_resume", "action_start", "action_reconcile"):
            with self.subTest(action), self.assertRefused("another manager"):
                getattr(self.mine, action)()
        with self.assertRefused("another manager"):
            self.confirm(self.one)
        self.assertNothingSent()
        # Who, old, new: for managers until it is confirmed, and in the history.
        story = str((self.connection.message_ids - known).mapped("body"))
        for text in (self.mine.unconfirmed_text, story):
            self.assertIn(address, text)
            self.assertIn(self.listener.url, text)
        self.assertIn("sm_one", self.mine.unconfirmed_text)
        authors = (self.connection.message_ids - known).author_id
        self.assertIn(self.one.partner_id, authors)
        # It is taken back: nothing is left to confirm, and the trace stays.
        self.mine.base_url = address
        self.assertFalse(self.mine.unconfirmed_text)
        self.mine.action_resume()
        self.assertEqual(self.connection.state, "running")
        story = str((self.connection.message_ids - known).mapped("body"))
        self.assertEqual(story.count("→"), 2)

    def test_who_made_all_changes_is_not_asked_to_confirm_them(self):
        self.mine.base_url = self.listener.url
        self.assertFalse(self.mine.may_confirm)
        other = self.connection.with_user(self.other)
        self.assertTrue(other.may_confirm)
        self.confirm(self.other)
        self.assertFalse(other.may_confirm)

    def test_another_manager_confirms(self):
        self.mine.write({"base_url": self.listener.url, "sender_id": "elsewhere"})
        with self.assertRaises(AccessError):
            self.confirm(self.operator_user)
        # By number: Odoo gives the name to another level.
        with self.assertLogs(LOG, logging.INFO) as logs:
            self.confirm(self.other)
        self.assertIn(
            f"user {self.other.id} confirmed base_url, sender_id", str(logs.output)
        )
        self.assertIn("sm_other", str(self.connection.message_ids[0].author_id.name))
        self.assertEqual(self.connection.state, "paused")
        self.mine.action_resume()
        self.enter_address("0754 200 005")
        self.connection.job_work_off()
        self.assertTrue(self.listener.log)

    def test_each_kind_of_setting_needs_the_other_manager(self):
        authority = Authority(self.key_path.parent)
        pair = authority.issue("registry")
        for values in (
            {"base_url": self.listener.url},
            {"sender_id": "elsewhere"},
            {"dialect": "partner_api"},
            {"canonical_form": "utf8"},
            {"link_path": "/elsewhere"},
            {"update_path": "/elsewhere"},
            {"unlink_path": "/elsewhere"},
            {"resolve_path": "/elsewhere"},
            {"ca_certificate": authority.pem},
            {"tls_certificate_path": pair[0], "tls_key_path": pair[1]},
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                self.mine.with_context(tracking_disable=True).write(values)
                self.assertEqual(self.connection.state, "paused")
                self.assertTrue(set(values) <= set(self.connection.unconfirmed))
                with self.assertRefused("another manager"):
                    self.mine.action_resume()
                self.assertIn("Changed:", self.connection.message_ids[0].body)
                savepoint.rollback()
        # What is read by operators, too, tells no paths and no whole certificates.
        self.mine.write(
            {
                "tls_certificate_path": pair[0],
                "tls_key_path": pair[1],
                "ca_certificate": authority.pem,
            }
        )
        story = str(self.connection.message_ids.mapped("body"))
        for secret in (*pair, "BEGIN"):
            self.assertNotIn(secret, story)
        self.assertIn(pair[0], self.mine.unconfirmed_text)
        seen = self.connection.with_user(self.operator_user)
        self.assertNotIn(pair[0], str(seen.read()))

    def test_what_is_confirmed_is_what_was_seen(self):
        self.mine.base_url = self.listener.url
        seen = self.connection.with_user(self.other)
        seen = seen.with_context(unconfirmed_mark=seen.unconfirmed_mark)
        self.mine.sender_id = "elsewhere"
        with self.assertRefused("since this page was opened"):
            seen.action_confirm_settings()
        with self.assertRefused("since this page was opened"):
            self.connection.with_user(self.other).action_confirm_settings()

    def test_two_who_change_something_confirm_each_other(self):
        self.mine.base_url = self.listener.url
        self.connection.with_user(self.other).sender_id = "elsewhere"
        self.confirm(self.other)
        self.assertEqual(set(self.connection.unconfirmed), {"sender_id"})
        with self.assertRefused("another manager"):
            self.mine.action_resume()
        self.confirm(self.one)
        self.assertFalse(self.connection.unconfirmed)
        self.mine.action_resume()

    def test_the_last_one_who_changed_a_setting_does_not_confirm_it(self):
        self.connection.with_user(self.other).base_url = "https://spar.example.org"
        self.mine.base_url = self.listener.url
        with self.assertRefused("another manager"):
            self.confirm(self.one)
        self.confirm(self.other)
        self.assertFalse(self.connection.unconfirmed)

    def test_who_made_a_change_may_be_deleted(self):
        leaver = new_test_user(self.env, "sm_leaver", f"{SYNC}.group_manager")
        self.connection.with_user(leaver).base_url = self.listener.url
        leaver.unlink()
        seen = self.connection.with_user(self.other)
        self.assertIn(self.listener.url, seen.unconfirmed_text)
        self.confirm(self.other)
        self.mine.action_resume()
        self.assertEqual(self.connection.state, "running")

    def test_a_lone_manager_has_it_confirmed_on_the_server(self):
        self.mine.base_url = self.listener.url
        with self.assertRaises(AccessError):
            call_kw(self.mine, "_confirm_settings", [self.connection.ids], {})
        with self.assertRefused("on the server"):
            self.confirm(self.env.ref("base.user_root"))
        self.connection._confirm_settings()
        self.mine.action_resume()
        self.assertEqual(self.connection.state, "running")

    def test_what_detect_sets_counts(self):
        newer = WebServer(mapper("partner_api", "utf8"))
        self.addCleanup(newer.stop)
        self.mine.action_pause()
        self.mine.base_url = newer.url
        self.confirm(self.other)
        self.mine.action_detect()
        self.assertEqual(self.connection.dialect, "partner_api")
        self.assertEqual(
            set(self.connection.unconfirmed), {"dialect", "canonical_form"}
        )
        with self.assertRefused("another manager"):
            self.mine.action_resume()

    def test_drafts_are_exempt_until_they_are_started(self):
        self.connection.state = "draft"
        self.mine.base_url = self.listener.url
        self.assertFalse(self.connection.unconfirmed)
        self.mine.action_start()
        self.assertEqual(self.connection.state, "running")

    def test_a_further_connection_is_started_by_two(self):
        """Else one manager would send all addresses to a second one of their own."""
        key = [(0, 0, self.file_key_values())]
        for action in ("action_start", "action_resume"):
            further = self.mine.copy({"base_url": self.listener.url, "key_ids": key})
            with self.subTest(action):
                getattr(further, action)()
                self.assertEqual(further.state, "paused")
                self.assertIn(self.listener.url, further.unconfirmed_text)
                with self.assertRefused("another manager"):
                    further.action_resume()
                with self.assertRefused("another manager"):
                    self.confirm(self.one, further)
                self.confirm(self.other, further)
                further.action_resume()
                self.assertEqual(further.state, "running")
                further.action_pause()

    def test_settings_that_send_nothing_elsewhere_need_no_confirmation(self):
        with Form(self.mine) as form:
            form.batch_size = 10
            form.base_url = form.base_url
        self.mine.write({"base_url": self.connection.base_url, "workers": 1})
        self.assertEqual(self.connection.state, "running")
        self.mine.directory_url = self.listener.url
        self.assertEqual(self.connection.state, "running")
        self.assertIn(self.listener.url, self.connection.message_ids[0].body)

    def test_a_switch_of_the_key_is_written_down(self):
        self.key.with_user(self.one).with_context(tracking_disable=True).write(
            {"kid": "agreed-upon"}
        )
        message = self.connection.message_ids[0]
        self.assertIn("agreed-upon", message.body)
        self.assertEqual(message.author_id, self.one.partner_id)

    # === PLAIN HTTP === #

    def test_plain_http_only_where_the_server_allows_it(self):
        self.connection.state = "draft"
        for host in ("127.0.0.1", "127.9.9.9", "localhost", "[::1]"):
            self.connection.base_url = f"http://{host}:8007/x"
            self.connection.directory_url = f"http://{host}:8007/x"
        for host in ("spar.example.org", "10.0.0.1", "[::2]", "127.0.0.1.example.org"):
            for name in ("base_url", "directory_url"):
                with self.subTest(host, field=name), self.assertRefused("https://"):
                    self.connection[name] = f"http://{host}/x"
        self.patch(
            type(self.connection), "_plain_http_hosts", lambda _self: {"spar-mapper"}
        )
        self.connection.base_url = "http://SPAR-mapper:8000"
        with self.assertRefused("https://"):
            self.connection.base_url = "http://spar-mapper.example.org"

    def test_the_server_names_hosts_in_its_configuration(self):
        with self.assertRaises(UserError):
            self.connection._check_server_address("http://spar-mapper:8000")
        with patch.dict(config.options, spar_plain_http_hosts="a.example, SPAR-mapper"):
            self.connection._check_server_address("http://spar-mapper:8000")
        with patch.dict("os.environ", SPAR_PLAIN_HTTP_HOSTS="spar-mapper"):
            self.connection._check_server_address("http://spar-mapper:8000")
