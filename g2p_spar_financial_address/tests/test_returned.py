from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..const import RETURNED
from .common import FinancialAddressCase

ACTION = "g2p_spar_financial_address.returned_action"
WHY = "The name on the proof is another one"


@tagged("post_install", "-at_install")
class TestReturned(FinancialAddressCase):
    """What a second person refuses comes back to its author, with the reason."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.author = cls.new_user(
            "returned_author", "editor", "base.group_partner_manager"
        )
        cls.approver = cls.new_user("returned_approver", "approver")
        cls.set_policy(approve_admin=True)
        cls.address = cls.enter_address("0754 200 001", user=cls.author)

    def refuse(self):
        self.address.with_user(self.approver).action_refuse(WHY)

    def todos(self):
        kind = self.env.ref(RETURNED)
        return self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])

    def returned_to(self, user):
        domain = safe_eval(self.env.ref(ACTION).domain, {"uid": user.id})
        return self.env["g2p.financial.address"].with_user(user).search(domain)

    def test_the_author_gets_a_to_do_with_the_reason(self):
        self.refuse()
        todo = self.todos()
        self.assertEqual(todo.user_id, self.author)
        self.assertIn(WHY, todo.summary)
        self.assertIn(self.approver.name, todo.summary)
        self.assertEqual(self.returned_to(self.author), self.address)
        self.assertFalse(self.returned_to(self.approver))
        person = self.registrant.with_user(self.author)
        self.assertEqual(person.returned_address_id, self.address)
        self.assertEqual(person.returned_note, WHY)

    def test_enter_again_begins_with_what_was_said_but_for_the_number(self):
        self.refuse()
        action = self.address.with_user(self.author).action_enter_again()
        self.assertEqual(action["context"]["default_dfsp_id"], self.operator.id)
        self.assertNotIn("754200001", str(action))

    def test_another_entry_finishes_the_to_do(self):
        self.refuse()
        self.enter_address("0754 200 002")
        self.assertFalse(self.todos())
        self.assertFalse(self.registrant.returned_address_id)
        with self.assertRefused("entered for this person meanwhile"):
            self.address.with_user(self.author).action_enter_again()

    def test_an_author_who_is_no_editor_any_more_gets_none(self):
        self.author.group_ids -= self.env.ref("g2p_spar_financial_address.group_editor")
        self.refuse()
        self.assertFalse(self.todos())

    def test_an_author_who_leaves_is_followed_by_another_editor(self):
        heir = self.new_user("returned_heir", "editor")
        self.refuse()
        self.author.active = False
        self.env["mail.activity"]._spar_todos()._spar_hand_over()
        fit = self.address.sudo()._fit_editors()
        self.assertIn(heir, fit)
        self.assertIn(self.todos().user_id, fit - self.author)

    def test_a_change_and_a_merge_are_returned_as_well(self):
        self.address.with_user(self.approver).action_approve()
        self.registrant.with_user(self.author).spar_id = "SR-9"
        change = self.env["g2p.fa.proposal"].search(
            [("state", "=", "to_approve")], limit=1
        )
        change.with_user(self.approver).action_refuse(WHY)
        todo = self.todos()
        self.assertEqual((todo.res_model, todo.res_id), (change._name, change.id))
        self.assertEqual(todo.user_id, self.author)
        twin = self.new_registrant("Asha Jumaa")
        merge = (
            self.env["g2p.fa.merge"]
            .with_user(self.author)
            .create(
                {
                    "kept_id": self.registrant.id,
                    "duplicate_id": twin.id,
                    "reason": "The same card",
                }
            )
        )
        merge.action_ask()
        self.assertEqual(merge.state, "to_approve")
        merge.with_user(self.approver).action_refuse(WHY)
        self.assertIn((merge._name, merge.id, self.author), self.whose())
        self.author.active = False
        self.env["mail.activity"]._spar_todos()._spar_hand_over()
        self.assertFalse(self.todos())

    def whose(self):
        return [(todo.res_model, todo.res_id, todo.user_id) for todo in self.todos()]
