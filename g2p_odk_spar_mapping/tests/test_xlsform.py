import io

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

    def test_providers_and_branches_are_those_of_the_directory(self):
        rows = self.sheets()["choices"]
        choices = {
            (row["fa_type"], row["name"]): row
            for row in rows
            if row["list_name"] == "dfsp"
        }
        expected = {(d.fa_type, d.code) for d in self.env["g2p.dfsp"].search([])}
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
