from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import mute_logger, tagged

from ..engine.wake_up import enqueue, wake_up
from .common import SparCase
from .waiting_jobs import forget_jobs, queue_of, run_job, waiting_jobs

LOG = "odoo.addons.g2p_spar_sync_queue.jobs"
CRON_LOG = "odoo.addons.g2p_spar_financial_address.toolkit.transactions"


@tagged("post_install", "-at_install")
class TestWakeUp(SparCase):
    """A wake-up is a job like any other, whichever queue there is."""

    def test_it_is_read_and_carried_out(self):
        self.enter_address()
        (job,) = waiting_jobs(self.env, "job_sync")
        self.assertEqual((job.model, job.ids), (self.mapping._name, self.mapping.ids))
        run_job(self.env, "job_sync")
        self.assertInSync()

    def test_many_are_shared_out(self):
        partners = self.make_registrants(5)
        forget_jobs(self.env)
        enqueue(partners.spar_mapping_ids, 2)
        self.assertEqual(len(waiting_jobs(self.env)), 3)

    def test_of_the_same_kind_one_waits(self):
        self.connection.workers = 2
        forget_jobs(self.env)
        for _again in range(2):
            wake_up(self.connection)
        keys = [job.identity_key for job in waiting_jobs(self.env)]
        self.assertEqual(len(keys), 2)
        self.assertEqual(len(set(keys)), 2)

    def test_no_client_can_call_a_job(self):
        for model, methods in {
            "g2p.spar.mapping": ["job_sync"],
            "g2p.spar.connection": ["job_work_off", "job_enlist"],
            "g2p.spar.reconciliation": ["job_run"],
            "g2p.spar.reconciliation.line": ["job_take"],
            "g2p.financial.address": ["job_rewritten"],
            "g2p.spar.job": ["enqueue", "keep", "set_aside", "troubles"],
        }.items():
            for method in methods:
                with self.subTest(method), self.assertRaises(AccessError):
                    get_public_method(self.env[model], method)

    # === A QUEUE THAT REFUSES === #

    def refuse(self, enqueue):
        return patch.object(self.registry["g2p.spar.job"], "enqueue", enqueue)

    def test_an_address_is_saved_although_the_queue_refuses_the_job(self):
        def no_method(jobs, *args, **properties):
            raise AttributeError("job_sync")

        def no_column(jobs, *args, **properties):
            # What was saved before must stay, in the cache and in the database.
            jobs.env["res.partner"].create({"name": "Half a job"})
            jobs.env.cr.execute("INSERT INTO queue_that_is_not (payload) VALUES (1)")

        for number, broken in enumerate((no_method, no_column)):
            with (
                self.subTest(broken.__name__),
                mute_logger("odoo.sql_db"),
                self.assertLogs(LOG, "ERROR") as logs,
                self.refuse(broken),
            ):
                address = self.enter_address(f"0754 200 00{number}")
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual(self.registrant.financial_address_id, address)
                self.assertNotIn("75420", str(logs.output))
                kept = self.env["g2p.spar.job"].search([])
                self.assertEqual(kept[-1:].method_name, "job_sync")
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Half a job")]))
        self.env["g2p.spar.job"]._cron_run()
        self.assertInSync()
        self.assertFalse(self.env["g2p.spar.job"].search([]))

    def test_a_lost_race_in_the_queue_has_the_request_repeated(self):
        def beaten(jobs, *args, **properties):
            raise SerializationFailure

        with self.refuse(beaten), self.assertRaises(SerializationFailure):
            self.enter_address()


@tagged("post_install", "-at_install")
class TestKeptJobs(SparCase):
    """Jobs that the scheduled action runs: all of them, without a queue."""

    def setUp(self):
        super().setUp()
        self.jobs = self.env["g2p.spar.job"]
        self.jobs.search([]).unlink()

    def keep(self, method="job_work_off", args=(), **properties):
        env = self.env(user=SUPERUSER_ID, context={"lang": "en_US"})
        self.jobs.keep(self.connection.with_env(env), method, args, **properties)

    def collect(self, method, effect=None):
        """Have a job do something else; return what it is called with."""
        calls = []

        def job(records, *args):
            calls.append((records, args))
            return effect and effect(*args)

        self.patch(self.registry["g2p.spar.connection"], method, job)
        return calls

    def test_they_run_as_the_system_in_the_language_they_were_made_in(self):
        calls = self.collect("job_enlist")
        self.keep("job_enlist", ("2000-01-01T00:00:00",))
        self.jobs._cron_run()
        ((records, args),) = calls
        self.assertEqual(records, self.connection)
        self.assertEqual((records.env.uid, records.env.su), (SUPERUSER_ID, True))
        self.assertEqual(records.env.context, {"lang": "en_US"})
        self.assertEqual(args, ("2000-01-01T00:00:00",))
        self.assertFalse(self.jobs.search([]))

    def test_the_first_by_priority_and_none_before_its_time(self):
        calls = self.collect("job_enlist")
        for priority, eta in ((20, None), (10, 3600), (15, None), (10, None)):
            self.keep("job_enlist", ([priority, eta],), priority=priority, eta=eta)
        self.jobs._cron_run()
        self.assertEqual(
            [args for _records, args in calls],
            [([10, None],), ([15, None],), ([20, None],)],
        )
        self.assertEqual(len(self.jobs.search([])), 1)

    def test_the_scheduled_action_is_woken_at_its_time(self):
        triggers = self.env["ir.cron.trigger"].sudo()
        cron = self.env.ref("g2p_spar_sync_queue.cron_jobs")
        triggers.search([("cron_id", "=", cron.id)]).unlink()
        self.keep(eta=3600)
        trigger = triggers.search([("cron_id", "=", cron.id)])
        self.assertEqual(trigger.call_at, self.jobs.search([]).due_at)

    def test_a_job_that_runs_may_hand_over_to_one_of_its_kind(self):
        def hand_over(*_args):
            if len(calls) < 3:
                self.keep(identity_key="same")

        calls = self.collect("job_work_off", hand_over)
        self.keep(identity_key="same")
        self.keep(identity_key="same")
        self.assertEqual(len(self.jobs.search([])), 1)
        self.jobs._cron_run()
        self.assertEqual(len(calls), 3)

    def test_a_job_that_fails_is_tried_again_later_and_given_up_in_the_end(self):
        def fail(*_args):
            raise ValueError("0754200001")

        calls = self.collect("job_work_off", fail)
        self.keep()
        for tries in range(1, 8):
            with mute_logger(CRON_LOG):
                self.jobs._cron_run()
            self.assertEqual(len(calls), min(tries, 5))
            self.env.cr.execute("UPDATE g2p_spar_job SET due_at = '2000-01-01'")
            self.env.invalidate_all()
        self.assertFalse(self.jobs.search([]))

    def test_a_scheduled_action_that_is_switched_off_is_told(self):
        self.assertNotIn("no_cron", self.jobs.troubles())
        self.env.ref("g2p_spar_sync_queue.cron_jobs").active = False
        self.assertIn("Scheduled Actions", self.jobs.troubles()["no_cron"])
        if not queue_of(self.env):
            self.assertFalse(self.jobs.is_runner_there())
