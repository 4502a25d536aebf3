from lxml import etree

from odoo.tests import Form, tagged

from ..const import MANDATE_FIELDS, PAYEE_FIELDS
from ..models.g2p_financial_address import PAYMENT_FIELDS
from ..models.g2p_financial_address_comparison import COMPARED
from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestBranch(FinancialAddressCase):
    """An amendment loses no branch unless a user removes it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.bank.branch_ids
        cls.account = cls.enter_bank_account(
            holder_name="Asha J.",
            payee_name="Neema Mushi",
            payee_relation="guardian",
            payee_id_number="AB-12",
            payee_until="2099-12-31",
        )

    def in_use(self):
        return self.registrant.financial_address_id

    def dialog(self):
        action = self.registrant.action_amend_financial_address()
        model = self.env[action["res_model"]].with_context(**action["context"])
        return Form(model, view=action["views"][0][0])

    def said(self, **values):
        """Return what a channel says that has no question about the branch."""
        return {
            "partner_id": self.registrant.id,
            "fa_type": "bank_account",
            "dfsp_id": self.bank.id,
            "account_number": "0123456789",
            "holder_name": "Neema Mushi",
            **values,
        }

    def submit(self, **values):
        Address = self.env["g2p.financial.address"].sudo()
        return Address.submit([self.said(**values)], "odk")

    # === THE ADMIN FORM === #

    def test_the_dialog_begins_with_all_but_the_number(self):
        dialog = self.dialog()
        for name in ("fa_type", "dfsp_id", "branch_id", "holder_name", *PAYEE_FIELDS):
            self.assertEqual(dialog[name], self.account[name], name)
        self.assertFalse(dialog.account_number)
        dialog.account_number = "0123456780"
        dialog.reason = "A new account"
        self.assertEqual(dialog.save().branch_id, self.branch)
        self.assertIn("branch_code:NB01", self.in_use()._spar_value()[0])

    def test_another_bank_or_type_and_back_brings_the_branch_back(self):
        second = self.bank.copy({"code": "SB"})
        trips = {
            "bank": [{"dfsp_id": second}, {"dfsp_id": self.bank}],
            "type": [
                {"fa_type": "mobile_wallet"},
                {"fa_type": "bank_account"},
                {"dfsp_id": self.bank},
            ],
            "none": [{"dfsp_id": second.browse()}, {"dfsp_id": self.bank}],
        }
        for way, steps in trips.items():
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                dialog = self.dialog()
                for step in steps:
                    for name, value in step.items():
                        dialog[name] = value
                    if dialog.dfsp_id != self.bank:
                        self.assertFalse(dialog.branch_id)
                self.assertEqual(dialog.branch_id, self.branch)
                dialog.account_number = "0123456780"
                dialog.reason = "Another account"
                self.assertEqual(dialog.save().branch_id, self.branch)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_the_second_person_sees_each_field_before_and_after(self):
        self.set_policy("bank_account", approve_admin=True)
        dialog = self.dialog()
        dialog.branch_id = self.env["g2p.dfsp.branch"]
        dialog.account_number = "0123456789"
        dialog.reason = "No branch any more"
        waiting = dialog.save()
        self.assertEqual(waiting.state, "to_approve")
        cells = {cell["name"]: cell for cell in waiting.comparison["cells"]}
        self.assertEqual(cells["branch_id"]["was"], self.branch.display_name)
        self.assertEqual(cells["branch_id"]["becomes"], "")
        self.assertTrue(cells["branch_id"]["changed"])
        # The number is shown masked, and the payee's name with the relation; a reason
        # and proofs are of one address only.
        of_one = {"partner_id", "reason", "proof", "proof_name", *MANDATE_FIELDS}
        numbers = {"account_number", "mobile_number", "email_address"}
        said = {"payee_name", "payee_relation"}
        self.assertEqual(
            set(COMPARED) - {"masked"}, PAYMENT_FIELDS - of_one - numbers - said
        )
        view = self.env.ref(
            "g2p_spar_financial_address.g2p_financial_address_view_form"
        )
        arch = etree.fromstring(
            self.env["g2p.financial.address"].get_view(view.id)["arch"]
        )
        self.assertTrue(arch.xpath("//field[@name='comparison']"))

    # === CHANNELS THAT DO NOT ASK FOR IT === #

    def test_the_same_account_keeps_its_branch(self):
        Address = self.env["g2p.financial.address"].sudo()
        said = self.said(reason="Another holder")
        ways = {
            "channel": lambda: Address.submit([said], "odk"),
            "rpc": lambda: Address.create(said),
        }
        for way, enter in ways.items():
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                enter()
                self.assertNotEqual(self.in_use(), self.account)
                self.assertEqual(self.in_use().holder_name, "Neema Mushi")
                self.assertEqual(self.in_use().branch_id, self.branch)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_draft_of_the_same_account_keeps_it_when_its_bank_is_known(self):
        draft = self.enter_address(
            mobile_number=False,
            fa_type="bank_account",
            dfsp_id=False,
            account_number="0123456789",
        )
        self.assertEqual(draft.state, "draft")
        draft.dfsp_id = self.bank
        self.assertEqual(self.in_use(), draft)
        self.assertEqual(draft.branch_id, self.branch)

    def test_the_same_account_with_dashes_keeps_it(self):
        self.submit(account_number="01234-56789")
        self.assertEqual(self.in_use().account_number, "01234-56789")
        self.assertEqual(self.in_use().branch_id, self.branch)

    def test_a_branch_that_waits_for_a_second_person_is_not_kept(self):
        self.set_policy("bank_account", approve_admin=True)
        second = self.branch.copy({"name": "Second", "code": "S2"})
        waiting = self.env["g2p.financial.address"].create(
            self.said(branch_id=second.id, reason="Moved", holder_name="Asha J.")
        )
        self.assertEqual(waiting.state, "to_approve")
        self.submit(holder_name="ASHA J.")
        self.assertEqual(self.in_use().holder_name, "ASHA J.")
        self.assertEqual(self.in_use().branch_id, self.branch)

    def test_another_account_or_bank_does_not(self):
        second = self.bank.copy({"code": "SB"})
        for values in ({"account_number": "0123456780"}, {"dfsp_id": second.id}):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                self.submit(**values)
                self.assertNotEqual(self.in_use(), self.account)
                self.assertFalse(self.in_use().branch_id)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_saying_nothing_new_enters_nothing(self):
        self.assertEqual(self.submit(holder_name="Asha J."), self.account)

    def test_taking_it_away_is_a_change(self):
        self.submit(holder_name="Asha J.", branch_id=False)
        self.assertNotEqual(self.in_use(), self.account)
        self.assertFalse(self.in_use().branch_id)

    # === WHICH BRANCH === #

    def test_only_a_branch_in_use_of_the_same_bank_is_taken(self):
        second = self.env["g2p.dfsp"].create(
            {
                "name": "Second Bank",
                "code": "SB",
                "branch_ids": [(0, 0, {"name": "North", "code": "N1"})],
            }
        )
        archived = self.branch.copy({"name": "Closed", "code": "CL", "active": False})
        editor = self.new_user("b_editor", "editor")
        Address = self.env["g2p.financial.address"]
        typed = {
            "partner_id": self.registrant.id,
            "fa_type": "bank_account",
            "dfsp_id": self.bank.id,
            "account_number": "0123456780",
            "reason": "Moved",
        }
        draft = Address.with_user(editor).create({**typed, "dfsp_id": False})
        self.assertEqual(draft.state, "draft")
        for branch, message in [
            (archived, "The branch Closed is archived"),
            (second.branch_ids, "North is not one of the chosen bank"),
        ]:
            said = {"branch_id": branch.id}
            for enter in (
                lambda v: Address.with_user(editor).create({**typed, **v}),
                lambda v: draft.write({"dfsp_id": self.bank.id, **v}),
                lambda v: self.submit(account_number="0123456780", **v),
            ):
                with self.subTest(branch.name), self.assertRefused(message):
                    enter(said)
        self.assertEqual(self.in_use(), self.account)

    def test_what_waited_before_its_branch_was_archived_is_not_approved(self):
        self.set_policy("bank_account", approve_admin=True)
        waiting = self.enter_bank_account("0123456780")
        self.assertEqual(waiting.state, "to_approve")
        self.branch.active = False
        approver = self.new_user("b_approver", "approver")
        with self.assertRefused("is archived"):
            waiting.with_user(approver).action_approve()
        self.assertEqual(self.in_use(), self.account)

    # === BANKS THAT NEED ONE === #

    def test_a_bank_may_need_a_branch(self):
        self.bank.branch_required = True
        message = "Choose the branch: First Bank needs one."
        other = {"account_number": "0123456780"}
        branchless = {
            "mobile_number": False,
            "fa_type": "bank_account",
            "account_number": "0123456780",
        }
        with self.assertRefused(message):
            self.enter_address(**branchless, dfsp_id=self.bank.id)
        with self.assertRefused(message):
            self.submit(**other)
        self.assertEqual(self.in_use(), self.account)
        self.enter_bank_account("0123456780")
        another = {**branchless, "account_number": "0123456781"}
        draft = self.enter_address(**another, dfsp_id=False)
        with self.assertRefused(message):
            draft.dfsp_id = self.bank
        self.assertTrue(self.enter_address("0754 200 001"))

    def test_what_waited_before_the_bank_needed_one_is_not_approved(self):
        self.set_policy("bank_account", approve_admin=True)
        waiting = self.enter_address(
            mobile_number=False,
            fa_type="bank_account",
            dfsp_id=self.bank.id,
            account_number="0123456780",
        )
        self.assertEqual(waiting.state, "to_approve")
        self.bank.branch_required = True
        approver = self.new_user("b_approver", "approver")
        with self.assertRefused("First Bank needs one"):
            waiting.with_user(approver).action_approve()
        self.assertEqual(self.in_use(), self.account)

    def test_only_banks_need_branches(self):
        with self.assertRefused("Only banks have branches"):
            self.operator.branch_required = True
        form = Form(self.env["g2p.dfsp"])
        form.branch_required = True
        form.fa_type = "mobile_wallet"
        self.assertFalse(form.branch_required)
