import re

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..values.account_number import (
    MAX_PATTERN_LENGTH,
    check_pattern,
    iban_length,
    matches,
)
from ..values.invalid import InvalidValue
from .common import FinancialAddressCase

#: IBANs published as examples by the countries themselves, or made up from them.
GOOD_IBANS = [
    "DE89370400440532013000",
    "GB29NWBK60161331926819",
    "FR1420041010050500013M02606",
    "TN5910006035183598478831",
    "MR1300020001010000123456753",
    "PK36SCBL0000001123456702",
    "NO9386011117947",
    "SA0380000000608010167519",
]
WRONG_LENGTH = "has {} characters"
WRONG_DIGITS = "check digits do not fit"
BAD_IBANS = [
    ("DE89370400440532013001", WRONG_DIGITS),
    ("DE89370400440532010300", WRONG_DIGITS),
    ("DE88370400440532013000", WRONG_DIGITS),
    ("DE8937040044053201300", WRONG_LENGTH.format(22)),
    ("DE893704004405320130000", WRONG_LENGTH.format(22)),
    ("GB29NWBK6016133192681", WRONG_LENGTH.format(22)),
    ("GB29NWBK60161331926891", WRONG_DIGITS),
    ("GB29123460161331926819", WRONG_DIGITS),
    ("FR1420041010050500013M02607", WRONG_DIGITS),
    ("FR14", WRONG_LENGTH.format(27)),
    ("TN5910006035183598478813", WRONG_DIGITS),
    ("MR1300020001010000123456735", WRONG_DIGITS),
    ("PK36SCBL000000112345670", WRONG_LENGTH.format(24)),
    ("NO9386011117974", WRONG_DIGITS),
    ("SA038000000060801016751", WRONG_LENGTH.format(24)),
    ("DE89-3704-0044-0532-0130-00", "letters and digits only"),
    ("DE8937040044053201300٠", "letters and digits only"),
]


