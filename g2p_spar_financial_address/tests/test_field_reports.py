"""Files as public reports tell of them; ``docs/field-reports.md`` has the sources."""

import io
import re
import zipfile
from datetime import date

import openpyxl
import xlwt

from odoo.tests import tagged

from ..values import names
from .common import FinancialAddressCase
from .strategies import xlsx_content
from .typed import CHANGED_ACCOUNT, CHANGED_PHONE, csv_file, xlsx_file

WALLET = ["spar_id", "fa_type", "dfsp_id", "mobile_number"]
ACCOUNT = ["spar_id", "dfsp_id", "account_number"]


class ReportCase(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("report_editor", "editor")
        cls.people = [cls.new_registrant(f"Person {n}", f"FR-{n}") for n in range(4)]

    def load(self, file, columns, fields=None, model="g2p.financial.address"):
        """Import a file as the browser does: a look at it first.

        :return: the messages
        """
        wizard = self.env["base_import.import"].with_user(self.editor)
        wizard = wizard.create({"res_model": model, **file})
        options = {"has_headers": True, "quoting": '"', "separator": ""}
        seen = wizard.parse_preview(options)
        result = wizard.execute_import(fields or columns, columns, options)
        self.env.invalidate_all()
        messages = [message["message"] for message in result["messages"]]
        if error := seen.get("error"):
            # The page shows it at once.
            self.assertIn(error, messages)
        return messages

    def load_csv(self, text, columns, fields=None, encoding="utf-8"):
        return self.load(csv_file(text.encode(encoding)), columns, fields)

    def load_xlsx(self, rows, columns, **options):
        file = {**xlsx_file([]), "file": xlsx_content([columns, *rows])}
        return self.load(file, columns, **options)

    def numbers(self, field="mobile_number"):
        return [one.financial_address_id.sudo()[field] for one in self.people]

    def wallets(self, *numbers):
        return [
            [one.spar_id, "mobile_wallet", "M-Cash", number]
            for one, number in zip(self.people, numbers, strict=False)
        ]

    def accounts(self, *numbers):
        return [
            [one.spar_id, "First Bank", number]
            for one, number in zip(self.people, numbers, strict=False)
        ]


@tagged("post_install", "-at_install")
class TestReportedSpreadsheets(ReportCase):
    def test_zeros_that_a_cell_shows(self):
        rows = self.accounts(
            (123456789, "0000000000"), (12345, "0"), (12345, "00\\-0000\\-00")
        )
        messages = self.load_xlsx(rows, ACCOUNT)
        self.assertEqual(
            self.numbers("account_number"), ["0123456789", "12345", False, False]
        )
        self.assertEqual(messages[1:], [CHANGED_ACCOUNT])

    def test_decimals_that_a_cell_shows(self):
        """Of household 12, the tenth person is meant, not the first."""
        first = self.new_registrant("Peter Smith", "12.1")
        tenth = self.new_registrant("Asha Juma", "12.10")
        row = [(12.1, "0.00"), "mobile_wallet", "M-Cash", "0754 200 001"]
        self.assertEqual(self.load_xlsx([row], WALLET), [])
        self.assertTrue(tenth.financial_address_id)
        self.assertFalse(first.financial_address_id)

    def test_an_id_with_an_e_is_no_number(self):
        """891e3 is read as 891000, another person."""
        other = self.new_registrant("Other", "891000")
        self.new_registrant("Meant", "891E3")
        row = [(891e3, "0.00E+00"), "mobile_wallet", "M-Cash", "0754 200 001"]
        messages = self.load_xlsx([row], WALLET)
        self.assertFalse(other.financial_address_id)
        self.assertEqual(
            messages[1], CHANGED_ACCOUNT.replace("Account number", "SPAR ID")
        )

    def test_dates_are_no_numbers(self):
        rows = self.accounts(
            (date(2026, 5, 12), "yyyy-mm-dd"), (date(1958, 3, 5), "d-mmm")
        )
        messages = self.load_xlsx(rows, ACCOUNT)
        self.assertEqual(messages[1:], [f"{CHANGED_ACCOUNT} Rows 2, 3."])
        messages = self.load_xlsx(
            [["Asha", (date(2026, 5, 3), "dd/mm/yyyy")]],
            ["name", "spar_id"],
            model="res.partner",
        )
        self.assertIn("SPAR ID looks like a number that a spreadsheet", messages[0])
        messages = self.load_xlsx(
            self.wallets((date(2026, 5, 3), "dd/mm/yyyy")), WALLET
        )
        self.assertEqual(messages[1:], [CHANGED_PHONE])
        self.assertEqual(self.numbers(), [False] * 4)

    def test_dates_of_old_spreadsheets(self):
        book = xlwt.Workbook()
        sheet = book.add_sheet("Sheet1")
        style = xlwt.easyxf(num_format_str="D/M/YYYY")
        for column, title in enumerate(ACCOUNT):
            sheet.write(0, column, title)
        sheet.write(1, 0, "FR-0")
        sheet.write(1, 1, "First Bank")
        sheet.write(1, 2, date(2026, 5, 12), style)
        stream = io.BytesIO()
        book.save(stream)
        file = {
            "file": stream.getvalue(),
            "file_type": "application/vnd.ms-excel",
            "file_name": "a.xls",
        }
        self.assertEqual(self.load(file, ACCOUNT)[1:], [CHANGED_ACCOUNT])

    def test_a_formula_without_a_result_is_no_number(self):
        messages = self.load_xlsx(self.wallets(("=A1", "General")), WALLET)
        self.assertEqual(messages[1:], ["Enter the mobile number of the wallet."])

    def test_an_error_in_a_cell(self):
        rows = self.wallets("0754 200 001", "#N/A")
        messages = self.load_xlsx(rows, WALLET)
        self.assertEqual(
            messages,
            [
                "Row 3, column 4: the spreadsheet shows the error #N/A. Correct it, "
                "and choose the file again."
            ],
        )
        self.assertEqual(self.numbers(), [False] * 4)

    def test_merged_cells_are_empty_but_the_first(self):
        book = openpyxl.Workbook()
        sheet = book.active
        for row in [WALLET, *self.wallets("+255754200001", "+255754200002")]:
            sheet.append(row)
        sheet.merge_cells("C2:C3")
        stream = io.BytesIO()
        book.save(stream)
        file = {**xlsx_file([]), "file": stream.getvalue()}
        self.assertEqual(self.load(file, WALLET), [])
        states = [one.financial_address_ids.state for one in self.people[:2]]
        self.assertEqual(states, ["effective", "draft"])

    def test_a_file_that_says_a_wrong_size_is_read_whole(self):
        content = xlsx_content([WALLET, *self.wallets("0754 200 001", "0754 200 002")])
        content = _with_dimension(content, b'<dimension ref="A1"')
        self.assertEqual(self.load({**xlsx_file([]), "file": content}, WALLET), [])
        self.assertEqual(self.numbers()[:2], ["+255754200001", "+255754200002"])


def _with_dimension(content, size):
    """Return an Excel file whose sheet says another size than it has."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w") as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                data = re.sub(rb'<dimension ref="[^"]*"', size, data)
            new.writestr(name, data)
    return stream.getvalue()


@tagged("post_install", "-at_install")
class TestReportedCsv(ReportCase):
    def csv(self, rows, separator=",", end="\n"):
        return end.join(separator.join(row) for row in rows) + end

    def test_a_quotation_mark_too_many_loses_no_row(self):
        """Read as Odoo does, the rows below were a part of the remark."""
        columns = [*WALLET, "remark"]
        rows = self.wallets("0754 200 001", "0754 200 002", "0754 200 003")
        for remarks, line in (
            (['"of age', "", ""], 2),
            (["", '"of age', 'said "so"'], 3),
            (["", '"of age', '5"'], 3),
            (["", "", '"of age" or so'], 4),
        ):
            lines = [[*row, remark] for row, remark in zip(rows, remarks, strict=True)]
            with self.subTest(remarks=remarks):
                messages = self.load_csv(
                    self.csv([columns, *lines]), columns, [*WALLET, False]
                )
                self.assertEqual(
                    messages,
                    [
                        f"Line {line} cannot be read: a quotation mark is missing or "
                        "one too many. Correct it and choose the file again."
                    ],
                )
                self.assertEqual(self.numbers(), [False] * 4)

    def test_what_is_right_between_quotation_marks(self):
        columns = [*WALLET, "remark"]
        [row] = self.wallets("0754 200 001")
        row.append('"of age,\nsaid ""so"""')
        text = self.csv([columns, row])
        self.assertEqual(self.load_csv(text, columns, [*WALLET, False]), [])
        self.assertEqual(self.numbers()[0], "+255754200001")

    def test_a_separator_within_a_number(self):
        """Of 12345,678 only the first part would be paid."""
        columns = [*ACCOUNT, "holder_name"]
        for wrong in ("12345,678,Asha", "12345,678,", "123456789"):
            rows = [
                ["FR-0", "First Bank", "0123456789", "Asha"],
                ["FR-1", "First Bank", wrong],
            ]
            with self.subTest(wrong):
                [message] = self.load_csv(self.csv([columns, *rows]), columns)
                self.assertIn("more or fewer cells than the titles: 3.", message)
                self.assertEqual(self.numbers("account_number"), [False] * 4)

    def test_zeros_kept_by_a_formula(self):
        text = self.csv([ACCOUNT, *self.accounts('="0001234"', '"=""0123456789"""')])
        self.assertEqual(self.load_csv(text, ACCOUNT), [])
        self.assertEqual(self.numbers("account_number")[:2], ["0001234", "0123456789"])

    def test_zeros_between_quotation_marks(self):
        text = self.csv([ACCOUNT, *self.accounts('"00123"', "0012345678")])
        self.assertEqual(self.load_csv(text, ACCOUNT), [])
        self.assertEqual(self.numbers("account_number")[:2], ["00123", "0012345678"])

    def test_lines_of_a_mac_and_marks_of_encodings(self):
        numbers = ["0754 200 001", "0754 200 002"]
        quoted = [f'"{title}"' for title in WALLET]
        for titles, end, mark, encoding in (
            (WALLET, "\r", "", "utf-8"),
            (WALLET, "\r", "\ufeff", "utf-8"),
            (quoted, "\r\n", "\ufeff", "utf-8"),
            (WALLET, "\n", "\ufeff\ufeff", "utf-8"),
            (quoted, "\n", "", "utf-16"),
        ):
            text = mark + self.csv([titles, *self.wallets(*numbers)], end=end)
            with (
                self.subTest(end=end, mark=mark, encoding=encoding),
                self.env.cr.savepoint() as savepoint,
            ):
                self.assertEqual(self.load_csv(text, WALLET, encoding=encoding), [])
                self.assertEqual(self.numbers()[:2], ["+255754200001", "+255754200002"])
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_file_that_is_sent_twice(self):
        text = self.csv([WALLET, *self.wallets("0754 200 001", "0754 200 002")])
        for _again in range(2):
            self.assertEqual(self.load_csv(text, WALLET), [])
        people = self.people[0] | self.people[1]
        self.assertEqual(len(people.financial_address_ids), 2)

    def test_names_that_look_like_nothing(self):
        """A person may be called Null, or by one name only, and a very long one."""
        columns = [*WALLET, "holder_name"]
        written = ["Null", "Sukarno", "O\u2019Brien", "Nguyễn " * 30]
        rows = self.wallets(*(f"0754 200 00{n}" for n in range(4)))
        rows = [[*row, name] for row, name in zip(rows, written, strict=True)]
        self.assertEqual(self.load_csv(self.csv([columns, *rows]), columns), [])
        self.assertEqual(
            [one.financial_address_id.holder_name for one in self.people],
            [name.strip() for name in written],
        )

    def test_apostrophes_and_their_absence(self):
        for other in ("O\u2019Brien", "O`Brien", "O Brien", "OBrien", "o\u02bcbrien"):
            with self.subTest(other):
                self.assertIn(names.compare("O'Brien", other), ("same", "similar"))

    def test_one_account_in_two_spellings_is_shared(self):
        self.set_policy("bank_account", shared="refuse")
        text = self.csv(
            [
                ACCOUNT,
                *self.accounts("DE07 3105 0000 0000 1431 56", "de07310500000000143156"),
            ]
        )
        messages = self.load_csv(text, ACCOUNT)
        self.assertEqual(
            self.numbers("account_number")[:2], ["DE07310500000000143156", False]
        )
        self.assertIn("Another registrant is already paid", messages[1])

    def test_one_wallet_in_two_cases_is_shared(self):
        """Some operators distinguish them, so both are stored as they are typed."""
        self.set_policy("email_wallet", shared="refuse")
        columns = ["spar_id", "dfsp_id", "email_address"]
        rows = [["FR-0", "PayMail", "Bob@PayMail.example"]]
        rows.append(["FR-1", "PayMail", "bob@paymail.example"])
        messages = self.load_csv(self.csv([columns, *rows]), columns)
        self.assertEqual(
            self.numbers("email_address")[:2], ["Bob@paymail.example", False]
        )
        self.assertIn("Another registrant is already paid", messages[1])
