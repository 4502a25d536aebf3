"""What work in the background sees after each of its transactions."""

from odoo import modules
from odoo.tests import tagged

from .. import transactions
from .beside_others import BesideOthersCase


@tagged("post_install", "-at_install")
class TestTransactions(BesideOthersCase):
    def test_a_policy_that_another_process_changed_is_heard_of(self):
        self.patch(modules.module, "current_test", None)
        self.patch(transactions, "REMEMBERED", 0)
        env = self.open()
        before = self.approve(env)
        self.addCleanup(env.registry.check_signaling)
        self.addCleanup(self.change_elsewhere, before)
        self.change_elsewhere(not before)
        self.assertEqual(self.approve(env), before)
        transactions.commit(env)
        self.assertEqual(self.approve(env), not before)

    def approve(self, env):
        return env["g2p.fa.policy"]._approve("bank_account", "odk")

    def change_elsewhere(self, value):
        """Do what another process does, of which this one knows nothing yet."""
        env = self.open()
        env.cr.execute(
            "UPDATE g2p_fa_policy SET approve_odk = %s WHERE fa_type = 'bank_account'",
            [value],
        )
        env.cr.execute("INSERT INTO orm_signaling_default DEFAULT VALUES")
        env.cr.commit()
