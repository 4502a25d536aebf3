from odoo.tests import tagged

from ..engine.wake_up import enqueue
from .common import SparCase


@tagged("post_install", "-at_install")
class TestWakeUp(SparCase):
    """A wake-up is a job like any other."""

    def newest(self):
        self.env.cr.execute("SELECT uuid FROM queue_job ORDER BY id DESC LIMIT 1")
        return self.env.cr.fetchone()[0]

    def test_the_person_who_saves_waits_for_two_statements(self):
        self.enter_address()
        mapping = self.mapping.sudo()
        self.env.flush_all()
        self.env.invalidate_all()
        # One looks for the job's own UUID, and one stores it.
        with self.assertQueryCount(2):
            enqueue(mapping, 10)
            self.env.flush_all()
        job = self.env["queue.job"].search([("uuid", "=", self.newest())])
        self.assertFalse(job.company_id)

    def test_it_is_read_and_carried_out(self):
        self.enter_address()
        uuid = self.newest()
        job = self.env["queue.job"].search([("uuid", "=", uuid)])
        self.assertEqual(job.records, self.mapping)
        self.assertEqual(job.state, "pending")
        self.assertEqual(job.channel, "root.spar")
        getattr(job.records, job.method_name)(*job.args, **job.kwargs)
        self.assertInSync()

    def test_many_are_shared_out(self):
        partners = self.make_registrants(5)
        self.env.cr.execute("DELETE FROM queue_job")
        enqueue(partners.spar_mapping_ids, 2)
        self.env.cr.execute("SELECT records->>'ids' IS NULL FROM queue_job")
        self.assertEqual(len(self.env.cr.fetchall()), 3)
