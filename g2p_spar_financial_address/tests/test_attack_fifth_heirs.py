from odoo.tests import tagged

from .common import FinancialAddressCase
from .registrant_adapter_case import RegistryWays
from .test_registrant_adapter import Rows


@tagged("post_install", "-at_install")
class TestAttackFifthHeirs(RegistryWays, FinancialAddressCase):
    """The ID of a registrant who has left was refused to the one who shares it."""

    def setUp(self):
        super().setUp()
        self.rows = Rows()
        self.rows.patch(self)
        self.choose_source("rows")
        self.settings = self.env["g2p.fa.settings"].current()
        self.settings.shared_ids = "hold"
        self.set_policy(approve_admin=False)
        self.set_policy("bank_account", approve_admin=False)
        self.set_policy("email_wallet", approve_admin=False)
        self.approver = self.new_user("judge", "approver", "base.group_partner_manager")
        self.first = self.give(self.make_registrant("Amina Juma"), "C-1")
        self.second = self.make_registrant("Juma Amina")
        self.enter_address(partner_id=self.first.id)
        self.enter_address(partner_id=self.second.id, mobile_number="0754 200 002")
        self.set_policy(approve_admin=True)
        self.give(self.second, "C-1")
        self.first.active = False

    def give(self, person, card):
        self.rows.valid[person.id] = card
        person._spar_changed()
        return person

    def waiting(self):
        return self.env["g2p.fa.proposal"].search([("state", "=", "to_approve")])

    def refuse(self):
        waiting = self.waiting()
        self.assertEqual(waiting.line_ids.mapped("record_name"), [self.second.name])
        waiting.with_user(self.approver).action_refuse("Another person")

    def change_rule(self, **vals):
        self.settings.write({**vals, "confirm_relink": True})
        rule = self.waiting().filtered(
            lambda one: one.line_ids[:1].res_model == "g2p.fa.settings"
        )
        rule.with_user(self.approver).action_approve()
        self.env.invalidate_all()

    def assertNotHanded(self):
        self.assertFalse(self.second._spar_get_id())
        self.assertTrue(self.second._spar_get_shared_id())

    def test_a_new_template_hands_nothing_on(self):
        self.refuse()
        self.change_rule(id_template="T:{id}")
        self.assertEqual(self.settings.id_template, "T:{id}")
        self.assertNotHanded()

    def test_a_new_template_hands_nothing_on_that_waits(self):
        self.change_rule(id_template="T:{id}")
        self.assertNotHanded()

    def test_what_waits_is_approved_under_the_new_template(self):
        self.change_rule(id_template="T:{id}")
        waiting = self.waiting()
        self.assertEqual(waiting.line_ids.mapped("after"), ["T:C-1"])
        other = self.new_user("other", "approver", "base.group_partner_manager")
        waiting.with_user(other).action_approve()
        self.assertEqual(self.second._spar_get_id(), "T:C-1")

    def test_a_new_template_hands_nothing_on_where_the_owner_gave_it_up(self):
        self.refuse()
        del self.rows.valid[self.first.id]
        self.first._spar_changed()
        self.change_rule(id_template="T:{id}")
        self.second._spar_changed()
        self.assertNotHanded()

    def test_both_share_under_the_new_template(self):
        self.first.with_env(self.env).active = True
        self.change_rule(id_template="T:{id}")
        for person in (self.first, self.second):
            self.assertEqual(person._spar_get_shared_id(), "T:C-1")
        self.assertEqual(self.first._spar_get_id(), "T:C-1")

    def test_the_first_ids_of_several_at_once_need_no_approval(self):
        """None of them takes over the ID of another one."""
        self.set_policy(approve_admin=False)
        people = self.env["res.partner"]
        for number in range(3):
            person = self.make_registrant(f"Newcomer {number}")
            self.enter_address(
                partner_id=person.id, mobile_number=f"0754 200 1{number}0"
            )
            people |= person
        self.set_policy(approve_admin=True)
        before = self.waiting()
        for number, person in enumerate(people):
            self.rows.valid[person.id] = f"N-{number}"
        people._spar_changed()
        self.assertEqual(people.mapped("spar_id"), ["N-0", "N-1", "N-2"])
        self.assertEqual(self.waiting(), before)

    def test_ids_typed_by_hand_hand_nothing_on(self):
        self.refuse()
        self.change_rule(id_source="spar_id")
        self.assertFalse(self.second._spar_get_id())

    def test_a_save_of_the_heir_hands_nothing_on(self):
        self.refuse()
        self.second._spar_changed()
        self.assertNotHanded()

    def test_another_source_hands_nothing_on(self):
        self.refuse()
        (self.first | self.second).sudo().write({"ref": "C-1"})
        self.change_rule(id_source="ref")
        self.assertNotHanded()