@tagged("post_install", "-at_install")
class TestAccountNumbers(FinancialAddressCase):
    def check(self, number, dfsp=None):
        (self.bank if dfsp is None else dfsp)._check_account_number(number)

    def refusal(self, number, dfsp=None):
        """Return why a number is refused: never repeating it."""
        with self.assertRaises(ValidationError) as caught:
            self.check(number, dfsp)
        message = caught.exception.args[0]
        self.assertNotIn(number, message)
        return message

    def bank_in(self, country, **values):
        return self.env["g2p.dfsp"].create(
            {
                "name": "Bank abroad",
                "code": f"BA-{country}",
                "country_id": self.env.ref(f"base.{country}").id,
                **values,
            }
        )

    def test_right_ibans_are_taken_with_and_without_a_bank(self):
        for number in GOOD_IBANS:
            for dfsp in (self.bank, self.env["g2p.dfsp"]):
                with self.subTest(number, bank=dfsp.name):
                    self.check(number, dfsp)

    def test_wrong_ibans_are_refused_with_and_without_a_bank(self):
        for number, message in BAD_IBANS:
            for dfsp in (self.bank, self.env["g2p.dfsp"]):
                with self.subTest(number, bank=dfsp.name):
                    self.assertIn(message, self.refusal(number, dfsp))

    def test_what_only_resembles_an_iban_is_left_alone(self):
        for number in ("TZ12345678", "KE0012", "0123456789", "DEX9370400", "D1", "7"):
            with self.subTest(number):
                self.check(number)

    def test_which_countries_use_ibans(self):
        for code, length in {
            "FR": 27,
            "DE": 22,
            "TN": 24,
            "NO": 15,
            "MT": 31,
            "KE": 0,
            "TZ": 0,
            "IN": 0,
            "US": 0,
            "": 0,
            False: 0,
        }.items():
            with self.subTest(code):
                self.assertEqual(iban_length(code), length)

    def test_where_ibans_are_used_nothing_else_is_taken(self):
        bank = self.bank_in("fr")
        self.check("FR1420041010050500013M02606", bank)
        for number in ("20041010050500013", "DE89370400440532013000", "FRX4"):
            with self.subTest(number):
                self.assertEqual(
                    self.refusal(number, bank),
                    "An account number at Bank abroad is an IBAN: it begins with FR "
                    "and two digits and has 27 characters.",
                )

    def test_elsewhere_any_number_is_taken(self):
        self.check("20041010050500013", self.bank_in("ke"))

    def test_the_banks_pattern_decides(self):
        bank = self.bank_in("ke", account_pattern=r"(?:01|02)\d{8}")
        for number in ("0112345678", "0212345678"):
            self.check(number, bank)
        for number in (
            "0312345678",
            "011234567",
            "01123456789",
            "0112345678\n",
            "X0112345678",
            "01١١١١١١١١",
            "1" * 5000,
        ):
            with self.subTest(number):
                self.assertIn("has no such account numbers", self.refusal(number, bank))

    def test_the_message_says_what_a_number_looks_like(self):
        bank = self.bank_in("ke", account_pattern=r"\d{4}")
        self.assertEqual(
            self.refusal("12345", bank), "Bank abroad has no such account numbers."
        )
        bank.account_hint = "Four digits."
        bank.account_example = "1000"
        self.assertEqual(
            self.refusal("12345", bank),
            "Bank abroad has no such account numbers. Four digits. Example: 1000",
        )

    def test_a_pattern_allows_what_is_no_iban(self):
        self.check("20041", self.bank_in("fr", account_pattern=r"\d{5}"))

    def test_a_pattern_does_not_excuse_a_wrong_iban(self):
        for bank in (
            self.bank_in("fr", account_pattern="[A-Z0-9]+"),
            self.env["g2p.dfsp"].create(
                {"name": "Somewhere", "code": "SW", "account_pattern": "[A-Z0-9]+"}
            ),
        ):
            with self.subTest(bank.name):
                self.assertIn(
                    WRONG_DIGITS, self.refusal("DE89370400440532013001", bank)
                )

    def test_where_no_ibans_are_used_a_short_number_with_letters_is_none(self):
        bank = self.bank_in("ke", account_pattern=r"MT\d{6}")
        self.check("MT120000", bank)
        bank.account_pattern = False
        self.check("MT120000", bank)

    def test_sensible_patterns_are_taken_and_mean_what_they_say(self):
        bank = self.bank_in("ke")
        for pattern, good, bad in (
            (r"\d{10}", "0123456789", "012345678"),
            (r"\d{9,18}", "012345678", "0123456789" * 2),
            (r"[A-Z]{2}\d{6,8}[0-9X]?", "AB123456X", "AB12345"),
            (r"(?:01|02|11|12)\d{8}", "0212345678", "0312345678"),
            (r"(\d{3})-?(\d{6})-?\d{2}", "123-45678901", "123 456789 01"),
            (r"(?:KE)?\d{8}", "KE12345678", "UG12345678"),
            (r"[+*(]{3}\(\+\\1\d*", r"+*((+\12", "+*((+12"),
            (r"[]()+|]{2}[^]|]", "](x", "](|"),
            (f"[{'x' * (MAX_PATTERN_LENGTH - 2)}]", "x", "y"),
        ):
            with self.subTest(pattern):
                bank.account_pattern = pattern
                self.assertTrue(matches(pattern, good))
                self.assertFalse(matches(pattern, bad))

    def test_hostile_patterns_are_refused(self):
        for pattern in (
            "(a+)+",
            "(a*)*b",
            r"(\d+|\d)*X",
            "([0-9]{1,9}){1,9}X",
            "((a|a)|(a|a)){20}b",
            "(?:a?){30}a{30}",
            r"\d*\d*\d*\d*\d*X",
            "a?" * 30 + "a" * 30,
            "(1|1)" * 20 + "X",
            r"(\d+)\1",
            "(?P<n>1)(?P=n)",
            "(?=1+)1",
            "(?i)a",
            "(?#comment)1",
        ):
            with self.subTest(pattern):
                re.compile(pattern)  # hostile, but valid
                with self.assertRaisesRegex(InvalidValue, "too complicated"):
                    check_pattern(pattern)

    def test_broken_patterns_are_refused(self):
        for pattern in ("(", "[a", "*", "a**", "a{99999999999999}", "\\"):
            message = "not a valid regular expression"
            with self.subTest(pattern), self.assertRaisesRegex(InvalidValue, message):
                check_pattern(pattern)

    def test_long_patterns_are_refused(self):
        with self.assertRaisesRegex(InvalidValue, "at most 200 characters"):
            check_pattern("1" * (MAX_PATTERN_LENGTH + 1))
