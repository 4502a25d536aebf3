from odoo.tests import tagged

from ..engine.wake_up import enqueue
from ..jobs import later
from .common import SparCase

#: What is another's in two jobs that are otherwise the same.
OF_ITS_OWN = {"id", "uuid", "date_created"}
#: Columns only the ORM fills in, of messages and for the log.
OF_THE_ORM = {"create_uid", "create_date", "write_uid", "write_date"}


@tagged("post_install", "-at_install")
class TestWakeUp(SparCase):
    """A wake-up is a job like any other."""

    def stored(self, uuid):
        self.env.flush_all()
        self.env.cr.execute("SELECT * FROM queue_job WHERE uuid = %s", [uuid])
        (row,) = self.env.cr.dictfetchall()
        return {
            name: value
            for name, value in row.items()
            if name not in OF_ITS_OWN | OF_THE_ORM
        }

    def newest(self):
        self.env.cr.execute("SELECT uuid FROM queue_job ORDER BY id DESC LIMIT 1")
        return self.env.cr.fetchone()[0]

    def test_it_is_stored_as_the_orm_would(self):
        self.enter_address()
        mapping = self.mapping.sudo()
        enqueue(mapping, 10)
        quick = self.newest()
        ordinary = later(mapping, description="Send to SPAR")._job_sync()
        self.assertNotEqual(quick, ordinary.uuid)
        self.assertEqual(self.stored(quick), self.stored(ordinary.uuid))

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
