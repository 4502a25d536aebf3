"""Every wrong value a person may type, with the message for it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..values import checks
from ..values.invalid import InvalidValue
from .common import FinancialAddressCase

CONTROL = (
    "{} contains an invisible control character, such as a line break. Type it again "
    "instead of pasting it."
)
TANZANIA = (
    "This mobile number cannot exist in Tanzania. Check the number of digits and the "
    "first digits."
)
NOT_A_PHONE = "This is not a phone number. Write digits only."
NO_COUNTRY = (
    "Write the mobile number with its country code, for example +255 754 123 456."
)
NO_MOBILE = "Enter the mobile number of the wallet."
NO_ACCOUNT = "Enter the account number."
NO_DIGIT = "An account number has at least one digit."
NO_MAIL = "Enter the e-mail address of the wallet."
NOT_A_MAIL = "This is not an e-mail address. It looks like name@example.org."
ODD = (
    "An account number has digits, the letters A to Z, dashes and slashes only. Type "
    "it again instead of pasting it."
)
TOO_LONG = "{} is too long: at most 250 characters."
NOT_MOBILE = "This is not a mobile number in {}, so it cannot be a mobile wallet."
NO_NUMBERS = (
    "Leave numbers and e-mail addresses out of “Reason”: everybody who sees the "
    "history reads it."
)
BAD_IBAN = (
    "This IBAN cannot exist: its check digits do not fit. A character is mistyped, or "
    "two have changed places."
)
PATTERN = "Strict Bank has no such account numbers. Ten digits. Example: 0123456789"
SAY_WHY = "Say why the payment address is changed."


def elsewhere(country):
    return TANZANIA.replace("Tanzania", country)


def iban(code, length, typed):
    return (
        f"An IBAN that begins with {code} has {length} characters. "
        f"This one has {typed}."
    )


MOBILE = [
    ("", NO_MOBILE),
    (False, NO_MOBILE),
    ("   ", NO_MOBILE),
    ("\t", NO_MOBILE),
    ("12", TANZANIA),
    ("0754", TANZANIA),
    ("0754 200 00", TANZANIA),
    ("0754 200 0011", TANZANIA),
    ("0154 200 001", TANZANIA),
    ("+255 754 200 00", TANZANIA),
    ("+255 054 200 0011", TANZANIA),
    ("00255", TANZANIA),
    ("+1 555", elsewhere("United States")),
    ("+254 12", elsewhere("Kenya")),
    ("+44 7700", elsewhere("United Kingdom")),
    ("+999 12345678", NO_COUNTRY),
    ("call me", NOT_A_PHONE),
    ("asha@paymail.example", NOT_A_PHONE),
    ("+", NOT_A_PHONE),
    ("---", NOT_A_PHONE),
    ("O754 2OO OO1", NOT_A_PHONE),
    ("+255 754 200 001 754 200 001 754 200 001", NOT_A_PHONE),
    ("+255 22 212 3456", NOT_MOBILE.format("Tanzania")),
    ("+44 20 7946 0958", NOT_MOBILE.format("United Kingdom")),
    ("0754 200 001 ext. 5", NOT_A_PHONE),
    ("0754 200 001#5", NOT_A_PHONE),
    ("0754\n200001", CONTROL.format("Mobile number")),
    ("0754\x00200001", CONTROL.format("Mobile number")),
    ("0754\t200001", CONTROL.format("Mobile number")),
]
ACCOUNT = [
    ("", NO_ACCOUNT),
    (False, NO_ACCOUNT),
    ("    ", NO_ACCOUNT),
    ("none", NO_DIGIT),
    ("-", NO_DIGIT),
    ("n/a", NO_DIGIT),
    ("12\x0034", CONTROL.format("Account number")),
    ("12\r34", CONTROL.format("Account number")),
    ("12\u008534", CONTROL.format("Account number")),
    ("GB29 NWBK 6016 1331 9268 18", BAD_IBAN),
    ("GB29 NWBK 6016 1331 9286 19", BAD_IBAN),
    ("DE00 3704 0044 0532 0130 00", BAD_IBAN),
    ("GB29 NWBK 6016 1331 9268", iban("GB", 22, 20)),
    ("DE89 3704 0044 0532 0130 001", iban("DE", 22, 23)),
    ("FR14 2004 1010 0505", iban("FR", 27, 16)),
    ("MT84", iban("MT", 31, 4)),
    ("0123\u200b456789", ODD),
    ("\u202e0123456789", ODD),
    ("²³", NO_DIGIT),
    ("0123_456789", ODD),
    ("1234567.5", ODD),
    ("0123;456", ODD),
    ("Ａ0123", ODD),
    ("9" * 300, TOO_LONG.format("Account number")),
    (
        "GB29-NWBK-6016-1331-9268-19",
        "An IBAN has letters and digits only. Leave out dashes and dots.",
    ),
]
STRICT_ACCOUNT = [
    ("123456789", PATTERN),
    ("01234567890", PATTERN),
    ("012345678A", PATTERN),
    ("0123-456-789", PATTERN),
    ("٠١٢٣٤٥٦٧٨", PATTERN),
    ("GB29NWBK60161331926819", PATTERN),
]
FRENCH = (
    "An account number at Banque is an IBAN: it begins with FR and two digits and has "
    "27 characters."
)
FRENCH_ACCOUNT = [
    ("0123456789", FRENCH),
    ("DE89370400440532013000", FRENCH),
    ("FR7630006000011234567890188", BAD_IBAN),
]
MAIL = [
    ("", NO_MAIL),
    (False, NO_MAIL),
    ("  ", NO_MAIL),
    ("asha", NOT_A_MAIL),
    ("@paymail.example", NOT_A_MAIL),
    ("asha@", NOT_A_MAIL),
    ("asha@localhost", NOT_A_MAIL),
    ("asha@paymail.", NOT_A_MAIL),
    ("a@b@c.example", NOT_A_MAIL),
    ("a b@c.example", NOT_A_MAIL),
    ("asha@pay mail.example", NOT_A_MAIL),
    ("0754200001", NOT_A_MAIL),
    ("asha\u200b@paymail.example", NOT_A_MAIL),
    ("<asha@paymail.example>", NOT_A_MAIL),
    ("mailto:asha@paymail.example", NOT_A_MAIL),
    ("asha@paymail.example;", NOT_A_MAIL),
    ("asha@paymail..example", NOT_A_MAIL),
    (".asha@paymail.example", NOT_A_MAIL),
    ("asha..j@paymail.example", NOT_A_MAIL),
    ("asha@bücher.example", NOT_A_MAIL),
    ("a" * 240 + "@paymail.example", TOO_LONG.format("E-mail address")),
    ("asha\n@paymail.example", CONTROL.format("E-mail address")),
    ("asha\x7f@paymail.example", CONTROL.format("E-mail address")),
]
OTHER = [
    ({"holder_name": "Asha\nJuma"}, CONTROL.format("Account holder")),
    ({"reason": "lost\x00"}, CONTROL.format("Reason")),
    ({"proof_name": "scan\n.png"}, CONTROL.format("File name of the proof")),
    ({"holder_name": "A" * 251}, TOO_LONG.format("Account holder")),
    ({"holder_name": "Asha\ud800"}, CONTROL.format("Account holder")),
    ({"reason": "now 0754 200 009"}, NO_NUMBERS),
    ({"reason": "now 0754-200-009"}, NO_NUMBERS),
    ({"reason": "account 0123456789"}, NO_NUMBERS),
    ({"reason": "asha@paymail.example"}, NO_NUMBERS),
    ({"proof": "A" * 14_000_000}, "The proof is too large: at most 10 MB."),
    ({"mandate": "A" * 14_000_000}, "The proof is too large: at most 10 MB."),
    ({"mandate_name": "scan\n.png"}, CONTROL.format("File name of the mandate")),
    ({"payee_name": "Neema\nMushi"}, CONTROL.format("Name of the payee")),
    ({"payee_name": "A" * 251}, TOO_LONG.format("Name of the payee")),
    (
        {"payee_name": "A", "payee_id_number": "1\x00"},
        CONTROL.format("ID number of the payee"),
    ),
    ({"partner_id": False}, "Choose the registrant."),
    ({"partner_id": 99999999}, "Registrant: it does not exist any more."),
    ({"dfsp_id": 99999999}, "Provider: it does not exist any more."),
    ({"branch_id": 99999999}, "Branch: it does not exist any more."),
    ({"reason": False}, SAY_WHY),
    ({"reason": "   "}, SAY_WHY),
    ({"fa_type": "gold"}, "There is no such type of payment address."),
]


@tagged("post_install", "-at_install")
class TestBadInputs(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strict_bank = cls.env["g2p.dfsp"].create(
            {
                "name": "Strict Bank",
                "code": "ST",
                "account_pattern": r"\d{10}",
                "account_example": "0123456789",
                "account_hint": "Ten digits",
            }
        )
        cls.banque = cls.env["g2p.dfsp"].create(
            {"name": "Banque", "code": "BQ", "country_id": cls.env.ref("base.fr").id}
        )
        cls.in_use = cls.enter_address()

    def cases(self):
        for cases, fa_type, field, dfsp in [
            (MOBILE, "mobile_wallet", "mobile_number", self.operator),
            (ACCOUNT, "bank_account", "account_number", self.bank),
            (STRICT_ACCOUNT, "bank_account", "account_number", self.strict_bank),
            (FRENCH_ACCOUNT, "bank_account", "account_number", self.banque),
            (MAIL, "email_wallet", "email_address", self.mail_operator),
        ]:
            for typed, message in cases:
                yield (
                    {
                        "mobile_number": False,
                        "fa_type": fa_type,
                        "dfsp_id": dfsp.id,
                        field: typed,
                    },
                    message,
                )
        for values, message in OTHER:
            yield {"mobile_number": "0754 200 002", **values}, message
        south = self.env["g2p.dfsp.branch"].create(
            {"name": "South", "code": "S", "dfsp_id": self.strict_bank.id}
        )
        contact = self.env["res.partner"].create({"name": "A supplier"})
        account = {"fa_type": "bank_account", "account_number": "0123456789"}
        yield (
            {**account, "dfsp_id": self.operator.id},
            "M-Cash does not offer this type of address.",
        )
        yield (
            {**account, "dfsp_id": self.bank.id, "branch_id": south.id},
            "The branch South is not one of the chosen bank.",
        )
        yield (
            {"partner_id": contact.id, "mobile_number": "0754 200 002"},
            "A supplier is not a registrant, so there is no payment to address. "
            "Tick “Registrant” on the contact first.",
        )

    def test_a_reason_may_tell_a_date_or_an_amount(self):
        for reason in ("Moved on 2026-11-23", "23.11.2026: lost SIM", "Fee of 15 000"):
            address = self.enter_address("0754 200 002", reason=reason)
            self.assertEqual(address.reason, reason)

    def test_each_error_has_its_message_and_nothing_is_stored(self):
        told = 0
        for values, message in self.cases():
            with self.subTest(**{k: str(v)[:40] for k, v in values.items()}):
                with self.assertRaises(UserError) as refused, self.env.cr.savepoint():
                    self.enter_address(**{"mobile_number": False, **values})
                self.assertEqual(str(refused.exception), message)
                told += 1
        self.assertGreaterEqual(told, 60)
        self.assertEqual(self.registrant.financial_address_ids, self.in_use)

    @settings(derandomize=True, max_examples=300, deadline=None, database=None)
    @given(st.text(max_size=40))
    def test_any_text_is_cleaned_once_for_all_or_refused_in_words(self, text):
        """Cleaning what has been cleaned changes nothing: one form per value."""
        cleaners = (
            checks.clean_account_number,
            checks.clean_email_address,
            lambda t: checks.clean_mobile_number(t, "TZ", str),
        )
        for clean in cleaners:
            try:
                once = clean(text)
            except InvalidValue as refused:
                self.assertTrue(str(refused).strip())
                continue
            self.assertEqual(clean(once), once)
            if len(once) > 8:
                self.assertNotIn(once, checks.mask(once))
