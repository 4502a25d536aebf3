"""The engine's transactions as they are on a server."""

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.beside_others import (
    BesideOthersCase,
)

from ..transactions import AutonomousTransaction, commit_with_retry


@tagged("post_install", "-at_install")
class TestTransactionsBesideOthers(BesideOthersCase):
    def setUp(self):
        super().setUp()
        self.parameter = f"test.{self.id()}"
        self.addCleanup(self.store, None)

    def store(self, value):
        env = self.open()
        env["ir.config_parameter"].set_param(self.parameter, value)
        env.cr.commit()

    def stored(self, env):
        env.cr.execute(
            "SELECT value FROM ir_config_parameter WHERE key = %s", [self.parameter]
        )
        return [value for [value] in env.cr.fetchall()]

    def level(self, env):
        env.cr.execute("SHOW transaction_isolation")
        return env.cr.fetchone()[0]

    def test_small_work_reads_what_is_committed_while_it_goes_on(self):
        env = self.open()
        self.assertEqual(self.level(env), "repeatable read")

        def work():
            before = self.stored(env)
            self.store("new")
            return self.level(env), before, self.stored(env)

        done = commit_with_retry(env, work)
        self.assertEqual(done, ("read committed", [], ["new"]))
        self.assertEqual(self.level(env), "repeatable read")

    def test_a_second_transaction_sees_what_the_callers_does_not(self):
        env = self.open()
        self.assertEqual(self.stored(env), [])
        self.store("new")
        with AutonomousTransaction(env) as autonomous:
            self.assertFalse(autonomous.is_same)
            self.assertEqual(self.stored(autonomous.env), ["new"])
        self.assertEqual(self.stored(env), [])

    def test_a_second_transaction_is_lost_unless_it_is_committed(self):
        env = self.open()
        for ends in (False, True):
            with AutonomousTransaction(env) as autonomous:
                autonomous.env["ir.config_parameter"].set_param(self.parameter, "own")
                autonomous.env.flush_all()
                if ends:
                    autonomous.commit()
            self.assertEqual(self.stored(self.open()), ["own"] if ends else [])
