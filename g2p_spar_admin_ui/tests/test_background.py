"""The overview says when work in the background does not go on, and mends it."""

import os
from contextlib import closing
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import config

from odoo.addons.g2p_spar_sync_queue import jobs

from .test_overview import MonitorCase


@tagged("post_install", "-at_install")
class TestBackground(MonitorCase):
    def setUp(self):
        super().setUp()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM queue_job")

    def troubles(self):
        self.env.flush_all()
        self.env.invalidate_all()
        return {trouble["name"]: trouble for trouble in self.overview()["troubles"]}

    def make_unreadable(self, record, method):
        """Store a job of a deleted user that the runner has tried to start."""
        job = getattr(record.with_delay(), method)()
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE queue_job SET state = 'enqueued', date_enqueued = %s,
                      records = jsonb_set((records #>> '{}')::jsonb, '{uid}', '999999')
                WHERE uuid = %s""",
            [fields.Datetime.now(), job.uuid],
        )
        return self.env["queue.job"].search([("uuid", "=", job.uuid)])

    def test_a_missing_runner_is_told(self):
        # The tests' own server may have one, whose lock has another number.
        lock = -2_293_787_760_715_711_918
        self.patch(jobs, "PG_ADVISORY_LOCK_ID", lock)
        trouble = self.troubles()["no_runner"]
        self.assertIn("queue_job", trouble["text"])
        self.assertFalse(trouble["button"])
        health = self.env["g2p.spar.health"]
        self.assertEqual(health._figures()["spar_job_runner"], {None: 0})
        with closing(db_connect(self.env.cr.dbname).cursor()) as runner:
            runner.execute("SELECT pg_advisory_lock(%s)", [lock])
            self.assertNotIn("no_runner", self.troubles())
            self.assertEqual(health._figures()["spar_job_runner"], {None: 1})
            runner.execute("SELECT pg_advisory_unlock(%s)", [lock])
        self.assertIn("no_runner", self.troubles())

    def run_runner(self):
        """Hold the lock of a runner, in an environment without a proxy."""
        lock = -2_293_787_760_715_711_918
        self.patch(jobs, "PG_ADVISORY_LOCK_ID", lock)
        runner = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(runner.close)
        runner.execute("SELECT pg_advisory_lock(%s)", [lock])
        # A closed connection is used again, and still has the lock.
        self.addCleanup(runner.execute, "SELECT pg_advisory_unlock(%s)", [lock])
        self.enterContext(patch.dict(os.environ))
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            os.environ.pop(name, None)
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = ""

    def test_a_proxy_before_the_server_is_told(self):
        self.run_runner()
        self.assertNotIn("proxy", self.troubles())
        os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = "http://127.0.0.1:1"
        text = self.troubles()["proxy"]["text"]
        self.assertIn("Wake-ups are not run", text)
        self.assertIn("NO_PROXY=localhost,127.0.0.1", text)
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"
        self.assertNotIn("proxy", self.troubles())

    def test_a_filter_that_hides_the_database_is_told(self):
        self.run_runner()
        self.patch(config, "options", config.options.new_child({"dbfilter": "^%d$"}))
        text = self.troubles()["hidden_database"]["text"]
        self.assertIn("dbfilter hides this database", text)
        config.options.maps[0]["dbfilter"] = ".*"
        self.assertNotIn("hidden_database", self.troubles())

    def test_calls_that_do_not_arrive_are_told(self):
        self.run_runner()
        job = self.connection.with_delay()._job_work_off()
        self.env.flush_all()

        def tried(seconds):
            self.env.cr.execute(
                """UPDATE queue_job SET state = 'enqueued',
                          date_created = now() AT TIME ZONE 'utc' - %s * interval '1s',
                          date_enqueued = now() AT TIME ZONE 'utc'
                    WHERE uuid = %s""",
                [seconds, job.uuid],
            )
            return self.troubles()

        self.assertNotIn("not_reached", tried(5))
        self.assertIn("exception in GET", tried(60)["not_reached"]["text"])

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
        self.env.cr.execute("DELETE FROM queue_job")
        self.assertNotIn("unreadable_jobs", self.troubles())
        ours = self.make_unreadable(self.connection, "_job_work_off")
        ours += self.make_unreadable(bulk, "_job_run")
        other = self.make_unreadable(self.env["queue.job"], "_test_job")
        good = self.env["queue.job"].search([]) - ours - other
        self.assertFalse(good)
        troubles = self.troubles()
        self.assertTrue(troubles["unreadable_jobs"]["text"].startswith("2 "))
        self.assertTrue(troubles["unreadable_jobs"]["button"])
        self.assertTrue(troubles["foreign_jobs"]["text"].startswith("1 "))
        self.assertFalse(troubles["foreign_jobs"]["button"])
        figures = self.env["g2p.spar.health"]._figures()
        self.assertEqual(figures["spar_unreadable_jobs"], {None: 3})

        Overview = self.env["g2p.spar.overview"]
        with self.assertRaises(AccessError):
            Overview.with_user(self.operator_user).action_set_aside_jobs()
        Overview.with_user(self.manager_user).action_set_aside_jobs()
        self.assertEqual(set(ours.mapped("state")), {"cancelled"})
        self.assertEqual(other.state, "enqueued")
        new = self.env["queue.job"].search([]) - ours - other
        self.assertEqual(set(new.mapped("method_name")), {"_job_work_off", "_job_run"})
        self.assertEqual(set(new.mapped("state")), {"pending"})
        self.assertNotIn("unreadable_jobs", self.troubles())
