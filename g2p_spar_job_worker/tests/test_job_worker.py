"""Jobs in OpenSPP's queue, for which a stand-in stands in where it is missing."""

from datetime import timedelta

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.g2p_spar_sync_queue.engine.wake_up import wake_up, wake_up_mappings
from odoo.addons.g2p_spar_sync_queue.jobs import later
from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase


@tagged("post_install", "-at_install")
class TestJobWorker(SparCase):
    def setUp(self):
        super().setUp()
        self.jobs = self.env["queue.job"]
        self.jobs.search([]).unlink()

    def test_a_wake_up_waits_in_a_channel_of_its_own_and_is_carried_out(self):
        clerk = new_test_user(self.env, "w_clerk", "base.group_user")
        self.enter_address()
        self.jobs.search([]).unlink()
        wake_up_mappings(self.mapping.with_user(clerk).sudo())
        job = self.jobs.search([])
        self.assertEqual(job.method_name, "job_sync")
        self.assertEqual((job.channel, job.user_id.id), ("root.spar", SUPERUSER_ID))
        self.assertEqual(job.record_ids, self.mapping.ids)
        self.jobs.work_off()
        self.assertEqual(job.state, "done", job.exc_info)
        self.assertInSync()

    def test_the_channel_has_room_for_several_jobs(self):
        limit = self.env["queue.limit"].search([("name", "=", "root.spar")])
        self.assertGreater(limit.limit, 1)

    def test_it_waits_until_its_moment_whatever_the_time_zone(self):
        later(self.connection, eta=3600).job_work_off()
        expected = fields.Datetime.now() + timedelta(seconds=3600)
        delta = self.jobs.search([]).scheduled_at - expected
        self.assertLess(abs(delta.total_seconds()), 60)
        self.assertFalse(self.jobs.work_off())

    def test_of_the_same_kind_one_waits(self):
        for _again in range(3):
            wake_up(self.connection)
        self.assertEqual(len(self.jobs.search([])), self.connection.workers)

    def test_a_job_that_has_started_may_hand_over_to_one_of_its_kind(self):
        """This queue would take the second for the first, and drop it."""
        key = {"identity_key": "same"}
        seen = []

        def hand_over(connection):
            seen.append(connection.id)
            if len(seen) < 4:
                # Twice, as another transaction may do meanwhile.
                later(connection, **key).job_work_off()
                later(connection, **key).job_work_off()

        self.patch(self.registry["g2p.spar.connection"], "job_work_off", hand_over)
        later(self.connection, **key).job_work_off()
        self.assertEqual(self.jobs.work_off(), 4)
        self.assertEqual(seen, self.connection.ids * 4)
        self.assertEqual(set(self.jobs.search([]).mapped("state")), {"done"})

    def test_one_more_waits_beside_two_that_have_started(self):
        key = {"identity_key": "same"}
        for _number in range(3):
            later(self.connection, **key).job_work_off()
            self.jobs.search([("state", "=", "pending")]).state = "started"
        later(self.connection, **key).job_work_off()
        later(self.connection, **key).job_work_off()
        waiting = self.jobs.search([("state", "=", "pending")])
        self.assertEqual(len(waiting), 1)
        self.assertEqual(len(self.jobs.search([])), 4)
        self.assertEqual(len(set(self.jobs.search([]).mapped("identity_key"))), 4)

    def test_a_worker_that_does_not_run_is_told(self):
        executor = self.env["g2p.spar.job"]
        later(self.connection).job_work_off()
        self.assertNotIn("no_runner", executor.troubles())
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE queue_job SET create_date = create_date - INTERVAL '1 hour'"
        )
        self.env.invalidate_all()
        self.assertIn("worker process", executor.troubles()["no_runner"])
        self.assertFalse(executor.is_runner_there())
        self.jobs.work_off()
        self.assertTrue(executor.is_runner_there())

    def test_the_other_queue_is_refused(self):
        """Beside this one, its model would replace this one's."""
        other = self.env["ir.module.module"].search([("name", "=", "queue_job")])
        said = r"SPAR: Job Queue \(O.* are incompatible"
        with self.assertRaisesRegex(UserError, said):
            other.button_install()
