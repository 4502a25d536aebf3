from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestBurst(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("b_editor", "editor")
        cls.approver = cls.new_user("b_approver", "approver")
        cls.env["g2p.fa.settings"].current().burst_limit = 3
        cls.enter_address()

    def amend(self, times):
        for n in range(times):
            self.enter_address(f"0754 200 1{n:02}", user=self.editor)

    def alerts(self):
        self.env["g2p.financial.address"]._cron_watch_bursts()
        return self.env["mail.activity"].search(
            [("summary", "like", "Many changes by")]
        )

    def test_many_changes_by_one_user_alert_an_approver(self):
        self.amend(4)
        alert = self.alerts()
        self.assertEqual(alert.user_id, self.approver)
        self.assertIn("changed 4 payment addresses", str(alert.note))
        self.assertEqual(self.alerts(), alert, "asked once")

    def test_a_few_changes_are_not(self):
        self.amend(3)
        self.assertFalse(self.alerts())

    def test_first_entries_are_not(self):
        for n in range(5):
            person = self.new_registrant(f"P{n}")
            self.enter_address(
                f"0754 200 2{n:02}", user=self.editor, partner_id=person.id
            )
        self.assertFalse(self.alerts())

    def test_it_can_be_switched_off(self):
        self.env["g2p.fa.settings"].current().burst_limit = 0
        self.amend(5)
        self.assertFalse(self.alerts())
