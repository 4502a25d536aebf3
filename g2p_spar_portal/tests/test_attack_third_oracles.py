"""Attacks by agents who learn a number from what a form is refused for.

A form that is refused stores nothing. Agents see numbers masked.
"""

from odoo.tests import tagged

from .common import PortalCase


@tagged("post_install", "-at_install")
class TestAttackThirdOracles(PortalCase):
    def setUp(self):
        super().setUp()
        self.sign_in()

    def refusals(self, form, candidates):
        """Return the errors of forms that are refused anyway, by candidate."""
        said = {}
        for candidate, values in candidates.items():
            page = self.send(
                self.payment_path, {**form, **values, "payee_until": "2020-01-01"}, 422
            )
            errors = self.errors(page)
            self.assertIn("payee_until", errors)
            said[candidate] = {
                name: text.replace(candidate, "…") for name, text in errors.items()
            }
        return said

    def assertSame(self, form, candidates):
        """Each candidate gets the same answer, or it is recorded who asked."""
        with self.recorded_questions() as recorded:
            first, *others = self.refusals(form, candidates).values()
        if not any(recorded):
            self.assertEqual(others, [first] * len(others))

    def test_no_text_tells_the_number_in_use(self):
        self.enter_on_portal("0754 200 001")
        form = self.form(
            f"{self.payment_path}?type=mobile_wallet",
            dfsp_id=str(self.operator.id),
            mobile_number="0754 300 300",
            reason="New phone",
            payee_name="Neema",
        )
        many = " ".join(f"7542{n}0001" for n in range(11, 30))
        for name in ("holder_name", "payee_name", "reason"):
            with self.subTest(name):
                texts = (f"{many} 754200001", f"{many} 754209001")
                self.assertSame(form, {text: {name: text} for text in texts})

    def test_the_branch_does_not_tell_the_account(self):
        self.bank.branch_required = True
        self.enter_on_portal(
            False,
            fa_type="bank_account",
            dfsp_id=self.bank.id,
            branch_id=self.bank.branch_ids.id,
            account_number="0123456789",
        )
        form = self.form(
            f"{self.payment_path}?type=bank_account&provider={self.bank.id}",
            reason="New account",
            branch_id="",
            payee_name="Neema",
        )
        numbers = ("0123456789", "0123450789")
        self.assertSame(form, {text: {"account_number": text} for text in numbers})
