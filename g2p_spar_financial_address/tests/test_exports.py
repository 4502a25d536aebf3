import csv
import io
import json

from openpyxl import load_workbook

from odoo.http import Request
from odoo.tests import HttpCase, tagged

from .common import FinancialAddressCase

#: What begins a formula in one spreadsheet or another.
SIGNS = ("=", "+", "-", "@", "\t", "\r")
FORMULA = '=HYPERLINK("http://evil.example")'


@tagged("post_install", "-at_install")
class TestExports(FinancialAddressCase, HttpCase):
    """No text of a registrant is a formula in an exported file."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user("ex_editor", "editor", "base.group_allow_export")
        cls.address = cls.enter_address()
        cls.names = [f"{sign}1+1" for sign in SIGNS] + [FORMULA, "http://evil.example"]
        cls.people = cls.env["res.partner"].create(
            [{"name": f"Person {n}"} for n in range(len(cls.names))]
        )
        # What was stored before there was a rule.
        cls.env.flush_all()
        for partner, name in zip(cls.people, cls.names, strict=True):
            cls.env.cr.execute(
                "UPDATE res_partner SET ref = %s WHERE id = %s", [name, partner.id]
            )
        cls.env.cr.execute(
            "UPDATE g2p_financial_address SET holder_name = %s WHERE id = %s",
            [FORMULA, cls.address.id],
        )
        cls.env.invalidate_all()

    def export(self, kind, records, *fields, **more):
        self.authenticate("ex_editor", "ex_editor")
        data = {
            "model": records._name,
            "fields": [{"name": f, "label": f, "type": "char"} for f in fields],
            "ids": records.ids,
            "domain": [],
            "import_compat": False,
            **more,
        }
        token = Request.csrf_token(self)
        answer = self.url_open(
            f"/web/export/{kind}", {"data": json.dumps(data), "csrf_token": token}
        )
        self.assertEqual(answer.status_code, 200)
        return answer.content

    def cells(self, content):
        sheet = load_workbook(io.BytesIO(content)).active
        return [cell for row in sheet.iter_rows() for cell in row]

    def test_a_workbook_has_texts_only(self):
        files = [
            self.export("xlsx", self.people, "ref"),
            self.export("xlsx", self.address, "holder_name", "partner_id/name"),
            self.export("xlsx", self.people, "ref", groupby=["ref"]),
        ]
        for content in files:
            cells = self.cells(content)
            self.assertGreater(len(cells), 1)
            for cell in cells:
                self.assertIn(cell.data_type, ("s", "n"), cell.value)
                self.assertFalse(cell.hyperlink)
        self.assertIn(FORMULA, [cell.value for cell in self.cells(files[1])])

    def test_a_csv_file_begins_no_cell_with_a_sign(self):
        content = self.export("csv", self.people, "ref").decode()
        rows = list(csv.reader(io.StringIO(content, newline="")))
        self.assertEqual(len(rows), len(self.names) + 1)
        for (cell,) in rows:
            self.assertFalse(cell.startswith(SIGNS), cell)

    def test_a_file_exported_is_imported_as_it_was(self):
        content = self.export("csv", self.address, "mobile_number")
        number = list(csv.reader(io.StringIO(content.decode())))[1][0]
        other = self.new_registrant("Neema", "SR-2")
        result = self.env["g2p.financial.address"].load(
            ["partner_id/.id", "dfsp_id/.id", "fa_type", "mobile_number"],
            [[str(other.id), str(self.operator.id), "mobile_wallet", number]],
        )
        self.assertFalse(result["messages"])
        self.assertEqual(other.financial_address_id.mobile_number, "+255754200001")


@tagged("post_install", "-at_install")
class TestHolders(FinancialAddressCase):
    """A holder is a name, in every channel."""

    def test_what_a_spreadsheet_would_calculate_is_no_name(self):
        Address = self.env["g2p.financial.address"]
        entry = {
            "partner_id": self.registrant.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": "0754 200 001",
        }
        for sign in ("=", "+", "-", "@", "＝", "﹦", "＋", "－", "＠"):
            wrong = {**entry, "holder_name": f" {sign}1+1"}
            with self.subTest(sign):
                for channel in ("import", "portal", "odk", "api"):
                    with self.assertRefused("begins with"):
                        Address.submit([wrong], channel)
                with self.assertRefused("begins with"):
                    Address.create(wrong)
                ((_clean, problems),) = Address.check_entries([wrong])
                self.assertIn("holder_name", problems)
        Address.create({**entry, "holder_name": "Asha-Marie = Juma"})
