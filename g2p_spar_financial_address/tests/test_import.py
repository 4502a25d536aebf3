import csv
import io

import xlwt
from psycopg2.errors import SerializationFailure

from odoo.tests import tagged
from odoo.tools import file_open

from ..const import PAYEE_DETAILS
from .common import FinancialAddressCase
from .typed import csv_file, xlsx_file

HEADERS = [
    "SPAR ID",
    "Type",
    "Provider",
    "Branch",
    "Account",
    "Mobile",
    "Mail",
    "Holder",
]
FIELDS = [
    "spar_id",
    "fa_type",
    "dfsp_id",
    "branch_id",
    "account_number",
    "mobile_number",
    "email_address",
    "holder_name",
]


@tagged("post_install", "-at_install")
class TestImport(FinancialAddressCase):
    """Through Odoo's own import page, as the web client drives it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("i_editor", "editor")
        cls.people = cls.env["res.partner"].create(
            [
                {"name": f"P{n}", "is_registrant": True, "spar_id": f"IM-{n:03}"}
                for n in range(12)
            ]
        )

    def wallet(self, n, number=None, spar_id=None):
        spar_id = spar_id or f"IM-{n:03}"
        number = number or f"0754 300 {n:03}"
        return [spar_id, "Mobile wallet", "M-Cash", "", "", number, "", f"P{n}"]

    def run_import(
        self, rows, fields=None, dryrun=False, batch=None, xlsx=False, headers=None
    ):
        """Drive the import as the page does: batch after batch until it is told more.

        :return: the ids and the messages the page would show
        """
        headers = headers or HEADERS
        wizard = (
            self.env["base_import.import"]
            .with_user(self.editor)
            .create(
                {
                    "res_model": "g2p.financial.address",
                    **self.file([headers, *rows], xlsx),
                }
            )
        )
        options = {"has_headers": True, "quoting": '"', "separator": ","}
        ids, skip = [], 0
        while True:
            result = wizard.execute_import(
                fields or FIELDS,
                headers,
                {**options, "skip": skip, "limit": batch},
                dryrun=dryrun,
            )
            ids += result["ids"] or []
            skip = result["nextrow"]
            if result["messages"] or not skip:
                return ids, result["messages"]

    def file(self, rows, xlsx):
        if not xlsx:
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            return csv_file(text.getvalue().encode())
        return xlsx_file(rows)

    def addresses(self):
        return self.env["g2p.financial.address"].search(
            [("partner_id", "in", self.people.ids)], order="id"
        )

    def test_registrants_are_found_by_their_spar_id(self):
        for xlsx in (False, True):
            with self.subTest(xlsx=xlsx), self.env.cr.savepoint() as savepoint:
                ids, messages = self.run_import(
                    [self.wallet(n) for n in range(5)], xlsx=xlsx
                )
                self.assertEqual((len(ids), messages), (5, []))
                self.assertEqual(self.addresses().partner_id, self.people[:5])
                self.assertEqual(set(self.addresses().mapped("state")), {"effective"})
                self.assertEqual(set(self.addresses().mapped("channel")), {"import"})
                self.assertEqual(self.addresses().entered_by_id, self.editor)
                savepoint.rollback()

    def test_numbers_changed_by_a_spreadsheet_are_set_aside(self):
        self.operator.country_id = self.env.ref("base.id")
        rows = [self.wallet(0, "81234567890.0"), self.wallet(1, "8.12E+10")]
        rows += [self.wallet(2, "081234567890")]
        ids, messages = self.run_import(rows)
        told = [message["message"] for message in messages[1:]]
        self.assertIn("Mobile number looks like a number that a spreadsheet", told[0])
        self.assertIn("Rows 2, 3.", told[0])
        self.assertEqual(self.addresses().ids, ids)
        self.assertEqual(self.addresses().mobile_number, "+6281234567890")

    def test_long_numbers_of_number_cells_are_never_taken(self):
        """A spreadsheet keeps 15 digits: other people's numbers end like that."""
        people = self.people[:5]
        for n, person in enumerate(people):
            person.spar_id = f"320123456789012{n}"

        def bank(spar_id, number):
            return [spar_id, "Bank account", "FB", "NB01", number, "", "", ""]

        for xlsx, rows, right in [
            # As cells of numbers.
            (True, [bank(1234567890123456, "0123"), bank("3201234567890120", 123)], 1),
            (True, [bank(3201234567890120, "0123"), bank(3201234567890121, "0123")], 0),
            (True, [bank(people[1].spar_id, 12345678901234567890), bank("", 1)], 0),
            (True, [bank(people[1].spar_id, 1.23456789012345e15), bank("", 1)], 0),
            # All digits are there in cells of text, whatever they are.
            (True, [bank("3201234567890120", "1234567890123450")], 1),
            # A CSV file only has what the spreadsheet has shown.
            (False, [bank("3201234567890120", "0123"), bank("", "1")], 0),
            (False, [bank(people[1].spar_id, "12345678901234500000")], 0),
            (False, [bank(people[1].spar_id, "1 234 567 890 123 450")], 0),
            (False, [bank(people[1].spar_id, "1234567890123456")], 1),
            (False, [bank(people[1].spar_id, "1234 5678 9012 3450")], 1),
            (False, [bank(people[1].spar_id, "0000123456789012000")], 1),
        ]:
            with (
                self.subTest(rows=rows, xlsx=xlsx),
                self.env.cr.savepoint() as savepoint,
            ):
                _ids, messages = self.run_import(rows, xlsx=xlsx)
                self.assertEqual(len(self.addresses()), right)
                told = " ".join(message["message"] for message in messages)
                refused = len(rows) > right
                self.assertEqual("Format the column as text" in told, refused)
                savepoint.rollback()

    def test_long_numbers_of_old_spreadsheets(self):
        book = xlwt.Workbook()
        sheet = book.add_sheet("Sheet1")
        rows = [[f"IM-{n:03}", "FB"] for n in range(3)]
        rows[0].append(1.2345678901234567e19)
        rows[1].append(123456789012345)
        rows[2].append("1234567890123450")
        names = ["spar_id", "dfsp_id", "account_number"]
        for line, row in enumerate([names, *rows]):
            for column, value in enumerate(row):
                sheet.write(line, column, value)
        stream = io.BytesIO()
        book.save(stream)
        file = {
            "file": stream.getvalue(),
            "file_type": "application/vnd.ms-excel",
            "file_name": "a.xls",
        }
        self.patch(type(self), "file", lambda *_args: file)
        ids, messages = self.run_import([], fields=names, headers=names)
        self.assertEqual(self.addresses().partner_id, self.people[1:3])
        self.assertEqual(
            self.addresses().sudo().mapped("account_number"),
            ["123456789012345", "1234567890123450"],
        )
        self.assertIn("Format the column as text", messages[1]["message"])

    def test_long_ids_of_an_import_of_contacts(self):
        def load(column, number, xlsx):
            wizard = self.env["base_import.import"].create(
                {
                    "res_model": "res.partner",
                    **self.file([["Name", column], ["Asha", number]], xlsx),
                }
            )
            options = {"has_headers": True, "quoting": '"', "separator": ","}
            names = ["name", column]
            result = wizard.execute_import(names, names, options)
            return " ".join(message["message"] for message in result["messages"])

        long, changed = "1234567890123450", "like a number that a spreadsheet"
        self.assertIn(changed, load("spar_id", long, xlsx=False))
        self.assertIn(changed, load("spar_id", int(long), xlsx=True))
        self.assertFalse(load("barcode", int(long), xlsx=True))
        self.env["res.partner"].search([("barcode", "=", long)]).ensure_one()
        self.make_ids_from("ref")
        self.assertIn(changed, load("ref", int(long), xlsx=True))
        self.assertFalse(load("ref", long, xlsx=True))

    def test_an_id_is_found_in_any_characters_that_look_the_same(self):
        rows = [self.wallet(0, spar_id="IM\u2011000"), self.wallet(1, spar_id="8871.0")]
        ids, messages = self.run_import(rows)
        self.assertEqual(self.addresses().partner_id, self.people[0])
        self.assertEqual(self.addresses().ids, ids)
        self.assertIn(
            "SPAR ID looks like a number that a sprea", messages[1]["message"]
        )

    def test_a_row_without_a_branch_leaves_that_of_the_account(self):
        branch = self.bank.branch_ids
        row = ["IM-000", "Bank account", "FB", "NB01", "0123456789", "", "", "P0"]
        self.run_import([row])
        for holder, branch_cell in (("Guardian", ""), ("P0", "")):
            changed = [*row[:3], branch_cell, *row[4:-1], holder]
            ids, messages = self.run_import([changed])
            self.assertFalse(messages)
            in_use = self.people[0].financial_address_id
            self.assertEqual((in_use.ids, in_use.holder_name), (ids, holder))
            self.assertEqual(in_use.branch_id, branch)
        self.bank.branch_required = True
        other = [*row[:3], "", "0123456780", *row[5:]]
        ids, messages = self.run_import([other, self.wallet(1)])
        self.assertEqual(len(ids), 1)
        self.assertIn("First Bank needs one", messages[1]["message"])

    def test_a_row_that_lost_its_zeros_is_set_aside(self):
        """The other person would be paid, without a word."""
        other = self.new_registrant("Peter Smith", "70123")
        meant = self.new_registrant("Asha Juma", "0070123")
        self.new_registrant("Asha Juma", "170123")

        def row(holder, spar_id="70123"):
            return [*self.wallet(0, spar_id=spar_id)[:-1], holder]

        for holder in ("Asha Juma", "JUMA, Asha", "Asha J."):
            with self.subTest(holder=holder):
                ids, messages = self.run_import([row(holder)])
                self.assertFalse(ids)
                self.assertIn("whose ID differs only in zeros", messages[1]["message"])
                self.assertNotIn("Asha", messages[1]["message"])
        self.assertFalse((other | meant).financial_address_ids)
        # Also a person who is not paid any more.
        for name in ("active", "is_registrant"):
            with self.subTest(left=name), self.env.cr.savepoint() as savepoint:
                meant[name] = False
                self.assertFalse(self.run_import([row("Asha Juma")])[0])
                savepoint.rollback()
        self.env.invalidate_all()
        # The registrant, a guardian of another name, and no name at all.
        for holder in ("Peter Smith", "P. Smith", "Neema Mushi", ""):
            with self.subTest(holder=holder), self.env.cr.savepoint() as savepoint:
                ids, messages = self.run_import([row(holder)])
                self.assertFalse(messages)
                self.assertEqual(other.financial_address_ids.ids, ids)
                savepoint.rollback()
        self.env.invalidate_all()
        ids, messages = self.run_import([row("Asha Juma", "0070123")])
        self.assertEqual((meant.financial_address_ids.ids, messages), (ids, []))

    def test_an_id_that_a_spreadsheet_takes_for_a_power_of_ten_is_set_aside(self):
        """A cell with 1E5 holds the number 100000: that of another person."""
        other = self.new_registrant("Peter Smith", "100000")
        meant = self.new_registrant("Asha Juma", "1E5")
        row = [100000, *self.wallet(0)[1:-1], "Asha Juma"]
        ids, messages = self.run_import([row], xlsx=True)
        self.assertFalse(ids)
        self.assertIn("whose ID differs only in zeros", messages[1]["message"])
        self.assertFalse((other | meant).financial_address_ids)
        ids, messages = self.run_import([["1E5", *row[1:]]])
        self.assertEqual((meant.financial_address_ids.ids, messages), (ids, []))

    def test_so_it_is_where_another_column_names_the_registrant(self):
        self.make_ids_from("ref")
        create = self.env["res.partner"].create
        other = create({"name": "Peter Smith", "is_registrant": True, "ref": "70123"})
        create({"name": "Asha Juma", "is_registrant": True, "ref": "0070123"})
        fields, headers = ["partner_id", *FIELDS[1:]], ["Registrant", *HEADERS[1:]]
        row = [*self.wallet(0, spar_id="70123")[:-1], "Asha Juma"]
        ids, messages = self.run_import([row], fields=fields, headers=headers)
        self.assertFalse(ids)
        self.assertIn("whose ID differs only in zeros", messages[1]["message"])
        row[-1] = "Neema Mushi"
        ids, messages = self.run_import([row], fields=fields, headers=headers)
        self.assertEqual((other.financial_address_ids.ids, messages), (ids, []))

    def test_lost_zeros_are_seen_among_other_oddities(self):
        """Zeros are lost, accents stand apart, and invisible characters are between."""
        other = self.new_registrant("Peter Smith", "7\u00e9123")
        meant = self.new_registrant("Jos\u00e9 N\u00fa\u00f1ez", "007\u00e9123")
        holder = "Jose\u0301\u200b Nu\u0301n\u0303ez"
        for spar_id in (
            "7\u00e9123",
            "7e\u0301123",
            "\u200b7\u00e9123\ufeff",
            "\u20677e\u0301\u00ad123\u2069",
            "\u0667\u00e9123",
            "07\u00e9123",
        ):
            with self.subTest(spar_id=spar_id):
                row = [*self.wallet(0, spar_id=spar_id)[:-1], holder]
                self.assertFalse(self.run_import([row])[0])
        self.assertFalse((other | meant).financial_address_ids)

    def test_a_row_that_lost_its_last_zero_is_set_aside(self):
        """Of household 12, the tenth is meant and the first would be paid."""
        other = self.new_registrant("Peter Smith", "12.1")
        meant = self.new_registrant("Asha Juma", "12.10")
        row = [12.10, *self.wallet(0)[1:-1], "Asha Juma"]
        ids, messages = self.run_import([row], xlsx=True)
        self.assertFalse(ids)
        self.assertIn("whose ID differs only in zeros", messages[1]["message"])
        self.assertFalse((other | meant).financial_address_ids)
        ids, messages = self.run_import([["12.10", *row[1:]]])
        self.assertEqual((meant.financial_address_ids.ids, messages), (ids, []))

    def test_a_code_that_lost_its_zeros_names_no_other(self):
        """An account at one bank is paid at another bank's account of that number."""
        create = self.env["g2p.dfsp"].create
        meant = create({"name": "Second Bank", "code": "011"})
        other = create({"name": "Third Bank", "code": "11"})
        for bank in meant | other:
            bank.branch_ids = [
                (0, 0, {"name": "South", "code": "01"}),
                (0, 0, {"name": "West", "code": "1"}),
            ]

        def row(bank, branch):
            account = "0123456789"
            return ["IM-001", "Bank account", bank, branch, account, "", "", "P1"]

        for xlsx, bank, branch in (
            (False, "11", ""),
            (True, 11, ""),
            (False, "Second Bank", "1"),
            (True, "Second Bank", 1),
        ):
            with self.subTest(xlsx=xlsx, bank=bank, branch=branch):
                ids, messages = self.run_import([row(bank, branch)], xlsx=xlsx)
                self.assertFalse(ids)
                self.assertIn("differs from", messages[1]["message"])
        for bank, branch in (("011", "01"), ("Third Bank", "West")):
            ids, messages = self.run_import([row(bank, branch)])
            self.assertEqual((len(ids), messages), (1, []))
        address = self.people[1].financial_address_id
        self.assertEqual(address.dfsp_id, other)
        self.assertEqual(address.branch_id.name, "West")

    def test_all_three_types_in_one_file(self):
        rows = [
            self.wallet(0),
            ["IM-001", "Bank account", "First Bank", "North", "0012345678"] + [""] * 3,
            ["IM-002", "E-mail wallet", "PayMail", "", "", "", "a@b.example", ""],
            # The provider says what it offers.
            ["IM-003", "", "PayMail", "", "", "", "c@d.example", ""],
        ]
        ids, messages = self.run_import(rows)
        self.assertEqual(messages, [])
        self.assertEqual(
            self.addresses().mapped("fa_type"),
            ["mobile_wallet", "bank_account", "email_wallet", "email_wallet"],
        )
        self.assertEqual(self.addresses()[1].branch_id, self.bank.branch_ids)

    def test_a_branch_is_looked_for_at_its_bank(self):
        other = self.env["g2p.dfsp"].create(
            {
                "name": "Second Bank",
                "code": "SB",
                "branch_ids": [(0, 0, {"name": "North", "code": "N1"})],
            }
        )
        rows = [
            ["IM-000", "Bank account", "Second Bank", "north", "0012345678"] + [""] * 3,
            ["IM-001", "Bank account", "FB", "NB01", "0012345678"] + [""] * 3,
            ["IM-002", "Bank account", "Second Bank", "South", "0012345678"] + [""] * 3,
        ]
        _ids, messages = self.run_import(rows)
        self.assertEqual(
            self.addresses().branch_id, other.branch_ids | self.bank.branch_ids
        )
        self.assertIn("has no such branch", messages[1]["message"])

    def test_an_unknown_or_ambiguous_registrant_is_refused(self):
        self.people[:2].write({"name": "Asha Juma"})
        fields = ["partner_id", *FIELDS]
        cases = [
            (["Asha Juma", *self.wallet(0, spar_id="")], "multiple matches"),
            (["P3", *self.wallet(2)], "No registrant has the SPAR ID"),
            (["P3", *self.wallet(3, spar_id="NOBODY")], "No registrant has"),
        ]
        for row, message in cases:
            with self.subTest(message, row=row[0]):
                result = self.load(fields, [row])
                self.assertFalse(result["ids"])
                self.assertIn(message, result["messages"][0]["message"])
        self.assertFalse(self.addresses() & self.people.financial_address_ids)
        self.assertTrue(self.load(fields, [["P4", *self.wallet(4)]])["ids"])

    def load(self, fields, rows):
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        return Address.with_context(import_file=True).load(fields, rows)

    def test_a_code_of_two_providers_is_resolved_by_the_type(self):
        self.env["g2p.dfsp"].create({"name": "Mercy Bank", "code": "MC"})
        wallet, unclear = self.wallet(0), self.wallet(1)
        wallet[2] = unclear[2] = "MC"
        unclear[1] = ""
        result = self.load(FIELDS, [wallet, unclear])
        self.assertEqual(self.addresses().dfsp_id, self.operator)
        self.assertIn("Several providers are called", result["messages"][0]["message"])

    def test_each_load_of_a_transaction_tells_its_own_mistakes(self):
        for _time in range(2):
            result = self.load(FIELDS, [self.wallet(0, "12")])
            self.assertEqual(len(result["messages"]), 1)
        forged = self.env["g2p.financial.address"].with_user(self.editor)
        forged = forged.with_context(import_file=True, fa_refused_rows=[])
        result = forged.load(FIELDS, [self.wallet(0, "12")])
        self.assertEqual(len(result["messages"]), 1)

    def test_a_serialization_error_repeats_the_whole_work(self):
        def meet(self, entries, channel):
            raise SerializationFailure("met")

        self.patch(type(self.env["g2p.financial.address"]), "submit", meet)
        with self.assertRaises(SerializationFailure):
            self.env["g2p.financial.address"]._enter_rows(
                [{"entry": {"partner_id": one.id}} for one in self.people[:2]], None
            )

    def test_it_says_what_is_replaced(self):
        for n in (0, 1):
            self.enter_bank_account(f"01234567{n}0", partner_id=self.people[n].id)
        self.run_import([self.wallet(2)])
        self.set_policy("bank_account", approve_import=True)
        rows = [self.wallet(n, f"0754 301 {n:03}") for n in range(5)]
        said = (
            "Addresses: 2 new, 2 replace a bank account, 1 replace a mobile wallet, "
            "2 wait for a second person."
        )
        _ids, messages = self.run_import(rows, dryrun=True)
        self.assertEqual(messages, [{"type": "info", "message": said}])
        wrong = [*self.wallet(6)[:5], "nonsense", "", "P6"]
        _ids, messages = self.run_import([*rows, wrong], batch=2)
        self.assertIn(said, messages[0]["message"])
        states = self.people[:2].pending_address_id.mapped("fa_type")
        self.assertEqual(states, ["mobile_wallet"] * 2)
        # A trial does not tell what is there already: it would be a way to guess it.
        _ids, messages = self.run_import(rows, dryrun=True)
        self.assertIn("wait for a second person", messages[0]["message"])

    def test_importing_again_leaves_alone_what_waits_or_is_incomplete(self):
        self.set_policy(approve_import=True)
        incomplete = self.wallet(1, "+255754300001")
        incomplete[2] = ""
        rows = [self.wallet(0), incomplete]
        self.run_import(rows)
        before = self.addresses()
        self.assertEqual(before.mapped("state"), ["to_approve", "draft"])
        self.run_import(rows)
        self.assertEqual(self.addresses(), before)
        self.assertEqual(before.mapped("state"), ["to_approve", "draft"])

    def test_a_column_that_is_not_there_changes_nothing(self):
        self.run_import([self.wallet(0)])
        before = self.addresses()
        self.assertEqual(before.holder_name, "P0")
        ids, messages = self.run_import(
            [self.wallet(0)[:-1]], fields=FIELDS[:-1], headers=HEADERS[:-1]
        )
        self.assertEqual((self.addresses(), messages), (before, []))

    def test_many_rows_refused_by_a_rule_cost_few_queries(self):
        self.set_policy(shared="refuse")
        others = self.env["res.partner"].create(
            [{"name": f"O{n}", "is_registrant": True} for n in range(12)]
        )
        for n, other in enumerate(others[::2]):
            self.enter_address(f"0754 300 {2 * n:03}", partner_id=other.id)

        def queries(rows):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            _ids, messages = self.run_import(rows)
            self.assertTrue(messages)
            return self.env.cr.sql_log_count - before

        few = queries([self.wallet(n) for n in range(2)])
        many = queries([self.wallet(n) for n in range(2, 12)])
        self.assertLessEqual(many, few + 3)

    def bad_file(self):
        rows = [self.wallet(n) for n in range(10)]
        rows[1][5] = "12"
        rows[3] = self.wallet(3, spar_id="NOBODY")
        rows[4][2] = "No Such Operator"
        rows[6] = self.wallet(6, spar_id="NOBODY-EITHER")
        rows[9][5] = "call me"
        return rows

    BAD = {1, 3, 4, 6, 9}

    def test_good_rows_are_imported_and_bad_rows_listed_one_by_one(self):
        for batch in (None, 3, 1):
            with self.subTest(batch=batch), self.env.cr.savepoint() as savepoint:
                ids, messages = self.run_import(self.bad_file(), batch=batch)
                self.assertEqual(len(ids), 5)
                kept = self.people.filtered(
                    lambda p: (
                        p.spar_id in {f"IM-{n:03}" for n in {*range(10)} - self.BAD}
                    )
                )
                self.assertEqual(self.addresses().partner_id, kept)
                told = [(m.get("record"), m["message"]) for m in messages]
                self.assertIn("Imported: 5.", told[0][1])
                self.assertEqual(
                    sorted(told[1:]),
                    [
                        (
                            3,
                            "This mobile number cannot exist in Tanzania. "
                            "Check the number of digits and the first digits.",
                        ),
                        (5, "No registrant has the SPAR ID of this row. Rows 5, 8."),
                        (
                            6,
                            "There is no provider “No Such Operator” of this type in "
                            "the directory.",
                        ),
                        (11, "This is not a phone number. Write digits only."),
                    ],
                )
                savepoint.rollback()

    def test_a_test_run_stores_nothing_and_tells_the_same(self):
        ids, messages = self.run_import(self.bad_file(), dryrun=True, batch=3)
        self.assertFalse(self.addresses())
        self.assertIn("would be left out", messages[0]["message"])
        self.assertEqual(len(messages), 5)

    def test_the_corrected_file_leaves_alone_what_is_there(self):
        self.run_import(self.bad_file())
        before = self.addresses()
        ids, messages = self.run_import([self.wallet(n) for n in range(10)])
        self.assertEqual(messages, [])
        self.assertEqual(len(ids), 10)
        self.assertEqual(len(self.addresses()), 10)
        self.assertEqual(before & self.addresses(), before)

    def test_one_registrant_twice_in_a_file_ends_with_the_last_row(self):
        rows = [self.wallet(0), self.wallet(0, "0754 300 999")]
        _ids, messages = self.run_import(rows)
        self.assertEqual(messages, [])
        self.assertEqual(self.addresses().mapped("state"), ["ended", "effective"])
        self.assertEqual(
            self.people[0].financial_address_id.sudo().mobile_number, "+255754300999"
        )

    def test_what_only_a_rule_refuses_is_found_among_good_rows(self):
        self.set_policy(shared="refuse")
        self.enter_address("0754 300 004")
        rows = [self.wallet(n) for n in range(8)]
        ids, messages = self.run_import(rows)
        self.assertEqual(len(ids), 7)
        self.assertEqual(len(messages), 2)
        self.assertEqual(messages[1]["record"], 6)
        self.assertIn("Another registrant is already paid", messages[1]["message"])

    def test_the_policy_of_the_channel_applies(self):
        self.set_policy(approve_import=True)
        self.new_user("i_approver", "approver")
        self.run_import([self.wallet(n) for n in range(3)])
        self.assertEqual(set(self.addresses().mapped("state")), {"to_approve"})
        self.assertEqual(len(self.addresses().activity_ids), 3)

    def test_an_import_does_not_write_history(self):
        address = self.enter_address("0754 300 000", partner_id=self.people[0].id)
        for column, value in [
            (".id", str(address.id)),
            ("state", "Ended"),
            ("channel", "ODK"),
            ("masked", "x"),
        ]:
            row = [*self.wallet(0, "0754 300 777"), value]
            with self.subTest(column):
                result = (
                    address.with_user(self.editor)
                    .with_context(import_file=True)
                    .load([*FIELDS, column], [row])
                )
                self.assertFalse(result["ids"])
                self.assertEqual(result["messages"][0]["type"], "error")
        self.assertEqual(address.state, "effective")
        self.assertEqual(len(self.addresses()), 1)

    def test_the_caller_does_not_choose_the_channel(self):
        address = (
            self.env["g2p.financial.address"]
            .with_user(self.editor)
            .with_context(import_file=True)
            .create(
                {
                    "partner_id": self.people[0].id,
                    "dfsp_id": self.operator.id,
                    "mobile_number": "0754 300 000",
                }
            )
        )
        self.assertEqual(address.channel, "admin")

    def test_the_number_of_queries_does_not_grow_with_the_rows(self):
        def queries(rows):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            _ids, messages = self.run_import(rows)
            self.env.flush_all()
            self.assertEqual(messages, [])
            return self.env.cr.sql_log_count - before

        queries([self.wallet(0)])
        few = queries([self.wallet(n) for n in range(1, 4)])
        many = queries([self.wallet(n) for n in range(4, 12)])
        self.assertLessEqual(many, few + 2)

    def test_the_sample_file_has_columns_that_are_found(self):
        (template,) = self.env["g2p.financial.address"].get_import_templates()
        self.assertTrue(template["template"].endswith("addresses.csv"))
        path = template["template"].lstrip("/")
        with file_open(path, "rb") as sample:
            wizard = self.env["base_import.import"].create(
                {
                    "res_model": "g2p.financial.address",
                    "file": sample.read(),
                    "file_type": "text/csv",
                }
            )
        preview = wizard.parse_preview({"has_headers": True, "quoting": '"'})
        self.assertFalse(preview.get("error"))
        matched = {path[0] for path in preview["matches"].values()}
        self.assertEqual(matched, {*FIELDS, "reason", *PAYEE_DETAILS})
