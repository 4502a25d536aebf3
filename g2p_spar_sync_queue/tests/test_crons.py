"""One connection's error starves no other, and stops no scheduled action."""

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.crons import CronsMixin

from ..engine import outbox, store
from ..engine.sync_run import SyncRun
from .common import SparCase

ADDON = "g2p_spar_sync_queue"


@tagged("post_install", "-at_install")
class TestCrons(CronsMixin, SparCase):
    def setUp(self):
        super().setUp()
        # Before it in the order, and therefore the one that fails.
        self.first = self.connection.copy(
            {"name": "First", "sequence": 1, "base_url": "http://127.0.0.1:2"}
        )
        self.first.state = "running"

    def test_all_are_looked_at_here(self):
        names = {
            "cron_sweep",
            "cron_jobs",
            "cron_enlist",
            "cron_reconcile",
            "cron_watch_keys",
        }
        self.assertEqual(self.crons_of(ADDON), names)

    def test_an_address_whose_mandate_is_over_leaves_spar(self):
        self.patch(
            type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_values: 1
        )
        address = self.enter_address(payee_name="Neema", payee_until="2099-12-31")
        self.run_engine()
        self.assertIn("SR-1", self.mapper.rows)
        address._trusted_write().payee_until = "2020-01-01"
        self.run_cron("g2p_spar_financial_address.cron_end_mandates")
        self.assertEqual(address.state, "ended")
        self.run_engine()
        self.assertNotIn("SR-1", self.mapper.rows)

    def test_the_next_job_is_run(self):
        jobs = self.env["g2p.spar.job"]
        jobs.search([]).unlink()
        for connection in (self.first, self.connection):
            jobs.keep(connection, "job_work_off", ())
        Connection = self.registry["g2p.spar.connection"]
        calls = self.run_with_error(f"{ADDON}.cron_jobs", Connection, "job_work_off")
        self.assertEqual(calls, 2)

    def test_the_sweeper_goes_on_to_the_next_connection(self):
        self.enter_address()
        self.mapping.change_ids.flush_recordset()
        self.env.cr.execute(
            "UPDATE g2p_spar_change SET create_date = create_date - INTERVAL '1 hour'"
        )
        self.env.invalidate_all()
        self.assertEqual(self.run_with_error(f"{ADDON}.cron_sweep", SyncRun, "work"), 2)
        mine = self.mapping.filtered(lambda m: m.connection_id == self.connection)
        self.assertEqual(mine.state, "in_sync")

    def test_the_sweeper_sends_though_its_other_work_fails(self):
        Run = type(self.env["g2p.spar.reconciliation"])
        for owner, method in (
            (Run, "_wake_up_stale"),
            (store, "delete_recorded_requests"),
        ):
            with self.subTest(method):
                partner = self.registrant.copy(
                    {"spar_id": f"C-{method}", "is_registrant": True}
                )
                self.enter_address(partner_id=partner.id)
                self.env.cr.execute(
                    """UPDATE g2p_spar_change
                          SET create_date = create_date - INTERVAL '1 hour'"""
                )
                self.env.invalidate_all()
                self.run_with_error(f"{ADDON}.cron_sweep", owner, method)
                states = partner.spar_mapping_ids.filtered(
                    lambda m: m.connection_id == self.connection
                ).mapped("state")
                self.assertEqual(states, ["in_sync"])

    def test_everybody_is_taken_up_through_the_next_connection(self):
        xmlid = f"{ADDON}.cron_enlist"
        self.assertEqual(self.run_with_error(xmlid, outbox, "capture_missed"), 2)

    def test_the_next_connection_is_compared(self):
        Run = type(self.env["g2p.spar.reconciliation"])
        xmlid = f"{ADDON}.cron_reconcile"
        self.assertEqual(self.run_with_error(xmlid, Run, "create"), 2)

    def test_the_next_key_is_watched(self):
        Key = type(self.key)
        other = self.key.copy({"use_from": "2020-01-01"})
        self.assertTrue(other)
        calls = self.run_with_error(
            f"{ADDON}.cron_watch_keys", Key, "_refresh_certificate"
        )
        self.assertGreaterEqual(calls, 2)
