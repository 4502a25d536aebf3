import doctest
from contextlib import contextmanager

from psycopg2.errors import UniqueViolation

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from ..values import identifiers
from .common import FinancialAddressCase

#: What people paste along with an ID, and what a screen shows the same.
SAME = [
    "IM-7\u200e",
    "\ufeffIM-7",
    "IM\u200b-7",
    "I\u00adM-7",
    "IM\u2060-7",
    "\u202aIM-7\u202c",
    "IM\u20107",
    "IM\u20117",
    "IM\u22127",
    "IM-7\u00a0",
    "IM-\ufe0e7",
    "IM\u02d77",
    "IM\u27967",
]


@tagged("post_install", "-at_install")
class TestIdNormalForm(FinancialAddressCase):
    """Two IDs that look the same would be two people at SPAR."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Partner = cls.env["res.partner"]
        cls.owner = cls.new_registrant("Neema Mushi", "IM-7")

    def keep_as_it_is(self, partner, spar_id):
        """Store an ID as it was stored before IDs had a normal form."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET spar_id = %s, spar_id_likeness = %s WHERE id = %s",
            [spar_id, identifiers.likeness(spar_id), partner.id],
        )
        self.env.invalidate_all()

    @contextmanager
    def assertTaken(self):
        """The block is refused, by a rule or by the database, and stores nothing."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                yield
        except (ValidationError, UniqueViolation):
            return
        self.fail("It was stored.")

    def test_examples(self):
        result = doctest.testmod(identifiers)
        self.assertTrue(result.attempted)
        self.assertFalse(result.failed)

    def test_what_looks_the_same_is_the_same_id(self):
        for text in SAME:
            with self.subTest(text=ascii(text)):
                self.assertEqual(identifiers.normal(text), "IM-7")
                with self.assertTaken():
                    self.new_registrant("Another person", text)
                with self.assertTaken():
                    self.registrant.spar_id = text
                    self.registrant.flush_recordset()
        made = self.new_registrant("Another person", "IM\u00a0\u20038\u200f")
        self.assertEqual(made.spar_id, "IM 8")
        by_default = self.Partner.with_context(default_spar_id="IM\u20119").create(
            {"name": "By default", "is_registrant": True}
        )
        self.assertEqual(by_default.spar_id, "IM-9")
        self.assertEqual(self.Partner._spar_by_id(["IM-9"])["IM-9"], by_default)

    def test_made_ids_are_in_the_normal_form_too(self):
        self.make_ids_from("ref", "token:{id}@nationalId")
        first = self.new_registrant("First", ref="88\u200e71")
        self.assertEqual(first.spar_id, "token:8871@nationalId")
        with self.assertRefused("would share one"):
            self.new_registrant("Second", ref="8871")
        with self.assertRefused("The ID looks like a number that a spreadsheet"):
            self.new_registrant("Second", ref="8872.0")

    def test_letters_case_and_digits_stay(self):
        for text in ("im-7", "IM-07", "IM-\u0667", "\u0406M-7", "IM-\uff17"):
            self.assertEqual(self.new_registrant("Another", text).spar_id, text)

    def test_numbers_changed_by_a_spreadsheet_are_refused(self):
        for text in ("8871.0", "8.871E+10", 8871.0):
            with self.assertRefused("^SPAR ID looks like a number that a spreadsheet"):
                self.new_registrant("Another", text)

    # === WHAT SPAR HOLDS ALREADY === #

    def test_what_spar_holds_is_not_rewritten_by_saving_something_else(self):
        old = "SR-\u200e1"
        self.keep_as_it_is(self.registrant, old)
        self.registrant.write({"spar_id": old, "phone": "1"})
        self.assertEqual(self.registrant.spar_id, old)
        # A person may: then it is a change like any other.
        self.registrant.spar_id = "SR-1"
        self.assertEqual(self.registrant.spar_id, "SR-1")

    def test_what_spar_holds_is_not_rewritten_by_making_ids_anew(self):
        self.make_ids_from("ref", "token:{id}@nationalId")
        self.registrant.ref = "8871"
        old = "token:88\u200e71@nationalId"
        self.keep_as_it_is(self.registrant, old)
        self.registrant.ref = "88\u200e71"
        self.registrant.ref = "8871"
        self.registrant._spar_id_refresh()
        self.assertEqual(self.registrant.spar_id, old)
        self.registrant.ref = "8872"
        self.assertEqual(self.registrant.spar_id, "token:8872@nationalId")

    def test_what_spar_holds_keeps_another_from_the_same_id(self):
        self.keep_as_it_is(self.registrant, "SR-\u200e1")
        with self.assertRefused("would share one"):
            self.new_registrant("Another", "SR-1")

    def test_the_upgrade_leaves_ids_as_they_are(self):
        self.keep_as_it_is(self.registrant, "SR-\u200e1")
        self.env.cr.execute("UPDATE res_partner SET spar_id_likeness = NULL")
        topic = "spar-id-likeness"
        self.upgrade("g2p_spar_financial_address", "19.0.1.2.0", "pre", topic)
        self.assertEqual(self.registrant.spar_id, "SR-\u200e1")
        for partner in self.registrant | self.owner:
            expected = identifiers.likeness(partner.spar_id)
            self.assertEqual(partner.spar_id_likeness, expected)

    # === LOOKING FOR AN ID === #

    def test_an_id_is_found_however_it_is_typed_or_kept(self):
        self.keep_as_it_is(self.registrant, "SR-\u200e1")
        for text in ("SR-1", "SR\u20111", "SR-\u200e1", " SR-1\ufeff"):
            with self.subTest(text=ascii(text)):
                self.assertEqual(
                    self.Partner._spar_by_id([text])[text], self.registrant
                )
                self.assertEqual(self.Partner._spar_find({text})[text], self.registrant)
                found = self.env["g2p.financial.address"]
                self.assertFalse(found.search([("spar_id", "=", text)]))
        self.assertFalse(self.Partner._spar_by_id(["SR-01"])["SR-01"])

    def test_a_new_person_is_kept_under_the_normal_form(self):
        self.assertEqual(
            self.Partner._spar_id_values("IM\u20119\u200e"), {"spar_id": "IM-9"}
        )

    # === LOOK-ALIKES === #

    def test_look_alikes_are_shown(self):
        alike = ["im-7", "IM-007", "1M-7", "|M-7", "\u0406\u041c-7", "IM-\u0667"]
        # Signs drawn as a dash that are none, and one from a height.
        alike += [f"IM{sign}7" for sign in "\u1400\u2500\u30fc\u05be\u207b\ufe31"]
        for text in alike:
            with self.subTest(text=text), self.env.cr.savepoint() as savepoint:
                twin = self.new_registrant("Rehema Said", text)
                note = "It looks like the SPAR ID of Neema Mushi."
                self.assertEqual(twin.spar_id_alike, note)
                self.assertIn("Rehema Said", self.owner.spar_id_alike)
                found = self.Partner.search([("spar_id_alike", "!=", False)])
                self.assertEqual(found, twin | self.owner)
                savepoint.rollback()
        self.env.invalidate_all()
        self.assertFalse(self.owner.spar_id_alike)
        self.assertIn(self.owner, self.Partner.search([("spar_id_alike", "=", False)]))

    def test_the_form_warns_while_an_id_is_typed(self):
        form = Form(self.registrant, view="base.view_partner_form")
        form.spar_id = "IM-07"
        self.assertIn("Neema Mushi", form.spar_id_alike)
        form.spar_id = "IM-8"
        self.assertFalse(form.spar_id_alike)

    def test_an_id_in_odd_characters_says_so(self):
        self.keep_as_it_is(self.registrant, "SR-\u200e1")
        self.assertIn("invisible or unusual", self.registrant.spar_id_alike)


@tagged("post_install", "-at_install")
class TestCodeNormalForm(FinancialAddressCase):
    """A code with a character no screen shows is another code at SPAR."""

    def test_codes_are_stored_in_the_normal_form(self):
        values = {"name": "Second Bank", "code": "S\u200bB\u20111\ufeff"}
        bank = self.env["g2p.dfsp"].create({**values, "fa_type": "bank_account"})
        self.assertEqual(bank.code, "SB-1")
        bank.code = "SB\u00ad2"
        self.assertEqual(bank.code, "SB2")
        branch = self.env["g2p.dfsp.branch"].create({**values, "dfsp_id": bank.id})
        self.assertEqual(branch.code, "SB-1")

    def store_odd_codes(self):
        """As they were stored before codes had a normal form."""
        self.env.flush_all()
        for table, code, record in [
            ("g2p_dfsp", "F\u200eB", self.bank),
            ("g2p_dfsp_branch", "NB\u200e01", self.bank.branch_ids),
        ]:
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET code = %s WHERE id = %s",
                    SQL.identifier(table),
                    code,
                    record.id,
                )
            )
        self.env.invalidate_all()

    def test_what_looks_the_same_is_the_same_code(self):
        self.store_odd_codes()
        values = {"name": "Twin", "fa_type": "bank_account"}
        with self.assertRefused("already a provider"):
            self.env["g2p.dfsp"].create({**values, "code": "FB"})
        second = self.env["g2p.dfsp"].create({**values, "code": "SB"})
        with self.assertRefused("already a provider"):
            second.code = "F\u200bB"
        branch = {"name": "Twin", "code": "NB01"}
        with self.assertRefused("already has a branch"):
            self.bank.branch_ids = [(0, 0, branch)]
        # The codes of others are no matter.
        second.branch_ids = [(0, 0, branch)]
        wallet = {**values, "code": "FB", "fa_type": "email_wallet"}
        self.assertTrue(self.env["g2p.dfsp"].create(wallet))

    def test_a_code_that_is_stored_stays_until_it_is_changed(self):
        self.store_odd_codes()
        self.bank.write({"code": "F\u200eB", "name": "First Bank Ltd"})
        self.assertEqual(self.bank.code, "F\u200eB")
