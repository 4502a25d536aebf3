import base64
import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..engine.sync_run import SyncRun
from ..spar import keys
from ..spar.client import SparClient
from .key_case import KeyCase
from .key_material import certificate_pem, p12, rsa_key
from .spar_stand_in import faults
from .waiting_jobs import waiting_jobs

EXPIRY = "g2p_spar_sync_queue.activity_key_expiry"


@tagged("post_install", "-at_install")
class TestKeyRotation(KeyCase):
    def setUp(self):
        super().setUp()
        self.next = self.upload_pair(name="Next year's")
        self.headers = []
        deliver = SparClient.deliver

        def watched(client, signed, in_time=None):
            header = signed.signature.split(".")[0]
            self.headers.append(json.loads(base64.urlsafe_b64decode(header + "==")))
            return deliver(client, signed, in_time)

        self.patch(SparClient, "deliver", watched)

    def kids(self):
        kids = [header["kid"] for header in self.headers]
        self.headers.clear()
        return set(kids)

    def test_the_newest_key_whose_time_has_come_signs(self):
        now = fields.Datetime.now()
        self.assertEqual(self.key.state, "current")
        self.next.use_from = now + timedelta(days=2)
        third = self.upload_pair(1, use_from=now + timedelta(days=1))
        for days, signs, states in [
            (0, self.key, ("current", "next", "next")),
            (1, third, ("retired", "next", "current")),
            (2, self.next, ("retired", "current", "retired")),
        ]:
            with self.subTest(days):
                self.later(days=days and days - (fields.Datetime.now() - now).days)
                self.assertEqual(self.connection.key_id, signs)
                self.assertEqual(self.connection._signer().kid, signs.thumbprint)
                found = [key.state for key in (self.key, self.next, third)]
                self.assertEqual(tuple(found), states)

    def test_a_switch_amid_a_thousand_changes_loses_and_reorders_none(self):
        self.connection.write({"batch_size": 100, "send_every_value": True})
        mappings = self.make_registrants(500).spar_mapping_ids
        for n, partner in enumerate(mappings.partner_id):
            self.enter_address(f"0754{300_000 + n}", partner_id=partner.id)
        self.assertEqual(len(mappings.change_ids), 1000)
        self.apart()
        run = SyncRun(self.connection, 60)

        def end_of_turn(_handler, _work):
            if len(self.mapper.log) == 4:
                run.deadline = 0
            return False

        self.mapper.rule = end_of_turn
        run.work()
        self.assertEqual(self.kids(), {self.key.thumbprint})
        self.assertEqual(len(self.mapper.log), 4)
        self.next.action_switch_now()
        self.run_engine(mappings=mappings)
        self.assertEqual(self.kids(), {self.next.thumbprint})
        self.assertInSync(mappings)
        order = {}
        for operation, ids in self.mapper.log:
            for spar_id in ids:
                order.setdefault(spar_id, []).append(operation)
        self.assertEqual(len(order), 500)
        self.assertEqual(
            {tuple(operations) for operations in order.values()}, {("link", "update")}
        )

    def test_a_date_switches_between_two_sync_runs(self):
        self.next.use_from = fields.Datetime.now() + timedelta(hours=1)
        self.enter_address()
        self.run_engine()
        self.assertEqual(self.kids(), {self.key.thumbprint})
        self.enter_address("0754 200 002")
        self.later(hours=1)
        self.run_engine()
        self.assertEqual(self.kids(), {self.next.thumbprint})
        self.assertInSync()

    def switch(self, seconds=0):
        """Let the next key sign since so many seconds."""
        self.next.action_switch_now()
        self.next.use_from -= timedelta(seconds=seconds)

    def wait_is_over(self):
        moment = fields.Datetime.now() - timedelta(seconds=1)
        self.connection.key_retry_at = moment
        self.env.flush_all()

    def test_a_refused_key_is_tried_again_in_its_first_minute(self):
        mappings = self.make_registrants(3).spar_mapping_ids
        self.connection.batch_size = 1
        self.switch()
        self.run_engine(faults.signature_refused, mappings=mappings)
        for _early in range(2):
            mappings.job_sync()
            self.connection.job_work_off()
            self.assertEqual(len(self.mapper.log), 1, "asked before its time")
        self.assertEqual(self.connection.state, "running")
        self.assertEqual(self.connection.breaker_state, "closed")
        self.assertFalse(self.connection.activity_ids)
        self.assertNotIn("held", mappings.mapped("state"))
        jobs = waiting_jobs(self.env)
        etas = [j.eta for j in jobs if j.identity_key == f"spar-{self.connection.id}-0"]
        self.assertTrue(all(etas) and etas, "it waits for no one")
        self.wait_is_over()
        self.run_engine(faults.signature_refused, mappings=mappings)
        self.assertEqual(len(self.mapper.log), 2)
        self.wait_is_over()
        self.run_engine(mappings=mappings)
        self.assertInSync(mappings)
        self.assertFalse(self.connection.key_retry_at)

    def test_a_key_refused_after_its_first_minute_pauses(self):
        self.enter_address()
        self.switch(40)
        self.run_engine(faults.signature_refused)
        self.assertEqual(self.connection.state, "running")
        self.next.use_from -= timedelta(seconds=20)
        self.wait_is_over()
        self.run_engine(faults.signature_refused)
        self.assertEqual(self.connection.state, "paused")
        self.assertIn("does not accept the new key yet", self.connection.pause_reason)
        self.assertFalse(self.connection.key_retry_at)
        self.assertTrue(self.connection.activity_ids)

    def test_a_comparison_waits_for_a_new_key(self):
        self.enter_address()
        self.run_engine()
        self.switch()
        self.connection.action_reconcile()
        run = self.env["g2p.spar.reconciliation"].search([], limit=1)
        self.mapper.forget()
        self.mapper.faults = [faults.signature_refused]
        run.job_run()
        run.job_run()
        self.assertEqual(self.mapper.operations, ["resolve"])
        self.assertEqual((run.state, self.connection.state), ("running", "running"))
        self.wait_is_over()
        run.job_run()
        self.assertEqual(run.state, "done")

    def test_a_switch_refused_by_spar_pauses_and_is_taken_back(self):
        self.enter_address()
        self.switch(60)
        self.run_engine(faults.signature_refused)
        self.assertEqual(self.connection.state, "paused")
        self.assertIn("refused the signature", self.connection.pause_reason)
        self.assertEqual(self.connection.previous_key_id, self.key)
        connection = self.connection.with_user(self.manager)
        connection.action_previous_key()
        connection.action_resume()
        self.assertEqual((self.key.state, self.next.state), ("current", "idle"))
        self.run_engine()
        self.assertEqual(
            [header["kid"] for header in self.headers][-1], self.key.thumbprint
        )
        self.assertInSync()

    def test_a_key_is_tried_before_it_signs(self):
        self.mapper.faults = [faults.signature_refused]
        self.next.action_try()
        self.assertEqual(self.kids(), {self.next.thumbprint})
        self.assertIn("does not accept this key yet", self.next.try_problem)
        self.assertIn("still reading it", self.next.try_problem)
        self.next.action_try()
        self.assertFalse(self.next.try_problem)
        self.assertTrue(self.next.tried_at)
        # It has only been asked.
        self.assertEqual((self.key.state, self.next.state), ("current", "idle"))
        self.assertFalse(self.connection.test_problem)
        with self.assertRaises(AccessError):
            self.next.with_user(self.operator_user).action_try()

    def test_what_was_said_of_another_certificate_does_not_count(self):
        self.next.action_try()
        self.next._store_certificate(keys.load_certificate(certificate_pem(rsa_key(3))))
        self.assertFalse(self.next.tried_at)

    def test_a_refusal_after_a_switch_says_that_spar_may_still_be_reading(self):
        words = "does not accept the new key yet"
        self.mapper.faults = [faults.signature_refused]
        self.connection.action_test()
        self.assertNotIn(words, self.connection.test_problem)
        self.switch(60)
        self.mapper.faults = [faults.signature_refused]
        self.connection.action_test()
        self.assertIn(words, self.connection.test_problem)
        self.enter_address()
        self.run_engine(faults.signature_refused)
        self.assertIn(words, self.connection.pause_reason)
        # Later than that, it is no more a new one.
        self.connection.state = "running"
        self.later(days=2)
        self.run_engine(faults.signature_refused)
        self.assertEqual(self.connection.state, "paused")
        self.assertNotIn(words, self.connection.pause_reason)

    def test_switches_leave_a_trail(self):
        self.next.action_switch_now()
        self.next.action_set_aside()
        for record in (self.connection, self.key, self.next):
            bodies = " ".join(record.sudo().message_ids.mapped("body"))
            with self.subTest(record):
                self.assertIn("“Next year's” signs from now on", bodies)
                self.assertIn("“Key in files” signs from now on", bodies)
                self.assertIn(self.manager.partner_id, record.message_ids.author_id)

    def test_switching_to_and_fro_within_a_second_ends_where_it_should(self):
        self.later()
        for key in (self.next, self.key, self.next, self.key):
            key.with_user(self.manager).action_switch_now()
            self.assertEqual(self.connection.key_id, key)

    def test_there_is_not_always_a_way_back(self):
        with self.assertRefused("no key to go back to"):
            self.key.action_set_aside()
        with self.assertRefused("no key to go back to"):
            self.next.action_set_aside()
        self.next.action_switch_now()
        self.certificate_path.write_bytes(certificate_pem(rsa_key()))
        with self.assertRefused("belongs to another key"):
            self.next.action_set_aside()
        self.certificate_path.write_text(self.key.certificate)

    def test_a_key_in_use_is_not_deleted(self):
        with self.assertRefused("signs now"):
            self.key.with_user(self.manager).unlink()
        self.next.action_switch_now()
        self.assertTrue(self.key.with_user(self.manager).unlink())

    def test_an_expired_key_pauses_with_a_plain_sentence_and_sends_nothing(self):
        self.enter_address()
        self.next.action_switch_now()
        self.later(days=366)
        self.run_engine()
        self.assertEqual(self.connection.state, "paused")
        self.assertRegex(
            self.connection.pause_reason,
            r"^The signing key: The certificate expired on .+\. Set up a new key\.$",
        )
        self.assertFalse(self.mapper.log)
        self.assertEqual(self.next.validity, "expired")
        with self.assertRefused("expired on"):
            self.next.action_switch_now()

    def test_the_key_can_go_by_another_name_or_none(self):
        self.key.kid = "agreed-upon"
        self.assertEqual(self.connection._signer().kid, "agreed-upon")
        for send_kid, names in ((True, {"alg", "kid"}), (False, {"alg"})):
            self.connection.send_kid = send_kid
            self.connection.action_test()
            with self.subTest(send_kid):
                # Never x5c, jwk or jku.
                self.assertEqual(set(self.headers[-1]), names)

    def test_a_new_certificate_in_the_same_file_is_noticed(self):
        path = self.file("both.p12", p12(rsa_key(2), None, last=5))
        key = self.Key.create(
            {"connection_id": self.connection.id, "source": "file", "key_path": path}
        )
        self.assertEqual(key.validity, "soon")
        self.file("both.p12", p12(rsa_key(2), None))
        key.action_switch_now()
        self.assertNotEqual(self.connection._signer().kid, key.thumbprint)
        key.action_read_again()
        self.assertEqual(self.connection._signer().kid, key.thumbprint)
        self.assertEqual(key.validity, "valid")


