import base64
import logging

from psycopg2.errors import UniqueViolation

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import FinancialAddressCase

NUMBER = "754200777"
FILE = f"partner_id,dfsp_id,mobile_number\nAsha Juma,M-Cash,0{NUMBER}\n"


@tagged("post_install", "-at_install")
class TestLeftovers(FinancialAddressCase):
    """Nothing is left behind of what was typed, uploaded or refused."""

    def logged(self, work):
        """Return what the log of SQL says while this is done."""
        logger = logging.getLogger("odoo.sql_db")
        lines = []
        self.patch(logger, "disabled", False)
        self.patch(logger, "level", logging.ERROR)
        logging.getLogger().manager._clear_cache()
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(record.getMessage())
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        work()
        logger.removeHandler(handler)
        return "\n".join(lines)

    def test_a_duplicate_id_is_refused_before_the_row_is_written(self):
        Partner = self.env["res.partner"]
        other = self.new_registrant("Neema", "SR-2")

        def create():
            with self.assertRaises(ValidationError), self.cr.savepoint():
                Partner.create(
                    {"name": "Zawadi", "phone": f"0{NUMBER}", "spar_id": "SR-1"}
                )

        def write():
            with self.assertRaises(ValidationError), self.cr.savepoint():
                other.write({"spar_id": "SR-1", "phone": f"0{NUMBER}"})
                other.flush_recordset()

        def twice():
            with self.assertRaises(ValidationError), self.cr.savepoint():
                Partner.create([{"name": "A", "spar_id": "T"}] * 2)

        for work in (create, write, twice):
            self.assertEqual(self.logged(work), "")

    def test_a_statement_the_database_refuses_is_logged_without_its_values(self):
        """Two transactions may enter the same ID at the same moment."""

        def insert():
            with self.assertRaises(UniqueViolation), self.cr.savepoint():
                self.cr.execute(
                    "INSERT INTO res_partner (name, phone, spar_id)"
                    " VALUES (%s, %s, %s)",
                    ["Zawadi", f"0{NUMBER}", "SR-1"],
                )

        self.env.flush_all()
        text = self.logged(insert)
        self.assertIn("bad query", text)
        self.assertIn("res_partner", text)
        self.assertIn("UniqueViolation", text)
        for secret in (NUMBER, "Zawadi", "SR-1"):
            self.assertNotIn(secret, text)

    # === UPLOADED FILES === #

    def upload(self, text=FILE):
        return self.env["base_import.import"].create(
            {
                "res_model": "g2p.financial.address",
                "file": text.encode(),
                "file_name": "addresses.csv",
                "file_type": "text/csv",
            }
        )

    def run_import(self, wizard, dryrun=False):
        names = ["partner_id", "dfsp_id", "mobile_number"]
        options = {"has_headers": True, "quoting": '"', "separator": ","}
        return wizard.execute_import(names, names, options, dryrun=dryrun)

    def test_a_file_goes_when_all_of_it_is_imported(self):
        wizard = self.upload()
        self.run_import(wizard, dryrun=True)
        self.assertTrue(wizard.file)
        self.run_import(wizard)
        self.assertTrue(self.registrant.financial_address_id)
        self.assertFalse(wizard.file)

    def test_a_file_with_wrong_rows_stays_for_another_try(self):
        wizard = self.upload(FILE + "Asha Juma,M-Cash,12\n")
        self.run_import(wizard)
        self.assertTrue(wizard.file)

    def test_a_file_left_behind_goes_within_the_hour(self):
        wizard, fresh = self.upload(), self.upload()
        others = wizard.copy({"res_model": "res.country"})
        self.env.flush_all()
        self.cr.execute(
            """UPDATE base_import_import SET create_date = create_date - interval '2h',
                      write_date = write_date - interval '2h' WHERE id = ANY(%s)""",
            [[wizard.id, others.id]],
        )
        self.env.invalidate_all()
        cron = self.env.ref("g2p_spar_financial_address.cron_forget_files")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(wizard.exists().file)
        self.assertTrue(fresh.file)
        self.assertTrue(others.file)

    def test_a_directory_file_goes_when_it_is_imported(self):
        header = (
            "type,provider_code,provider_name,country,branch_code,branch_name,"
            "account_pattern,account_example,account_hint\n"
        )
        wizard = self.env["g2p.dfsp.import"].create(
            {"file": base64.b64encode(f"{header}bank,NB,New Bank,,,,,,\n".encode())}
        )
        wizard.action_preview()
        wizard.action_import()
        self.assertFalse(wizard.file)

    # === TYPED IDS === #

    def test_typed_ids_come_back_with_their_source(self):
        with_ref = self.new_registrant("Neema", "SR-2", ref="R-2")
        archived = self.new_registrant("Juma", "SR-3", active=False)
        people = self.registrant | with_ref | archived
        self.make_ids_from("ref")
        self.assertEqual(people.mapped("spar_id"), [False, "R-2", False])
        with_ref.ref = "R-22"
        late = self.new_registrant("Late", ref="R-4")
        self.make_ids_from("spar_id")
        self.assertEqual(people.mapped("spar_id"), ["SR-1", "SR-2", "SR-3"])
        self.assertEqual(late.spar_id, "R-4")
        self.env.cr.execute("SELECT count(*) FROM res_partner WHERE spar_id_kept != ''")
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_typed_ids_are_not_kept_of_those_who_are_erased(self):
        self.enter_address()
        self.make_ids_from("ref")
        self.registrant.action_remove_payment_data()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT spar_id, spar_id_kept FROM res_partner WHERE id = %s",
            [self.registrant.id],
        )
        self.assertEqual(self.env.cr.fetchone(), (None, None))

    def test_an_id_that_somebody_else_has_by_now_is_not_given_back(self):
        self.make_ids_from("ref")
        self.new_registrant("Neema", ref="SR-1")
        with self.assertRefused("SR-1"):
            self.make_ids_from("spar_id")
