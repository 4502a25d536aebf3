"""Attacks by taking accounts over: what its refusal tells, and who it obeys."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.g2p_spar_financial_address.tests.registrant_adapter_case import (
    RegistrantAdapterCase,
)
from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase

from .test_openspp import OpensppWays

RIGHT, WRONG = "0150123456789", "0150123956789"


@tagged("post_install", "-at_install")
class TestAttackThirdAccounts(OpensppWays, SparCase):
    def setUp(self):
        super().setUp()
        self.person = self.make_registrant("Amina Juma", "C-7001").sudo()
        self.address = self.enter_bank_account(RIGHT, partner_id=self.person.id)
        self.res_bank = self.env["res.bank"].create({"name": self.bank.name})

    def take(self, user, number=RIGHT, **values):
        with self.env.cr.savepoint() as undone:
            account = self.env["res.partner.bank"].create(
                {
                    "partner_id": self.person.id,
                    "acc_number": number,
                    "bank_id": self.res_bank.id,
                    **values,
                }
            )
            self.env.flush_all()
            self.env.invalidate_all()
            try:
                with self.env.cr.savepoint():
                    said = account.with_user(user).sudo(False).action_spar_take_over()
            except UserError as error:
                said = f"{type(error).__name__} {error}"
            undone.rollback()
        self.env.invalidate_all()
        return str(said)

    def test_what_it_is_refused_for_tells_no_number(self):
        self.bank.branch_required = True
        for user in (self.clerk, self.viewer):
            for right, wrong in (
                ({"number": RIGHT}, {"number": WRONG}),
                (
                    {"number": "990011", "acc_holder_name": RIGHT},
                    {"number": "990011", "acc_holder_name": WRONG},
                ),
                (
                    {"number": "990011", "acc_holder_name": "x0150q1234w56789"},
                    {"number": "990011", "acc_holder_name": "x0150q1239w56789"},
                ),
            ):
                with self.subTest(user.login, candidate=str(right)):
                    with self.recorded_questions() as recorded:
                        said = self.take(user, **right), self.take(user, **wrong)
                    # The same answer, or it is recorded who asked.
                    if not any(recorded):
                        self.assertEqual(*said)

    def test_it_obeys_those_who_enter_addresses(self):
        roles = {
            "viewer": "spp_registry.group_registry_viewer",
            "writer": "spp_registry.group_registry_write,base.group_partner_manager",
            "contacts": "base.group_user,base.group_partner_manager",
            "nobody": "base.group_user",
            "approver": "g2p_spar_financial_address.group_approver",
            "operator": "g2p_spar_sync_queue.group_operator",
            "portal": "base.group_portal",
        }
        for role, groups in roles.items():
            if "portal" not in groups and "base.group_user" not in groups:
                groups = f"base.group_user,{groups}"
            user = new_test_user(self.env, f"take_{role}", groups)
            for holder in (False, RIGHT, "Neema"):
                with self.subTest(role, holder=holder):
                    said = self.take(user, "990011", acc_holder_name=holder)
                    self.assertTrue(said.startswith("AccessError"), said)
                    self.assertNotIn("number of a payment", said)

    def test_an_address_in_use_is_not_replaced_without_a_reason(self):
        said = self.take(self.clerk, "0150999999999")
        self.assertIn("Say why", said)

    def test_it_waits_for_a_second_person_like_any_entry(self):
        self.set_policy("bank_account", approve_admin=True)
        other = self.make_registrant("Juma Amina", "C-7002")
        account = self.env["res.partner.bank"].create(
            {
                "partner_id": other.id,
                "acc_number": "0150777777777",
                "bank_id": self.res_bank.id,
            }
        )
        account.with_user(self.clerk).action_spar_take_over()
        address = other.sudo().financial_address_ids
        self.assertEqual(address.state, "to_approve")
        self.assertEqual(address.entered_by_id, self.clerk)
        self.assertFalse(address.typed)


@tagged("post_install", "-at_install")
class TestAttackThirdRows(OpensppWays, RegistrantAdapterCase, SparCase):
    """Rows of IDs: each way to change one is a change of who is paid."""

    tellings = 2

    def test_who_is_no_editor_moves_no_id_by_its_row(self):
        person = self.make_registrant("Amina Juma", "C-7001").sudo()
        other = self.make_registrant("Juma Amina").sudo()
        row = person.reg_ids
        user = new_test_user(
            self.env,
            "rows_writer",
            "spp_registry.group_registry_write,base.group_user,"
            "base.group_partner_manager",
        )
        mine = row.with_user(user).sudo(False)
        people = person.with_user(user).sudo(False)
        command = {"value": "C-7009"}
        for way, act in {
            "value": lambda: mine.write(command),
            "move": lambda: mine.write({"partner_id": other.id}),
            "invalid": lambda: mine.write({"status": "invalid"}),
            "type": lambda: mine.write({"id_type_id": self.id_type("passport").id}),
            "by the contact": lambda: people.write({"reg_ids": [(1, row.id, command)]}),
            "unlink by the contact": lambda: people.write({"reg_ids": [(2, row.id)]}),
            "new": lambda: (
                other.with_user(user)
                .sudo(False)
                .write(
                    {
                        "reg_ids": [
                            (0, 0, {"id_type_id": self.id_type().id, "value": "C-7010"})
                        ]
                    }
                )
            ),
            "moved by a command": lambda: (
                other.with_user(user).sudo(False).write({"reg_ids": [(4, row.id)]})
            ),
            "superuser for them": lambda: (
                row.with_user(user).sudo().write({"value": "C-7011"})
            ),
            "forged": lambda: mine.with_context(
                g2p_fa_approved=True, g2p_fa_trusted=True
            ).write(command),
        }.items():
            with self.subTest(way):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    act()
                    self.env.flush_all()
                self.env.invalidate_all()
        self.assertEqual(person._spar_get_id(), "C-7001")
        self.assertFalse(other._spar_get_id())

    def test_one_editor_alone_redirects_nobody_by_rows(self):
        """Where a second person is asked for, whatever step is taken first."""
        self.set_policy(approve_admin=True)
        person = self.make_registrant("Amina Juma", "C-7001").sudo()
        accomplice = self.make_registrant("Juma Amina", "C-7002").sudo()
        approver = self.new_user("rows_approver", "approver")
        for one, number in ((person, "0754 200 001"), (accomplice, "0754 200 002")):
            address = self.enter_address(
                number, partner_id=one.id, user=self.clerk
            ).with_env(self.env)
            address.with_user(approver).action_approve()
        self.env.flush_all()
        orders = (
            ("invalid", "theirs"),
            ("move",),
            ("swap value", "theirs"),
            ("disable", "invalid", "theirs"),
            ("type", "theirs"),
        )
        for order in orders:
            with self.subTest(str(order)), self.env.cr.savepoint() as savepoint:
                for step in order:
                    self.step(step, person, accomplice)
                self.assertNotEqual(accomplice._spar_get_id(), "C-7001")
                savepoint.rollback()
                self.env.invalidate_all()

    def step(self, step, person, accomplice):
        clerk = self.clerk
        row = person.reg_ids.with_user(clerk)
        theirs = accomplice.reg_ids.with_user(clerk)
        acts = {
            "invalid": lambda: row.write({"status": "invalid"}),
            "theirs": lambda: theirs.write({"value": "C-7001"}),
            "move": lambda: row.write({"partner_id": accomplice.id}),
            "swap value": lambda: row.write({"value": "C-7999"}),
            "disable": lambda: self.stop(person),
            "type": lambda: row.write({"id_type_id": self.id_type("passport").id}),
        }
        try:
            with self.env.cr.savepoint():
                acts[step]()
                self.env.flush_all()
        except UserError:
            self.env.invalidate_all()
