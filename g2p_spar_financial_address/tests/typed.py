"""What people type, and what each channel makes of it: tables for the tests of all.

A channel's test inherits :class:`TypedTables` and its own case, with an ``enter`` that
goes through the channel.
"""

import io
from collections import Counter
from datetime import datetime, timedelta
from itertools import count

import openpyxl
from hypothesis import given

from odoo import fields
from odoo.tests import new_test_user
from odoo.tools import SQL

from ..values import checks
from ..values.account_number import AccountFormat, check_account_number
from ..values.invalid import InvalidValue
from .strategies import randomized, typed_numbers

TANZANIA = (
    "This mobile number cannot exist in Tanzania. Check the number of digits and the "
    "first digits."
)
KENYA = TANZANIA.replace("Tanzania", "Kenya")
CANADA = TANZANIA.replace("Tanzania", "Canada")
NO_COUNTRY = (
    "Write the mobile number with its country code, for example +255 754 123 456."
)
BAD_IBAN = (
    "This IBAN cannot exist: its check digits do not fit. A character is mistyped, or "
    "two have changed places."
)
NO_NUMBERS = (
    "Leave numbers and e-mail addresses out of “Reason”: everybody who sees the "
    "history reads it."
)
HOLDS_NUMBER = (
    "“Reason” contains the number of a payment address. Leave it out: everybody who "
    "sees the history reads it."
)
NOT_AN_ID = (
    "SPAR ID: this is what people write where there is no ID. Enter the ID, or leave "
    "it empty."
)

NO_PAYEE = "Enter the name of the person who receives the money."
MANDATE_OVER = (
    "The mandate of the payee has ended. Enter until when it is renewed, or another "
    "payee."
)
FROM_SPREADSHEET = (
    "ID number of the payee looks like a number that a spreadsheet has changed, such "
    "as 123.0, 1.23E+11 or a date. Format the column as text, and write all digits "
    "again. A number of more than 15 digits is only taken from a cell of text; from a "
    "CSV file, only if it does not end in zeros."
)

#: Country of the operator, what is typed, and the number or the message.
PHONES = [
    # 00, where that is not how one dials abroad.
    ("TZ", "00255754200001", "+255754200001"),
    ("KE", "00254712123456", "+254712123456"),
    ("UG", "00256772200002", "+256772200002"),
    ("NG", "002348021234567", "+2348021234567"),
    ("TZ", "00 254 712 123456", "+254712123456"),
    ("ET", "00255754200001", "+255754200001"),
    ("CI", "00255754200001", "+255754200001"),
    ("IN", "00255754200001", "+255754200001"),
    ("TZ", "002557542000", TANZANIA),
    ("KE", "00254 0712", KENYA),
    ("CA", "0012", CANADA),
    ("CA", "555 12", CANADA),
    # Blanks of any kind, and what surrounds a number that was copied.
    ("TZ", "0754\u202f200\u202f001", "+255754200001"),
    ("TZ", "0754\u00a0200\u2009001", "+255754200001"),
    ("TZ", "0754\u2007200\u3000001", "+255754200001"),
    ("TZ", "\u202a+255 754 200 001\u202c", "+255754200001"),
    ("TZ", "0754\u2011200\u2011001", "+255754200001"),
    # Without any country.
    (None, "0772 200 002", NO_COUNTRY),
    (None, "+255 754 200 001", "+255754200001"),
]

#: Country of the bank, what is typed, and the number or the message.
ACCOUNTS = [
    ("TZ", "SA0123456", "SA0123456"),
    ("TZ", "ES20012345", "ES20012345"),
    ("TZ", "NO12345", "NO12345"),
    ("TZ", "GB29 NWBK 6016 1331 9268 19", "GB29NWBK60161331926819"),
    ("TZ", "GB29 NWBK 6016 1331 9268 18", BAD_IBAN),
    ("CI", "CI93 CI00 8011 1301 1342 9120 0589", "CI93CI0080111301134291200589"),
    ("CI", "CI93 CI00 8011 1301 1342 9120 0588", BAD_IBAN),
    ("CI", "CI008 01111 301134291200 89", "CI0080111130113429120089"),
    ("SN", "SN08 SN01 0015 2000 0485 0000 3035", "SN08SN0100152000048500003035"),
    ("SN", "SN08 SN01 0015 2000 0485 0000 3053", BAD_IBAN),
    ("CM", "CM21 1000 2000 3002 7797 6315 008", "CM2110002000300277976315008"),
    ("CM", "CM12 1000 2000 3002 7797 6315 008", BAD_IBAN),
    ("MA", "MA64 0115 1900 0001 2050 0053 4921", "MA64011519000001205000534921"),
    ("MA", "MA64 0115 1900 0001 2050 0053 4912", BAD_IBAN),
]

