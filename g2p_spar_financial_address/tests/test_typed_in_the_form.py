from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestTypedInTheForm(FinancialAddressCase):
    """All that is wrong with what is typed, by field, and before anything is stored."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("types_forms", "editor")

    def problems(self, address=None, **values):
        addresses = address or self.env["g2p.financial.address"]
        if not address:
            values = {
                "partner_id": self.registrant.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator.id,
                "mobile_number": "0754 200 001",
                **values,
            }
        before = addresses.search_count([])
        found = addresses.with_user(self.editor).check_typed(values)
        self.assertEqual(addresses.search_count([]), before)
        return found

    def test_nothing_is_wrong(self):
        self.assertEqual(self.problems(), {})

    def test_all_errors_at_once_each_at_its_field(self):
        self.enter_address("0754 200 009")
        problems = self.problems(
            mobile_number="12",
            holder_name="=cmd()",
            payee="other",
            payee_until="2001-01-01",
        )
        self.assertEqual(
            set(problems),
            {
                "mobile_number",
                "holder_name",
                "payee_name",
                "payee_relation",
                "payee_until",
                "reason",
            },
        )
        self.assertIn("cannot exist in Tanzania", problems["mobile_number"])

    def test_what_is_empty_is_said_in_words(self):
        problems = self.problems(mobile_number=False)
        self.assertEqual(
            problems, {"mobile_number": "Enter the mobile number of the wallet."}
        )

    def test_a_branch_that_the_bank_needs(self):
        self.bank.branch_required = True
        problems = self.problems(
            fa_type="bank_account",
            dfsp_id=self.bank.id,
            mobile_number=False,
            account_number="0123456789",
        )
        self.assertEqual(set(problems), {"branch_id"})

    def test_what_belongs_to_no_field_is_said_of_the_whole(self):
        self.operator.active = False
        self.assertIn("archived", self.problems()[""])

    def test_a_draft_is_checked_with_what_it_has(self):
        draft = self.enter_address(dfsp_id=False, mobile_number="+255754200001")
        self.assertEqual(draft.state, "draft")
        problems = self.problems(draft, dfsp_id=self.operator.id, holder_name="=1")
        self.assertEqual(set(problems), {"holder_name"})
        self.assertEqual(self.problems(draft, dfsp_id=self.operator.id), {})

    def test_it_says_no_more_than_entering_does(self):
        """Neither whether a number is in use, nor which branch its account has."""
        self.set_policy(shared="refuse")
        other = self.new_registrant("Neema Shayo")
        self.enter_address("0754 200 005", partner_id=other.id)
        self.assertEqual(self.problems(mobile_number="0754 200 005"), {})
        self.enter_bank_account("0123456789")
        self.bank.branch_required = True
        said = {
            "fa_type": "bank_account",
            "dfsp_id": self.bank.id,
            "mobile_number": False,
            "reason": "Another account",
        }
        answers = [
            self.problems(**said, account_number=number)
            for number in ("0123456789", "0123456780")
        ]
        self.assertEqual(answers[0], answers[1])
        self.assertIn("branch_id", answers[0])

    def test_those_who_may_not_enter_may_not_ask(self):
        viewer = self.new_user("types_nothing", "viewer")
        addresses = self.env["g2p.financial.address"].with_user(viewer)
        with self.assertRaises(AccessError):
            addresses.check_typed({"partner_id": self.registrant.id})
        with self.assertRaises(AccessError):
            addresses.with_user(self.editor).check_typed({"state": "effective"})
        with self.assertRaises(UserError):
            self.enter_address().with_user(self.editor).check_typed({"reason": "x"})

    def test_editors_of_another_company_learn_nothing(self):
        north, south = self.env["res.company"].create(
            [{"name": "North"}, {"name": "South"}]
        )
        self.registrant.company_id = north
        self.enter_address()
        self.editor.write({"company_ids": [(6, 0, south.ids)], "company_id": south.id})
        with self.assertRaises(AccessError):
            self.problems()

    def test_a_label_of_spar_in_a_value_is_said_of_its_part(self):
        self.mail_operator.country_id = False
        problems = self.problems(
            fa_type="email_wallet",
            dfsp_id=self.mail_operator.id,
            mobile_number=False,
            email_address="a.fa_type:x@pay.example",
        )
        self.assertNotIn("A value", str(problems))
