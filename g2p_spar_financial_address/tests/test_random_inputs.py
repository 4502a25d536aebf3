"""Rules and imports with what people and spreadsheets make of numbers and files."""

import re
from collections import Counter
from contextlib import suppress

from hypothesis import assume, given
from hypothesis import strategies as st

from odoo.tests import tagged

from ..values import checks, identifiers, typed_numbers
from ..values.invalid import InvalidValue
from . import strategies
from .common import FinancialAddressCase
from .strategies import randomized
from .typed import csv_file, taken_by_rule, xlsx_file

COLUMNS = ("spar_id", "fa_type", "dfsp_id", "mobile_number", "holder_name", "remark")
FIELDS = (*COLUMNS[:-1], False)
#: Of a column that is not imported: nothing in it is checked.
REMARKS = ["", "of age", "5'", "said so", "called twice", "n/a"]


@tagged("post_install", "-at_install")
class TestRandomNumbers(FinancialAddressCase):
    """The rules by themselves: thousands of texts."""

    def test_what_is_meant_or_refused(self):
        seen = Counter()

        @randomized(600)
        @given(strategies.typed_numbers())
        def take_one(typed):
            taken = taken_by_rule(typed)
            self.assertIn(taken, ("", typed.meant))
            seen[typed.fa_type, bool(taken)] += 1
            if taken:
                again = strategies.Typed(typed.fa_type, typed.country, taken, taken)
                self.assertEqual(taken_by_rule(again), taken)

        take_one()
        self.assertGreater(min(seen.values()), 30)
        self.assertEqual(len(seen), 4)

    def test_the_usual_spellings_are_taken(self):
        """With all its digits, and of its country, a number is never refused."""

        @randomized(300)
        @given(st.data())
        def take_one(data):
            country, meant = data.draw(strategies.phones())
            # With zeros behind one dot, it is a decimal number.
            signs = [sign for sign in strategies.SIGNS if sign != "."]
            text = data.draw(strategies.spelled(meant, signs))
            typed = strategies.Typed("mobile_wallet", country, text, meant)
            self.assertEqual(taken_by_rule(typed), meant)
            number = data.draw(strategies.accounts() | strategies.ibans())
            text = data.draw(strategies.spelled(number, tuple(strategies.BLANKS)))
            typed = strategies.Typed("bank_account", "TZ", text, number)
            assume(not typed_numbers.is_from_spreadsheet(text))
            self.assertEqual(taken_by_rule(typed), number)

        take_one()

    def test_a_wrong_digit_of_an_iban_is_refused(self):
        @randomized(200)
        @given(st.data())
        def refuse_one(data):
            number = data.draw(strategies.ibans())
            text = data.draw(strategies.mistyped(number))
            typed = strategies.Typed("bank_account", None, text, number)
            self.assertEqual(taken_by_rule(typed), "")

        refuse_one()

    def test_ids_keep_their_form(self):
        @randomized(300)
        @given(st.data())
        def keep_one(data):
            meant = data.draw(strategies.accounts())
            one = data.draw(st.text(max_size=20))
            self.assertEqual(
                identifiers.normal(identifiers.normal(one)), identifiers.normal(one)
            )
            self.assertEqual(
                identifiers.likeness(identifiers.normal(one)), identifiers.likeness(one)
            )
            text = data.draw(strategies.damaged(meant))
            if not meant.isdecimal() or text.startswith("-") or "#" in text:
                return
            with suppress(InvalidValue):
                self.assertIn(checks.clean_id(text, "ID"), _as_decimal(meant))

        keep_one()


def _as_decimal(meant):
    """Return the only other ID a damaged one may be: of a household and a person."""
    text = str(float(f"{meant[:4]}.{meant[4:] or 0}"))
    return () if typed_numbers.is_from_spreadsheet(text) else (text,)


