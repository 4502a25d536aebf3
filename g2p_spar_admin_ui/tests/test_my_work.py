from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.g2p_spar_sync_queue.tests.spar_stand_in import faults

from .test_overview import MonitorCase


@tagged("post_install", "-at_install")
class TestMyWork(MonitorCase):
    """What waits for operators and managers, and where they begin."""

    def work_of(self, user):
        self.env.flush_all()
        self.env.invalidate_all()
        entries = self.env["g2p.fa.work"].with_user(user).mine()
        return {entry["name"]: entry["count"] for entry in entries}

    def test_they_begin_on_the_overview(self):
        overview = self.env.ref("g2p_spar_admin_ui.action_overview")
        for user in (self.operator_user, self.manager_user):
            self.assertEqual(user._spar_home_action().id, overview.id)

    def test_what_needs_attention_waits_for_operators(self):
        self.assertEqual(self.work_of(self.operator_user), {})
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.assertEqual(self.work_of(self.operator_user), {"held": 1})
        self.assertEqual(self.work_of(self.manager_user), {"held": 1})

    def test_a_key_that_ends_waits_for_managers(self):
        soon = fields.Datetime.now() + timedelta(days=20)
        self.key._store_facts(not_after=soon)
        self.assertEqual(self.work_of(self.operator_user), {})
        self.assertEqual(self.work_of(self.manager_user), {"keys": 1})
