"""The overview says when work in the background does not go on, and mends it."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.g2p_spar_sync_queue.tests.waiting_jobs import (
    forget_jobs,
    waiting_jobs,
)

from .test_overview import MonitorCase


@tagged("post_install", "-at_install")
class TestBackground(MonitorCase):
    def setUp(self):
        super().setUp()
        forget_jobs(self.env)

    def troubles(self):
        self.env.flush_all()
        self.env.invalidate_all()
        # Managers have all the buttons.
        overview = self.overview(self.manager_user)
        return {one["name"]: one for one in overview["incidents"]}

    def test_a_queue_that_runs_no_jobs_is_told(self):
        troubles = {"no_runner": "Start one."}
        executor = self.registry["g2p.spar.job"]
        self.patch(executor, "troubles", lambda _self: troubles)
        self.patch(executor, "is_runner_there", lambda _self: not troubles)
        trouble = self.troubles()["no_runner"]
        self.assertIn("Wake-ups are not run", trouble["text"])
        self.assertIn("Start one.", trouble["text"])
        self.assertFalse(trouble["call"])
        health = self.env["g2p.spar.health"]
        self.assertEqual(health._figures()["spar_job_runner"], {None: 0})
        troubles.clear()
        self.assertNotIn("no_runner", self.troubles())
        self.assertEqual(health._figures()["spar_job_runner"], {None: 1})

    def test_a_sweeper_that_is_switched_off_is_told(self):
        self.assertNotIn("no_sweeper", self.troubles())
        self.env.ref("g2p_spar_sync_queue.cron_sweep").active = False
        self.assertIn("no_sweeper", self.troubles())

    def test_jobs_that_cannot_be_started_are_set_aside_and_their_work_is_found(self):
        self.make_registrants(2)
        bulk = self.env["g2p.fa.bulk"].create(
            {
                "fa_type": "mobile_wallet",
                "from_dfsp_id": self.operator.id,
                "to_dfsp_id": self.operator.copy({"code": "NC"}).id,
                "reason": "They merged",
            }
        )
        bulk.action_start()
        forget_jobs(self.env)
        self.assertNotIn("unreadable_jobs", self.troubles())
        unreadable, calls = [2, 1], []
        executor = self.registry["g2p.spar.job"]
        self.patch(executor, "count_unreadable", lambda _self: tuple(unreadable))
        self.patch(executor, "set_aside", lambda _self: calls.append("set aside"))
        troubles = self.troubles()
        self.assertTrue(troubles["unreadable_jobs"]["text"].startswith("2 "))
        self.assertTrue(troubles["unreadable_jobs"]["call"])
        self.assertTrue(troubles["foreign_jobs"]["text"].startswith("1 "))
        self.assertFalse(troubles["foreign_jobs"]["call"])
        figures = self.env["g2p.spar.health"]._figures()
        self.assertEqual(figures["spar_unreadable_jobs"], {None: 3})

        Overview = self.env["g2p.spar.overview"]
        with self.assertRaises(AccessError):
            Overview.with_user(self.operator_user).action_set_aside_jobs()
        self.assertFalse(calls)
        Overview.with_user(self.manager_user).action_set_aside_jobs()
        self.assertEqual(calls, ["set aside"])
        new = {job.method for job in waiting_jobs(self.env)}
        self.assertEqual(new, {"job_work_off", "job_run"})
