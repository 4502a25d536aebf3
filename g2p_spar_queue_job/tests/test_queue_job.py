"""Jobs in OCA's queue, and what keeps it from running them."""

import json
import os
from contextlib import closing
from unittest.mock import patch

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import MissingError, UserError
from odoo.modules.migration import load_script
from odoo.sql_db import db_connect
from odoo.tests import new_test_user, tagged
from odoo.tools import config
from odoo.tools.misc import file_path

from odoo.addons.g2p_spar_sync_queue.engine.wake_up import (
    enqueue,
    wake_up,
    wake_up_mappings,
)
from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase
from odoo.addons.queue_job.job import Job

from ..models import g2p_spar_job

EDITOR = "g2p_spar_financial_address.group_editor"
OPERATOR = "g2p_spar_sync_queue.group_operator"
#: Of a runner that only these tests know. Their own server may have one, too.
LOCK = -2_293_787_760_715_711_918


class JobsCase(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(cls.env, "j_clerk", f"{EDITOR},{OPERATOR}")

    def setUp(self):
        super().setUp()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM queue_job")
        self.executor = self.env["g2p.spar.job"]

    def jobs(self):
        """Return what is stored of each job: method, user, record, in order."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT uuid, method_name, user_id, records FROM queue_job ORDER BY id"
        )
        rows = self.env.cr.dictfetchall()
        for row in rows:
            if isinstance(row["records"], str):
                row["records"] = json.loads(row["records"])
        return rows

    def make_wait(self, uid, record, method="job_work_off", as_text=False, **values):
        """Store a job as it was stored for its user before; return its UUID."""
        stored = {
            "_type": "odoo_recordset",
            "model": record._name,
            "ids": record.ids,
            "uid": uid,
            "su": True,
            "context": {"lang": "en_US", "tz": "Africa/Nairobi"},
        }
        job = getattr(record.with_delay(), method)()
        values = {"state": "pending", **values}
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE queue_job SET records = %s, user_id = NULL, state = %s,
                      date_enqueued = %s WHERE uuid = %s""",
            [
                json.dumps(json.dumps(stored) if as_text else stored),
                values["state"],
                values.get("date_enqueued"),
                job.uuid,
            ],
        )
        self.env.invalidate_all()
        return job.uuid


