"""Attacks by those who hear what is wrong with a submission: numbers are guessed."""

from odoo.tests import tagged

from .apply_common import ApplyCase

RIGHT, WRONG = "0123456789", "0123450789"


@tagged("post_install", "-at_install")
class TestAttackThirdGuesses(ApplyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = {
            "number": None,
            "fa_type": "bank_account",
            "dfsp_code": "FB",
            "payee": "other",
            "payee_name": "Neema",
            # Refused anyway, so that no guess is stored.
            "payee_until": "2020-01-01",
        }
        cls.bank.branch_required = True

    def enter_known(self):
        self.enter_bank_account(RIGHT)

    def test_a_sample_tells_no_account_by_its_branch(self):
        self.enter_known()
        said = []
        for number in (RIGHT, WRONG):
            self.form.sample_payload = self.answers(
                **self.account, account_number=number
            )
            said.append(self.form.preview_trouble)
        self.assertTrue(said[0])
        self.assertEqual(*said)

    def test_nor_does_a_corrected_number(self):
        self.enter_known()
        said = []
        for number in (RIGHT, WRONG):
            one = self.submit(
                f"uuid:{number}",
                self.answers(**self.account, account_number="x"),
            )
            one.with_user(self.editor)._correct({"account_number": number}, "Asked")
            said.append(one.error_text)
        self.assertTrue(said[0])
        self.assertEqual(*said)

    def test_what_was_collected_keeps_the_branch(self):
        account = {**self.account, "payee_until": None, "account_number": RIGHT}
        self.submit(answers=self.answers(**account, branch_code="NB01"))
        again = self.answers(**account, holder_name="Guardian")
        one = self.submit("uuid:2", again, minute=1)
        self.assertEqual((one.state, one.error_text), ("applied", False))
        self.assertEqual(self.in_use().branch_id, self.bank.branch_ids)
