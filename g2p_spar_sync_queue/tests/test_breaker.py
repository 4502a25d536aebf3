import time
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import new_test_user, tagged

from ..engine import breaker, rate_limit
from .common import PartnerApiCase, SparCase
from .spar_stand_in import faults
from .waiting_jobs import waiting_jobs


@tagged("post_install", "-at_install")
class TestBreaker(SparCase):
    def setUp(self):
        super().setUp()
        self.connection.write({"breaker_threshold": 3, "batch_size": 1})

    def go_down(self):
        """Let SPAR fail until it is left alone."""
        mappings = self.make_registrants(5).spar_mapping_ids
        self.mapper.rule = faults.status(429)
        mappings.job_sync()
        return mappings

    def probe_is_due(self):
        self.connection.invalidate_recordset()
        self.connection.breaker_until = fields.Datetime.now() - timedelta(seconds=1)
        self.env.flush_all()

    def test_the_breaker_opens_after_failures_in_a_row(self):
        mappings = self.go_down()
        self.assertEqual(len(self.mapper.log), 3)
        self.assertEqual(self.connection.breaker_state, "open")
        self.assertGreater(self.connection.breaker_until, fields.Datetime.now())
        mappings.job_sync()
        self.connection.job_work_off()
        self.env["g2p.spar.mapping"]._cron_sweep()
        self.assertEqual(len(self.mapper.log), 3, "asked before its time")
        self.assertEqual(set(mappings.mapped("display_state")), {"retrying"})
        self.assertIn("cannot be reached", mappings[-1].sentence)

    def test_one_harmless_question_is_asked_later_and_later(self):
        mappings = self.go_down()
        asked_after = []
        for trips in range(2, 30):
            self.probe_is_due()
            mappings.job_sync()
            mappings.job_sync()
            self.assertEqual(self.mapper.log[3:], [PROBE] * (trips - 1))
            self.assertEqual(self.connection.breaker_trips, trips)
            wait = self.connection.breaker_until - fields.Datetime.now()
            asked_after.append(wait.total_seconds())
        for trips, seconds in enumerate(asked_after, start=2):
            self.assertLessEqual(seconds, min(600, 30 * 2 ** (trips - 1)) + 1)
        # The longest of so many is far beyond what the first could be.
        self.assertGreater(max(asked_after), 60)

    def test_after_an_outage_everything_is_sent(self):
        mappings = self.go_down()
        self.mapper.rule = None
        self.probe_is_due()
        mappings.job_sync()
        self.assertInSync(mappings)
        self.assertEqual(self.connection.breaker_state, "closed")
        self.assertEqual(self.connection.breaker_failures, 0)
        self.assertEqual(self.connection.breaker_trips, 0)

    def test_after_a_short_return_one_failure_opens_the_breaker_again(self):
        mappings = self.go_down()
        self.probe_is_due()
        trouble, self.mapper.rule = self.mapper.rule, None
        self.mapper.faults = [lambda *args: False, trouble]
        mappings.job_sync()
        self.assertEqual(self.connection.breaker_state, "open")
        self.assertEqual(self.connection.breaker_trips, 2)
        self.assertEqual(len(self.mapper.log), 5)

    def test_an_outage_of_spar_splits_no_batch(self):
        self.connection.batch_size = 100
        mappings = self.make_registrants(6).spar_mapping_ids
        self.mapper.rule = faults.status(503)
        for _attempt in range(3):
            mappings.job_sync()
            self.time_passes(mappings)
        self.assertEqual(self.mapper.operations, ["link", "resolve", "resolve"])
        self.assertEqual(self.connection.breaker_state, "open")
        self.mapper.rule = None
        self.probe_is_due()
        mappings.job_sync()
        self.assertInSync(mappings)
        self.assertEqual([len(ids) for _op, ids in self.mapper.log], [6, 6, 6, 1, 6, 6])

    def test_a_registrant_that_fails_every_request_is_found_without_other_traffic(self):
        """SPAR answers nothing but what is asked after each rest."""
        self.connection.batch_size = 100
        mappings = self.make_registrants(6).spar_mapping_ids
        culprit = mappings[2]
        poison = culprit.partner_id.spar_id

        def rule(handler, work):
            poisoned = poison in self.mapper.log[-1][1]
            return poisoned and faults.cut_before(handler, work)

        self.mapper.rule = rule
        for _look in range(8):
            mappings.job_sync()
            self.time_passes(mappings)
            if self.connection.breaker_state != "closed":
                self.probe_is_due()
        self.assertEqual(culprit.state, "checking")
        self.assertInSync(mappings - culprit)

    def test_one_registrant_that_always_fails_does_not_open_the_breaker(self):
        """On a quiet registry no other request succeeds in between."""
        self.registrant.spar_id = "SR-1"
        self.enter_address()
        self.run_engine()
        poison = self.mapping
        self.enter_address("0754 200 002")

        def rule(handler, work):
            poisoned = self.mapper.log[-1] == ("update", ["SR-1"])
            return poisoned and faults.status(500)(handler, work)

        self.mapper.rule = rule
        for _attempt in range(8):
            poison.job_sync()
            self.time_passes(poison)
        self.assertEqual(self.mapper.operations[1:], ["update"] * 8)
        self.assertEqual(poison.state, "retrying")
        other = self.make_registrants(1).spar_mapping_ids
        other.job_sync()
        self.assertInSync(other)

    def test_many_registrants_who_fail_one_by_one_mean_that_spar_is_down(self):
        mappings = self.make_registrants(5).spar_mapping_ids
        self.mapper.rule = faults.status(500)
        mappings.job_sync()
        self.assertEqual(len(self.mapper.log), 3)
        self.assertEqual(self.connection.breaker_state, "open")

    def test_a_spar_that_refuses_a_batch_with_good_ones_stays_in_use(self):
        self.connection.batch_size = 100
        mappings = self.make_registrants(8).spar_mapping_ids
        poison = mappings[5].partner_id.spar_id

        def rule(handler, work):
            operation, ids = self.mapper.log[-1]
            fails = operation == "link" and poison in ids
            return fails and faults.reject("rjct.internal.error")(handler, work)

        self.mapper.rule = rule
        for _look in range(6):
            mappings.job_sync()
            self.time_passes(mappings)
        self.assertEqual(self.connection.breaker_state, "closed")
        self.assertInSync(mappings - mappings[5])
        self.assertEqual(mappings[5].state, "retrying")
        self.assertFalse(self.connection.changes_problem)

    def test_only_one_worker_asks(self):
        self.go_down()
        self.probe_is_due()
        self.assertTrue(breaker.take_probe(self.connection))
        self.assertFalse(breaker.take_probe(self.connection))
        # Unless the one that asked has not returned in time.
        self.probe_is_due()
        self.assertTrue(breaker.take_probe(self.connection))

    def test_a_wake_up_waits_for_the_time_of_the_question(self):
        self.go_down()
        key = f"spar-probe-{self.connection.id}"
        (job,) = (j for j in waiting_jobs(self.env) if j.identity_key == key)
        until = self.connection.breaker_until.replace(microsecond=0)
        self.assertEqual(job.eta.replace(microsecond=0), until)

    def test_retry_after_is_kept_by_all_workers(self):
        for retry_after in ("90", "Wed, 21 Oct 2026 07:29:30 GMT"):
            with self.subTest(retry_after):
                breaker.reset(self.connection)
                self.mapper.forget()
                mappings = self.make_registrants_once(retry_after)
                self.mapper.faults = [
                    faults.status(
                        503,
                        Retry_After=retry_after,
                        Date="Wed, 21 Oct 2026 07:28:00 GMT",
                    )
                ]
                mappings.job_sync()
                self.assertEqual(len(self.mapper.log), 1)
                wait = self.connection.breaker_until - fields.Datetime.now()
                self.assertGreater(wait.total_seconds(), 85)
                self.assertLess(wait.total_seconds(), 95)

    def make_registrants_once(self, name):
        partners = self.env["res.partner"].create(
            [
                {"name": name, "is_registrant": True, "spar_id": f"{name[:3]}-{n}"}
                for n in range(2)
            ]
        )
        for partner in partners:
            self.enter_address(partner_id=partner.id)
        return partners.spar_mapping_ids

    def test_successes_in_between_keep_it_closed(self):
        mappings = self.make_registrants(5).spar_mapping_ids
        trouble = faults.status(429)
        self.run_engine(
            trouble, trouble, lambda *a: False, trouble, trouble, mappings=mappings
        )
        self.assertEqual(self.connection.breaker_state, "closed")
        self.assertEqual(len(self.mapper.log), 5)

    def test_no_more_is_sent_per_second_than_is_allowed(self):
        self.connection.write({"batch_size": 100, "max_per_second": 2})
        mappings = self.make_registrants(6).spar_mapping_ids
        with patch.object(time, "sleep") as sleep:
            self.run_engine(mappings=mappings)
        self.assertInSync(mappings)
        self.assertEqual([len(ids) for _op, ids in self.mapper.log], [2, 2, 2])
        waits = [call.args[0] for call in sleep.call_args_list]
        self.assertEqual(len(waits), 2)
        self.assertAlmostEqual(waits[0], 1, delta=0.5)
        self.assertAlmostEqual(waits[1], 2, delta=0.8)

    def test_a_limit_that_was_removed_meanwhile_delays_no_worker(self):
        self.connection.max_per_second = 10
        take_place = rate_limit.take_place

        def lifted(connection, number):
            connection.env.cr.execute(
                "UPDATE g2p_spar_connection SET max_per_second = 0"
            )
            connection.invalidate_recordset()
            return take_place(connection, number)

        self.patch(rate_limit, "take_place", lifted)
        self.assertEqual(rate_limit.reserve(self.connection, 5), 0.0)

    def test_a_problem_pauses_with_any_responsible_user(self):
        """Also a person without rights, or one who has left."""
        stranger = new_test_user(self.env, "b_stranger", "base.group_user")
        for active in (True, False):
            stranger.active = active
            self.connection.responsible_id = stranger
            with self.subTest(active=active):
                self.enter_address(f"0754 200 01{int(active)}")
                self.run_engine(faults.signature_refused)
                self.assertEqual(self.connection.state, "paused")
                self.connection.action_resume()

    def test_trouble_with_the_partner_calls_one_person_once(self):
        self.registrant.spar_id = "SR-1"
        self.enter_address()
        self.run_engine(faults.signature_refused)
        self.connection._alert("again")
        activity = self.connection.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertIn("refused the signature", activity.note)
        self.assertTrue(activity.user_id.has_group("g2p_spar_sync_queue.group_manager"))
        self.connection.action_resume()
        self.assertFalse(self.connection.activity_ids)
        self.run_engine()
        self.assertInSync()

    def test_the_responsible_user_is_alerted(self):
        self.connection.responsible_id = self.env.ref("base.user_admin")
        self.connection._pause("trouble", alert=True)
        self.assertEqual(
            self.connection.activity_ids.user_id, self.connection.responsible_id
        )

    def test_a_pause_by_a_user_alerts_no_one(self):
        self.connection.action_pause()
        self.assertFalse(self.connection.activity_ids)