class FileCase(FinancialAddressCase):
    """Five registrants, each with an own number; a file has a row for each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("random_editor", "editor")
        cls.people = [cls.new_registrant(f"Aïsha {n}", f"RF-{n}") for n in range(5)]
        cls.numbers = [f"+2557542000{n}{n}" for n in range(5)]

    def rows(self, remarks):
        return [
            [one.spar_id, "mobile_wallet", "M-Cash", number, one.name, remark]
            for one, number, remark in zip(
                self.people, self.numbers, remarks, strict=True
            )
        ]

    def load(self, file, columns=COLUMNS, fields=FIELDS, separator=""):
        """Import a file as the page does.

        :return: the messages, without the summary
        """
        wizard = self.env["base_import.import"].with_user(self.editor)
        wizard = wizard.create({"res_model": "g2p.financial.address", **file})
        options = {"has_headers": True, "quoting": '"', "separator": separator}
        wizard.parse_preview(options)
        result = wizard.execute_import(list(fields), list(columns), options)
        self.env.invalidate_all()
        return [m for m in result["messages"] if m["type"] != "warning"]

    def entered(self):
        """Return the number of each registrant, or ``""``."""
        return [
            one.financial_address_id.sudo().mobile_number or "" for one in self.people
        ]


@tagged("post_install", "-at_install")
class TestRandomCsv(FileCase):
    def test_any_file_of_a_spreadsheet_is_read(self):
        @randomized(25)
        @given(st.data())
        def read_one(data):
            remarks = data.draw(st.tuples(*[st.sampled_from(REMARKS)] * 5))
            content, separator = data.draw(
                strategies.csv_contents([COLUMNS, *self.rows(remarks)])
            )
            with self.env.cr.savepoint() as savepoint:
                messages = self.load(csv_file(content), separator=separator)
                self.assertEqual((self.entered(), messages), (self.numbers, []))
                savepoint.rollback()
            self.env.invalidate_all()

        read_one()

    def test_of_a_damaged_file_nothing_is_lost_without_a_word(self):
        """Each row is entered as it was, or named; or the file is refused whole."""
        seen = Counter()

        @randomized(60)
        @given(st.data())
        def read_one(data):
            remarks = data.draw(st.tuples(*[st.sampled_from(REMARKS)] * 5))
            separator = data.draw(st.sampled_from(",;"))
            lines = [separator.join(row) for row in [COLUMNS, *self.rows(remarks)]]
            text = data.draw(strategies.damaged_texts("\n".join(lines), separator))
            with self.env.cr.savepoint() as savepoint:
                messages = self.load(csv_file(text.encode()), separator=separator)
                entered = self.entered()
                for number, taken in zip(self.numbers, entered, strict=True):
                    self.assertIn(taken, ("", number))
                if any(entered):
                    lost = {n + 2 for n, taken in enumerate(entered) if not taken}
                    self.assertEqual(lost - _rows_named(messages), set())
                else:
                    self.assertTrue(messages)
                seen[sum(map(bool, entered))] += 1
                savepoint.rollback()
            self.env.invalidate_all()

        read_one()
        # Files refused whole, such with a wrong row, and harmless damage.
        self.assertGreater(min(seen[0], seen[4], seen[5]), 2)


def _rows_named(messages):
    """Return the rows that messages name."""
    rows = {message["record"] for message in messages if "record" in message}
    for message in messages:
        if found := re.search(r" Rows ([\d, ]+)\.$", message["message"]):
            rows |= set(map(int, found[1].split(", ")))
    return rows


@tagged("post_install", "-at_install")
class TestRandomXlsx(FileCase):
    def test_a_cell_is_the_number_it_shows_or_is_refused(self):
        columns = ["spar_id", "fa_type", "dfsp_id", "account_number"]
        seen = Counter()

        @randomized(25)
        @given(st.data())
        def read_one(data):
            rows, expected = [columns], []
            digits = st.text("0123456789", min_size=6, max_size=15)
            for one in self.people:
                number = data.draw(digits.filter(lambda text: text.strip("0")))
                *cell, is_whole = data.draw(strategies.cells_of(number))
                rows.append([one.spar_id, "bank_account", "First Bank", tuple(cell)])
                expected.append(number if is_whole else "")
            content = strategies.xlsx_content(rows)
            with self.env.cr.savepoint() as savepoint:
                file = {**xlsx_file([]), "file": content}
                messages = self.load(file, columns, columns)
                taken = [
                    one.financial_address_id.sudo().account_number or ""
                    for one in self.people
                ]
                self.assertEqual(taken, expected)
                lost = {n + 2 for n, number in enumerate(expected) if not number}
                self.assertEqual(_rows_named(messages), lost)
                seen.update(map(bool, taken))
                savepoint.rollback()
            self.env.invalidate_all()

        read_one()
        self.assertGreater(min(seen[True], seen[False]), 10)