@tagged("post_install", "-at_install")
class TestQueueJob(JobsCase):
    def as_clerk(self, records):
        company = self.clerk.company_id.id
        return records.with_user(self.clerk).with_context(
            lang="en_US", allowed_company_ids=[company], tz="Africa/Nairobi"
        )

    def test_the_person_who_saves_waits_for_four_statements(self):
        self.enter_address()
        mapping = self.mapping.sudo()
        self.env.flush_all()
        self.env.invalidate_all()
        # Two begin and end what can be undone when the queue refuses the job, one looks
        # for the job's own UUID, and one stores it.
        with self.assertQueryCount(4):
            enqueue(mapping, 10)
            self.env.flush_all()
        job = self.env["queue.job"].search([], order="id desc", limit=1)
        self.assertFalse(job.company_id)

    def test_a_job_is_stored_for_the_system_user_in_the_channel_of_spar(self):
        self.enter_address()
        wake_up_mappings(self.as_clerk(self.mapping).sudo())
        wake_up(self.as_clerk(self.connection).sudo())
        jobs = self.jobs()
        self.assertEqual(
            {job["method_name"] for job in jobs}, {"job_sync", "job_work_off"}
        )
        for job in jobs:
            with self.subTest(job["method_name"]):
                self.assertEqual(job["user_id"], SUPERUSER_ID)
                self.assertEqual(job["records"]["uid"], SUPERUSER_ID)
                self.assertTrue(job["records"]["su"])
                kept = {"lang", "allowed_company_ids"}
                self.assertLessEqual(set(job["records"]["context"]), kept)
                loaded = Job.load(self.env(user=SUPERUSER_ID), job["uuid"])
                self.assertEqual(loaded.channel, "root.spar")

    def test_every_job_of_the_suite_may_commit(self):
        functions = self.env["queue.job.function"]
        for name in ("<g2p.spar.mapping>.job_sync", "<g2p.fa.bulk>.job_run"):
            found = functions.job_config(name)
            self.assertEqual((found.allow_commit, found.channel), (True, "root.spar"))
        other = functions.job_config("<res.partner>.job_sync")
        self.assertEqual((other.allow_commit, other.channel), (False, "root"))

    def test_what_an_administrator_sets_for_a_job_counts(self):
        functions = self.env["queue.job.function"]
        functions.create(
            {
                "model_id": self.env["ir.model"]._get_id("g2p.spar.mapping"),
                "method": "job_sync",
                "channel_id": self.env.ref("queue_job.channel_root").id,
            }
        )
        found = functions.job_config("<g2p.spar.mapping>.job_sync")
        self.assertEqual((found.allow_commit, found.channel), (False, "root"))

    def test_the_other_queue_is_refused(self):
        """Beside this one, its model would replace this one's."""
        excluded = self.env["ir.module.module.exclusion"].search(
            [("module_id.name", "=", "g2p_spar_queue_job")]
        )
        self.assertEqual(excluded.mapped("name"), ["job_worker"])
        other = self.env["ir.module.module"].create(
            {"name": "job_worker", "shortdesc": "Job Worker", "state": "uninstalled"}
        )
        said = r"SPAR: Job Queue \(O.* are incompatible"
        with self.assertRaisesRegex(UserError, said):
            other.button_install()

    def test_a_wake_up_outlives_the_user_who_caused_it(self):
        self.enter_address()
        self.env.cr.execute("DELETE FROM queue_job")
        wake_up_mappings(self.as_clerk(self.mapping).sudo())
        (job,) = self.jobs()
        self.clerk.unlink()
        self.env.flush_all()
        self.env.invalidate_all()
        loaded = Job.load(self.env(user=SUPERUSER_ID), job["uuid"])
        loaded.func(*loaded.args)
        self.assertInSync()

    def test_wake_ups_outlive_the_company_they_were_made_in(self):
        self.enter_address()
        self.env.cr.execute("DELETE FROM queue_job")
        company = self.env["res.company"].create({"name": "Soon gone"})
        for records in (self.mapping, self.connection):
            records = records.with_context(allowed_company_ids=company.ids)
            (wake_up if records == self.connection else wake_up_mappings)(records)
        jobs = self.jobs()
        company.unlink()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertGreater(len(jobs), 1)
        for job in jobs:
            context = job["records"]["context"]
            self.assertEqual(context["allowed_company_ids"], company.ids)
            loaded = Job.load(self.env(user=SUPERUSER_ID), job["uuid"])
            loaded.func(*loaded.args)
        self.assertInSync()

    def test_jobs_that_wait_during_the_upgrade_are_handed_over(self):
        self.enter_address()
        gone = self.env["res.users"].search([], order="id desc", limit=1).id + 1000
        uuids = [
            self.make_wait(gone, self.connection),
            self.make_wait(self.clerk.id, self.mapping, "job_sync", as_text=True),
        ]
        others = self.make_wait(self.clerk.id, self.env["queue.job"], "_test_job")
        with self.assertRaises(MissingError):
            Job.load(self.env(user=SUPERUSER_ID), uuids[0])
        path = "g2p_spar_sync_queue/migrations/19.0.1.4.0/post-jobs.py"
        script = load_script(file_path(path), "jobs")
        for _again in range(2):
            script.migrate(self.env.cr, "19.0.1.3.0")
        self.env.invalidate_all()
        jobs = {job["uuid"]: job for job in self.jobs()}
        for uuid in uuids:
            self.assertEqual(jobs[uuid]["user_id"], SUPERUSER_ID)
            context = jobs[uuid]["records"]["context"]
            self.assertEqual(context, {"lang": "en_US"})
            Job.load(self.env(user=SUPERUSER_ID), uuid)
        self.assertEqual(jobs[others]["records"]["uid"], self.clerk.id)

    def test_the_upgrade_renames_what_waits_and_installs_this_addon(self):
        cr = self.env.cr
        uuids = [
            self.make_wait(SUPERUSER_ID, self.connection),
            self.make_wait(SUPERUSER_ID, self.mapping, "job_sync", state="failed"),
        ]
        other = self.make_wait(SUPERUSER_ID, self.env["queue.job"], "_test_job")
        functions = self.env["queue.job.function"].create(
            {
                "model_id": self.env["ir.model"]._get_id("g2p.spar.mapping"),
                "method": "_job_sync",
                "channel_id": self.env.ref("g2p_spar_queue_job.channel_spar").id,
                "allow_commit": True,
            }
        )
        self.env["ir.model.data"].create(
            {
                "module": "g2p_spar_sync_queue",
                "name": "job_sync",
                "model": functions._name,
                "res_id": functions.id,
                "noupdate": True,
            }
        )
        self.env.flush_all()
        cr.execute(
            """UPDATE queue_job SET method_name = '_' || method_name
                WHERE model_name LIKE 'g2p.%'"""
        )
        cr.execute(
            """UPDATE ir_module_module SET state = 'uninstalled'
                WHERE name = 'g2p_spar_queue_job'"""
        )
        cr.execute(
            """UPDATE ir_model_data SET module = 'g2p_spar_sync_queue'
                WHERE module = 'g2p_spar_queue_job' AND name = 'channel_spar'"""
        )
        self.env.invalidate_all()
        with self.assertRaises(AttributeError):
            Job.load(self.env(user=SUPERUSER_ID), uuids[0])
        path = "g2p_spar_sync_queue/migrations/19.0.1.4.0/post-queue.py"
        script = load_script(file_path(path), "queue")
        for _again in range(2):
            script.migrate(cr, "19.0.1.3.0")
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        for uuid in uuids:
            job = Job.load(self.env(user=SUPERUSER_ID), uuid)
            self.assertTrue(job.job_config.allow_commit)
        self.assertEqual(
            self.env["queue.job"].search([("uuid", "=", other)]).method_name,
            "_test_job",
        )
        self.assertEqual(functions.name, "<g2p.spar.mapping>.job_sync")
        for name in ("job_sync", "channel_spar"):
            self.assertTrue(self.env.ref(f"g2p_spar_queue_job.{name}"))
        cr.execute(
            "SELECT state FROM ir_module_module WHERE name = 'g2p_spar_queue_job'"
        )
        self.assertEqual(cr.fetchone(), ("to install",))