@tagged("post_install", "-at_install")
class TestKeyExpiry(KeyCase):
    def setUp(self):
        super().setUp()
        self.path = self.file("both.p12", p12(rsa_key(2), None, last=40))
        self.ending = self.Key.create(
            {
                "name": "Ending",
                "connection_id": self.connection.id,
                "source": "file",
                "key_path": self.path,
            }
        )
        self.ending.action_switch_now()

    def watch(self):
        self.env["g2p.spar.key"]._cron_watch()
        return self.ending.sudo().activity_search([EXPIRY])

    def test_the_responsible_user_is_reminded_once_thirty_days_ahead(self):
        self.connection.responsible_id = self.operator_user
        self.assertFalse(self.watch())
        self.later(days=11)
        activity = self.watch()
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.operator_user)
        end = self.ending.not_after
        self.assertEqual(activity.date_deadline, end.date())
        self.assertIn(end.strftime("%m/%d/%Y"), activity.summary)
        self.assertEqual(self.watch(), activity)
        activity.action_done()
        self.assertFalse(self.watch(), "it was seen to")

    def test_a_new_certificate_ends_the_reminder_and_gets_its_own(self):
        self.later(days=11)
        self.assertTrue(self.watch())
        self.file("both.p12", p12(rsa_key(2), None, last=100))
        self.assertFalse(self.watch())
        self.later(days=70)
        self.assertTrue(self.watch())

    def test_a_retired_key_causes_no_reminder(self):
        self.later(days=11)
        self.assertTrue(self.watch())
        self.key.with_user(self.manager).action_switch_now()
        self.assertFalse(self.watch())

    def test_an_unreadable_file_stops_no_other_reminder(self):
        unread = self.Key.create(
            {
                "name": "Scheduled",
                "connection_id": self.connection.id,
                "source": "file",
                "key_path": self.file("away.p12", p12(rsa_key(3), None)),
                "use_from": fields.Datetime.now() + timedelta(days=20),
            }
        )
        (self.folder / "away.p12").unlink()
        self.later(days=11)
        self.assertEqual(unread.state, "next")
        self.assertTrue(self.watch())
