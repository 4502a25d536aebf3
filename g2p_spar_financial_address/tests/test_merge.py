import io
import zipfile
from datetime import datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..toolkit.context_flags import APPROVED, marked
from .common import ADDON, FinancialAddressCase

FIRST, SECOND = "+255754200001", "+255754200002"


class MergeCase(FinancialAddressCase):
    """Asha is registered twice, with an ID and a wallet each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        manager = "base.group_partner_manager"
        cls.editor = cls.new_user("m_editor", "editor", manager)
        cls.both = cls.new_user("m_both", "editor", "approver", manager)
        cls.approver = cls.new_user("m_approver", "approver")
        cls.twin = cls.new_registrant("Asha Jumaa", "SR-2")
        cls.first = cls.enter_address(FIRST)
        cls.second = cls.enter_address(SECOND, partner_id=cls.twin.id)

    def ask(self, keep_spar_id="kept", keep_address="kept", user=None, **values):
        """Ask for the merge of the twin into the registrant, as an editor does."""
        merge = (
            self.env["g2p.fa.merge"]
            .with_user(user or self.editor)
            .create(
                {
                    "kept_id": self.registrant.id,
                    "duplicate_id": self.twin.id,
                    "keep_spar_id": keep_spar_id,
                    "keep_address": keep_address,
                    "reason": "Registered twice in two villages",
                    **values,
                }
            )
        )
        merge.action_ask()
        self.settle()
        return merge

    def approve(self, merge, user=None):
        merge.with_user(user or self.approver).action_approve()
        self.settle()

    def settle(self):
        """The transaction of one user ends."""
        self.env.flush_all()
        self.env.invalidate_all()

    def paid(self, partner):
        """Return the ID and the number by which a contact is paid; False for none."""
        in_use = partner.financial_address_ids.filtered(
            lambda address: address.state == "effective"
        )
        return partner.spar_id, in_use.sudo().mobile_number

    def assertBefore(self):
        self.assertEqual(self.paid(self.registrant), ("SR-1", FIRST))
        self.assertEqual(self.paid(self.twin), ("SR-2", SECOND))
        self.assertTrue(self.twin.active)


@tagged("post_install", "-at_install")
class TestMerge(MergeCase):
    def test_what_stays_is_chosen_and_undone(self):
        for keep_spar_id, keep_address, expected in (
            ("kept", "kept", ("SR-1", FIRST)),
            ("kept", "duplicate", ("SR-1", SECOND)),
            ("duplicate", "kept", ("SR-2", FIRST)),
            ("duplicate", "duplicate", ("SR-2", SECOND)),
        ):
            with self.subTest(keep_spar_id=keep_spar_id, keep_address=keep_address):
                merge = self.ask(keep_spar_id, keep_address)
                self.assertEqual(merge.state, "done")
                self.assertEqual(self.paid(self.registrant), expected)
                self.assertFalse(self.twin.active)
                self.assertFalse(self.paid(self.twin)[1])
                # No ID is lost: no other person can be registered under it.
                ids = {self.registrant.spar_id, self.twin.spar_id}
                self.assertEqual(ids, {"SR-1", "SR-2"})
                self.assertTrue(merge.with_user(self.editor).may_undo)
                merge.with_user(self.editor).action_undo()
                self.settle()
                self.assertEqual(merge.state, "undone")
                self.assertBefore()

    def test_both_histories_stay_and_say_who_and_why(self):
        merge = self.ask(keep_address="duplicate")
        self.assertEqual(self.first.state, "ended")
        self.assertEqual(self.second.state, "ended")
        self.assertEqual(self.second.decision_note, "Merged with a duplicate.")
        self.assertEqual(self.second.ended_by_id, self.editor)
        entered = self.registrant.financial_address_id
        self.assertEqual(entered.entered_by_id, self.editor)
        self.assertEqual(entered.previous_id, self.first)
        self.assertEqual(entered.reason, "Registered twice in two villages")
        self.assertEqual(merge.asked_by_id, self.editor)
        self.assertTrue(merge.done_date)
        self.assertEqual(merge.kept_address_id, self.first)
        self.assertEqual(merge.duplicate_address_id, self.second)
        self.assertEqual(self.twin.merged_into_id, self.registrant)
        self.assertEqual(self.registrant.merge_count, 1)
        self.assertEqual(self.registrant.merged_address_ids, self.second)
        lines = self.env["g2p.fa.proposal.line"].search([("res_id", "=", self.twin.id)])
        self.assertIn("active", lines.mapped("field_name"))
        self.assertEqual(lines.proposal_id.proposed_by_id, self.editor)

    def test_an_id_that_moves_is_in_the_trail(self):
        self.ask(keep_spar_id="duplicate")
        before = self.env["g2p.fa.proposal.line"]._spar_ids_before({"SR-1", "SR-2"})
        self.assertEqual(before["SR-1"], {self.registrant.id})
        self.assertEqual(before["SR-2"], {self.twin.id})

    def test_who_receives_the_money_is_said_before(self):
        said = "Another person receives the money: Neema Mushi · Guardian."
        self.enter_address(
            FIRST, payee_name="Neema Mushi", payee_relation="guardian", user=self.editor
        )
        form = Form(self.env["g2p.fa.merge"].with_user(self.editor))
        form.kept_id = self.registrant
        form.duplicate_id = self.twin
        self.assertIn(said, form.effect)
        form.keep_address = "duplicate"
        self.assertNotIn("Another person", form.effect)

    def test_ids_made_from_other_fields_are_exchanged_there(self):
        self.registrant.ref, self.twin.ref = "11", "22"
        self.make_ids_from("ref", "P:{id}")
        merge = self.ask("duplicate", "duplicate")
        self.assertEqual(self.paid(self.registrant), ("P:22", SECOND))
        self.assertEqual((self.registrant.ref, self.twin.ref), ("22", "11"))
        self.assertEqual(self.twin.spar_id, "P:11")
        merge.with_user(self.editor).action_undo()
        self.settle()
        self.assertEqual(self.paid(self.registrant), ("P:11", FIRST))
        self.assertEqual(self.paid(self.twin), ("P:22", SECOND))

    def test_a_person_without_id_or_address_gets_what_the_other_has(self):
        self.first.action_end("Lost")
        marked(self.registrant, APPROVED).spar_id = False
        form = Form(self.env["g2p.fa.merge"].with_user(self.editor))
        form.kept_id = self.registrant
        form.duplicate_id = self.twin
        self.assertEqual(form.keep_spar_id, "duplicate")
        self.assertEqual(form.keep_address, "duplicate")
        self.assertIn("SR-2", form.effect)
        with self.assertRefused("has no SPAR ID"):
            self.ask("kept", "duplicate")
        with self.assertRefused("has no payment address"):
            self.ask("duplicate", "kept")
        merge = self.ask("duplicate", "duplicate")
        self.assertEqual(self.paid(self.registrant), ("SR-2", SECOND))
        merge.with_user(self.editor).action_undo()
        self.settle()
        self.assertEqual(self.paid(self.registrant), (False, False))
        self.assertEqual(self.paid(self.twin), ("SR-2", SECOND))

    def test_channels_find_the_person_by_the_other_id(self):
        self.ask()
        found = self.env["res.partner"]._spar_find({"SR-1", "SR-2"})
        self.assertEqual(found["SR-1"], self.registrant)
        self.assertEqual(found["SR-2"], self.registrant)
        texts = self.registrant._spar_texts_of()[self.registrant]
        self.assertEqual(texts, {"SR-1", "SR-2"})

    def test_the_id_of_a_duplicate_is_shared_by_no_third_person(self):
        self.registrant.ref, self.twin.ref = "11", "22"
        self.make_ids_from("ref")
        self.env["g2p.fa.settings"].current().shared_ids = "hold"
        merge = self.ask()
        third = self.new_registrant("Neema", ref="22")
        self.settle()
        # Both IDs are those of one person, who is paid.
        self.assertFalse(third.spar_id)
        self.assertEqual(third._spar_get_shared_id(), "22")
        self.assertEqual(self.twin.spar_id, "22")
        third.ref = "33"
        self.settle()
        self.assertEqual(third.spar_id, "33")
        merge.with_user(self.editor).action_undo()
        self.settle()
        self.assertEqual(self.paid(self.twin), ("22", SECOND))

    def test_what_no_person_says_confirms_no_number(self):
        long_ago = datetime(2020, 1, 1)
        for address in (self.first, self.second):
            address.mark_to_confirm("The payment of October was returned")
            address._trusted_write().write({"confirmed_on": long_ago})
        merge = self.ask(keep_address="duplicate")
        people = self.registrant | self.twin
        for undone in (False, True):
            if undone:
                merge.with_user(self.editor).action_undo()
                self.settle()
                self.assertBefore()
            in_use = people.financial_address_ids.filtered(
                lambda address: address.state == "effective"
            )
            self.assertEqual(len(in_use), 2 if undone else 1)
            for address in in_use:
                self.assertEqual(address.to_confirm_reason, "marked")
                self.assertIn("October", address.to_confirm_note)
                self.assertEqual(address.confirmed_on, long_ago)

    def test_what_failed_after_the_merge_is_to_be_confirmed_after_its_undoing(self):
        merge = self.ask(keep_address="duplicate")
        address = self.registrant.financial_address_id
        address.mark_to_confirm("The payment of October was returned")
        self.settle()
        merge.with_user(self.editor).action_undo()
        self.settle()
        self.assertEqual(self.twin.to_confirm_reason, "marked")
        self.assertFalse(self.registrant.to_confirm_reason)

    def test_undoing_enters_no_address_whose_mandate_has_ended(self):
        mandate = {
            "payee": "other",
            "payee_name": "Neema Mushi",
            "payee_until": "2027-06-30",
        }
        for keep_address in ("kept", "duplicate"):
            with self.subTest(keep_address), self.env.cr.savepoint() as savepoint:
                with freeze_time("2027-01-01"):
                    for person in self.registrant, self.twin:
                        number = "0754 200 10" + str(person.id % 10)
                        self.enter_address(number, partner_id=person.id, **mandate)
                    self.settle()
                    merge = self.ask(keep_address=keep_address)
                with freeze_time("2027-07-01"):
                    merge.with_user(self.editor).action_undo()
                self.settle()
                self.assertEqual(merge.state, "undone")
                self.assertTrue(self.twin.active)
                self.assertFalse(self.paid(self.twin)[1])
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_duplicate_is_paid_no_more(self):
        self.ask()
        with self.assertRefused("merged"):
            self.enter_address("0754 200 009", partner_id=self.twin.id)
        with self.assertRefused("Undo the merge"):
            self.twin.active = True
        self.assertFalse(self.twin.active)

    def test_a_duplicate_of_a_duplicate_leads_to_the_last_one(self):
        third = self.new_registrant("A. Juma", "SR-3")
        self.ask()
        second = self.ask(
            kept_id=third.id, duplicate_id=self.registrant.id, keep_address="duplicate"
        )
        found = self.env["res.partner"]._spar_find({"SR-2"})
        self.assertEqual(found["SR-2"], third)
        self.assertEqual(third.merged_address_ids, self.first | self.second)
        first = self.env["g2p.fa.merge"].search([("duplicate_id", "=", self.twin.id)])
        self.assertFalse(first.may_undo)
        with self.assertRefused("changed since"):
            first.with_user(self.editor).action_undo()
        # In the reverse order both are undone.
        second.with_user(self.editor).action_undo()
        self.settle()
        first.with_user(self.editor).action_undo()
        self.settle()
        self.assertBefore()

    def test_what_changed_since_is_not_undone(self):
        for change in (
            lambda: self.enter_address("0754 200 003"),
            lambda: self.registrant.financial_address_id.action_end("Lost"),
            lambda: self.registrant.write({"spar_id": "SR-9"}),
            lambda: self.registrant.write({"is_registrant": False}),
            lambda: self.twin.write({"spar_id": "SR-9"}),
            lambda: self.registrant.action_remove_payment_data(),
        ):
            merge = self.ask()
            with self.subTest(change), self.env.cr.savepoint() as savepoint:
                change()
                self.settle()
                self.assertFalse(merge.with_user(self.editor).may_undo)
                with self.assertRefused("changed since"):
                    merge.with_user(self.editor).action_undo()
                savepoint.rollback()
            self.env.invalidate_all()
            merge.with_user(self.editor).action_undo()
            self.settle()

    def test_an_erased_number_is_not_undone(self):
        merge = self.ask()
        self.second._erase()
        self.settle()
        self.assertFalse(merge.with_user(self.editor).may_undo)
        with self.assertRefused("erased"):
            merge.with_user(self.editor).action_undo()

    def test_what_waits_is_decided_first(self):
        self.set_policy(approve_admin=True)
        self.enter_address("0754 200 003", user=self.editor, partner_id=self.twin.id)
        with self.assertRefused("waits for a second person"):
            self.ask()
        self.twin.pending_address_id.with_user(self.approver).action_refuse("No")
        self.registrant.with_user(self.editor).spar_id = "SR-9"
        with self.assertRefused("waits for a second person"):
            self.ask()

    def test_only_two_registrants_are_merged(self):
        other = self.env["res.partner"].create({"name": "A supplier"})
        archived = self.new_registrant("Old", "SR-7", active=False)
        for values in (
            {"duplicate_id": self.registrant.id},
            {"duplicate_id": other.id},
            {"duplicate_id": archived.id},
            {"duplicate_id": False},
        ):
            with self.subTest(values), self.assertRefused("registrants"):
                self.ask(**values)

    def test_a_reason_is_required_and_has_no_number(self):
        for reason in (False, "0754 200 002"):
            with self.subTest(reason), self.assertRefused("why|numbers"):
                self.ask(reason=reason)

    def test_the_data_of_both_is_handed_out_and_removed_together(self):
        merge = self.ask("duplicate", "kept")
        admin = self.new_user("m_admin", "administrator", "base.group_user")
        self.registrant.with_user(admin).action_subject_access()
        shown = self.env["g2p.fa.reveal"].search([("way", "=", "subject")])
        self.assertEqual(shown.address_id, self.first | self.second)
        archive = self.env["g2p.fa.subject"].search([]).with_user(admin)._archive()
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            text = file.read("registrant.json").decode()
        for wanted in (FIRST, SECOND, "SR-1", "SR-2"):
            self.assertIn(wanted, text)
        self.registrant.with_user(admin).action_remove_payment_data()
        self.env.invalidate_all()
        # No connection is started, so nothing is at SPAR.
        self.assertFalse(self.first.sudo().mobile_number)
        self.assertFalse(self.second.sudo().mobile_number)
        self.assertFalse(merge.kept_spar_id or merge.duplicate_spar_id)

    def test_contacts_are_not_merged_by_odoo_and_the_message_says_how(self):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        with self.assertRefused("Merge a duplicate"):
            wizard._merge([self.registrant.id, self.twin.id], self.registrant)


@tagged("post_install", "-at_install")
class TestMergeApproval(MergeCase):
    """The approval policy of the admin form asks for a second person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_policy(approve_admin=True)

    def test_a_second_person_decides_and_undoes(self):
        merge = self.ask("duplicate", "duplicate", user=self.both)
        self.assertEqual(merge.state, "to_approve")
        self.assertBefore()
        self.assertEqual(merge.activity_ids.user_id, self.approver)
        with self.assertRefused("second person"):
            self.approve(merge, self.both)
        with self.assertRaises(AccessError):
            self.approve(merge, self.editor)
        self.approve(merge)
        self.assertEqual(merge.state, "done")
        self.assertEqual(merge.decided_by_id, self.approver)
        self.assertFalse(merge.activity_ids)
        self.assertEqual(self.paid(self.registrant), ("SR-2", SECOND))
        address = self.registrant.financial_address_id
        self.assertEqual(address.entered_by_id, self.both)
        self.assertEqual(address.approved_by_id, self.approver)
        merge.with_user(self.both).action_undo()
        self.settle()
        self.assertEqual(merge.state, "undo_to_approve")
        self.assertEqual(self.paid(self.registrant), ("SR-2", SECOND))
        with self.assertRefused("second person"):
            self.approve(merge, self.both)
        self.approve(merge)
        self.assertEqual(merge.state, "undone")
        self.assertBefore()

    def test_what_changed_meanwhile_is_not_approved(self):
        merge = self.ask()
        new = self.enter_address("0754 200 003", user=self.editor)
        new.with_user(self.approver).action_approve()
        self.settle()
        with self.assertRefused("changed since"):
            self.approve(merge)
        self.assertTrue(self.twin.active)
        merge.with_user(self.approver).action_refuse("Ask anew")
        self.assertEqual(merge.state, "refused")
        self.assertEqual(merge.decision_note, "Ask anew")

    def test_it_is_refused_with_a_reason_or_withdrawn(self):
        merge = self.ask()
        with self.assertRefused("Say why"):
            merge.with_user(self.approver).action_refuse(" ")
        dialog = (
            self.env["g2p.fa.decision"]
            .with_user(self.approver)
            .create(
                {
                    "merge_ids": [Command.set(merge.ids)],
                    "decision": "refuse",
                    "reason": "Two people",
                }
            )
        )
        dialog.action_decide()
        self.settle()
        self.assertEqual(merge.state, "refused")
        self.assertBefore()
        merge = self.ask(user=self.both)
        with self.assertRaises(AccessError):
            merge.with_user(self.approver).action_withdraw()
        merge.with_user(self.both).action_withdraw()
        self.assertEqual(merge.state, "withdrawn")
        merge = self.ask()
        self.approve(merge)
        merge.with_user(self.editor).action_undo()
        merge.with_user(self.approver).action_refuse("It is one person")
        self.assertEqual(merge.state, "done")
        self.assertFalse(self.twin.active)

    def test_one_person_is_in_one_waiting_merge(self):
        self.ask()
        third = self.new_registrant("A. Juma", "SR-3")
        for values in (
            {"kept_id": third.id},
            {"duplicate_id": third.id},
            {"kept_id": self.twin.id, "duplicate_id": third.id},
        ):
            with self.subTest(values), self.assertRefused("waits for a second person"):
                self.ask(**values)

    def test_a_number_of_others_needs_an_approver_without_a_policy(self):
        self.set_policy(approve_admin=False, shared="approve")
        neighbour = self.new_registrant("Neema", "SR-4")
        shared = self.enter_address(SECOND, user=self.both, partner_id=neighbour.id)
        shared.with_user(self.approver).action_approve()
        self.settle()
        merge = self.ask(keep_address="duplicate")
        self.assertEqual(merge.state, "to_approve")
        self.assertBefore()
        self.approve(merge)
        self.assertEqual(self.paid(self.registrant), ("SR-1", SECOND))