UGANDA, LIBERIA, IVORY, BENIN, GABON, CONGO, MEXICO = (
    TANZANIA.replace("Tanzania", name)
    for name in ("Uganda", "Liberia", "Côte d'Ivoire", "Benin", "Gabon")
    + ("Congo (Republic)", "Mexico")
)
ITALY = "This is not a mobile number in Italy, so it cannot be a mobile wallet."
NOT_A_PHONE = "This is not a phone number. Write digits only."
NOT_A_MAIL = "This is not an e-mail address. It looks like name@example.org."
ZEROS_ONLY = (
    "An account number does not have zeros only. Where there is no account, leave it "
    "out."
)
CHANGED = (
    "{} looks like a number that a spreadsheet has changed, such as 123.0, 1.23E+11 or "
    "a date. Format the column as text, and write all digits again. A number of more "
    "than 15 digits is only taken from a cell of text; from a CSV file, only if it "
    "does not end in zeros."
)
CHANGED_PHONE = CHANGED.format("Mobile number")
CHANGED_ACCOUNT = CHANGED.format("Account number")

#: Type, country of the provider, what is typed, and the number or the message. Each is
#: from a public report: ``docs/field-reports.md`` has their sources.
REPORTED = [
    ("mobile_wallet", "KE", "0141 234 567", "+254141234567"),
    ("mobile_wallet", "KE", "0110 123 456", "+254110123456"),
    ("mobile_wallet", "UG", "0723 123 456", UGANDA),
    ("mobile_wallet", "UG", "+256736123123", "+256736123123"),
    ("mobile_wallet", "CI", "07 07 12 34 56", "+2250707123456"),
    ("mobile_wallet", "CI", "87 10 00 00", IVORY),
    ("mobile_wallet", "CI", "707123456", IVORY),
    ("mobile_wallet", "BJ", "01 97 12 34 56", "+2290197123456"),
    ("mobile_wallet", "BJ", "+229 97 12 34 56", BENIN),
    ("mobile_wallet", "GA", "+241 066 12 34 56", "+24166123456"),
    ("mobile_wallet", "GA", "06 12 34 56", GABON),
    ("mobile_wallet", "GA", "+241 2 47 48 49", GABON),
    ("mobile_wallet", "CG", "242057173992", "+242057173992"),
    ("mobile_wallet", "CG", "24257173992", CONGO),
    ("mobile_wallet", "LR", "0770 123 456", "+231770123456"),
    ("mobile_wallet", "LR", "77 012 34", LIBERIA),
    ("mobile_wallet", "GH", "233241234567", "+233241234567"),
    ("mobile_wallet", "GH", "0501234567", "+233501234567"),
    ("mobile_wallet", "MX", "+52 1 55 6200 0000", MEXICO),
    ("mobile_wallet", "MX", "55 6200 0000", "+525562000000"),
    ("mobile_wallet", "GB", "+44 0 7418084106", "+447418084106"),
    ("mobile_wallet", "IT", "+39 0 3512556080", ITALY),
    ("mobile_wallet", "IQ", "+٩٦٤ ٧٧٠ ١٢٣ ٤٥٦٧", "+9647701234567"),
    ("mobile_wallet", "AF", "۰۷۰۱ ۲۳۴ ۵۶۷", "+93701234567"),
    ("mobile_wallet", "IN", "०९८७६ ५४३२१०", "+919876543210"),
    ("mobile_wallet", "UG", "O772 2OO OO2", NOT_A_PHONE),
    ("mobile_wallet", "TZ", "0754200001 ::: 0754200002", NOT_A_PHONE),
    ("mobile_wallet", "TZ", "0754200001,0754200002", NOT_A_PHONE),
    ("mobile_wallet", "TZ", "0000000000", TANZANIA),
    ("mobile_wallet", "ID", "812.345678", CHANGED_PHONE),
    ("mobile_wallet", "ID", "0812.345678", "+62812345678"),
    ("mobile_wallet", "SN", "77.1234567", "+221771234567"),
    ("bank_account", "TZ", "MD026JK24D0RFGDJJPJQHKWN", "MD026JK24D0RFGDJJPJQHKWN"),
    ("bank_account", "TZ", "MD996JK24D0RFGDJJPJQHKWN", BAD_IBAN),
    ("bank_account", "TZ", "GB01BARC20714583608387", BAD_IBAN),
    ("bank_account", None, "GB00HLFX11016111455365", BAD_IBAN),
    ("bank_account", "EE", "EE012200221111099080", BAD_IBAN),
    ("bank_account", "BE", "BE41091811735141", BAD_IBAN),
    ("bank_account", "GB", "gb82west12345698765432", "GB82WEST12345698765432"),
    ("bank_account", "DE", "DE07 3105 0000 0000 1431 56", "DE07310500000000143156"),
    (
        "bank_account",
        "DJ",
        "DJ2110002010010409943020008",
        "DJ2110002010010409943020008",
    ),
    ("bank_account", "TZ", "2657843246789123456", "2657843246789123456"),
    ("bank_account", "TZ", "0000000000", ZEROS_ONLY),
    ("bank_account", "TZ", "000-000", ZEROS_ONLY),
    ("bank_account", "TZ", "5/3/2026", CHANGED_ACCOUNT),
    ("bank_account", "TZ", "2026-03-05", CHANGED_ACCOUNT),
    ("bank_account", "TZ", "12-May", CHANGED_ACCOUNT),
    ("email_wallet", None, "Bob+relief@PayMail.EXAMPLE", "Bob+relief@paymail.example"),
    ("email_wallet", None, "bob@paymail.example.", NOT_A_MAIL),
]

