import csv
import io

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from odoo.addons.base_import.models import base_import

from ..const import PAYEE_FIELDS
from ..imports.directory_csv import read_rows
from ..imports.separator import separator_of
from ..values.identifiers import normal
from .common import FinancialAddressCase
from .typed import PAYEES, SAME_TEXT, TypedTables, csv_file, xlsx_file

OLD_GUESS = {"encoding": "Windows-1252"}
VALUE = {
    "bank_account": "account_number",
    "mobile_wallet": "mobile_number",
    "email_wallet": "email_address",
}


class ByEditor(TypedTables):
    """By a user who may enter addresses."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("typed_editor", "editor")

    def let_see(self, company):
        self.editor.company_ids += company


@tagged("post_install", "-at_install")
class TestTypedInTheForm(ByEditor, FinancialAddressCase):
    names_providers = False
    enters_anew = True

    def enter(self, person, said):
        try:
            with self.env.cr.savepoint():
                if "spar_id" in said:
                    person = self.found(said["spar_id"])
                Address = self.env["g2p.financial.address"].with_user(self.editor)
                Address.create(
                    {
                        "partner_id": person.id,
                        "fa_type": said["fa_type"],
                        "dfsp_id": said["provider"].id,
                        VALUE[said["fa_type"]]: said["number"],
                        "reason": said.get("reason"),
                        **said.get("payee", {}),
                    }
                )
        except UserError as problem:
            return str(problem)
        return ""

    def found(self, spar_id):
        """Find a person, as the search of the list does; or else register one."""
        people = self.env["res.partner"].with_user(self.editor)
        return people.search(
            [("spar_id", "ilike", normal(spar_id) and spar_id)]
        ).filtered(lambda one: one.name.startswith("Person")) or people.create(
            {"name": "New", "is_registrant": True, "spar_id": spar_id}
        )

    def test_the_form_itself(self):
        self.new_typed()
        operator = self.provider("mobile_wallet", "TZ")
        form = Form(
            self.env["g2p.financial.address"]
            .with_user(self.editor)
            .with_context(default_partner_id=self.registrant.id),
            "g2p_spar_financial_address.g2p_financial_address_view_dialog",
        )
        form.fa_type = "mobile_wallet"
        form.dfsp_id = operator
        form.mobile_number = "00\u202f255\u202f754\u202f200\u202f001"
        address = form.save()
        self.assertEqual(address.sudo().mobile_number, "+255754200001")

    def test_names_that_show_another_ending(self):
        address = self.enter_address(
            proof_name="scan\u202egnp.exe", holder_name="Asha\u2066 Juma\u2069"
        )
        self.assertEqual(address.sudo().proof_name, "scangnp.exe")
        self.assertEqual(address.holder_name, "Asha Juma")
        with self.assertRefused("contains the number of a payment address"):
            self.enter_address("0754 200 002", holder_name="Asha 0754-200-002")
        with self.assertRefused("contains the number of a payment address"):
            self.enter_address("0754 200 002", proof_name="0754200001.pdf")

    def test_the_search_finds_names_however_they_are_typed(self):
        self.new_typed()
        for number, (stored, typed) in enumerate(SAME_TEXT):
            bank = self.env["g2p.dfsp"].create(
                {
                    "name": stored,
                    "code": f"S-{number}",
                    "fa_type": "bank_account",
                    "branch_ids": [(0, 0, {"name": stored, "code": "B"})],
                }
            )
            person = self.new_person(name=stored, spar_id=f"{stored} {number}")
            address = self.enter_address(
                mobile_number=False,
                partner_id=person.id,
                fa_type="bank_account",
                dfsp_id=bank.id,
                branch_id=bank.branch_ids.id,
                account_number="0123456789",
            )
            for record in (bank, bank.branch_ids, person):
                self.store_as_typed(record, stored, "name")
            self.store_as_typed(person, stored, "complete_name")
            self.store_as_typed(person, f"{stored} {number}", "spar_id")
            part = typed[2:]
            for record, domain in (
                (bank, [("name", "ilike", part)]),
                (bank, [("display_name", "ilike", part)]),
                (bank.branch_ids, [("display_name", "ilike", part)]),
                (person, [("display_name", "ilike", part)]),
                (person, [("complete_name", "ilike", part)]),
                (person, [("spar_id", "ilike", part)]),
                (address, [("partner_id", "ilike", part)]),
                (address, [("dfsp_id", "ilike", part)]),
                (address, [("spar_id", "ilike", part)]),
            ):
                with self.subTest(stored=stored, domain=domain):
                    found = record.with_user(self.editor).search(domain)
                    self.assertEqual(found & record, record)
                    self.assertFalse(record.search([*domain, ("id", "=", 0)]))
            self.assertFalse(bank.search([("name", "ilike", f"x{typed}")]))

    def test_the_list_of_placeholders_is_decided_by_two(self):
        settings = self.env["g2p.fa.settings"].current()
        administrator = self.new_user("typed_admin", "administrator")
        self.set_policy(approve_admin=True)
        mine = settings.with_user(administrator)
        mine.write({"placeholder_ids": "00x"})
        self.assertIn("n/a", settings.placeholder_ids)
        self.assertIn("00x", mine.waiting_changes)
        self.approved(settings).write({"placeholder_ids": "00x"})
        self.new_registrant("Somebody", "N/A")
        with self.assertRefused("where there is no ID"):
            self.new_registrant("Somebody else", "00X")

    def test_made_ids_skip_what_stands_for_none(self):
        people = self.env["res.partner"].create(
            [
                {"name": "A", "is_registrant": True, "ref": "N/A", "function": "V-1"},
                {"name": "B", "is_registrant": True, "ref": "-", "function": "0"},
            ]
        )
        self.make_ids_from("ref,function", "token:{id}@x")
        self.assertEqual(people.mapped("spar_id"), ["token:V-1@x", False])
        people[1].ref = "none"
        self.assertFalse(people[1].spar_id)
        found = people._spar_find({"N/A", "-", "V-1"})
        self.assertEqual(found["V-1"], people[0])
        self.assertFalse(found["N/A"] | found["-"])


class ByFile(ByEditor):
    """Through Odoo's own import page."""

    channel = "import"

    def enter(self, person, said):
        columns = {
            "spar_id": said.get("spar_id", person and person.spar_id),
            "fa_type": said["fa_type"],
            "dfsp_id": said.get("provider_text") or said["provider"].name,
            "branch_id": said.get("branch_text", ""),
            VALUE[said["fa_type"]]: said["number"],
            "reason": said.get("reason", ""),
            **said.get("payee", {}),
        }
        return self.load(list(columns), [list(columns.values())])

    def test_people_named_in_a_file(self):
        """By their names, and by names of providers, however they are composed."""
        self.new_typed()
        operator = self.provider("mobile_wallet", "TZ")
        columns = ["partner_id", "fa_type", "dfsp_id", "mobile_number", "reason"]
        for number, (stored, typed) in enumerate(SAME_TEXT):
            person = self.new_person(name=f"{stored} {number}")
            self.store_as_typed(person, f"{stored} {number}", "name")
            self.store_as_typed(person, f"{stored} {number}", "complete_name")
            row = [f"{typed} {number}", "mobile_wallet", operator.name]
            with self.subTest(stored=stored, typed=typed):
                message = self.load(columns, [[*row, "0754 200 001", "Why"]])
                self.assertEqual(message, "")
                self.assertEqual(self.entered(person), "+255754200001")

    def test_an_empty_cell_keeps_what_is_known_of_the_payee(self):
        """Or a file with a column too many would pay a guardian for ever."""
        self.new_typed()
        person = self.new_person()
        said = self.said("mobile_wallet", "TZ", "0754 200 001", payee=PAYEES[3][0])
        self.assertEqual(self.enter(person, said), "")
        kept = {name: person.financial_address_id[name] for name in PAYEE_FIELDS}
        self.assertTrue(all(kept.values()))
        said["number"] = "0754 200 002"
        said["payee"] = {
            **dict.fromkeys(PAYEE_FIELDS, ""),
            "payee_name": kept["payee_name"],
        }
        self.assertEqual(self.enter(person, said), "")
        self.assertEqual(self.entered(person), "+255754200002")
        address = person.financial_address_id
        self.assertEqual({name: address[name] for name in PAYEE_FIELDS}, kept)

    def load(self, columns, rows, **options):
        messages = self.load_file(self.file([columns, *rows]), columns, **options)
        # The first one says how many rows were entered.
        return " ".join(message["message"] for message in messages[1:])

    def load_file(self, file, columns, **options):
        wizard = self.env["base_import.import"].with_user(self.editor)
        wizard = wizard.create({"res_model": "g2p.financial.address", **file})
        options = {"has_headers": True, "quoting": '"', "separator": ",", **options}
        # As the page does: what the first look finds out is said again.
        wizard.parse_preview(options)
        return wizard.execute_import(columns, columns, options)["messages"]


