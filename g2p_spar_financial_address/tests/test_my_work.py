from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .common import FinancialAddressCase

ADDON = "g2p_spar_financial_address"


@tagged("post_install", "-at_install")
class TestHome(FinancialAddressCase, HttpCase):
    """Where a user begins after the log-in."""

    def home_of(self, user):
        self.authenticate(user.login, user.login)
        info = self.make_jsonrpc_request("/web/session/get_session_info")
        return info["home_action_id"]

    def action(self, name):
        return self.env.ref(f"{ADDON}.{name}").id

    def test_by_role(self):
        people, approvals = "registrant_action", "approval_action"
        roles = {
            "viewer": people,
            "editor": people,
            "administrator": people,
            "approver": approvals,
        }
        for role, action in roles.items():
            with self.subTest(role):
                user = self.new_user(f"home_{role}", role)
                self.assertEqual(self.home_of(user), self.action(action))
        both = self.new_user("home_both", "editor", "approver")
        self.assertEqual(self.home_of(both), self.action(approvals))

    def test_without_a_role_it_is_as_before(self):
        user = self.new_user("home_none", "base.group_user")
        self.assertFalse(self.home_of(user))

    def test_a_choice_stays(self):
        user = self.new_user("home_chosen", "editor")
        user.action_id = self.action("g2p_financial_address_action")
        self.assertEqual(self.home_of(user), user.action_id.id)

    def test_without_the_action_it_is_as_before(self):
        self.env.ref(f"{ADDON}.approval_action").unlink()
        user = self.new_user("home_gone", "approver")
        self.assertFalse(user._spar_home_action())


@tagged("post_install", "-at_install")
class TestMyWork(FinancialAddressCase):
    """What waits for a user is counted by what their roles may do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.author = cls.new_user(
            "work_author", "editor", "approver", "base.group_partner_manager"
        )
        cls.approver = cls.new_user("work_approver", "approver")
        cls.viewer = cls.new_user("work_viewer", "viewer")
        cls.set_policy(approve_admin=True)
        cls.address = cls.enter_address("0754 200 001", user=cls.author)

    def work_of(self, user):
        entries = self.env["g2p.fa.work"].with_user(user).mine()
        return {entry["name"]: entry["count"] for entry in entries}

    def test_approvals_wait_for_approvers_but_not_for_the_author(self):
        self.assertEqual(self.work_of(self.approver), {"approvals": 1})
        self.assertEqual(self.work_of(self.author), {})
        self.assertEqual(self.work_of(self.viewer), {})
        self.address.with_user(self.approver).action_approve()
        self.assertEqual(self.work_of(self.approver), {})

    def test_what_was_refused_waits_for_its_author(self):
        self.address.with_user(self.approver).action_refuse("Another name on it")
        self.assertEqual(self.work_of(self.author), {"returned": 1})
        self.assertEqual(self.work_of(self.approver), {})

    def test_changes_of_providers_wait_for_another_person(self):
        administrator = self.new_user("work_admin", "administrator", "approver")
        self.address.with_user(self.approver).action_approve()
        self.operator.with_user(administrator).code = "MC9"
        self.assertEqual(self.work_of(self.approver), {"proposals": 1})
        self.assertEqual(self.work_of(administrator), {})

    def test_without_a_role_nothing_is_counted(self):
        user = self.new_user("work_none", "base.group_user")
        with self.assertRaises(AccessError):
            self.work_of(user)

    def test_each_entry_opens_its_list(self):
        (entry,) = self.env["g2p.fa.work"].with_user(self.approver).mine()
        self.assertTrue(self.env.ref(entry["action"]))
        self.assertTrue(entry["text"])