#: Reasons with a number in any spelling, and such without one.
NUMBERS_IN_TEXT = [
    "now 07.54.39.61.05",
    "now 0754-396115",
    "now (0754) 396110",
    "now 0754/396/107",
    "now 0754\u00a0396\u00a0107",
    "now 0754  396  107",
    "now 0754 - 396 - 107",
    "now 0754\u200b396\u200b107",
    "now 07:54:39:61:05",
    "now 0754_396_107",
    "now \u0660\u0667\u0665\u0664 \u0663\u0669\u0666 \u0661\u0660\u0667",
    "account 44-0003-9595",
    "account GB29.NWBK.6016.1331.9268.19",
    "from 2026-11-30: 0754 396 107",
    "now 01.02.2034.567",
    "asha@paymail.example",
]
NO_NUMBER_IN_TEXT = [
    "Ticket 20261130-17",
    "Ticket 2026-0117",
    "Moved on 2026-11-30",
    "30.11.2026, 14:30: lost SIM",
    "From 12/05/2026 to 31/12/2026",
    "Seen at 2026-11-30T14:30:05",
    "Budget 2026/2027",
    "Decision 12/2026",
    "Fee of 15 000",
    "Household of 6, house 114",
]

#: A name or ID as it is stored, and the same as it is typed.
SAME_TEXT = [
    ("Ngân hàng Huế", "Nga\u0302n ha\u0300ng Hue\u0302\u0301"),
    ("Nga\u0302n ha\u0300ng \u0110a\u0300", "Ngân hàng Đà"),
    ("Cr\u00e9dit Rural", "Cr\u00e9dit\u00a0Rural"),
    ("Cr\u00e9dit\u00a0 Mutuel", "Cr\u00e9dit Mutuel"),
    ("Caisse Nord", "Caisse  Nord"),
    ("Caisse  Sud", "Caisse Sud"),
]

