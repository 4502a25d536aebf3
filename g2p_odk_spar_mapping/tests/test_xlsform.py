import io
import re

import openpyxl

from odoo.exceptions import UserError
from odoo.tests import tagged

from .. import xlsform
from .apply_common import ApplyCase


@tagged("post_install", "-at_install")
class TestXlsform(ApplyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank.account_pattern = r"\d{10}"
        # One code for two providers, and names a spreadsheet could misread.
        cls.env["g2p.dfsp"].create(
            [
                {"name": '=HYPERLINK("x")', "code": "MC", "fa_type": "bank_account"},
                {"name": "Bank & Söhne <x>", "code": "007", "fa_type": "bank_account"},
                {"name": "It's", "code": "it's", "fa_type": "email_wallet"},
                {
                    "name": "Bank of ${person} and ${x}",
                    "code": "FB 1",
                    "fa_type": "bank_account",
                    "branch_ids": [(0, 0, {"name": "50%", "code": "50% 1"})],
                },
            ]
        )

    def sheets(self):
        book = openpyxl.load_workbook(io.BytesIO(self.env["g2p.odk.form"]._xlsform()))
        return {
            sheet.title: [
                dict(zip(next(sheet.values), row, strict=True))
                for row in list(sheet.values)[1:]
            ]
            for sheet in book
        }

    def test_it_converts_to_an_xform(self):
        # Only this test needs it; the addon does not.
        from pyxform.xls2xform import convert

        form = convert(
            xlsform=self.env["g2p.odk.form"]._xlsform(),
            file_type=".xlsx",
            validate=False,
        )
        self.assertFalse(form.warnings)
        for path, *_rest in xlsform.READY_MAPPING:
            self.assertIn(f'nodeset="/data/{path}"', form.xform, path)
        self.assertIn("Bank &amp; Söhne &lt;x&gt;", form.xform)
        self.assertIn("<name>FB%201</name>", form.xform)
        self.assertIn("<name>50%25%201</name>", form.xform)
        self.assertFalse(re.findall(r"<name>[^<]*\s[^<]*</name>", form.xform))

    def test_codes_with_blanks_come_back_as_they_are(self):
        bank = self.env["g2p.dfsp"].search([("code", "=", "FB 1")])
        one = self.submit(
            answers=self.answers(
                fa_type="bank_account",
                dfsp_code="FB%201",
                branch_code="50%25%201",
                number=None,
                account_number="0123456789",
            )
        )
        self.assertEqual((one.state, one.error_text), ("applied", False))
        address = self.in_use()
        self.assertEqual(address.dfsp_id, bank)
        self.assertEqual(address.branch_id, bank.branch_ids)

    def test_codes_that_a_spreadsheet_has_marked(self):
        said = "Code begins with an apostrophe"
        for code in ("'0071", "\u20190071"):
            with self.subTest(code), self.assertRefused(said):
                self.env["g2p.dfsp"].create({"name": "A", "code": code})
            with self.subTest(code), self.assertRefused(said):
                self.bank.branch_ids.code = code
        hidden = self.env["g2p.dfsp"].create({"name": "A\u200b", "code": "AB\u200b"})
        self.assertEqual((hidden.name, hidden.code), ("A", "AB"))

    def test_providers_and_branches_are_those_of_the_directory(self):
        rows = self.sheets()["choices"]
        choices = {
            (row["fa_type"], row["name"]): row
            for row in rows
            if row["list_name"] == "dfsp"
        }
        expected = {
            (d.fa_type, xlsform.choice(d.code)) for d in self.env["g2p.dfsp"].search([])
        }
        self.assertEqual(set(choices), expected)
        self.assertEqual(choices["bank_account", "FB"]["pattern"], r"^(?:\d{10})$")
        self.assertEqual(choices["bank_account", "007"]["pattern"], xlsform.ANY_NUMBER)
        self.assertEqual(choices["bank_account", "MC"]["label"], '=HYPERLINK("x")')
        branches = [
            (row["bank"], row["name"]) for row in rows if row["list_name"] == "branch"
        ]
        self.assertIn(("FB", "NB01"), branches)

    def test_numbers_are_text_and_the_two_phones_are_two_questions(self):
        questions = {row["name"]: row for row in self.sheets()["survey"]}
        for name in ("account_number", "payment_phone", "contact_phone"):
            self.assertEqual(questions[name]["type"], "text", name)
        self.assertNotEqual(
            questions["payment_phone"]["label"], questions["contact_phone"]["label"]
        )
        self.assertIn("/pattern", questions["account_number"]["constraint"])

    def test_the_ready_mapping_fits_it(self):
        paths, groups = set(), []
        for row in self.sheets()["survey"]:
            if row["type"] == "begin_group":
                groups.append(row["name"])
            elif row["type"] == "end_group":
                groups.pop()
            else:
                paths.add("/".join([*groups, row["name"]]))
        self.assertLessEqual({path for path, *_rest in xlsform.READY_MAPPING}, paths)
        self.assertFalse(self.form._mapping_problems())

    def test_the_same_directory_makes_the_same_version(self):
        version = self.sheets()["settings"][0]["version"]
        self.assertEqual(self.sheets()["settings"][0]["version"], version)
        self.bank.name = "Another Bank"
        self.assertNotEqual(self.sheets()["settings"][0]["version"], version)

    def test_an_empty_directory_is_told(self):
        self.env["g2p.dfsp"].search([]).active = False
        with self.assertRaisesRegex(UserError, "Enter the banks"):
            self.form.action_download_xlsform()

    def test_only_questions_of_what_is_offered(self):
        banks = self.env["g2p.dfsp"].search([("fa_type", "=", "bank_account")])
        banks.active = False
        names = [row["name"] for row in self.sheets()["survey"]]
        self.assertNotIn("account_number", names)
        self.assertIn("payment_phone", names)

    def test_downloading_is_for_administrators(self):
        form = self.form.with_user(self.administrator)
        self.assertIn("xlsform", form.action_download_xlsform()["url"])
        self.assertTrue(form.xlsform)
        with self.assertRefused("not allowed"):
            self.form.with_user(self.editor).action_download_xlsform()