@tagged("post_install", "-at_install")
class TestChangesFail(PartnerApiCase):
    """SPAR 2.x as its own set-up leaves it: the table of strategies is empty."""

    def setUp(self):
        super().setUp()
        self.kept = dict(self.mapper.strategies)
        self.mapper.strategies.clear()
        self.mappings = self.make_registrants(30).spar_mapping_ids

    def try_again(self, times=1):
        """Let each wait end and the engine work, so many times."""
        for _time in range(times):
            self.time_passes(self.mappings)
            self.connection.invalidate_recordset()
            if self.connection.breaker_state != "closed":
                moment = fields.Datetime.now() - timedelta(seconds=1)
                self.connection.breaker_until = moment
                self.env.flush_all()
            self.connection.job_work_off()
        self.connection.invalidate_recordset()

    def test_it_is_left_alone_after_a_few_requests(self):
        for _look in range(10):
            self.time_passes(self.mappings)
            self.connection.job_work_off()
        self.assertEqual(self.connection.breaker_state, "open")
        self.assertLess(len(self.mapper.log), 15)

    def test_each_probe_is_followed_by_few_requests(self):
        self.try_again(8)
        before = len(self.mapper.log)
        trips = self.connection.breaker_trips
        self.try_again(4)
        self.assertEqual(self.connection.breaker_state, "open")
        self.assertGreater(self.connection.breaker_trips, trips)
        self.assertLess(len(self.mapper.log) - before, 30)

    def test_one_alert_names_the_cause(self):
        self.try_again(12)
        (alert,) = self.connection.activity_ids
        self.assertIn("fails on every change (rjct.internal.error)", alert.note)
        self.assertFalse(self.mappings.partner_id.activity_ids)
        self.assertEqual(self.connection.changes_problem, "rjct.internal.error")

    def test_once_it_has_strategies_all_is_sent_and_the_alert_ends(self):
        self.try_again(12)
        self.mapper.strategies.update(self.kept)
        self.try_again(8)
        self.assertInSync(self.mappings)
        self.assertFalse(self.connection.activity_ids)
        self.assertFalse(self.connection.changes_problem)
        self.assertEqual(self.connection.breaker_change_failures, 0)
        self.assertEqual(self.connection.breaker_trips, 0)

    def test_a_pause_meanwhile_has_an_alert_of_its_own(self):
        self.try_again(12)
        self.connection._pause("Sending has stopped for another reason.", alert=True)
        (alert,) = self.connection.activity_ids
        self.assertIn("another reason", alert.note)
        # What was being sent comes back.
        breaker.forget_failures(self.connection, is_change=True)
        self.assertEqual(self.connection.activity_ids, alert)

    def test_the_alert_stays_while_the_breaker_is_open(self):
        self.try_again(12)
        self.assertEqual(self.connection.breaker_state, "open")
        breaker.forget_failures(self.connection, is_change=True)
        self.assertTrue(self.connection.activity_ids)
        self.assertTrue(self.connection.changes_problem)

    def test_the_alert_ends_also_if_spar_was_down_meanwhile(self):
        self.try_again(12)
        self.mapper.rule = faults.status(503)
        self.try_again(2)
        self.assertFalse(self.connection.changes_problem)
        self.assertEqual(len(self.connection.activity_ids), 1)
        self.mapper.rule = None
        self.mapper.strategies.update(self.kept)
        self.try_again(8)
        self.assertInSync(self.mappings)
        self.assertFalse(self.connection.activity_ids)

    def test_a_change_that_has_not_failed_does_not_wait_for_those_that_have(self):
        self.try_again(8)
        self.mapper.rule = self.only("NEW")
        self.mapper.strategies.update(self.kept)
        self.registrant.spar_id = "NEW"
        self.enter_address()
        self.try_again()
        self.assertInSync()

    def only(self, spar_id):
        def rule(handler, work):
            operation, ids = self.mapper.log[-1]
            fails = operation != "resolve" and ids != [spar_id]
            return fails and faults.reject("rjct.internal.error")(handler, work)

        return rule


PROBE = ("resolve", ["connection-test"])
