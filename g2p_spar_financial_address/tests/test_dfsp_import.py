import base64
import csv
import io
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open, mute_logger

from ..imports import directory_csv
from ..imports.directory_plan import DirectoryPlan
from ..wizards import g2p_dfsp_import
from .common import FinancialAddressCase

ADDON = "g2p_spar_financial_address"
HEADER = ",".join(directory_csv.COLUMNS)
#: Three rows: a bank with two branches, and an operator.
GOOD = f"""{HEADER}
bank,HB,Harbour Bank,TZ,H1,Quay,\\d{{10}},0123456789,Ten digits,2
bank,HB,,,H2,Market,,,,
mobile wallet,SW,SwiftMoney,tz,,,,,,
"""


@tagged("post_install", "-at_install")
class TestDfspImport(FinancialAddressCase):
    def upload(self, content, name="directory.csv"):
        if isinstance(content, str):
            content = content.encode()
        return self.env["g2p.dfsp.import"].create(
            {"file": base64.b64encode(content), "file_name": name}
        )

    def preview(self, *rows):
        """Return the wizard after the preview of these rows, below the usual header."""
        wizard = self.upload("\n".join([HEADER, *rows]))
        wizard.action_preview()
        return wizard

    def imported(self, *rows):
        wizard = self.preview(*rows)
        wizard.action_import()
        return wizard

    def outcomes(self, wizard):
        return wizard.line_ids.sorted("line").mapped("outcome")

    def provider(self, code):
        return (
            self.env["g2p.dfsp"]
            .with_context(active_test=False)
            .search([("code", "=", code)])
        )

    def snapshot(self):
        """Return the whole directory, as far as a file can change it."""
        Dfsp = self.env["g2p.dfsp"].with_context(active_test=False)
        Branch = self.env["g2p.dfsp.branch"].with_context(active_test=False)
        names = ["name", "code", "active", "write_date"]
        return (
            Dfsp.search([], order="id").read(
                [
                    *names,
                    "fa_type",
                    "country_id",
                    "strategy_id",
                    "account_pattern",
                    "account_example",
                    "account_hint",
                ]
            ),
            Branch.search([], order="id").read([*names, "dfsp_id"]),
        )

    def test_the_sample_is_previewed_and_stores_nothing(self):
        before = self.snapshot()
        wizard = self.env["g2p.dfsp.import"].create({})
        wizard.action_sample()
        self.assertEqual((wizard.state, wizard.error_count), ("preview", 0))
        self.assertTrue(wizard.change_count)
        self.assertEqual(self.snapshot(), before)
        wizard.action_import()
        self.assertTrue(self.provider("HCB"))

    def test_codes_that_a_spreadsheet_has_marked(self):
        said = (
            "{} begins with an apostrophe, by which a spreadsheet marks a text. Leave "
            "it out."
        )
        wizard = self.preview(
            "bank,'0071,Seven Bank,TZ,,,,,,",
            "bank,SB,Seven Bank,TZ,\u20190071,Quay,,,,",
            "bank,FB\u200b,First Bank,,NB01\u200b,North,,,,",
            "bank,E B,Eight\u00a0 Bank,TZ,,,,,,",
        )
        lines = wizard.line_ids.sorted("line")
        self.assertEqual(
            lines.mapped("note")[:2],
            [said.format("provider_code"), said.format("branch_code")],
        )
        self.assertEqual(
            self.outcomes(wizard), ["error", "error", "unchanged", "new_provider"]
        )
        self.assertIn("Eight Bank", lines[3].provider)
        row = "bank,E B,Eight\u00a0 Bank,TZ,,,,,,"
        self.imported(row)
        self.assertEqual(self.provider("E B").name, "Eight Bank")
        self.assertEqual(self.outcomes(self.preview(row)), ["unchanged"])

    # === WHAT IT DOES === #

    def test_the_preview_stores_nothing(self):
        before = self.snapshot()
        wizard = self.upload(GOOD)
        action = wizard.action_preview()
        self.assertEqual(action["res_id"], wizard.id)
        self.assertEqual(wizard.state, "preview")
        self.assertEqual(
            self.outcomes(wizard), ["new_provider", "new_branch", "new_provider"]
        )
        self.assertEqual(wizard.line_ids.mapped("line"), [2, 3, 4])
        self.assertEqual(wizard.change_count, 3)
        self.assertEqual(self.snapshot(), before)

    def test_the_import_adds_providers_and_branches(self):
        wizard = self.upload(GOOD)
        wizard.action_import()
        self.assertEqual(wizard.state, "done")
        bank = self.provider("HB")
        self.assertEqual(
            bank.read(
                ["name", "fa_type", "account_pattern", "account_example"], load=None
            )[0],
            {
                "id": bank.id,
                "name": "Harbour Bank",
                "fa_type": "bank_account",
                "account_pattern": r"\d{10}",
                "account_example": "0123456789",
            },
        )
        self.assertEqual(bank.country_id.code, "TZ")
        self.assertEqual(bank.strategy_id.strategy_number, 2)
        self.assertEqual(
            {branch.code: branch.name for branch in bank.branch_ids},
            {"H1": "Quay", "H2": "Market"},
        )
        operator = self.provider("SW")
        self.assertEqual(operator.fa_type, "mobile_wallet")
        self.assertEqual(operator.strategy_id.fa_type, "mobile_wallet")

    def test_codes_that_a_spreadsheet_has_changed_are_errors(self):
        for code in ("5.00E+10", "70123.0"):
            for row in (f"bank,{code},X,,,,,,,", f"bank,FB,,,{code},Y,,,,"):
                with self.subTest(row):
                    wizard = self.imported(row)
                    self.assertEqual(self.outcomes(wizard), ["error"])
                    self.assertIn("as text", wizard.line_ids.note)

    def test_the_same_file_twice_changes_nothing(self):
        self.upload(GOOD).action_import()
        self.env.flush_all()
        before = self.snapshot()
        wizard = self.upload(GOOD)
        wizard.action_import()
        self.assertEqual(self.outcomes(wizard), ["unchanged"] * 3)
        self.assertEqual((wizard.change_count, wizard.unchanged_count), (0, 3))
        self.assertEqual(self.snapshot(), before)

    def test_what_changes_is_named_and_changed(self):
        wizard = self.imported(
            "bank,FB,First National Bank,TZ,NB01,North Gate,,,,",
            "bank,FB,,,SB02,South,,,,",
            "mobile wallet,MC,M-Cash,KE,,,,,,",
        )
        rows = wizard.line_ids.sorted("line")
        self.assertEqual(
            rows.mapped("outcome"),
            ["changed_provider", "new_branch", "changed_provider"],
        )
        self.assertEqual(rows[0].note, "provider_name, country, branch_name")
        self.assertEqual(rows[2].note, "country")
        self.assertEqual(self.bank.name, "First National Bank")
        self.assertEqual(self.bank.branch_ids.mapped("name"), ["North Gate", "South"])
        self.assertEqual(self.operator.country_id.code, "KE")
        wizard = self.imported("bank,FB,,,NB01,Nord,,,,")
        self.assertEqual(self.outcomes(wizard), ["changed_branch"])

    def test_an_empty_cell_and_a_missing_row_leave_what_is_there(self):
        self.operator.active = False
        self.bank.account_hint = "Ten digits"
        wizard = self.imported("bank,FB,,,,,,,,", "mobile wallet,MC,M-Cash 2,,,,,,,")
        self.assertEqual(self.outcomes(wizard), ["unchanged", "changed_provider"])
        self.assertEqual(wizard.line_ids[1].note, "provider_name, stays archived")
        self.assertEqual(self.bank.account_hint, "Ten digits")
        self.assertEqual(self.bank.branch_ids.name, "North")
        self.assertEqual(self.operator.name, "M-Cash 2")
        self.assertFalse(self.operator.active)
        self.assertTrue(self.mail_operator.active)

    def test_types_are_written_as_people_write_them(self):
        for number, (word, fa_type) in enumerate(
            {
                "bank": "bank_account",
                "Bank account": "bank_account",
                "bank_account": "bank_account",
                "MOBILE WALLET": "mobile_wallet",
                "mobile_wallet": "mobile_wallet",
                "E-mail wallet": "email_wallet",
                "email wallet": "email_wallet",
                "email_wallet": "email_wallet",
            }.items()
        ):
            with self.subTest(word):
                self.imported(f"{word},T{number},Provider,,,,,,,")
                self.assertEqual(self.provider(f"T{number}").fa_type, fa_type)

    def test_the_directory_may_change_between_preview_and_import(self):
        wizard = self.upload(GOOD)
        wizard.action_preview()
        self.upload(GOOD).action_import()
        wizard.action_import()
        self.assertEqual(self.outcomes(wizard), ["unchanged"] * 3)
        self.assertEqual(len(self.provider("HB")), 1)

    def test_another_file_can_be_chosen(self):
        wizard = self.preview("bank,FB,,,,,,,,")
        wizard.action_back()
        self.assertEqual(wizard.state, "upload")
        self.assertFalse(wizard.line_ids)
        with self.assertRefused("Choose a CSV file first"):
            wizard.action_preview()

    def test_the_hook_of_the_spar_engine_is_called_once(self):
        self.enter_bank_account()
        other = self.env["res.partner"].create(
            {"name": "Baraka", "is_registrant": True, "spar_id": "SR-2"}
        )
        self.enter_address(partner_id=other.id)
        approver = new_test_user(self.env, "i_approver", f"{ADDON}.group_approver")
        told = []
        with patch.object(
            type(self.registrant),
            "_financial_address_changed",
            lambda partners, channel: told.append(partners),
        ):
            self.imported("bank,FB,First Bank,TZ,NB01,North,,,Ten digits,2")
            self.assertEqual(told, [], "Nothing that SPAR holds has changed.")
            self.imported(
                "bank,FB,First National Bank,TZ,NB01,North Gate,,,,",
                "bank,FB,,,SB02,South,,,,",
                "mobile wallet,MC,M-Money,,,,,,,",
                "e-mail wallet,PM,PayMail,KE,,,,,,",
            )
            self.assertEqual(told, [], "It waits.")
            proposal = self.env["g2p.fa.proposal"].search([], limit=1)
            proposal.with_user(approver).action_approve()
        self.assertEqual(told, [self.registrant | other])
        self.assertEqual(self.mail_operator.country_id.code, "KE")

    def test_other_writes_still_tell_whatever_their_context_says(self):
        self.enter_address()
        changed = []
        with patch.object(
            type(self.registrant),
            "_financial_address_changed",
            lambda partners, channel: changed.append(partners),
        ):
            operator = self.operator.with_context(spar_rewritten=True)
            self.approved(operator).name = "M-Money"
        self.assertEqual(changed, [self.registrant])

    def test_queries_do_not_grow_with_the_rows(self):
        def rows(count, name):
            return [f"bank,FB,,,X{n},{name} {n},,,," for n in range(count)] + [
                f"mobile wallet,W{n},{name} {n},KE,,,,,," for n in range(count)
            ]

        def queries(count, name):
            wizard = self.upload("\n".join([HEADER, *rows(count, name)]))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            DirectoryPlan(self.env, wizard._rows()[0]).apply()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        few, many = queries(5, "few"), queries(45, "many")
        self.assertLessEqual(many, few + 4)
        # Now nothing is new, and everything changes.
        self.assertLessEqual(queries(45, "again"), few + 4)

    # === ROWS WITH AN ERROR === #

    def test_errors_are_listed_by_row(self):
        for row, message in (
            (",FB,,,,,,,,", "The column type is empty."),
            ("cash,FB,,,,,,,,", "There is no type “cash”."),
            ("bank,,Nameless,,,,,,,", "The column provider_code is empty."),
            ("bank,NN,,,,,,,,", "write its name in provider_name"),
            ("bank,FB,,XX,,,,,,", "There is no country “XX”."),
            ("bank,FB,,Kenya,,,,,,", "There is no country “Kenya”."),
            ("bank,FB,,,,South,,,,", "The branch has a name and no code."),
            ("bank,FB,,,SB02,,,,,", "write its name in branch_name"),
            ("mobile wallet,MC,,,M1,Main,,,,", "Only banks have branches."),
            ("mobile wallet,MC,,,,,,,Ten digits,", "Only banks have account numbers."),
            ("bank,FB,,,,,(,,,", "not a valid regular expression"),
            ("bank,FB,,,,,(a+)+,,,", "too complicated"),
            ("bank,FB,,,,,\\d{4},123,,", "does not match the pattern"),
            ("bank,FB,,FR,,,,123,,", "is an IBAN: it begins with FR"),
            ("bank,FB,,,,,,,,99", "no strategy with the number “99”"),
            ("bank,FB,,,,,,,,two", "no strategy with the number “two”"),
            ("bank,FB,,,,,,,,4", "is for another type of address"),
            ("bank,FB,X.bank_code:Y,,,,,,,", "would take for the beginning"),
            ("bank,FB,,,S.bank_code:1,South,,,,", "would take for the beginning"),
            ("bank,FB,,,SB02,S.bank_code:,,,,", "would take for the beginning"),
            ('bank,FB,"First\nBank",,,,,,,', "provider_name contains an invisible"),
            ("bank,FB,,,,,,,,,,more", "more cells than the first line"),
        ):
            with self.subTest(row):
                before = self.snapshot()
                wizard = self.imported(row)
                self.assertEqual(self.outcomes(wizard), ["error"])
                self.assertIn(message, wizard.line_ids.note)
                self.assertEqual(wizard.error_count, 1)
                self.assertEqual(self.snapshot(), before)

    def test_rows_that_contradict_each_other(self):
        wizard = self.imported(
            "bank,HB,Harbour Bank,TZ,H1,Quay,,,,",
            "bank,HB,Harbor Bank,,H2,Market,,,,",
            "bank,HB,,,H1,Pier,,,,",
            "bank,HB,Harbour Bank,TZ,H1,Quay,,,,",
        )
        rows = wizard.line_ids.sorted("line")
        self.assertEqual(
            rows.mapped("outcome"), ["new_provider", "error", "error", "unchanged"]
        )
        self.assertIn("Line 2 has another provider_name", rows[1].note)
        self.assertIn("Line 2 has another branch_name", rows[2].note)
        self.assertEqual(self.provider("HB").branch_ids.mapped("name"), ["Quay"])

    def test_bad_rows_stop_no_good_ones_and_say_nothing_for_them(self):
        wizard = self.imported(
            "bank,HB,Harbour Bank,XX,H1,Quay,,,,",
            "bank,HB,,,H2,Market,,,,",
            "bank,GB,Good Bank,,G1,Main,,,,",
        )
        self.assertEqual(self.outcomes(wizard), ["error", "error", "new_provider"])
        self.assertEqual(wizard.line_ids.mapped("line"), [2, 3, 4])
        self.assertFalse(self.provider("HB"))
        self.assertEqual(self.provider("GB").branch_ids.name, "Main")

    def test_bad_rows_are_handed_back_to_be_corrected(self):
        wizard = self.upload(
            HEADER.replace(",", ";")
            + '\nbank;HB;Harbour; Bank;XX;;;;;;\nbank;HB;"A; B";XX;;;;;;\n'
            + "bank;OK;Good Bank;;;;;;;\n",
            name="mine.csv",
        )
        wizard.action_import()
        self.assertEqual(wizard.error_file_name, "mine - errors.csv")
        text = base64.b64decode(wizard.error_file).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
        self.assertEqual([row["provider_name"] for row in rows], ["Harbour", "A; B"])
        self.assertIn("There is no country “XX”", rows[1]["error"])
        # Corrected, it is imported as it is: the column with the errors included.
        again = self.upload(text.replace("XX", "KE"))
        again.action_import()
        self.assertEqual(again.line_ids.mapped("outcome"), ["error", "new_provider"])
        self.assertEqual(self.provider("HB").name, "A; B")

    def test_the_file_of_errors_starts_no_formula(self):
        names = ["=HYPERLINK(0)", "+1+1", "-2+3", "@SUM(1)"]
        wizard = self.preview(*(f"bank,C{n},{t},XX,,,,,," for n, t in enumerate(names)))
        text = base64.b64decode(wizard.error_file).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(
            [row["provider_name"] for row in rows], [f"'{n}" for n in names]
        )
        for row in rows:
            for cell in row.values():
                self.assertFalse(cell.startswith(("=", "+", "-", "@", "\t", "\r")))
        # The guard is taken off again on the way back.
        again = self.upload(text.replace("XX", "KE"))
        again.action_import()
        self.assertEqual(self.provider("C0").name, names[0])

    # === THE FILE === #

    def test_encodings_and_delimiters(self):
        for encoding in ("utf-8", "utf-8-sig"):
            for delimiter in ",;\t":
                for newline in ("\n", "\r\n"):
                    row = f"bank,CS,Crédit des Sables,MR{',' * 6}"
                    text = newline.join([HEADER, row, ""]).replace(",", delimiter)
                    wizard = self.upload(text.encode(encoding))
                    with self.subTest(encoding, d=delimiter, n=newline):
                        wizard.action_preview()
                        self.assertEqual(wizard.line_ids.provider, "Crédit des Sables")
                        self.assertEqual(self.outcomes(wizard), ["new_provider"])

    def test_files_that_cannot_be_read(self):
        for content, message in (
            (b"", "Choose a CSV file first"),
            (b"PK\x03\x04rest of an xlsx", "This is an Excel file"),
            (b"\xd0\xcf\x11\xe0rest of an xls", "This is an Excel file"),
            ("bank,é".encode("latin-1"), "not in UTF-8"),
            (GOOD.encode("utf-16"), "not in UTF-8"),
            (GOOD.encode("utf-16-le"), "not in UTF-8"),
            (HEADER.encode(), "no rows below it"),
            (
                b"type,provider_name\nbank,x",
                "Missing: provider_code, country, branch_c",
            ),
            (b"\n\n", "Missing: type"),
            (f"{HEADER},iban\n".encode(), "not known, or there twice: “iban”"),
            (f"{HEADER},type\n".encode(), "not known, or there twice: “type”"),
            (f'{HEADER}\nbank,"FB,,,\n\n'.encode(), "Line 2 cannot be read"),
        ):
            with self.subTest(content[:30]), self.assertRefused(message):
                self.upload(content).action_preview()

    def test_large_files_are_refused(self):
        with (
            patch.object(directory_csv, "MAX_BYTES", 1024**2),
            self.assertRefused("larger than 1 MB"),
        ):
            self.upload(b"x" * (1024**2 + 1)).action_preview()
        with (
            patch.object(directory_csv, "MAX_ROWS", 2),
            self.assertRefused("more than 2 rows"),
        ):
            self.upload(GOOD).action_preview()

    def test_lines_are_counted_as_an_editor_counts_them(self):
        wizard = self.preview(
            "", 'bank,HB,"Two\nlines",,,,,,,', ",,,,,,,,,", "x,,,,,,,,,"
        )
        self.assertEqual(wizard.line_ids.mapped("line"), [3, 6])

    def test_the_sample_can_be_imported(self):
        with file_open(f"{ADDON}/static/sample/directory.csv", "rb") as sample:
            content = sample.read()
        wizard = self.upload(content)
        wizard.action_import()
        self.assertEqual(wizard.error_count, 0, wizard.line_ids.mapped("note"))
        self.assertEqual(wizard.change_count, 27)
        again = self.upload(content)
        again.action_preview()
        self.assertEqual(set(self.outcomes(again)), {"unchanged"})

    # === LARGE FILES === #

    def upload_as(self, user, content=GOOD):
        self.patch(g2p_dfsp_import, "IN_REQUEST", 2)
        file = base64.b64encode(content.encode())
        return self.env["g2p.dfsp.import"].with_user(user).create({"file": file})

    def run_in_background(self):
        cron = self.env.ref(f"{ADDON}.cron_import_directory")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_a_large_file_is_read_and_imported_in_the_background(self):
        self.enter_bank_account()
        user = new_test_user(self.env, "i_large", f"{ADDON}.group_administrator")
        wizard = self.upload_as(user, f"{GOOD}bank,FB,First National Bank,,,,,,,\n")
        wizard.action_preview()
        self.assertEqual((wizard.state, wizard.line_ids.ids), ("reading", []))
        other = self.env["g2p.dfsp.import"].with_user(user).new()
        self.assertEqual(other.earlier_id, wizard)
        self.assertFalse(self.env["g2p.dfsp.import"].new().earlier_id)
        self.run_in_background()
        self.assertEqual(wizard.state, "preview")
        self.assertEqual(wizard.change_count, 4)
        self.assertFalse(self.provider("HB"))
        wizard.action_import()
        self.assertEqual(wizard.state, "importing")
        self.assertFalse(self.provider("HB"))
        self.run_in_background()
        self.assertEqual(wizard.state, "done")
        provider = self.provider("HB")
        self.assertEqual(len(provider.branch_ids), 2)
        self.assertEqual(provider.create_uid, user)
        # What decides who is paid waits for a second person, who is not its user.
        self.assertEqual(self.bank.name, "First Bank")
        self.assertEqual(wizard.held_count, 1)
        proposal = self.env["g2p.fa.proposal"].search([("state", "=", "to_approve")])
        self.assertEqual(proposal.proposed_by_id, user)

    def test_a_large_file_is_imported_with_the_rights_its_user_has_by_then(self):
        user = new_test_user(self.env, "i_large", f"{ADDON}.group_administrator")
        wizard = self.upload_as(user)
        wizard.action_import()
        user.group_ids = self.env.ref("base.group_user")
        self.run_in_background()
        self.assertFalse(self.provider("HB"))
        wizard = wizard.sudo()
        self.assertEqual((wizard.state, wizard.file), ("upload", False))
        self.assertTrue(wizard.problem)

    def test_a_large_file_that_fails_says_so_and_stops_no_other(self):
        users = [
            new_test_user(self.env, f"i_l{n}", f"{ADDON}.group_administrator")
            for n in range(2)
        ]
        first, second = (self.upload_as(user) for user in users)
        first.action_preview()
        second.action_preview()
        show = g2p_dfsp_import.G2pDfspImport._show

        def broken(wizard, *args):
            if wizard.id == first.id:
                raise ZeroDivisionError
            return show(wizard, *args)

        with (
            patch.object(type(first), "_show", broken),
            mute_logger(f"odoo.addons.{ADDON}.toolkit.transactions"),
        ):
            self.run_in_background()
        self.assertEqual((first.state, second.state), ("upload", "preview"))
        self.assertIn("unexpected", first.problem)

    # === ROLES === #

    def test_only_an_administrator_imports(self):
        for role in ("group_viewer", "group_editor"):
            user = new_test_user(self.env, f"i_{role}", f"{ADDON}.{role}")
            wizard = self.upload(GOOD).with_user(user)
            with self.subTest(role):
                with self.assertRaises(AccessError):
                    self.env["g2p.dfsp.import"].with_user(user).create({})
                for step in (wizard.action_preview, wizard.action_import):
                    with self.assertRaises(AccessError):
                        step()
                with self.assertRaises(AccessError):
                    wizard.read(["file"])
        self.assertFalse(self.provider("HB"))

    def test_an_administrator_of_the_directory_needs_no_other_right(self):
        self.enter_bank_account()
        user = new_test_user(self.env, "i_admin", f"{ADDON}.group_administrator")
        content = f"{GOOD}bank,FB,First National Bank,,,,,,,\n".encode()
        wizard = (
            self.env["g2p.dfsp.import"]
            .with_user(user)
            .create({"file": base64.b64encode(content)})
        )
        wizard.action_preview()
        wizard.action_import()
        self.assertEqual(wizard.error_count, 0)
        self.assertEqual(wizard.held_count, 1)
        self.assertIn("No other user has the role of an approver", wizard.held_note)
        self.assertEqual(self.provider("HB").name, "Harbour Bank")
