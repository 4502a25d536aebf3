"""What work in the background sees after each of its transactions."""

from psycopg2.errors import LockNotAvailable

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..toolkit import transactions
from .beside_others import BesideOthersCase


@tagged("post_install", "-at_install")
class TestTransactions(BesideOthersCase):
    def test_a_policy_that_another_process_changed_is_heard_of(self):
        self.patch(transactions, "REMEMBERED", 0)
        env = self.open()
        before = self.approve(env)
        self.addCleanup(env.registry.check_signaling)
        self.addCleanup(self.change_elsewhere, before)
        self.change_elsewhere(not before)
        self.assertEqual(self.approve(env), before)
        transactions.commit(env)
        self.assertEqual(self.approve(env), not before)

    def test_what_is_done_alone_returns_its_result(self):
        env = self.open()
        self.assertEqual(transactions.alone(env, sum, [1, 2]), 3)
        with mute_logger(transactions.__name__):
            self.assertIsNone(transactions.alone(env, sum, None))
            self.assertEqual(transactions.alone(env, sum, None, failed=7), 7)

    def test_a_chunk_is_done_once_whatever_its_work_returns(self):
        done = []
        records = self.open()["res.partner"].browse([1, 2, 3])
        list(transactions.in_chunks(records, 2, lambda chunk: done.append(chunk.ids)))
        self.assertEqual(done, [[1, 2], [3]])

    # === A TRANSACTION OF ITS OWN === #

    def noted(self):
        env = self.open()
        env.cr.execute("SELECT key FROM g2p_fa_rate_taken WHERE key = 'of a test'")
        return env.cr.rowcount

    def note(self, env):
        env.cr.execute(
            "INSERT INTO g2p_fa_rate_taken VALUES ('of a test', now(), 1, 1)"
        )

    def forget(self):
        env = self.open()
        env.cr.execute("DELETE FROM g2p_fa_rate_taken WHERE key = 'of a test'")
        env.cr.commit()

    def test_what_is_written_apart_stays_when_the_caller_fails(self):
        self.addCleanup(self.forget)
        env = self.open()
        with transactions.autonomous(env) as apart:
            self.assertTrue(apart.su)
            self.note(apart)
        env.cr.rollback()
        self.assertEqual(self.noted(), 1)

    def test_it_does_not_wait_for_its_caller(self):
        self.addCleanup(self.forget)
        env = self.open()
        self.note(env)
        with (
            self.assertRaises(LockNotAvailable),
            mute_logger("odoo.sql_db"),
            transactions.autonomous(env) as apart,
        ):
            self.note(apart)
        env.cr.rollback()
        self.assertEqual(self.noted(), 0)

    def approve(self, env):
        return env["g2p.fa.policy"].asks_approval("bank_account", "odk")

    def change_elsewhere(self, value):
        """Do what another process does, of which this one knows nothing yet."""
        env = self.open()
        env.cr.execute(
            "UPDATE g2p_fa_policy SET approve_odk = %s WHERE fa_type = 'bank_account'",
            [value],
        )
        env.cr.execute("INSERT INTO orm_signaling_default DEFAULT VALUES")
        env.cr.commit()
