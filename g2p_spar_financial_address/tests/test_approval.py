from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestApproval(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("a_editor", "editor")
        cls.approver = cls.new_user("a_approver", "approver")
        cls.both = cls.new_user("a_both", "editor", "approver")
        cls.in_use = cls.enter_address("0754 200 001")
        cls.set_policy(approve_admin=True)

    def amend(self, user=None):
        return self.enter_address("0754 200 002", user=user or self.editor)

    def todos(self, address):
        return self.env["mail.activity"].search(
            [("res_model", "=", address._name), ("res_id", "=", address.id)]
        )

    def test_a_pending_amendment_leaves_the_address_in_use(self):
        pending = self.amend()
        self.assertEqual(pending.state, "to_approve")
        self.assertEqual(self.in_use.state, "effective")
        self.assertEqual(self.registrant.financial_address_id, self.in_use)
        self.assertEqual(self.registrant.pending_address_id, pending)
        self.assertEqual(pending.previous_id, self.in_use)

    def test_a_second_person_approves(self):
        pending = self.amend()
        pending.with_user(self.approver).action_approve()
        self.assertEqual(pending.state, "effective")
        self.assertEqual(pending.approved_by_id, self.approver)
        self.assertEqual(pending.entered_by_id, self.editor)
        self.assertEqual(self.in_use.state, "ended")
        self.assertEqual(self.registrant.financial_address_id, pending)

    def test_another_number_that_looks_the_same_is_told_to_who_decides(self):
        said = "This is another number, though it looks the same."
        pending = self.enter_address("0754 300 001", user=self.both)
        self.assertEqual(pending.masked, self.in_use.masked)
        self.assertEqual(pending.with_user(self.approver).approval_note, said)
        # It would tell an author whether the number is right.
        for user in (self.both, self.editor):
            self.assertFalse(pending.with_user(user).approval_note)
        for number, values in (
            ("0754 300 009", {}),
            ("0754 200 001", {"holder_name": "Asha Juma"}),
        ):
            pending = self.enter_address(number, user=self.editor, **values)
            with self.subTest(number):
                self.assertEqual(pending.state, "to_approve")
                self.assertFalse(pending.with_user(self.approver).approval_note)

    def test_authors_cannot_approve_their_own_in_any_channel(self):
        pending = self.amend(self.both)
        for env in (
            self.env(user=self.both),
            self.env(user=self.both, su=True),
            self.env(user=self.both, context={"import_file": True, "uid": 1}),
        ):
            address = pending.with_env(env)
            with self.subTest(su=env.su), self.assertRefused("second person"):
                address.action_approve()
            with self.subTest(su=env.su), self.assertRefused("second person"):
                address.action_refuse("no")
        self.assertFalse(pending.with_user(self.both).may_decide)
        self.assertTrue(pending.with_user(self.approver).may_decide)

    def test_who_completed_a_draft_is_an_author_too(self):
        draft = self.enter_address("+255754200002", user=self.editor, dfsp_id=False)
        draft.with_user(self.both).dfsp_id = self.operator
        self.assertEqual(draft.state, "to_approve")
        with self.assertRefused("second person"):
            draft.with_user(self.both).action_approve()
        draft.with_user(self.approver).action_approve()

    def test_the_user_who_typed_the_number_stays_an_author(self):
        third = self.new_user("a_third", "editor")
        draft = self.enter_address("+255754200002", user=self.editor, dfsp_id=False)
        draft.with_user(self.both).mobile_number = "+255754200666"
        draft.with_user(third).dfsp_id = self.operator
        self.assertEqual(draft.entered_by_id, self.both)
        for author in (self.editor, self.both, third):
            author.group_ids += self.env.ref(
                "g2p_spar_financial_address.group_approver"
            )
            with self.subTest(author.login), self.assertRefused("second person"):
                draft.with_user(author).action_approve()

    def test_changes_since_the_entry_are_checked_on_approval(self):
        pending = self.amend().with_user(self.approver)
        self.operator.active = False
        with self.assertRefused("M-Cash is archived"):
            pending.action_approve()
        self.operator.active = True
        self.registrant.is_registrant = False
        with self.assertRefused("is not a registrant"):
            pending.action_approve()

    def test_ending_ends_what_waits_too(self):
        pending = self.amend()
        self.in_use.with_user(self.editor).action_end("Has died")
        self.assertEqual(pending.state, "ended")
        self.assertFalse(self.todos(pending))
        with self.assertRefused("no address in use"):
            pending.with_user(self.editor).action_end("again")

    def test_the_trail_of_messages_is_not_rewritten(self):
        pending = self.amend()
        self.flush_tracking()
        pending.with_user(self.approver).action_approve()
        self.flush_tracking()
        message = pending.with_user(self.editor).message_ids[:1]
        self.assertTrue(message)
        for act in (
            lambda: message.write({"body": "forged"}),
            lambda: message.unlink(),
            lambda: pending.with_user(self.editor).write(
                {"message_ids": [(2, message.id)]}
            ),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()

    def test_an_editor_cannot_approve(self):
        pending = self.amend(self.both)
        with self.assertRaises(AccessError):
            pending.with_user(self.editor).action_approve()
        with self.assertRaises(AccessError):
            pending.with_user(self.editor).write({"state": "effective"})
        with self.assertRaises(AccessError):
            pending.with_user(self.editor).write({"entered_by_id": 1})

    def test_an_approver_cannot_enter(self):
        with self.assertRaises(AccessError):
            self.amend(self.approver)

    def test_refusal_needs_a_reason_and_changes_nothing(self):
        pending = self.amend()
        for reason in (None, "", "   "):
            with self.subTest(reason), self.assertRefused("Say why"):
                pending.with_user(self.approver).action_refuse(reason)
        pending.with_user(self.approver).action_refuse("The proof is unreadable")
        self.assertEqual(pending.state, "refused")
        self.assertEqual(pending.decision_note, "The proof is unreadable")
        self.assertEqual(pending.ended_by_id, self.approver)
        self.assertEqual(self.in_use.state, "effective")

    def test_the_dialog_refuses(self):
        pending = self.amend().with_user(self.approver)
        action = pending.with_context(decision="refuse").action_ask_reason()
        dialog = Form(
            pending.env[action["res_model"]].with_context(**action["context"])
        )
        dialog.reason = "Wrong person"
        dialog.save().action_decide()
        self.assertEqual(pending.state, "refused")

    def test_what_is_decided_is_not_decided_again(self):
        pending = self.amend().with_user(self.approver)
        pending.action_approve()
        with self.assertRefused("no longer waiting"):
            pending.action_refuse("changed my mind")
        with self.assertRefused("no longer waiting"):
            self.in_use.with_user(self.approver).action_approve()

    def test_a_newer_amendment_replaces_a_pending_one(self):
        first = self.amend()
        second = self.enter_address("0754 200 003", user=self.editor)
        self.assertEqual(first.state, "ended")
        self.assertIn("Replaced by a newer entry", first.decision_note)
        self.assertFalse(self.todos(first))
        with self.assertRefused("no longer waiting"):
            first.with_user(self.approver).action_approve()
        second.with_user(self.approver).action_approve()
        self.assertEqual(self.registrant.financial_address_id, second)

    def test_what_needs_no_approval_replaces_a_pending_one_too(self):
        pending = self.amend()
        self.set_policy(approve_admin=False)
        self.enter_address("0754 200 003", user=self.editor)
        self.assertEqual(pending.state, "ended")

    def test_the_policy_is_by_type_and_channel(self):
        other = {"partner_id": self.new_registrant("Baraka").id}
        account = self.enter_bank_account(user=self.editor, **other)
        self.assertEqual(account.state, "effective")
        self.set_policy("bank_account", approve_odk=True)
        account = self.enter_bank_account("0123456780", **other)
        self.assertEqual(account.state, "effective")
        account = self.enter_bank_account("0123456781", channel="odk", **other)
        self.assertEqual(account.state, "to_approve")

    def test_the_todo_goes_to_the_approver_with_the_fewest(self):
        self.amend()
        other = self.new_registrant("Baraka")
        second = self.enter_address(
            "0754 200 009", user=self.editor, partner_id=other.id
        )
        both = self.env["mail.activity"].search(
            [("res_model", "=", "g2p.financial.address")]
        )
        self.assertEqual(both.user_id & (self.approver | self.both), both.user_id)
        self.assertEqual(len(both.user_id), 2, "one each")
        self.assertEqual(len(self.todos(second)), 1)

    def test_the_todo_is_never_the_authors(self):
        self.assertEqual(self.todos(self.amend(self.both)).user_id, self.approver)

    def test_the_todo_goes_with_the_decision(self):
        pending = self.amend()
        self.assertTrue(self.todos(pending))
        pending.with_user(self.approver).action_approve()
        self.assertFalse(self.todos(pending))

    def test_the_decision_is_in_the_chatter_without_the_number(self):
        pending = self.amend()
        # What is created is not tracked in the same transaction.
        self.flush_tracking()
        pending.with_user(self.approver).action_approve()
        self.flush_tracking()
        messages = pending.sudo().message_ids
        bodies = str(messages.mapped("body"))
        tracked = messages.tracking_value_ids
        self.assertEqual(tracked.new_value_char, "In use")
        self.assertNotIn("754200002", bodies + str(tracked.read()))

    def test_an_amendment_needs_a_reason_and_a_first_entry_does_not(self):
        for reason in (False, "", "  "):
            with self.subTest(reason), self.assertRefused("Say why"):
                self.enter_address("0754 200 002", user=self.editor, reason=reason)
        other = self.new_registrant("Baraka")
        self.enter_address("0754 200 003", partner_id=other.id, reason=False)

    # === WHAT A SECOND PERSON REFUSED === #

    def refuse(self, address):
        address.with_user(self.approver).action_refuse("Not the registrant's phone")

    def submit(self, number, channel="odk", **values):
        entry = {
            "partner_id": self.registrant.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": number,
            "reason": "Asked for again",
            **values,
        }
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        return Address.submit([entry], channel)

    def test_a_number_that_was_refused_waits_in_every_channel(self):
        self.refuse(self.amend())
        self.set_policy(approve_admin=False)
        for channel in ("odk", "api", "portal", "import", "admin"):
            with self.subTest(channel):
                again = self.submit("+255 754-200-002", channel)
                self.assertEqual(again.state, "to_approve")
                self.assertEqual(again.approval_cause, "refused")
                self.assertEqual(self.registrant.financial_address_id, self.in_use)

    def test_so_it_does_at_another_provider_and_in_a_draft(self):
        self.refuse(self.amend())
        self.set_policy(approve_admin=False)
        other = self.operator.copy({"name": "N-Cash", "code": "NC"})
        self.assertEqual(
            self.submit("0754200002", dfsp_id=other.id).approval_cause, "refused"
        )
        draft = self.enter_address("+255754200002", user=self.editor, dfsp_id=False)
        draft.with_user(self.editor).dfsp_id = self.operator
        self.assertEqual(draft.approval_cause, "refused")
        self.assertEqual(self.registrant.financial_address_id, self.in_use)

    def test_the_refusal_is_of_this_number_and_this_registrant(self):
        self.refuse(self.amend())
        baraka = self.new_registrant("Baraka")
        other = self.submit("0754 200 002", partner_id=baraka.id)
        self.assertEqual(other.state, "effective")
        self.assertEqual(self.submit("0754 200 003").state, "effective")

    def test_a_later_decision_counts(self):
        self.refuse(self.amend())
        again = self.submit("0754 200 002")
        again.with_user(self.approver).action_approve()
        self.submit("0754 200 003")
        self.assertEqual(self.submit("0754 200 002").state, "effective")
        self.submit("0754 200 003")
        self.refuse(self.amend())
        self.assertEqual(self.submit("0754 200 002").state, "to_approve")

    def test_what_was_erased_is_not_known_to_be_refused(self):
        refused = self.amend()
        self.refuse(refused)
        refused._erase()
        self.assertEqual(self.submit("0754 200 002").state, "effective")

    def test_the_approver_sees_that_it_was_refused(self):
        self.refuse(self.amend())
        again = self.submit("0754 200 002").with_user(self.approver)
        view = self.env.ref(
            "g2p_spar_financial_address.g2p_financial_address_view_form"
        )
        form = Form(again, view)
        self.assertEqual(form.approval_cause, "refused")
        said = "A second person refused this number for this registrant."
        self.assertEqual(form.approval_note, said)

    def test_the_proof_is_for_those_who_decide(self):
        pending = self.enter_address(
            "0754 200 002", user=self.editor, proof=b"cHJvb2Y=", proof_name="a.txt"
        )
        viewer = self.new_user("a_viewer", "viewer")
        self.assertTrue(pending.with_user(self.approver).read(["proof"])[0]["proof"])
        with self.assertRaises(AccessError):
            pending.with_user(viewer).read(["proof"])
        attachment = self.env["ir.attachment"].search(
            [
                ("res_model", "=", pending._name),
                ("res_id", "=", pending.id),
                ("res_field", "=", "proof"),
            ]
        )
        self.assertTrue(attachment)
        for user in (viewer, self.approver):
            with self.assertRaises(AccessError):
                attachment.with_user(user).read(["datas"])

    def flush_tracking(self):
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.invalidate_all()
