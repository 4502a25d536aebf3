"""Attacks on what depends on people who leave, or on whose words count.

Ways by which an approver stops being one that do not write the user; and ways by which
one person is both halves of an approval.
"""

from contextlib import suppress

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestAttackLeavers(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls.env.ref("g2p_spar_financial_address.group_approver")
        # A database may have other approvers.
        for user in cls.group.user_ids:
            user.group_ids = [Command.unlink(cls.group.id)]
        cls.editor = cls.new_user("y_editor", "editor", "base.group_partner_manager")
        cls.set_policy(approve_admin=True)

    def watch(self):
        self.env.flush_all()
        self.env["g2p.financial.address"]._cron_watch_bursts()
        self.env.invalidate_all()

    def test_who_stops_being_an_approver_in_any_way_leaves_no_todo(self):
        company = self.env["res.company"].create({"name": "Far"})
        ways = {
            "a role that made them one": lambda user, role: role.unlink(),
            "an implied role": lambda user, role: role.write({"implied_ids": [(5,)]}),
            "taken from the implying role": lambda user, role: role.write(
                {"user_ids": [Command.unlink(user.id)]}
            ),
        }
        for way, leave in ways.items():
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                role = self.env["res.groups"].create(
                    {
                        "name": "Chief",
                        "implied_ids": [Command.link(self.group.id)],
                    }
                )
                gone = self.new_user("y_gone", "base.group_user")
                gone.group_ids = [Command.link(role.id)]
                address = self.enter_address(user=self.editor).with_env(self.env)
                self.assertEqual(address.activity_ids.user_id, gone)
                heir = self.new_user("y_heir", "approver")
                leave(gone, role)
                self.watch()
                self.assertFalse(
                    gone.has_group(self.group.get_external_id()[self.group.id])
                )
                self.assertEqual(address.activity_ids.user_id, heir)
                savepoint.rollback()
                self.env.invalidate_all()
        with self.subTest("off the company"):
            self.registrant.company_id = company
            gone = self.new_user("y_gone", "approver")
            gone.company_ids += company
            self.editor.company_ids += company
            address = self.enter_address(user=self.editor).with_env(self.env)
            self.assertEqual(address.activity_ids.user_id, gone)
            heir = self.new_user("y_heir", "approver")
            heir.company_ids += company
            company.user_ids -= gone
            self.watch()
            self.assertEqual(address.activity_ids.user_id, heir)

    def test_who_becomes_an_approver_by_a_new_role_gets_what_waited(self):
        address = self.enter_address(user=self.editor).with_env(self.env)
        gone = self.new_user("y_gone", "approver")
        address._schedule_approval()
        gone.action_archive()
        newcomer = self.new_user("y_new", "base.group_user")
        self.env["res.groups"].create(
            {
                "name": "Chief",
                "implied_ids": [Command.link(self.group.id)],
                "user_ids": [Command.link(newcomer.id)],
            }
        )
        self.watch()
        self.assertEqual(address.activity_ids.user_id, newcomer)

    def test_who_moves_with_their_registrant_has_an_approver_there(self):
        here, there = self.env["res.company"].create([{"name": "H"}, {"name": "T"}])
        self.registrant.company_id = here
        self.editor.company_ids += here + there
        first = self.new_user("y_first", "approver")
        first.company_ids += here
        address = self.enter_address(user=self.editor).with_env(self.env)
        self.assertEqual(address.activity_ids.user_id, first)
        second = self.new_user("y_second", "approver")
        second.company_ids += there
        self.approved(self.registrant).company_id = there
        self.watch()
        self.assertEqual(address.activity_ids.user_id, second)

    # === ONE PERSON IS NOT TWO === #

    def test_no_order_of_steps_lets_one_person_share_a_number(self):
        """Accept ahead, end, enter again, complete a draft."""
        both = self.new_user("y_both", "editor", "approver")
        other = self.new_registrant("Baraka", "SR-2")
        self.set_policy(shared="approve", approve_admin=False)
        Accept = self.env["g2p.fa.sharing.accept"].with_user(both)

        def enter(person, user=both, **values):
            return self.enter_address(user=user, partner_id=person.id, **values)

        def accept(address):
            Accept.create(
                {
                    "address_id": address.id,
                    "partner_ids": [Command.set((self.registrant | other).ids)],
                    "reason": "One household",
                }
            ).action_accept()

        def end_then_accept():
            mine = enter(self.registrant)
            mine.action_end("Moved")
            accept(mine)
            enter(self.registrant)
            return enter(other)

        def accept_another_ones():
            theirs = enter(self.registrant, self.editor)
            accept(theirs)
            return enter(other)

        def draft_of_another():
            draft = enter(other, self.editor, dfsp_id=False)
            enter(self.registrant)
            draft = draft.with_user(both)
            draft.write({"dfsp_id": self.operator.id})
            return draft

        def draft_another_completes():
            draft = enter(other, dfsp_id=False)
            enter(self.registrant, self.editor)
            draft = draft.with_user(self.editor)
            draft.write({"dfsp_id": self.operator.id})
            return draft

        def at_once():
            entries = [
                {
                    "partner_id": person.id,
                    "fa_type": "mobile_wallet",
                    "dfsp_id": self.operator.id,
                    "mobile_number": "0754 200 001",
                }
                for person in self.registrant | other
            ]
            Address = self.env["g2p.financial.address"].with_user(both)
            return Address.create(entries)

        for steps in (
            end_then_accept,
            accept_another_ones,
            draft_of_another,
            draft_another_completes,
            at_once,
        ):
            with self.subTest(steps.__name__), self.env.cr.savepoint() as savepoint:
                # Some are refused on the way.
                with suppress(UserError), self.env.cr.savepoint():
                    waiting = steps().filtered(lambda a: a.state == "to_approve")
                    self.assertTrue(waiting)
                    for address in waiting.with_user(both):
                        self.assertFalse(address.may_decide)
                        with self.assertRefused("second person"):
                            address.action_approve()
                    sharing = waiting.sharing_id.with_user(both)
                    with self.assertRefused("second person"):
                        sharing.action_accept("One household")
                shared = self.env["g2p.financial.address"].search(
                    [("partner_id", "=", other.id), ("state", "=", "effective")]
                )
                self.assertFalse(shared)
                savepoint.rollback()
                self.env.invalidate_all()
