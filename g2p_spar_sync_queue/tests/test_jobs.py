"""Jobs in the background outlive the people who caused them."""

import json
from datetime import timedelta

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import MissingError
from odoo.modules.migration import load_script
from odoo.tests import new_test_user, tagged
from odoo.tools.misc import file_path

from odoo.addons.queue_job.job import Job

from ..engine import breaker
from ..engine.wake_up import wake_up, wake_up_mappings, wake_up_when_due
from .common import SparCase

EDITOR = "g2p_spar_financial_address.group_editor"
OPERATOR = "g2p_spar_sync_queue.group_operator"


class JobsCase(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(cls.env, "j_clerk", f"{EDITOR},{OPERATOR}")

    def setUp(self):
        super().setUp()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM queue_job")

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

    def make_wait(self, uid, record, method="_job_work_off", as_text=False, **values):
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
class TestJobs(JobsCase):
    def as_clerk(self, records):
        company = self.clerk.company_id.id
        return records.with_user(self.clerk).with_context(
            lang="en_US", allowed_company_ids=[company], tz="Africa/Nairobi"
        )

    def test_every_job_belongs_to_the_system_user(self):
        connection = self.as_clerk(self.connection).sudo()
        self.enter_address()
        wake_up_mappings(self.as_clerk(self.mapping).sudo())
        wake_up(connection)
        self.mapping.write(
            {
                "state": "retrying",
                "next_attempt_at": fields.Datetime.now() + timedelta(hours=1),
            }
        )
        wake_up_when_due(connection)
        breaker.open_breaker(connection)
        breaker.reset(connection)
        connection.action_pause()
        connection.action_resume()
        run = self.env["g2p.spar.reconciliation"]._start(connection)
        line = self.env["g2p.spar.reconciliation.line"].create(
            {
                "reconciliation_id": run.id,
                "mapping_id": self.mapping.id,
                "kind": "spar_newer",
                "spar_id": "SR-1",
            }
        )
        self.as_clerk(line).action_take()
        jobs = self.jobs()
        self.assertEqual(
            {job["method_name"] for job in jobs},
            {"_job_sync", "_job_work_off", "_job_enlist", "_job_run", "_job_take"},
        )
        for job in jobs:
            with self.subTest(job["method_name"]):
                self.assertEqual(job["user_id"], SUPERUSER_ID)
                self.assertEqual(job["records"]["uid"], SUPERUSER_ID)
                self.assertTrue(job["records"]["su"])
                kept = {"lang", "allowed_company_ids"}
                self.assertLessEqual(set(job["records"]["context"]), kept)

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
            self.make_wait(self.clerk.id, self.mapping, "_job_sync", as_text=True),
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


@tagged("post_install", "-at_install")
class TestTakingOver(JobsCase):
    """Rights are checked when a job runs, not only when it is asked for."""

    def setUp(self):
        super().setUp()
        self.enter_address()
        self.run_engine()
        code = self.operator.strategy_id.fa_type_code
        self.mapper.rows["SR-1"] = (
            "mobile_number:+255754999999.wallet_provider_name:M-Cash"
            f".wallet_provider_code:MC.fa_type:{code}"
        )
        number = self.operator.strategy_id.strategy_number
        self.mapper.infos["SR-1"] = [{"strategy_id": number}]
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run._job_run()
        self.line = run.line_ids
        self.line.with_user(self.clerk).action_take()

    def take(self):
        """Do what the runner does with the job that waits."""
        self.env.flush_all()
        self.env.invalidate_all()
        (job,) = (job for job in self.jobs() if job["method_name"] == "_job_take")
        loaded = Job.load(self.env(user=SUPERUSER_ID), job["uuid"])
        loaded.func(*loaded.args)

    def test_the_address_is_entered_by_who_asked(self):
        self.take()
        self.assertEqual(self.line.state, "taken", self.line.reason)
        address = self.registrant.financial_address_id
        self.assertEqual(address.entered_by_id, self.clerk)
        self.assertEqual(address.mobile_number, "+255754999999")

    def test_nothing_is_entered_once_the_right_is_gone(self):
        address = self.registrant.financial_address_id
        editor, operator = self.env.ref(EDITOR), self.env.ref(OPERATOR)
        for name, lose in {
            "editor": lambda: self.clerk.write({"group_ids": [(3, editor.id)]}),
            "operator": lambda: self.clerk.write(
                {"group_ids": [(4, editor.id), (3, operator.id)]}
            ),
            "archived": lambda: self.clerk.write(
                {"group_ids": [(4, operator.id)], "active": False}
            ),
            # As older versions allowed.
            "deleted": lambda: self.line.write({"decided_by_id": False}),
        }.items():
            with self.subTest(name):
                self.line.state = "taking"
                lose()
                self.take()
                self.assertEqual(self.line.state, "open")
                self.assertIn("may not", self.line.reason)
                self.assertEqual(self.registrant.financial_address_id, address)