LONG_AGO = datetime(2020, 1, 1)
#: What is said of who receives the money, and what is stored or the message.
PAYEES = [
    ({}, {"payee": "self", "payee_name": False}),
    ({"payee": "self"}, {"payee": "self", "payee_name": False}),
    # A name alone says that it is another person.
    ({"payee_name": "Neema Mushi"}, {"payee": "other", "payee_name": "Neema Mushi"}),
    (
        {
            "payee": "other",
            "payee_name": "Nga\u0302n Mushi",
            "payee_relation": "household_head",
            "payee_id_number": "AB\u20111\u00a0 2",
            "payee_until": "2099-12-31",
        },
        {
            "payee": "other",
            "payee_name": "Ngân Mushi",
            "payee_relation": "household_head",
            "payee_id_number": "AB-1 2",
            "payee_until": "2099-12-31",
        },
    ),
    ({"payee": "other", "payee_relation": "guardian"}, NO_PAYEE),
    ({"payee_until": "2099-12-31"}, NO_PAYEE),
    (
        {"payee_name": "@Neema"},
        "Name of the payee begins with “@”, as a formula of a spreadsheet does. Write "
        "the name only.",
    ),
    (
        {"payee_name": "Neema 0754-200-001"},
        HOLDS_NUMBER.replace("Reason", "Name of the payee"),
    ),
    (
        {"payee_name": "Neema", "payee_id_number": "N/A"},
        NOT_AN_ID.replace("SPAR ID", "ID number of the payee"),
    ),
    ({"payee_name": "Neema", "payee_id_number": "1.23E+11"}, FROM_SPREADSHEET),
    ({"payee_name": "Neema", "payee_until": "2020-01-31"}, MANDATE_OVER),
]

#: What people write where there is no ID.
PLACEHOLDERS = ["0", "N/A", "-", "none", " n/a ", "\uff0d", "NONE"]


def taken_by_rule(typed):
    """Return the number that the rules make of a text, or ``""`` if they refuse it.

    :param Typed typed: of :mod:`.strategies`
    """
    try:
        if typed.fa_type == "mobile_wallet":
            return checks.clean_mobile_number(typed.text, typed.country, str)
        number = checks.clean_account_number(typed.text)
        check_account_number(number, AccountFormat(country_code=typed.country or ""))
    except InvalidValue:
        return ""
    return number


def csv_file(content):
    """Return the values of an import of a CSV file.

    :param bytes content: of the file
    """
    return {"file": content, "file_type": "text/csv", "file_name": "a.csv"}


def xlsx_file(rows):
    """Return the values of an import of a spreadsheet.

    :param list rows: of cells, the titles first
    """
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return {
        "file": stream.getvalue(),
        "file_type": "application/vnd.openxmlformats-officedocument"
        ".spreadsheetml.sheet",
        "file_name": "a.xlsx",
    }


