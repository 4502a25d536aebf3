import doctest
import re

import phonenumbers

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..imports import separator
from ..toolkit.value_checks import checked
from ..values import checks, numbers_in_text, typed_numbers
from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestAddressValues(FinancialAddressCase):
    def test_masks_hide_the_middle(self):
        for module in (checks, typed_numbers, numbers_in_text, separator):
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

    def test_a_number_is_of_the_country_of_the_registrants_company(self):
        """Not of the user's, nor of the system's, which applies what ODK collected."""
        self.env.company.country_id = self.env.ref("base.tz")
        kenya = self.env["res.company"].create(
            {"name": "Kenya", "country_id": self.env.ref("base.ke").id}
        )
        self.operator.country_id = False
        self.registrant.company_id = kenya
        address = self.enter_address("0712 345 678")
        self.assertEqual(address.mobile_number, "+254712345678")
        entry = {"partner_id": self.registrant.id, "dfsp_id": self.operator.id}
        entry |= {"fa_type": "mobile_wallet", "mobile_number": "0712 345 678"}
        clean, _problems = address.check_entry(entry)
        self.assertEqual(clean["mobile_number"], "+254712345678")
        self.approved(self.operator).country_id = self.env.ref("base.tz")
        address = self.enter_address("0754 200 001")
        self.assertEqual(address.mobile_number, "+255754200001")

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

    def test_a_decimal_number_is_known_in_any_dress(self):
        self.operator.country_id = self.env.ref("base.id")
        for typed in (
            "'81234567890.0",
            "(81234567890.0)",
            "81234567890 .0",
            "81234567890. 0",
            "+62 81234567890.0",
            "0812-3456-7890,00",
            "\u200b81234567890.0",
            "８１２３４５６７８９０.０",
            "81234567890．0",
            "٨١٢٣٤٥٦٧٨٩٠.٠",
            "٨١٢٣٤٥٦٧٨٩٠٫٠",
        ):
            with (
                self.subTest(typed=typed),
                self.assertRefused("^Mobile number looks like a number that a sp"),
            ):
                self.enter_address(typed)
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
            self.approved(self.operator).country_id = self.env.ref(f"base.{country}")
            with self.subTest(country, typed=typed):
                if stored:
                    self.assertEqual(self.enter_address(typed).mobile_number, stored)
                else:
                    with self.assertRefused("mobile number|phone number"):
                        self.enter_address(typed)

    def test_a_prefix_that_can_be_read_in_two_ways_is_refused(self):
        """In Hong Kong 00 or 009 is dialled first, and 91 is India and 1 America."""
        for country, typed, stored in [
            ("hk", "0091 81234 56789", None),
            ("th", "0091 81234 56789", None),
            ("co", "0058 412 123 4567", None),
            ("cv", "011 501 622 1234", None),
            ("vu", "0011 678 591 2399", None),
            ("hk", "00 44 7400 123456", "+447400123456"),
            ("hk", "+91 81234 56789", "+918123456789"),
            ("bd", "011 2474 0123", "+8801124740123"),
            ("us", "011 44 7400 123456", "+447400123456"),
        ]:
            self.approved(self.operator).country_id = self.env.ref(f"base.{country}")
            with self.subTest(country, typed=typed):
                if stored:
                    self.assertEqual(self.enter_address(typed).mobile_number, stored)
                else:
                    with self.assertRefused("with its country code"):
                        self.enter_address(typed)

    def test_all_kinds_of_numbers_of_all_countries_are_read_right_or_not(self):
        """Whatever way they are typed in, the number is the one that is meant."""
        kinds = [
            getattr(phonenumbers.PhoneNumberType, name)
            for name in ("MOBILE", "FIXED_LINE", "VOIP", "PERSONAL_NUMBER", "UAN")
        ]
        scripts = [
            str.maketrans("0123456789", s)
            for s in ("０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩")
        ]
        read, wrong = 0, []
        for code in sorted(phonenumbers.SUPPORTED_REGIONS):
            trunk = phonenumbers.PhoneMetadata.metadata_for_region(code).national_prefix
            for kind in kinds:
                number = phonenumbers.example_number_for_type(code, kind)
                if not number:
                    continue
                meant = phonenumbers.format_number(number, 0)
                digits = phonenumbers.national_significant_number(number)
                decimals = [f"{digits}{end}" for end in (".0", ",0", ". 0", " .00)")]
                texts = [
                    digits,
                    f"{trunk or ''}{digits}",
                    meant,
                    f"00{meant[1:]}",
                    f"+{number.country_code}{trunk or ''}{digits}",
                    phonenumbers.format_number(number, 2),
                    phonenumbers.format_out_of_country_calling_number(number, code),
                    *(text.translate(s) for text in (digits, meant) for s in scripts),
                    *decimals,
                    *(text.translate(s) for text in decimals for s in scripts),
                    f"{int(digits):E}",
                    f"{int(digits):,}.00",
                ]
                for text in texts:
                    try:
                        found = typed_numbers.parse_phone(text, code)
                    except typed_numbers.NotAPhone:
                        continue
                    if phonenumbers.is_valid_number(found):
                        read += 1
                        if phonenumbers.format_number(found, 0) != meant:
                            wrong.append((code, text))
        self.assertFalse(wrong)
        self.assertGreater(read, 5000)

    def test_every_country_takes_its_own_numbers(self):
        """As they are written there, and from abroad."""
        styles = phonenumbers.PhoneNumberFormat
        tried = 0
        for code in sorted(phonenumbers.SUPPORTED_REGIONS):
            number = phonenumbers.example_number_for_type(
                code, phonenumbers.PhoneNumberType.MOBILE
            )
            if not number:
                continue
            if code == "GA":
                # The library's example is of the plan that ended in 2019.
                number.national_number, number.italian_leading_zero = 66031234, None
            for style in (styles.NATIONAL, styles.INTERNATIONAL, styles.E164):
                text = phonenumbers.format_number(number, style)
                with self.subTest(code, typed=text):
                    self.assertEqual(
                        checks.clean_mobile_number(text, code, str),
                        phonenumbers.format_number(number, styles.E164),
                    )
                    tried += 1
        self.assertGreater(tried, 600)

    def test_a_refusal_is_in_the_language_of_the_user(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        for lang, label, rest in (
            ("en_US", "Account number", "contains an invisible control character"),
            ("fr_FR", "Numéro de compte", "contient un caractère de contrôle"),
        ):
            env = self.env(context={"lang": lang})
            with self.assertRaisesRegex(ValidationError, f"^{label} {rest}"):
                checked(env, checks.clean_account_number, "7\0")

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
