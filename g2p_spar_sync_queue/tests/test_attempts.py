from datetime import timedelta
from types import SimpleNamespace

from odoo import fields
from odoo.tests import tagged

from ..engine.record import log_attempts
from .common import SparCase
from .spar_stand_in import faults


@tagged("post_install", "-at_install")
class TestAttempts(SparCase):
    @property
    def attempts(self):
        return self.env["g2p.spar.attempt"].search(
            [("mapping_id", "=", self.mapping.id)]
        )

    def test_what_succeeds_at_once_leaves_no_attempt(self):
        self.enter_address()
        self.run_engine()
        self.assertInSync()
        self.assertFalse(self.attempts)

    def test_each_failure_is_kept_with_its_request(self):
        self.enter_address()
        self.run_engine(faults.status(429))
        self.time_passes()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.assertEqual(
            self.attempts.sorted("id").mapped("outcome"), ["transient", "refused"]
        )
        self.assertEqual(len(set(self.attempts.mapped("request_id"))), 2)
        self.assertEqual(self.attempts.change_id, self.mapping.wanted_change_id)
        self.assertEqual(self.attempts[0].reason_code, "rjct.fa.invalid")

    def test_a_batch_is_one_statement(self):
        mappings = self.make_registrants(12).spar_mapping_ids
        entries = [
            SimpleNamespace(
                id=mapping.id,
                wanted_change_id=mapping.change_ids.id,
                connection_id=self.connection.id,
                outcome="transient" if number else None,
                reason_code="http.429",
            )
            for number, mapping in enumerate(mappings)
        ]
        request = SimpleNamespace(operation="link", id="one-request")
        with self.assertQueryCount(1):
            log_attempts(self.env, entries, request)
        logged = self.env["g2p.spar.attempt"].search([("request_id", "=", request.id)])
        self.assertEqual(logged.mapping_id.sorted(), mappings.sorted() - mappings[0])

    def test_old_attempts_are_cleaned_away(self):
        self.enter_address()
        self.run_engine(faults.status(503))
        self.assertTrue(self.attempts)
        self.env["g2p.spar.attempt"]._gc_attempts()
        self.assertTrue(self.attempts)
        self.env.cr.execute(
            "UPDATE g2p_spar_attempt SET create_date = %s",
            [fields.Datetime.now() - timedelta(days=91)],
        )
        self.env.invalidate_all()
        self.env["g2p.spar.attempt"]._gc_attempts()
        self.assertFalse(self.attempts)