class TypedTables:
    """Drives a channel through the tables.

    The channel's class has ``enter``; ``new_typed`` is called first.
    """

    #: What the channel cannot say: it has its own test, or none.
    has_reason = True
    names_providers = True
    #: The field by which providers are named.
    provider_named_by = "name"
    names_people = True
    #: By which name the addresses of the channel are known.
    channel = "admin"
    #: Whether the same address is another record when it is entered again.
    enters_anew = False
    not_an_id = NOT_AN_ID

    def enter(self, person, said):
        """Enter an address through the channel.

        :param person: the registrant
        :param dict said: ``fa_type``, ``provider``, ``number``; and, if they are typed,
            ``reason``, ``provider_text``, ``branch_text``, ``spar_id`` and ``payee``,
            which is a dict of texts by the fields of an address
        :return: the message of the channel, or ``""`` where it is entered
        """
        raise NotImplementedError

    def new_typed(self):
        self.typed_ids = count(1)
        self.typed_providers = {}

    def new_person(self, **values):
        number = next(self.typed_ids)
        return self.env["res.partner"].create(
            {
                "name": f"Person {number}",
                "is_registrant": True,
                "spar_id": f"TYPED-{number}",
                **self.values_of_person(),
                **values,
            }
        )

    def values_of_person(self):
        return {}

    def provider(self, fa_type, country):
        key = fa_type, country
        if key not in self.typed_providers:
            countries = self.env["res.country"]
            country_id = country and countries.search([("code", "=", country)]).id
            self.typed_providers[key] = self.env["g2p.dfsp"].create(
                {
                    "name": f"Typed {fa_type} {country}",
                    "code": f"TY-{fa_type[:2]}-{country}",
                    "fa_type": fa_type,
                    "country_id": country_id,
                }
            )
        return self.typed_providers[key]

    def said(self, fa_type, country, number, **more):
        provider = self.provider(fa_type, country)
        return {"fa_type": fa_type, "provider": provider, "number": number, **more}

    def entered(self, person):
        self.env.invalidate_all()
        address = self.env["g2p.financial.address"].search(
            [("partner_id", "=", person.id)], order="id desc", limit=1
        )
        return address.sudo().whole_number() if address else False

    def assertTyped(self, said, expected):
        """This entry is the number that is expected, or is refused by the message."""
        person = self.new_person()
        message = self.enter(person, said)
        taken = self.entered(person)
        if " " in expected:
            self.assertEqual((message, taken), (expected, False))
        else:
            self.assertEqual((message, taken), ("", expected))

    def test_typed_phones(self):
        self.new_typed()
        self.env.company.country_id = False
        for country, text, expected in PHONES:
            with self.subTest(country=country, text=text):
                said = self.said("mobile_wallet", country, text)
                self.assertTyped(said, expected)

    def test_typed_phones_of_the_registrants_company(self):
        """The registrant's company decides how a number is read, not the user's."""
        self.new_typed()
        kenya, uganda = self.env["res.company"].create(
            [
                {"name": f"Typed {code}", "country_id": self.env.ref(f"base.{code}").id}
                for code in ("ke", "ug")
            ]
        )
        for company, number in ((kenya, "+254772200002"), (uganda, "+256772200002")):
            with self.subTest(company=company.name):
                person = self.new_person(company_id=company.id)
                self.let_see(company)
                said = self.said("mobile_wallet", None, "0772 200 002")
                self.assertEqual(self.enter(person, said), "")
                self.assertEqual(self.entered(person), number)
        # Of no company, or of one without a country: it may be of either.
        person = self.new_person()
        said = self.said("mobile_wallet", None, "0772 200 002")
        self.assertEqual(self.enter(person, said), NO_COUNTRY)

    def let_see(self, company):
        """Let the channel's user see registrants of this company."""

    def test_typed_again_confirms(self):
        """The same address, however it is typed, answers that it is still right."""
        self.new_typed()
        person = self.new_person()
        said = self.said("mobile_wallet", "TZ", "0754 200 001")
        if self.has_reason:
            said["reason"] = "Confirmed"
        self.assertEqual(self.enter(person, said), "")
        self.env.invalidate_all()
        address = person.financial_address_id
        self.assertTrue(address.confirmed_on)
        address.mark_to_confirm("The payment of October was returned")
        # Long ago, also for what was collected offline.
        address._trusted_write().write({"to_confirm_on": LONG_AGO})
        self.assertEqual(person.to_confirm_reason, "marked")
        said["number"] = "+255 754-200-001"
        self.assertEqual(self.enter(person, said), "")
        self.env.invalidate_all()
        now = person.financial_address_id
        self.assertEqual(now.sudo().mobile_number, "+255754200001")
        self.assertFalse(person.to_confirm_reason or person.to_confirm_note)
        if not self.enters_anew:
            self.assertEqual(now, address)
            self.assertEqual(
                now.confirmation_ids.mapped("event"), ["confirmed", "asked"]
            )
            self.assertEqual(now.confirmation_ids[0].channel, address.channel)
        # Another number is no confirmation, but a new address.
        now.mark_to_confirm("The payment of October was returned")
        said["number"] = "0754 200 002"
        self.assertEqual(self.enter(person, said), "")
        self.env.invalidate_all()
        self.assertEqual(now.state, "ended")
        self.assertTrue(now.to_confirm_reason)
        self.assertFalse(person.to_confirm_reason)
        self.assertTrue(person.financial_address_id.confirmed_on)

    def test_typed_accounts(self):
        self.new_typed()
        for country, text, expected in ACCOUNTS:
            with self.subTest(country=country, text=text):
                self.assertTyped(self.said("bank_account", country, text), expected)

    def test_reported_numbers(self):
        """What public reports tell of: ``docs/field-reports.md`` has their sources."""
        self.new_typed()
        self.env.company.country_id = False
        for fa_type, country, text, expected in REPORTED:
            with self.subTest(country=country, text=text):
                self.assertTyped(self.said(fa_type, country, text), expected)

    def test_typed_at_random(self):
        """A number is what is meant, or refused: by the same rule in each channel."""
        self.new_typed()
        self.env.company.country_id = False
        seen = Counter()

        @randomized(25)
        @given(typed_numbers())
        def enter_one(typed):
            person = self.new_person()
            said = self.said(typed.fa_type, typed.country, typed.text)
            message = self.enter(person, said)
            taken = self.entered(person) or ""
            self.assertIn(taken, ("", typed.meant))
            self.assertEqual(taken, taken_by_rule(typed))
            self.assertEqual(bool(message), not taken)
            seen[bool(taken)] += 1

        enter_one()
        self.assertGreater(min(seen[True], seen[False]), 3)

    def test_typed_reasons(self):
        if not self.has_reason:
            self.skipTest("This channel has no reason.")
        self.new_typed()
        for text in NUMBERS_IN_TEXT:
            with self.subTest(text):
                said = self.said("mobile_wallet", "TZ", "0754 200 001", reason=text)
                self.assertTyped(said, NO_NUMBERS)
        for text in NO_NUMBER_IN_TEXT:
            with self.subTest(text):
                said = self.said("mobile_wallet", "TZ", "0754 200 001", reason=text)
                self.assertTyped(said, "+255754200001")

    def test_typed_reasons_with_the_number_itself(self):
        if not self.has_reason:
            self.skipTest("This channel has no reason.")
        self.new_typed()
        person = self.new_person()
        account = self.said("bank_account", "TZ", "2026-1130", reason="First one")
        self.assertEqual(self.enter(person, account), "")
        for text in ("was 2026-1130", "was 20261130"):
            # In use: however like a date it is.
            said = self.said("mobile_wallet", "TZ", "0754 200 001", reason=text)
            with self.subTest(text):
                self.assertEqual(self.enter(person, said), HOLDS_NUMBER)
        # What looks like a number is refused whether it is in use or not.
        said["reason"] = "was 2026 ... 1130"
        self.assertEqual(self.enter(person, said), NO_NUMBERS)
        for number, text in (
            ("12345", "now 123-45"),
            ("12345", "now 1 2 3 4 5"),
            ("AB-712", "now ab 712"),
            ("20270101", "from 2027-01-01"),
            ("2026-1130", "now 2026 ... 1130"),
        ):
            said = self.said("bank_account", "TZ", number, reason=text)
            with self.subTest(text):
                self.assertTyped(said, HOLDS_NUMBER)
        said = self.said("mobile_wallet", "TZ", "0754 200 001", reason="754x200x001")
        self.assertTyped(said, HOLDS_NUMBER)

    def test_typed_payees(self):
        self.new_typed()
        for payee, expected in PAYEES:
            person = self.new_person()
            said = self.said("mobile_wallet", "TZ", "0754 200 001", payee=payee)
            with self.subTest(payee):
                message = self.enter(person, said)
                taken = self.entered(person)
                if isinstance(expected, str):
                    self.assertEqual((message, taken), (expected, False))
                    continue
                self.assertEqual((message, taken), ("", "+255754200001"))
                address = self.env["g2p.financial.address"].search(
                    [("partner_id", "=", person.id)], order="id desc", limit=1
                )
                stored = {name: str(address[name] or "") for name in expected}
                self.assertEqual(stored, {n: t or "" for n, t in expected.items()})

    def test_typed_payee_until_the_mandate_ends(self):
        """To the approver, compared with the holder, and ended after a to-do."""
        self.new_typed()
        groups = "g2p_spar_financial_address.group_approver"
        approver = new_test_user(self.env, "typed_approver", groups)
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_a, **_v: 1)
        person = self.new_person()
        said = self.said("mobile_wallet", "TZ", "0754 200 001")
        if self.has_reason:
            said["reason"] = "Moved to a guardian"
        self.assertEqual(self.enter(person, said), "")
        self.env.invalidate_all()
        first = person.financial_address_id
        self.set_policy(**{f"approve_{self.channel}": True})
        until = fields.Date.today() + timedelta(days=10)
        payee = {
            "payee": "other",
            "payee_name": "Neema Mushi",
            "payee_relation": "guardian",
            "payee_id_number": "AB-12",
            "payee_until": str(until),
        }
        for holder, match in (
            (person.name, "different"),
            ("MUSHI Neema", "same"),
        ):
            said["payee"] = {**payee, "holder_name": holder}
            self.assertEqual(self.enter(person, said), "")
            self.env.invalidate_all()
            address = person.pending_address_id
            self.assertEqual(address.holder_match, match)
        seen = address.with_user(approver)
        self.assertEqual((seen.state, seen.channel), ("to_approve", self.channel))
        self.assertEqual(seen.previous_id, first)
        cells = {cell["name"]: cell for cell in seen.comparison["cells"]}
        self.assertEqual(cells["payee"]["was"], "The registrant")
        shown = {name: str(seen[name]) for name in payee}
        self.assertEqual(shown, payee)
        self.assertTrue(seen.sudo().activity_ids, "an approver has a to-do")
        seen.action_approve()
        self.env.invalidate_all()
        self.assertEqual(person.financial_address_id, address)

        def look():
            self.env["g2p.financial.address"]._cron_end_mandates()
            self.env.invalidate_all()
            kind = self.env.ref("g2p_spar_financial_address.activity_mandate")
            todos = address.sudo().activity_ids
            return todos.filtered(lambda todo: todo.activity_type_id == kind)

        (todo,) = look()
        self.assertEqual(todo.date_deadline, until)
        self.assertEqual(address.state, "effective")
        yesterday = fields.Date.today() - timedelta(days=1)
        address._trusted_write().write({"payee_until": yesterday})
        (todo,) = look()
        self.assertIn("has ended", todo.summary)
        self.assertEqual(address.state, "ended")
        self.assertEqual(address.decision_note, "The mandate of the payee has ended.")
        self.assertFalse(person.financial_address_id)

    def test_typed_names_of_providers(self):
        if not self.names_providers:
            self.skipTest("A list is chosen from here.")
        self.new_typed()
        for number, (stored, typed) in enumerate(SAME_TEXT):
            bank = self.env["g2p.dfsp"].create(
                {
                    "name": stored,
                    "code": f"SAME-{number}",
                    "fa_type": "bank_account",
                    "branch_ids": [
                        (0, 0, {"name": stored, "code": f"B-{number}"}),
                    ],
                }
            )
            self.store_as_typed(bank, stored, self.provider_named_by)
            self.store_as_typed(bank.branch_ids, stored, self.provider_named_by)
            with self.subTest(stored=stored, typed=typed):
                person = self.new_person()
                said = {
                    "fa_type": "bank_account",
                    "provider": bank,
                    "provider_text": typed,
                    "branch_text": typed,
                    "number": "0123456789",
                }
                self.assertEqual(self.enter(person, said), "")
                address = self.env["g2p.financial.address"].search(
                    [("partner_id", "=", person.id)]
                )
                self.assertEqual(address.branch_id, bank.branch_ids)

    def store_as_typed(self, record, text, name):
        """Store a name as it was stored before names had a normal form."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s = %s WHERE id = %s",
                SQL.identifier(record._table),
                SQL.identifier(name),
                text,
                record.id,
            )
        )
        self.env.invalidate_all()

    def test_typed_ids(self):
        """An ID is found however it is stored and however it is typed."""
        if not self.names_people:
            self.skipTest("People are chosen from a list here.")
        self.new_typed()
        for number, (stored, typed) in enumerate(SAME_TEXT):
            person = self.new_person(spar_id=f"{stored} {number}")
            self.store_as_typed(person, f"{stored} {number}", "spar_id")
            said = self.said("mobile_wallet", "TZ", "0754 200 001")
            with self.subTest(stored=stored, typed=typed):
                said["spar_id"] = f"{typed} {number}"
                self.assertEqual(self.enter(person, said), "")
                self.assertEqual(self.entered(person), "+255754200001")

    def test_typed_ids_that_stand_for_none(self):
        if not self.names_people:
            self.skipTest("People are chosen from a list here.")
        self.new_typed()
        before = self.env["res.partner"].search([])
        for text in PLACEHOLDERS:
            said = self.said("mobile_wallet", "TZ", "0754 200 001", spar_id=text)
            with self.subTest(text):
                self.assertEqual(self.enter(None, said), self.not_an_id)
        self.assertEqual(self.env["res.partner"].search([]), before)