@tagged("post_install", "-at_install")
class TestTypedInCsv(ByFile, FinancialAddressCase):
    def file(self, rows):
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return csv_file(text.getvalue().encode())

    def test_files_as_spreadsheets_write_them(self):
        """With a line about the separator, and few accents."""
        self.new_typed()
        name = self.provider("mobile_wallet", "TZ").name
        columns = ["spar_id", "fa_type", "dfsp_id", "mobile_number", "holder_name"]
        for first, separator, encoding in (
            ("sep=;\r\n", ";", "utf-8"),
            ("sep=,\n", ",", "utf-8-sig"),
            ('"sep=;"\n', ";", "utf-8"),
            ("SEP=\t\n", "\t", "utf-8"),
            ("", ";", "utf-8"),
            ("", ",", "utf-8-sig"),
            ("", ",", "cp1252"),
            ("sep=;\n", ";", "utf-16"),
        ):
            person = self.new_person()
            row = [person.spar_id, "mobile_wallet", name, "0754 200 001", "Aïssatou"]
            lines = [separator.join(cells) for cells in (columns, row)]
            content = (first + "\r\n".join(lines) + "\r\n").encode(encoding)
            with self.subTest(first=first, encoding=encoding):
                messages = self.load_file(csv_file(content), columns, separator="")
                self.assertEqual(messages, [])
                address = person.financial_address_ids
                self.assertEqual(address.holder_name, "Aïssatou")
                self.assertEqual(address.mobile_number, "+255754200001")

    def test_utf_8_is_not_guessed(self):
        """A library before chardet 4 took these letters for cp1252."""
        wizard = self.env["base_import.import"].create(
            {"res_model": "res.partner", **csv_file("name\nAïssatou\n".encode())}
        )

        self.patch(base_import.chardet, "detect", lambda _content: OLD_GUESS)
        _length, rows = wizard._read_csv({"quoting": '"'})
        self.assertEqual(rows, [["name"], ["Aïssatou"]])

    def test_a_directory_with_a_line_about_the_separator(self):
        columns = (
            "type;provider_code;provider_name;country;branch_code;branch_name;"
            "account_pattern;account_example;account_hint"
        )
        content = f"sep=;\n{columns}\nmobile_wallet;ZZ;Zed;TZ;;;;;\n".encode()
        rows, delimiter = read_rows(self.env, content)
        self.assertEqual(delimiter, ";")
        [(line, row)] = rows
        self.assertEqual((line, row["provider_code"]), (3, "ZZ"))
        self.assertEqual(separator_of("a;b"), ("", "a;b"))


@tagged("post_install", "-at_install")
class TestTypedInXlsx(ByFile, FinancialAddressCase):
    def file(self, rows):
        return xlsx_file(rows)
