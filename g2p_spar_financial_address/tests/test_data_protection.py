import base64
import io
import zipfile
from pathlib import Path

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .common import FinancialAddressCase

DOCUMENT = Path(__file__).parents[2] / "docs" / "data-protection.md"
NUMBER = "+255754200778"
PROOF = b"a photo of a card"


@tagged("post_install", "-at_install")
class TestRetentionTable(FinancialAddressCase):
    """For every model of the suite it is said what it keeps, and how long."""

    def rows(self):
        return self.env["g2p.fa.retention"]._retention_rows()

    def test_every_stored_model_has_a_row(self):
        ours = {
            name
            for name, model in self.env.registry.items()
            if model._original_module.startswith(("g2p_spar_", "g2p_odk_"))
            and not model._abstract
            and model._auto
        }
        self.assertGreater(len(ours), 10)
        names = [row.model for row in self.rows()]
        self.assertEqual(len(names), len(set(names)))
        self.assertFalse(ours - set(names))
        self.assertFalse(set(names) - set(self.env.registry))

    def test_the_document_says_the_same(self):
        if not DOCUMENT.exists():
            self.skipTest("The addon is installed without the project's documents.")
        lines = [
            f"| `{row.model}` | {row.what} | {row.until} "
            f"| {f'`{row.job}`' if row.job else ''} |".replace("|  |", "| |")
            for row in self.rows()
            if row.what
        ]
        text = DOCUMENT.read_text()
        self.assertEqual([line for line in lines if line not in text], [])

    def test_the_jobs_that_enforce_it_are_there(self):
        for row in self.rows():
            model, _dot, method = row.job.rpartition(".")
            with self.subTest(row.model):
                if row.job:
                    self.assertTrue(callable(getattr(self.env[model], method)))
                domain = self.env["g2p.fa.retention"]._domain_of(row, self.registrant)
                if row.paths:
                    self.env[row.model].search(domain)
                for name in row.hidden:
                    self.assertIn(name, self.env[row.model]._fields)

    def test_what_leads_to_a_registrant_is_handed_out(self):
        """A model with a link to a registrant has a path in the table."""
        for row in self.rows():
            model = self.env[row.model]
            if model._transient or row.model == "res.partner":
                continue
            links = [
                name
                for name, field in model._fields.items()
                if field.store
                and field.type == "many2one"
                and field.comodel_name in ("res.partner", "g2p.financial.address")
            ]
            with self.subTest(row.model, links=links):
                self.assertFalse(links and not row.paths)


@tagged("post_install", "-at_install")
class TestSubjectAccess(FinancialAddressCase, HttpCase):
    """A registrant is given all that is held of them, and no other person's data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.new_user("sa_admin", "administrator", "base.group_user")
        cls.enter_address("0754 200 777", holder_name="Asha J.")
        cls.address = cls.enter_address(NUMBER, proof=base64.b64encode(PROOF))
        cls.other = cls.new_registrant("Neema Ali", "SR-2")
        cls.enter_address("0754 200 999", partner_id=cls.other.id)

    def download(self, action):
        self.authenticate("sa_admin", "sa_admin")
        answer = self.url_open(action["url"])
        self.assertEqual(answer.status_code, 200)
        return zipfile.ZipFile(io.BytesIO(answer.content))

    def reveals(self):
        return self.env["g2p.fa.reveal"].search([("way", "=", "subject")])

    def test_the_file_has_all_of_this_person_and_nothing_of_another(self):
        action = self.registrant.with_user(self.admin).action_subject_access()
        archive = self.download(action)
        text = archive.read("registrant.json").decode()
        for wanted in ("Asha J.", NUMBER, "+255754200777", "SR-1", "Asked for by"):
            self.assertIn(wanted, text)
        for foreign in ("Neema", "SR-2", "200999", self.env.user.name, "fingerprint"):
            self.assertNotIn(foreign, text)
        self.assertNotIn(self.address.sudo().fingerprint, text)
        proofs = [n for n in archive.namelist() if n.startswith("proof-")]
        self.assertEqual([archive.read(name) for name in proofs], [PROOF])

    def test_it_is_logged_for_each_number(self):
        self.registrant.with_user(self.admin).action_subject_access()
        rows = self.reveals()
        self.assertEqual(rows.address_id, self.registrant.financial_address_ids)
        self.assertEqual(rows.user_id, self.admin)
        nobody = self.new_registrant("Without", "SR-9")
        nobody.with_user(self.admin).action_subject_access()
        self.assertEqual((self.reveals() - rows).partner_id, nobody)

    def test_no_copy_is_left(self):
        action = self.registrant.with_user(self.admin).action_subject_access()
        before = self.env["ir.attachment"].search_count([])
        self.download(action)
        self.assertEqual(self.env["ir.attachment"].search_count([]), before)
        with freeze_time("2040-01-01"):
            wizard = self.env["g2p.fa.subject"].search([])
            self.assertFalse(wizard.with_user(self.admin).file)

    def test_only_an_administrator_who_sees_the_person(self):
        for role in ("viewer", "editor", "approver"):
            user = self.new_user(f"sa_{role}", role)
            with self.subTest(role), self.assertRaises(AccessError):
                self.registrant.with_user(user).action_subject_access()
        company = self.env["res.company"].create({"name": "Other"})
        self.env["res.partner"].browse(self.other.id).sudo().write(
            {"company_id": company.id}
        )
        with self.assertRaises(AccessError):
            self.other.with_user(self.admin).action_subject_access()
        self.assertFalse(self.reveals())

    def test_nothing_is_handed_out_without_the_log(self):
        with self.assertRaises(AccessError):
            self.env["g2p.fa.subject"].with_user(self.admin).create(
                {"partner_id": self.registrant.id}
            )
        action = self.registrant.with_user(self.admin).action_subject_access()
        self.new_user("sa_second", "administrator", "base.group_user")
        self.authenticate("sa_second", "sa_second")
        answer = self.url_open(action["url"])
        self.assertNotEqual(answer.status_code, 200)
        wizard = self.env["g2p.fa.subject"].search([], limit=1, order="id desc")
        self.admin.group_ids = self.env.ref("base.group_user")
        with self.assertRaises(AccessError):
            wizard.with_user(self.admin).read(["file"])


@tagged("post_install", "-at_install")
class TestErasure(FinancialAddressCase):
    """What is left of an erased registrant is evidence without numbers."""

    def test_no_table_has_a_number(self):
        self.set_policy(approve_admin=True)
        approver = self.new_user("er_a", "approver")
        self.enter_address(
            "0754 200 771",
            holder_name="Holder Hidden",
            payee_name="Payee Hidden",
            payee_id_number="HIDDEN-17",
            mandate=base64.b64encode(b"Mandate"),
            mandate_name="hidden-mandate.pdf",
        ).with_user(approver).action_approve()
        self.enter_address("0754 200 772", proof=base64.b64encode(b"200773")).with_user(
            approver
        ).action_refuse("No")
        self.enter_address("0754 200 774")
        self.enter_address("+255754200775", dfsp_id=False)
        self.enter_bank_account("0123454776")
        texts = ["Holder Hidden", "Payee Hidden", "HIDDEN-17", "hidden-mandate"]
        texts += ["0123454776"]
        texts += [f"75420077{n}" for n in (1, 2, 4, 5)]
        self.assertTrue(self.tables_with(texts))
        self.registrant.action_remove_payment_data()
        self.assertEqual(self.tables_with(texts), [])
        kept = self.registrant.financial_address_ids
        self.assertTrue(all(kept.mapped("masked")))
        self.assertTrue(all(kept.mapped("entered_by_id")))
