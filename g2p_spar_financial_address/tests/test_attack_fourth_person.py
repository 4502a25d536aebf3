"""Attacks on the person page and on what comes back to its author."""

import json

from odoo.fields import Command
from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestAttackFourthPerson(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_policy(approve_admin=True)
        cls.viewer = cls.new_user("f_viewer", "viewer")
        cls.editor = cls.new_user("f_editor", "editor", "base.group_partner_manager")
        cls.approver = cls.new_user("f_approver", "approver")
        cls.other_company = cls.env["res.company"].create({"name": "Other"})

    def waiting(self, user=None):
        return self.enter_address(
            user=user or self.editor,
            payee="other",
            payee_name="Neema Mushi",
            payee_relation="guardian",
            payee_id_number="ID-4711",
        )

    def test_attack_fourth_the_page_tells_no_viewer_the_id_of_a_payee(self):
        waiting = self.waiting()
        self.env.invalidate_all()
        for fields in (["pending_comparison"], ["pending_comparison", "returned_note"]):
            [row] = self.registrant.with_user(self.viewer).read(fields)
            self.assertIn("Neema Mushi", json.dumps(row["pending_comparison"]))
            self.assertNotIn("ID-4711", json.dumps(row["pending_comparison"]))
        [row] = waiting.with_user(self.viewer).read(["comparison", "changes"])
        self.assertNotIn("ID-4711", json.dumps(row))
        # Nor once another user has read it in the same process.
        for user in (self.approver, self.viewer):
            shown = json.dumps(self.registrant.with_user(user).pending_comparison)
            self.assertEqual("ID-4711" in shown, user == self.approver)

    def of_two_companies(self, user):
        """Return the companies of a user who is now in two, as a session has them."""
        user.company_ids = [Command.link(self.other_company.id)]
        return {"allowed_company_ids": user.company_ids.ids}

    def test_attack_fourth_an_author_of_one_company_is_refused_by_who_has_two(self):
        session = self.of_two_companies(self.approver)
        waiting = self.waiting().with_user(self.approver)
        waiting.with_context(**session).action_refuse("Not his")
        self.assertEqual(waiting.state, "refused")
        self.assertTrue(waiting.sudo().activity_ids)
