import doctest
import re

from odoo.tests import tagged

from .. import address_values
from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestAddressValues(FinancialAddressCase):
    def test_masks_hide_the_middle(self):
        result = doctest.testmod(address_values)
        self.assertTrue(result.attempted)
        self.assertFalse(result.failed)

    def test_mobile_numbers_become_e164(self):
        for typed, stored in [
            ("0754 200 001", "+255754200001"),
            ("+255 754-200-001", "+255754200001"),
            (" (0754) 200001 ", "+255754200001"),
            ("+254712100004", "+254712100004"),
            ("٠٧٥٤٢٠٠٠٠١", "+255754200001"),
        ]:
            with self.subTest(typed):
                address = self.enter_address(typed)
                self.assertEqual(address.mobile_number, stored)

    def test_email_domains_become_lower_case(self):
        address = self.enter_address(
            mobile_number=False,
            fa_type="email_wallet",
            dfsp_id=self.mail_operator.id,
            email_address=" Asha.J@PayMail.Example ",
        )
        self.assertEqual(address.email_address, "Asha.J@paymail.example")

    def test_account_numbers_lose_their_blanks(self):
        address = self.enter_bank_account(" gb29 nwbk 6016 1331 9268 19 ")
        self.assertEqual(address.account_number, "GB29NWBK60161331926819")

    def test_bad_values_are_refused_in_plain_words(self):
        mobile, bank, mail = "mobile_wallet", "bank_account", "email_wallet"
        cases = [
            (mobile, "", "Enter the mobile number of the wallet."),
            (mobile, "12", "This mobile number cannot exist in Tanzania."),
            (mobile, "07542000011111", "This mobile number cannot exist in Tanzania."),
            (mobile, "+1 555", "This mobile number cannot exist in United States."),
            (mobile, "call me", "This is not a phone number. Write digits only."),
            (mobile, "+999 12345678", "Write the mobile number with its country code"),
            (mobile, "0754\n200001", "Mobile number contains an invisible control"),
            (bank, "", "Enter the account number."),
            (bank, "   ", "Enter the account number."),
            (bank, "none", "An account number has at least one digit."),
            (bank, "12\x0034", "Account number contains an invisible control"),
            (mail, "", "Enter the e-mail address of the wallet."),
            (mail, "asha", "This is not an e-mail address."),
            (mail, "a@b@c.example", "This is not an e-mail address."),
            (mail, "a b@c.example", "This is not an e-mail address."),
            (mail, "asha@localhost", "This is not an e-mail address."),
        ]
        fields = {
            mobile: ("mobile_number", self.operator),
            bank: ("account_number", self.bank),
            mail: ("email_address", self.mail_operator),
        }
        for fa_type, typed, message in cases:
            field, dfsp = fields[fa_type]
            with self.subTest(fa_type, typed=typed):
                values = {field: typed, "fa_type": fa_type, "dfsp_id": dfsp.id}
                with self.assertRefused(f"^{re.escape(message)}"):
                    self.enter_address(**{"mobile_number": False, **values})
        self.assertFalse(self.registrant.financial_address_ids)