@tagged("post_install", "-at_install")
class TestTroubles(JobsCase):
    def run_runner(self):
        """Hold the lock of a runner, in an environment without a proxy."""
        self.patch(g2p_spar_job, "PG_ADVISORY_LOCK_ID", LOCK)
        runner = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(runner.close)
        runner.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        # A closed connection is used again, and still has the lock.
        self.addCleanup(runner.execute, "SELECT pg_advisory_unlock(%s)", [LOCK])
        self.enterContext(patch.dict(os.environ))
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            os.environ.pop(name, None)
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = ""
        self.addCleanup(self.restart)

    def restart(self):
        """Have the environment read again, as by a server that is restarted."""
        g2p_spar_job.way_of_runner.cache_clear()

    def troubles(self):
        self.restart()
        self.env.flush_all()
        self.env.invalidate_all()
        return self.executor.troubles()

    def test_a_missing_runner_is_told(self):
        self.patch(g2p_spar_job, "PG_ADVISORY_LOCK_ID", LOCK)
        self.assertIn("queue_job", self.troubles()["no_runner"])
        self.assertFalse(self.executor.is_runner_there())
        with closing(db_connect(self.env.cr.dbname).cursor()) as runner:
            runner.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            self.assertNotIn("no_runner", self.troubles())
            self.assertTrue(self.executor.is_runner_there())
            runner.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        self.assertIn("no_runner", self.troubles())

    def test_a_proxy_before_the_server_is_told(self):
        self.run_runner()
        self.assertNotIn("proxy", self.troubles())
        os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = "http://127.0.0.1:1"
        self.assertIn("NO_PROXY=localhost,127.0.0.1", self.troubles()["proxy"])
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"
        self.assertNotIn("proxy", self.troubles())

    def test_a_filter_that_hides_the_database_is_told(self):
        self.run_runner()
        self.patch(config, "options", config.options.new_child({"dbfilter": "^%d$"}))
        text = self.troubles()["hidden_database"]
        self.assertIn("dbfilter hides this database", text)
        config.options.maps[0]["dbfilter"] = ".*"
        self.assertNotIn("hidden_database", self.troubles())

    def kept(self):
        """Have the engine make a job; return whether it is one of Odoo's cron."""
        self.restart()
        kept = self.executor.sudo().search([])
        before = len(self.jobs())
        enqueue(self.mapping.sudo(), 10)
        more = self.executor.sudo().search([]) - kept
        self.assertEqual(len(more) + len(self.jobs()) - before, 1)
        return bool(more)

    def test_jobs_that_no_runner_can_start_are_kept_for_the_cron(self):
        self.enter_address()
        self.run_runner()
        self.assertFalse(self.kept())
        options = config.options.new_child({})
        self.patch(config, "options", options)
        text = self.env["g2p.spar.connection"].runner_texts
        for cause, led_away in (
            ("proxy", lambda: os.environ.update(HTTP_PROXY="http://127.0.0.1:1")),
            ("hidden_database", lambda: options.update(dbfilter="^%d$")),
        ):
            with self.subTest(cause), patch.dict(os.environ):
                led_away()
                self.assertTrue(self.kept())
                self.assertIn("runs the jobs instead", text()[cause])
            options.maps[0].clear()
            self.assertFalse(self.kept())
        options["server_wide_modules"] = ["base", "web"]
        # Of another server, which has it loaded.
        self.assertFalse(self.kept())
        self.patch(g2p_spar_job, "PG_ADVISORY_LOCK_ID", LOCK - 1)
        self.assertTrue(self.kept())
        self.assertIn("runs the jobs instead", text()["no_runner"])
        options.maps[0].clear()
        # It may be about to start, and then takes the jobs that wait.
        self.assertFalse(self.kept())
        self.assertIn("two minutes late", text()["no_runner"])

    def test_a_saved_address_writes_nothing_of_the_runner_to_the_log(self):
        self.enter_address()
        self.run_runner()
        self.assertFalse(self.kept())
        with self.assertNoLogs("odoo.addons.queue_job", "INFO"):
            enqueue(self.mapping.sudo(), 10)

    def test_calls_that_do_not_arrive_are_told(self):
        self.run_runner()
        job = self.connection.with_delay().job_work_off()
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
        self.assertIn("exception in GET", tried(60)["not_reached"])

    def test_jobs_that_cannot_be_loaded_are_counted_and_set_aside(self):
        now = fields.Datetime.now()
        gone = self.env["res.users"].search([], order="id desc", limit=1).id + 1000
        tried = {"state": "enqueued", "date_enqueued": now}
        mine = self.make_wait(gone, self.connection, **tried)
        other = self.make_wait(gone, self.env["queue.job"], "_test_job", **tried)
        self.make_wait(SUPERUSER_ID, self.connection, **tried)
        self.assertEqual(self.executor.count_unreadable(), (1, 1))
        self.executor.set_aside()
        self.assertEqual(self.executor.count_unreadable(), (0, 1))
        jobs = self.env["queue.job"].search([("uuid", "in", (mine, other))])
        states = {job.uuid: job.state for job in jobs}
        self.assertEqual(states, {mine: "cancelled", other: "enqueued"})
