from odoo.exceptions import AccessError
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
        self.approved(self.env["g2p.fa.settings"].current()).burst_limit = 0
        self.amend(5)
        self.assertFalse(self.alerts())

    # === WHAT HAS THE SAME EFFECT === #

    def test_ending_and_entering_anew_is_a_change(self):
        for n in range(4):
            self.registrant.financial_address_id.with_user(self.editor).action_end("x")
            self.enter_address(f"0754 200 1{n:02}", user=self.editor)
        alert = self.alerts()
        self.assertEqual(len(alert), 1)
        self.assertIn("changed 4 payment addresses", str(alert.note))

    def test_ending_alone_is_a_change(self):
        for n in range(4):
            person = self.new_registrant(f"E{n}")
            address = self.enter_address(f"0754 200 3{n:02}", partner_id=person.id)
            address.with_user(self.editor).action_end("x")
        self.assertEqual(len(self.alerts()), 1)

    def test_a_file_that_changes_is_a_change(self):
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        for n in range(4):
            Address.with_context(import_file=True).load(
                ["spar_id", "dfsp_id/.id", "mobile_number"],
                [["SR-1", str(self.operator.id), f"0754 200 4{n:02}"]],
            )
        self.assertEqual(len(self.alerts()), 1)

    def test_completing_what_was_prepared_long_ago_is_a_change(self):
        drafts = self.env["g2p.financial.address"]
        for n in range(4):
            person = self.new_registrant(f"D{n}")
            self.enter_address(f"0754 200 5{n:02}", partner_id=person.id)
            drafts |= self.enter_address(
                f"+2557542006{n:02}",
                user=self.editor,
                partner_id=person.id,
                dfsp_id=False,
            )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE g2p_financial_address SET create_date = create_date - "
            "interval '2 days' WHERE id = ANY(%s)",
            [drafts.ids],
        )
        self.env.invalidate_all()
        self.assertFalse(self.alerts())
        for draft in drafts.with_user(self.editor):
            draft.dfsp_id = self.operator
        self.assertEqual(len(self.alerts()), 1)

    def test_what_waits_for_approval_is_a_change(self):
        self.set_policy(approve_admin=True)
        self.amend(4)
        self.assertEqual(len(self.alerts()), 1)

    def test_the_watched_do_not_watch_themselves(self):
        both = self.new_user("a_first_of_all", "editor", "approver")
        self.approver.active = False
        administrator = self.new_user("b_administrator", "administrator")
        for n in range(4):
            person = self.new_registrant(f"W{n}")
            address = self.enter_address(f"0754 200 7{n:02}", partner_id=person.id)
            address.with_user(both).action_end("x")
        alert = self.alerts()
        self.assertEqual(len(alert), 1)
        self.assertNotEqual(alert.user_id, both)
        with self.assertRaises(AccessError):
            alert.with_user(both).unlink()
        alert.with_user(administrator).action_feedback()

    def test_a_watched_administrator_does_not_reach_it(self):
        boss = self.new_user("b_boss", "administrator", "approver")
        for n in range(4):
            self.enter_address(f"0754 200 8{n:02}", user=boss)
        alert = self.alerts()
        self.assertEqual(alert.user_id, self.approver)
        for act in (
            lambda: alert.with_user(boss).unlink(),
            lambda: alert.with_user(boss).action_feedback(),
            lambda: alert.with_user(boss).write({"user_id": boss.id}),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()

    def test_a_forged_alarm_does_not_keep_it_away(self):
        address = self.registrant.financial_address_id.with_user(self.editor)
        address.activity_schedule(
            "g2p_spar_financial_address.activity_burst",
            summary=f"Many changes by {self.editor.name}",
            user_id=self.editor.id,
        )
        self.amend(4)
        self.assertIn(self.approver, self.alerts().user_id)

    def test_the_watched_do_not_delete_what_it_hangs_on(self):
        self.amend(4)
        draft = self.enter_address("+255754200990", user=self.editor, dfsp_id=False)
        alert = self.alerts()
        draft.with_user(self.editor).unlink()
        self.assertTrue(alert.exists())