@tagged("post_install", "-at_install")
class TestMergeRights(MergeCase):
    def test_who_may_ask(self):
        manager = "base.group_partner_manager"
        for user in (
            self.new_user("m_viewer", "viewer", manager),
            self.new_user("m_contacts", manager),
            self.approver,
        ):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.ask(user=user)

    def test_both_are_of_the_users_companies(self):
        north, south = self.env["res.company"].create(
            [{"name": "North"}, {"name": "South"}]
        )
        self.registrant.company_id, self.twin.company_id = north, south
        groups = f"{ADDON}.group_editor,{ADDON}.group_approver"
        groups += ",base.group_partner_manager"

        def member(login, companies):
            return new_test_user(
                self.env,
                login,
                groups,
                company_id=companies[0].id,
                company_ids=[Command.set(companies.ids)],
            )

        in_north, in_both = member("north", north), member("n_s", north | south)
        with self.assertRaises(AccessError):
            self.ask(user=in_north)
        self.set_policy(approve_admin=True)
        merge = self.ask(user=in_both)
        self.assertFalse(merge.activity_ids, "an approver of one company is asked")
        with self.assertRaises(AccessError):
            self.approve(merge, in_north)
        self.assertFalse(self.env["g2p.fa.merge"].with_user(in_north).search_count([]))
        self.approve(merge, member("n_s_2", north | south))
        self.assertEqual(merge.state, "done")

    def test_what_was_asked_stays_as_it_is(self):
        merge = self.ask().with_user(self.editor)
        with self.assertRefused("stays as it is"):
            merge.reason = "Another one"
        with self.assertRaises(AccessError):
            merge.state = "draft"
        with self.assertRefused("cannot be deleted"):
            merge.unlink()
        with self.assertRaises(AccessError):
            self.ask(state="done")
        with self.assertRaises(AccessError):
            self.ask(asked_by_id=self.approver.id)
        forged = merge.with_context(
            default_state="done", default_asked_by_id=self.approver.id
        ).create({"kept_id": self.twin.id})
        self.assertEqual(forged.state, "draft")
        self.assertFalse(forged.asked_by_id)

    def test_it_is_done_once(self):
        merge = self.ask()
        with self.assertRefused("already"):
            merge.with_user(self.editor).action_ask()
        with self.assertRefused("already"):
            self.approve(merge)
        merge.with_user(self.editor).action_undo()
        with self.assertRefused("already"):
            merge.with_user(self.editor).action_undo()

    def test_users_it_names_are_not_deleted(self):
        self.set_policy(approve_admin=True)
        merge = self.ask()
        self.approve(merge)
        for user in (self.editor, self.approver):
            with self.subTest(user.login), self.assertRefused("named in the history"):
                user.unlink()

    def test_forgotten_drafts_are_deleted(self):
        draft = self.env["g2p.fa.merge"].create(
            {"kept_id": self.registrant.id, "duplicate_id": self.twin.id}
        )
        kept = self.ask()
        self.env.flush_all()
        self.env.cr.execute("UPDATE g2p_fa_merge SET create_date = '2026-01-01'")
        self.env["g2p.fa.merge"]._gc_drafts()
        self.assertFalse(draft.exists())
        self.assertTrue(kept.exists())
