"""Attacks on merges: one person as both halves, forged states, other ways."""

from contextlib import suppress

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .test_merge import FIRST, SECOND, MergeCase


@tagged("post_install", "-at_install")
class TestAttackThirdMerge(MergeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_policy(approve_admin=True)
        cls.accomplice = cls.new_registrant("Accomplice", "SR-66")
        cls.theirs = cls.approved_address("0754 266 666", cls.accomplice)
        cls.roles = {
            "viewer": cls.new_user("t_viewer", "viewer", "base.group_partner_manager"),
            "approver": cls.approver,
            "contacts": cls.new_user(
                "t_contacts", "base.group_user", "base.group_partner_manager"
            ),
            "nobody": cls.new_user("t_nobody", "base.group_user"),
            "portal": new_test_user(cls.env, "t_portal", "base.group_portal"),
            "public": new_test_user(cls.env, "t_public", "base.group_public"),
        }

    @classmethod
    def approved_address(cls, number, partner, user=None):
        address = cls.enter_address(number, partner_id=partner.id, user=user)
        address = address.with_env(cls.env)
        if address.state == "to_approve":
            address.with_user(cls.approver).action_approve()
        return address

    def draft(self, user=None, **values):
        return (
            self.env["g2p.fa.merge"]
            .with_user(user or self.editor)
            .create(
                {
                    "kept_id": self.registrant.id,
                    "duplicate_id": self.twin.id,
                    "reason": "Registered twice",
                    **values,
                }
            )
        )

    # === ONE PERSON AS BOTH HALVES === #

    def test_an_approver_does_not_write_what_another_asks_for(self):
        """An editor opens the dialog; an approver changes it before the click."""
        merge = self.draft()
        self.settle()
        changes = {"duplicate_id": self.accomplice.id, "keep_address": "duplicate"}
        for name, value in changes.items():
            with suppress(AccessError, UserError), self.env.cr.savepoint():
                merge.with_user(self.both).write({name: value})
        self.settle()
        merge.action_ask()
        self.settle()
        with suppress(AccessError, UserError), self.env.cr.savepoint():
            merge.with_user(self.both).action_approve()
        self.settle()
        self.assertNotEqual(self.paid(self.registrant)[1], "+255754266666")

    def test_who_entered_the_account_does_not_approve_that_it_moves(self):
        other = self.new_registrant("Asha J.", "SR-67")
        mine = self.approved_address("0754 267 777", other, user=self.both)
        self.assertEqual(mine.state, "effective")
        merge = self.draft(duplicate_id=other.id, keep_address="duplicate")
        merge.action_ask()
        self.settle()
        self.assertEqual(merge.state, "to_approve")
        self.assertFalse(merge.with_user(self.both).may_decide)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            merge.with_user(self.both).action_approve()
        self.settle()
        self.assertEqual(self.paid(self.registrant)[1], FIRST)
        # Nor does the to-do go to them.
        self.assertNotIn(self.both, merge.with_env(self.env).activity_ids.user_id)
        self.approve(merge)
        self.assertEqual(self.paid(self.registrant)[1], "+255754267777")

    def test_the_asker_does_not_approve_by_another_way(self):
        merge = self.draft(user=self.both)
        merge.action_ask()
        self.settle()
        mine = merge.with_user(self.both)
        forged = mine.with_context(
            g2p_fa_approved=True, g2p_fa_trusted=1, g2p_fa_inside={}, su=True
        )
        for act in (
            mine.action_approve,
            forged.action_approve,
            lambda: mine.action_refuse("Twice"),
            lambda: mine.write({"state": "done"}),
            lambda: mine.write({"asked_by_id": self.editor.id}),
            lambda: mine.write({"keep_address": "duplicate"}),
            lambda: forged.write({"people_print": "x"}),
            lambda: mine.unlink(),
            lambda: mine.web_save({"reason": "Other"}, {}),
            lambda: (
                self.env["g2p.fa.decision"]
                .with_user(self.both)
                .create(
                    {
                        "merge_ids": [(6, 0, mine.ids)],
                        "decision": "refuse",
                        "reason": "x",
                    }
                )
                .action_decide()
            ),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                act()
        self.settle()
        self.assertEqual(merge.state, "to_approve")

    def test_a_merge_is_not_born_decided(self):
        values = {
            "kept_id": self.registrant.id,
            "duplicate_id": self.twin.id,
            "reason": "Twice",
        }
        Merge = self.env["g2p.fa.merge"].with_user(self.editor)
        forged = {
            "state": "to_approve",
            "asked_by_id": self.roles["viewer"].id,
            "decided_by_id": self.approver.id,
            "people_print": "x",
            "kept_spar_id": "SR-66",
            "kept_address_id": self.theirs.id,
            "duplicate_address_id": self.theirs.id,
        }
        for name, value in forged.items():
            with self.subTest(name):
                with suppress(AccessError), self.env.cr.savepoint():
                    made = Merge.create({**values, name: value})
                    self.assertNotEqual(
                        self.env["g2p.fa.merge"]
                        ._fields[name]
                        .convert_to_write(made.sudo()[name], made),
                        value,
                    )
                with suppress(AccessError), self.env.cr.savepoint():
                    context = {f"default_{name}": value}
                    made = Merge.with_context(**context).create(values)
                    field = made._fields[name]
                    self.assertNotEqual(
                        field.convert_to_write(made.sudo()[name], made), value
                    )
                    made.unlink()
        done = self.draft()
        done.action_ask()
        self.settle()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            done.copy()
        result = Merge.load(
            ["kept_id/.id", "duplicate_id/.id", "state"],
            [[str(self.registrant.id), str(self.twin.id), "done"]],
        )
        self.assertFalse(result["ids"])

    # === ROLES === #

    def test_no_other_role_asks_decides_or_undoes(self):
        merge = self.draft()
        merge.action_ask()
        self.settle()
        tried = 0
        for role, user in self.roles.items():
            mine = merge.with_user(user)
            with suppress(AccessError), self.env.cr.savepoint():
                Merge = self.env["g2p.fa.merge"].with_user(user)
                self.assertFalse(Merge.load(["reason"], [["x"]])["ids"])
            ways = {
                "create": lambda u=user: self.draft(user=u),
                "ask": mine.action_ask,
                "undo": mine.action_undo,
                "withdraw": mine.action_withdraw,
                "write": lambda m=mine: m.write({"reason": "x"}),
                "unlink": mine.unlink,
                "dialog": lambda u=user: (
                    self.registrant.with_user(u)
                    .action_merge_duplicate()
                    .get("res_model")
                    and self.env["g2p.fa.merge"]
                    .with_user(u)
                    .with_context(default_kept_id=self.registrant.id)
                    .create({"duplicate_id": self.twin.id})
                ),
            }
            if role != "approver":
                ways["approve"] = mine.action_approve
                ways["refuse"] = lambda m=mine: m.action_refuse("No")
            for way, act in ways.items():
                with self.subTest(role, way=way):
                    with self.assertRaises(AccessError), self.env.cr.savepoint():
                        act()
                    tried += 1
        self.assertGreater(tried, 45)
        self.settle()
        self.assertBefore()

    def test_an_editor_who_may_not_write_contacts_merges_none(self):
        user = self.new_user("t_editor", "editor")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.draft(user=user).action_ask()
        merge = self.draft()
        merge.action_ask()
        self.settle()
        self.approve(merge)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            merge.with_user(user).action_undo()

    # === WHAT A MERGE LEAVES === #

    def test_the_duplicate_does_not_come_back_by_another_way(self):
        merge = self.draft(keep_address="duplicate")
        merge.action_ask()
        self.settle()
        self.approve(merge)
        self.assertEqual(self.paid(self.registrant)[1], SECOND)
        twin = self.twin.with_user(self.editor)
        for act in (
            lambda: twin.write({"active": True}),
            twin.action_unarchive,
            lambda: self.enter_address(
                "0754 299 999", partner_id=self.twin.id, user=self.editor
            ),
            lambda: (
                self.env["g2p.financial.address"]
                .with_user(self.editor)
                .submit(
                    [
                        {
                            "partner_id": self.twin.id,
                            "fa_type": "mobile_wallet",
                            "dfsp_id": self.operator.id,
                            "mobile_number": "0754 299 999",
                            "reason": "x",
                        }
                    ],
                    "portal",
                )
            ),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                act()
        self.settle()
        self.assertFalse(self.twin.active)
