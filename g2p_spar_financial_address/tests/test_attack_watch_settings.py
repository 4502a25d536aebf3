"""Attacks on the watch by those who keep its settings, and are watched themselves."""

from odoo.tests import tagged

from ..models.g2p_financial_address_workflow import CHANGE_RATE_ALERT
from .common import FinancialAddressCase

LIMIT = 5


@tagged("post_install", "-at_install")
class TestAttackWatchSettings(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = cls.new_user("v_administrator", "administrator", "approver")
        cls.approver = cls.new_user("v_approver", "approver")
        cls.settings = cls.env["g2p.fa.settings"].current()
        cls.approved(cls.settings).write({"burst_limit": LIMIT})
        cls.mine = cls.settings.with_user(cls.administrator)

    def test_an_administrator_does_not_switch_the_own_alarm_off(self):
        for value in (0, LIMIT + 1, 10**6):
            with self.subTest(value):
                self.mine.write({"burst_limit": value})
                self.assertEqual(self.settings.burst_limit, LIMIT)
                change = self.env["g2p.fa.proposal"].search([], limit=1)
                self.assertEqual(change.state, "to_approve")
                with self.assertRefused("second person"):
                    change.with_user(self.administrator).action_approve()
        for n in range(LIMIT + 1):
            person = self.new_registrant(f"P{n}", f"V-{n}")
            self.enter_address(f"0754 300 {n:03}", partner_id=person.id)
            self.enter_address(
                f"0754 301 {n:03}", user=self.administrator, partner_id=person.id
            )
        self.env["g2p.financial.address"]._cron_watch_bursts()
        kind = self.env.ref(CHANGE_RATE_ALERT)
        alarm = self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])
        self.assertIn(self.administrator.name, alarm.summary)
        self.assertNotEqual(alarm.user_id, self.administrator)
        # A second person may agree, and a stricter watch needs none.
        change.with_user(self.approver).action_approve()
        self.assertEqual(self.settings.burst_limit, 10**6)
        self.mine.write({"burst_limit": 1})
        self.assertEqual(self.settings.burst_limit, 1)
