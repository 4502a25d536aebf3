import io
from datetime import timedelta

import openpyxl

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .common import FinancialAddressCase
from .typed import csv_file, xlsx_file

COLUMNS = ["spar_id", "fa_type", "dfsp_id", "mobile_number", "holder_name", "reason"]


class CheckFileCase(FinancialAddressCase):
    """Checks files as the import page does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("check_editor", "editor")

    def wallet(self, spar_id, number, provider="M-Cash", reason="", holder=""):
        return [spar_id, "Mobile wallet", provider, number, holder, reason]

    def check(self, rows, columns=None, batch=None, file=None, user=None):
        """Return the import after the file was checked, batch after batch."""
        self.env.flush_all()
        columns = columns or COLUMNS
        wizard = (
            self.env["base_import.import"]
            .with_user(user or self.editor)
            .create(
                {
                    "res_model": "g2p.financial.address",
                    **(file or xlsx_file([columns, *rows])),
                }
            )
        )
        self.go(wizard, columns, batch, dryrun=True)
        return wizard

    def go(self, wizard, columns, batch=None, **values):
        options = {"has_headers": True, "quoting": '"', "separator": ","}
        skip = 0
        while True:
            read = {**options, "skip": skip, "limit": batch}
            result = wizard.execute_import(columns, columns, read, **values)
            skip = result["nextrow"]
            if not skip:
                return result

    def rows(self, wizard):
        return [
            (row.record, row.registrant, row.outcome, row.before, row.after, row.why)
            for row in self.env["g2p.fa.import.row"].search(
                [("import_id", "=", wizard.id)]
            )
        ]

    def wrong_rows(self, wizard):
        book = openpyxl.load_workbook(io.BytesIO(wizard._fa_write_wrong()))
        return list(book.active.iter_rows())


@tagged("post_install", "-at_install")
class TestCheckFile(CheckFileCase):
    def test_each_row_says_what_it_would_change_and_why_not(self):
        self.enter_address(holder_name="Asha")
        for n in range(2, 7):
            self.new_registrant(f"R{n}", f"SR-{n}")
        before = self.env["g2p.financial.address"].search([])
        messages = self.env["mail.message"].search_count([])
        rows = [
            self.wallet("SR-1", "0754 200 999", holder="Juma"),
            self.wallet("SR-2", "0754 200 002"),
            self.wallet("SR-3", "12"),
            self.wallet("SR-9", "0754 200 009"),
            self.wallet("SR-4", "+255754200004", provider=""),
            self.wallet("SR-5", "0754 200 005"),
            self.wallet("SR-5", "0754 200 055"),
            self.wallet("SR-6", "0754 200 006", provider="No Such"),
        ]
        wallet = "Mobile wallet · M-Cash · +2557••••"
        expected = [
            (4, "R3", "wrong", False, False, "This mobile number cannot exist in"),
            (5, False, "wrong", False, False, "No registrant has the SPAR ID"),
            (9, "R6", "wrong", False, False, "There is no provider “No Such”"),
            (
                2,
                "Asha Juma",
                "replaces",
                f"{wallet}001 · Asha",
                f"{wallet}999 · Juma",
                False,
            ),
            (7, "R5", "overtaken", "", f"{wallet}005", False),
            (3, "R2", "new", "", f"{wallet}002", False),
            (8, "R5", "new", "", f"{wallet}055", False),
            (
                6,
                "R4",
                "incomplete",
                "",
                "Mobile wallet · +2557••••004",
                False,
            ),
        ]

        def texts(rows):
            # The beginning of a message is enough.
            return [
                [*(value or "" for value in row[:5]), (row[5] or "")[:28]]
                for row in rows
            ]

        for batch in (None, 5):
            with self.subTest(batch=batch):
                found = self.rows(self.check(rows, batch=batch))
                self.assertEqual(texts(found), texts(expected))
        self.assertEqual(self.env["g2p.financial.address"].search([]), before)
        self.assertEqual(self.env["mail.message"].search_count([]), messages)
        self.assertEqual(before.state, "effective")
        # No whole number is kept.
        self.assertEqual(
            {table for table, _ in self.tables_with(["754200999", "0754 200 999"])},
            set(),
        )

    def test_another_payee_or_mandate_is_seen(self):
        """Who receives the money, and until when, is a part of the address."""
        columns = [*COLUMNS[:4], "payee_name", "payee_relation", "payee_until"]

        def row(relation, until, name="Neema Mushi"):
            return [*self.wallet("SR-1", "0754 200 001")[:4], name, relation, until]

        self.go(self.check([row("Guardian", "2098-12-31")], columns), columns)
        self.env.flush_all()
        wallet = "Mobile wallet · M-Cash · +2557••••001"
        neema = f"{wallet} · Neema Mushi · Guardian · mandate until"
        before = f"{neema} 12/31/2098"
        for outcome, after, said in (
            ("alike", before, row("Guardian", "2098-12-31")),
            ("alike", before, row("", "")),
            ("alike", before, row("", "", "")),
            ("replaces", f"{neema} 12/31/2099", row("Guardian", "2099-12-31")),
            ("replaces", before.replace("Guardian", "Trustee"), row("Trustee", "")),
            ("replaces", f"{wallet} · Ali Mushi", row("", "", "Ali Mushi")),
        ):
            with self.subTest(after, outcome=outcome):
                (found,) = self.rows(self.check([said], columns))
                self.assertEqual(found[2:5], (outcome, before, after))

    def test_what_would_wait_for_a_second_person(self):
        self.enter_bank_account()
        self.new_registrant("R2", "SR-2")
        self.set_policy("bank_account", approve_import=True)
        wizard = self.check(
            [self.wallet("SR-1", "0754 200 001"), self.wallet("SR-2", "0754 200 002")]
        )
        self.assertEqual(wizard.fa_waiting_count, 1)
        self.assertEqual((wizard.fa_right_count, wizard.fa_wrong_count), (2, 0))
        waits = wizard.fa_row_ids.filtered("waits")
        self.assertEqual((waits.registrant, waits.outcome), ("Asha Juma", "replaces"))

    def test_the_payee_in_use_is_kept_as_importing_keeps_it(self):
        payee = {"payee": "other", "payee_name": "Neema Mushi"}
        self.enter_address(**payee)
        self.set_policy(approve_admin=True)
        payee["payee_name"] = "Asha Shayo"
        self.enter_address("0754 200 002", user=self.editor, **payee)
        rows = [self.wallet("SR-1", "0754 200 999")]
        wizard = self.check(rows)
        self.assertIn("Neema Mushi", wizard.fa_row_ids.after)
        self.go(wizard, COLUMNS)
        self.assertEqual(self.registrant.financial_address_id.payee_name, "Neema Mushi")

    def test_the_payee_of_a_first_address_that_waits_waits_again(self):
        self.set_policy(approve_admin=True)
        payee = {"payee": "other", "payee_name": "Neema Mushi"}
        self.enter_address("0754 200 002", user=self.editor, **payee)
        wizard = self.check([self.wallet("SR-1", "0754 200 999")])
        self.assertIn("Neema Mushi", wizard.fa_row_ids.after)
        self.assertTrue(wizard.fa_row_ids.waits)
        self.go(wizard, COLUMNS)
        self.assertEqual(self.registrant.financial_address_id.state, "to_approve")

    def test_what_only_the_provider_or_the_registrant_refuses(self):
        others = [self.new_registrant(f"R{n}", f"SR-{n}") for n in range(2, 5)]
        others[0].payment_removal_date = fields.Datetime.now()
        bank = self.env["g2p.dfsp"].create(
            {"name": "Far Bank", "code": "FAR", "fa_type": "bank_account"}
        )
        bank.branch_required = True
        rows = [
            [*self.wallet("SR-2", "0754 200 002"), ""],
            [*self.wallet("SR-3", "0754 200 003"), ""],
            ["SR-4", "Bank account", "Far Bank", "", "", "", "0123456789"],
        ]
        wizard = self.check(rows, columns=[*COLUMNS, "account_number"])
        found = {row.registrant: (row.outcome, row.why) for row in wizard.fa_row_ids}
        self.assertEqual(found["R3"], ("new", False))
        self.assertEqual([found[r][0] for r in ("R2", "R4")], ["wrong", "wrong"])
        self.assertIn("is being removed", found["R2"][1])
        self.assertIn("branch", found["R4"][1])

    def test_a_right_guess_looks_like_a_wrong_one(self):
        """A person who tries candidates learns nothing that the masks do not say."""
        self.bank.branch_required = True
        account = self.enter_bank_account("2026-1130")
        refused = self.enter_address(
            "0754 200 555", partner_id=self.new_registrant("R2", "SR-2").id
        )
        self.set_policy(approve_admin=True, shared="refuse")
        approver = self.new_user("check_approver", "approver")
        asked = self.enter_address(
            "0754 211 777", partner_id=self.new_registrant("R3", "SR-3").id
        )
        asked.with_user(approver).action_refuse("Another person's")
        reveals = self.env["g2p.fa.reveal"].search_count([])
        columns = [*COLUMNS, "account_number", "branch_id"]

        def bank(number, reason=""):
            return ["SR-1", "", "First Bank", "", "", reason, number, "NB01"]

        def wallet(spar_id, number):
            return [*self.wallet(spar_id, number), "", ""]

        for way, right, wrong in (
            ("in use", bank("2026-1130"), bank("2027-1130")),
            (
                "in a reason",
                bank("0123450000", "20261130"),
                bank("0123450000", "20261201"),
            ),
            (
                "of another",
                wallet("SR-3", "0754 200 555"),
                wallet("SR-3", "0754201555"),
            ),
            ("refused", wallet("SR-3", "0754 211 777"), wallet("SR-3", "0754212777")),
        ):
            with self.subTest(way):
                answers = []
                for row in (right, wrong):
                    wizard = self.check([row], columns=columns)
                    rows = self.rows(wizard)
                    answers.append((rows, wizard.fa_row_ids.mapped("waits")))
                self.assertEqual(*answers)
        self.assertEqual(account.state, "effective")
        self.assertEqual(refused.state, "effective")
        self.assertEqual(self.env["g2p.fa.reveal"].search_count([]), reveals)

    def test_registrants_of_other_companies_are_not_shown(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        person = self.new_registrant("Hidden", "SR-7", company_id=company.id)
        self.enter_address(partner_id=person.id)
        ((record, name, outcome, before, after, why),) = self.rows(
            self.check([self.wallet("SR-7", "0754 200 007")])
        )
        self.assertEqual((record, outcome, name), (2, "wrong", False))
        self.assertFalse(before or after)
        self.assertEqual(why, "No registrant has the SPAR ID of this row.")

    def test_a_user_sees_only_files_of_their_own(self):
        wizard = self.check([self.wallet("SR-1", "12")])
        rows = wizard.fa_row_ids
        self.assertEqual(len(rows), 1)
        other = self.new_user("check_other", "editor")
        stranger = self.new_user("check_stranger", "base.group_user")
        for attempt in (
            lambda user: wizard.with_user(user).action_fa_download_wrong(),
            lambda user: wizard.with_user(user).read(["fa_wrong_file"]),
            lambda user: wizard.with_user(user).read(["file"]),
            lambda user: wizard.with_user(user).read(["fa_import_so_far"]),
            lambda user: wizard.with_user(user).action_fa_show_rows(),
            lambda user: rows.with_user(user).read(["why"]),
        ):
            for user in (other, stranger):
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    attempt(user)
        found = self.env["base_import.import"].with_user(other).search([])
        self.assertNotIn(wizard.with_user(other), found)

    def test_wrong_rows_are_corrected_and_imported_again(self):
        """Zeros, long numbers and signs are in the file as they were typed."""
        people = [self.new_registrant(f"R{n}", f"00{n}") for n in range(2, 6)]
        columns = [*COLUMNS, "remark", "account_number"]
        rows = [
            [*self.wallet("002", "0754 200 002"), "fine", ""],
            [*self.wallet("003", "0754 200"), "+1+1", ""],
            [
                "004",
                "Bank account",
                "No Such",
                "",
                "",
                "",
                "-x",
                "00012345678901234567",
            ],
            [*self.wallet("005", "+255 12"), "", ""],
        ]
        names = [*COLUMNS, False, "account_number"]
        wizard = self.check(rows, columns=names, file=xlsx_file([columns, *rows]))
        title, *wrong = self.wrong_rows(wizard)
        self.assertEqual([c.value for c in title], [*columns, "Error"])
        self.assertEqual([[c.value or "" for c in row[:-1]] for row in wrong], rows[1:])
        for row in wrong:
            self.assertEqual({cell.data_type for cell in row if cell.value}, {"s"})
            self.assertTrue(row[-1].value)
        corrected = [[c.value or "" for c in row] for row in (title, *wrong)]
        corrected[1][3] = "0754 200 003"
        corrected[2][2] = "First Bank"
        corrected[3][3] = "+255 754 200 005"
        again = (
            self.env["base_import.import"]
            .with_user(self.editor)
            .create({"res_model": "g2p.financial.address", **xlsx_file(corrected)})
        )
        matches = again.parse_preview({"has_headers": True, "quoting": '"'})["matches"]
        self.assertNotIn(len(columns), matches)
        self.go(again, [*names, False])
        self.assertFalse(people[0].financial_address_id)
        numbers = [p.financial_address_id.sudo().whole_number() for p in people[1:]]
        self.assertEqual(
            numbers, ["+255754200003", "00012345678901234567", "+255754200005"]
        )

    def test_digits_that_a_spreadsheet_lost_stay_lost(self):
        rows = [["SR-1", "First Bank", 12345678901234567890]]
        columns = ["spar_id", "dfsp_id", "account_number"]
        wizard = self.check(rows, columns=columns)
        _title, (*_cells, number, why) = self.wrong_rows(wizard)
        self.assertIn("spreadsheet", why.value)
        self.assertIn("E+", number.value)

    def test_a_csv_file_with_blank_rows(self):
        content = (
            "spar_id,fa_type,dfsp_id,mobile_number,holder_name,reason\n"
            "SR-1,Mobile wallet,M-Cash,0754 200 001,,\n"
            ",,,,,\n"
            "SR-1,Mobile wallet,M-Cash,12,=1+1,Why\n"
        )
        wizard = self.check([], file=csv_file(content.encode()))
        _title, wrong = self.wrong_rows(wizard)
        self.assertEqual([cell.value for cell in wrong][3:5], ["12", "=1+1"])
        # No formula.
        self.assertEqual(wrong[4].data_type, "s")

    def test_the_file_is_forgotten_and_cannot_be_downloaded(self):
        wizard = self.check([self.wallet("SR-1", "12")])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE base_import_import SET write_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(hours=2), wizard.id],
        )
        self.env["base_import.import"]._cron_forget_files()
        wizard.invalidate_recordset()
        with self.assertRefused("The file was forgotten"):
            wizard.action_fa_download_wrong()
        self.assertFalse(wizard.fa_wrong_file)

    def test_the_number_of_queries_does_not_grow_with_the_rows(self):
        self.set_policy(approve_import=True)
        people = [self.new_registrant(f"R{n}", f"Q-{n}") for n in range(40)]
        for n, person in enumerate(people[::2]):
            self.enter_address(f"0754 210 {n:03}", partner_id=person.id)

        def queries(numbers):
            rows = [self.wallet(f"Q-{n}", f"0754 220 {n:03}") for n in numbers]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.check(rows)
            return self.env.cr.sql_log_count - before

        queries(range(2))
        self.assertLessEqual(queries(range(4, 40)), queries(range(2, 4)) + 3)


@tagged("post_install", "-at_install")
class TestDownloadWrongRows(CheckFileCase, HttpCase):
    def test_the_file_is_for_its_user_only(self):
        wizard = self.check([self.wallet("SR-1", "12")])
        url = wizard.action_fa_download_wrong()["url"]
        self.new_user("check_thief", "editor")
        self.authenticate("check_thief", "check_thief")
        self.assertNotEqual(self.url_open(url).status_code, 200)
        self.authenticate("check_editor", "check_editor")
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        self.assertEqual(book.active.max_row, 2)
