from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestUsersLeave(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("l_editor", "editor", "base.group_partner_manager")
        cls.approver = cls.new_user("l_approver", "approver")
        cls.other = cls.new_user("l_other", "approver")
        cls.group = cls.env.ref("g2p_spar_financial_address.group_approver")
        # Nobody else: a database may have approvers of its own.
        for user in cls.group.user_ids - cls.approver - cls.other:
            user.group_ids = [Command.unlink(cls.group.id)]

    def waiting(self):
        """Return an address that waits for a second person."""
        self.set_policy(approve_admin=True)
        return self.enter_address(user=self.editor).with_env(self.env)

    # === EVIDENCE === #

    def test_who_entered_an_address_is_not_deleted(self):
        address = self.enter_address(user=self.editor)
        with self.assertRefused("Archive"):
            self.editor.unlink()
        self.editor.action_archive()
        self.assertEqual(address.entered_by_id, self.editor)

    def test_who_decided_ended_or_saw_is_not_deleted(self):
        address = self.waiting()
        address.with_user(self.approver).action_approve()
        with self.assertRefused("Archive"):
            self.approver.unlink()
        reader = self.new_user("l_reader", "editor")
        address.with_user(reader).reveal()
        with self.assertRefused("Archive"):
            reader.unlink()
        ender = self.new_user("l_ender", "editor")
        address.with_user(ender).action_end("Moved")
        with self.assertRefused("Archive"):
            ender.unlink()

    def test_who_worked_on_it_or_registered_them_is_not_deleted(self):
        draft = self.enter_address("+255754200001", dfsp_id=False)
        helper = self.new_user("l_helper", "editor", "base.group_partner_manager")
        draft.with_user(helper).write({"dfsp_id": self.operator.id})
        with self.assertRefused("Archive"):
            helper.unlink()
        registrar = self.new_user("l_reg", "editor", "base.group_partner_manager")
        self.env["res.partner"].with_user(registrar).create(
            {"name": "New", "is_registrant": True}
        )
        with self.assertRefused("Archive"):
            registrar.unlink()

    def test_others_are(self):
        self.assertTrue(self.other.unlink())

    def test_one_who_deletes_the_own_account_stays_named(self):
        agent = self.new_user("l_agent", "base.group_portal")
        address = self.enter_address()
        address.sudo().entered_by_id = agent
        agent._deactivate_portal_user()
        self.assertFalse(agent.active)
        self.assertNotEqual(agent.login, "l_agent")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            agent.unlink()
        self.assertEqual(address.entered_by_id, agent)

    # === TO-DOS === #

    def test_todos_of_who_leaves_go_to_others(self):
        leave = {
            "archived": lambda user: user.action_archive(),
            "written": lambda user: user.write({"active": False}),
            "deleted": lambda user: user.unlink(),
            "without the role": lambda user: user.write(
                {"group_ids": [Command.unlink(self.group.id)]}
            ),
            "taken off the group": lambda user: self.group.write(
                {"user_ids": [Command.unlink(user.id)]}
            ),
        }
        address = self.waiting()
        for name, leaves in leave.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                gone = address.activity_ids.user_id
                leaves(gone)
                heir = (self.approver | self.other) - gone
                self.assertEqual(address.activity_ids.user_id, heir)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_todo_without_heirs_waits_for_the_next_approver(self):
        address = self.waiting()
        (self.approver | self.other).action_archive()
        self.assertEqual(len(address.activity_ids), 1)
        newcomer = self.new_user("l_new", "approver")
        self.assertEqual(address.activity_ids.user_id, newcomer)

    def test_an_author_does_not_inherit_the_own_entry(self):
        both = self.new_user("l_both", "editor", "approver")
        self.set_policy(approve_admin=True)
        address = self.enter_address(user=both).with_env(self.env)
        address.activity_ids.user_id.action_archive()
        self.assertNotEqual(address.activity_ids.user_id, both)

    # === COMPANIES === #

    def contact_manager(self):
        groups = ("base.group_user", "base.group_partner_manager")
        return self.new_user("l_manager", *groups)

    def test_a_contact_manager_does_not_move_a_registrant(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        manager = self.contact_manager()
        manager.company_ids += company
        by_id = self.new_registrant("By ID", "SR-7")
        child = self.new_registrant("Child", "SR-8")
        child.parent_id = self.new_registrant("Parent", is_registrant=False)
        self.enter_address()
        draft = self.new_registrant("Draft")
        self.enter_address("+255754200009", partner_id=draft.id, dfsp_id=False)
        for who in (self.registrant, by_id, draft, child, child.parent_id):
            with self.subTest(who.name), self.assertRefused("editor"):
                who.with_user(manager).company_id = company
        by_id.with_user(self.editor).company_id = self.env.company
        trail = self.env["g2p.fa.proposal"].search([], order="id desc", limit=1)
        self.assertEqual(trail.line_ids.field_name, "company_id")
        self.assertEqual(trail.proposed_by_id, self.editor)
