import doctest
import re

import phonenumbers

from odoo.tests import tagged

from .. import address_values, typed_numbers
from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestAddressValues(FinancialAddressCase):
    def test_masks_hide_the_middle(self):
        for module in (address_values, typed_numbers):
            result = doctest.testmod(module)
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

    def test_numbers_changed_by_a_spreadsheet_are_refused(self):
        """One more zero, and the money goes to another phone."""
        self.operator.country_id = self.env.ref("base.id")
        floats = ("81234567890.0", "812345678.0", "+6281234567890.0", "81234567890,0")
        exponents = ("8.1234567890E10", "8.12E+10", "8,12e+10", "8E+10")
        grouped = ("81,234,567,890.00", "81 234 567 890,00", "81234567890.")
        for typed in (*floats, *exponents, *grouped, 81234567890.0):
            with self.subTest(typed=typed):
                with self.assertRefused("^Mobile number looks like a number that a sp"):
                    self.enter_address(typed)
                with self.assertRefused("^Account number looks like a number that a s"):
                    self.enter_bank_account(typed)
        self.assertFalse(self.registrant.financial_address_ids)

    def test_numbers_with_dots_are_not_taken_for_those_of_a_spreadsheet(self):
        self.operator.country_id = self.env.ref("base.fr")
        for typed in ("06.12.34.56.00", "0612345600", "06.12.34.00.00"):
            self.assertEqual(self.enter_address(typed).mobile_number[:5], "+3361")
        self.assertTrue(self.enter_bank_account("12E45"))

    def test_the_digits_typed_are_those_of_the_number(self):
        """Apart from international prefix, country code and one trunk prefix."""
        for country, typed, stored in [
            ("tz", "000 255 754 200 001", "+255754200001"),
            ("tz", "255754200001", "+255754200001"),
            ("tz", "+255 (0)754 200 001", "+255754200001"),
            ("uk", "00 44 7400 123456", "+447400123456"),
            ("hu", "06 20 123 4567", "+36201234567"),
            ("ru", "8 (912) 345-67-89", "+79123456789"),
            ("us", "1 (201) 555-0123", "+12015550123"),
            ("it", "312 345 6789", "+393123456789"),
            # What is dialled otherwise than it is written.
            ("ar", "011 15-2345-6789", "+5491123456789"),
            ("ar", "+54 9 11 2345 6789", "+5491123456789"),
            ("by", "8 029 491-19-11", "+375294911911"),
            ("ag", "464-1234", "+12684641234"),
            # A carrier, chosen for one call.
            ("bo", "013 71234567", None),
            ("br", "0 15 11 96123 4567", None),
        ]:
            self.operator.country_id = self.env.ref(f"base.{country}")
            with self.subTest(country, typed=typed):
                if stored:
                    self.assertEqual(self.enter_address(typed).mobile_number, stored)
                else:
                    with self.assertRefused("mobile number|phone number"):
                        self.enter_address(typed)

    def test_every_country_takes_its_own_numbers(self):
        """As they are written there, and from abroad."""
        styles = phonenumbers.PhoneNumberFormat
        tried = 0
        for code in sorted(phonenumbers.SUPPORTED_REGIONS):
            country = self.env["res.country"].new({"code": code})
            number = phonenumbers.example_number_for_type(
                code, phonenumbers.PhoneNumberType.MOBILE
            )
            if not number:
                continue
            for style in (styles.NATIONAL, styles.INTERNATIONAL, styles.E164):
                text = phonenumbers.format_number(number, style)
                with self.subTest(code, typed=text):
                    self.assertEqual(
                        address_values.clean_mobile_number(self.env, text, country),
                        phonenumbers.format_number(number, styles.E164),
                    )
                    tried += 1
        self.assertGreater(tried, 600)

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
