"""Capture beside other transactions, which commit for good."""

from psycopg2.errors import SerializationFailure

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.beside_others import (
    BesideOthersCase,
)
from odoo.addons.queue_job.tests.common import trap_jobs


@tagged("post_install", "-at_install")
class TestCaptureBesideOthers(BesideOthersCase):
    def setUp(self):
        super().setUp()
        env = self.open()
        self.connection = env["g2p.spar.connection"].create(
            {"base_url": "http://127.0.0.1:1"}
        )
        self.connection.state = "paused"
        self.partner = env["res.partner"].create(
            {"name": "Met Twice", "is_registrant": True}
        )
        env.cr.commit()
        self.addCleanup(self.clean)

    def clean(self):
        env = self.open()
        of_ours = "(SELECT id FROM g2p_spar_mapping WHERE partner_id = %s)"
        for query in (
            f"DELETE FROM g2p_spar_change WHERE mapping_id IN {of_ours}",
            "DELETE FROM g2p_spar_mapping WHERE partner_id = %s",
        ):
            env.cr.execute(query, [self.partner.id])
        self.partner.with_env(env).unlink()
        self.connection.with_env(env).unlink()
        env.cr.commit()

    def capture(self, env):
        with trap_jobs():
            env["g2p.spar.mapping"]._capture(
                self.partner.with_env(env), "admin", self.connection.with_env(env)
            )

    def test_a_save_does_not_stumble_over_a_mapping_the_engine_has_written(self):
        first = self.open()
        self.capture(first)
        first.cr.commit()
        user = self.open()
        mapping = user["g2p.spar.mapping"].search(
            [("partner_id", "=", self.partner.id)]
        )
        self.assertFalse(mapping.change_ids)
        engine = self.open()
        engine.cr.execute(
            "UPDATE g2p_spar_mapping SET attempts = 1 WHERE id = %s", [mapping.id]
        )
        engine.cr.commit()
        self.capture(user)
        user.cr.commit()
        self.assertEqual(len(mapping.with_env(self.open()).change_ids), 1)

    def test_of_two_who_create_the_first_mapping_the_second_is_run_again(self):
        early, late = self.open(), self.open()
        for env in (early, late):
            # The snapshots are taken here.
            self.assertFalse(self.partner.with_env(env).spar_mapping_ids)
        self.capture(late)
        late.cr.commit()
        with self.assertRaises(SerializationFailure):
            self.capture(early)
