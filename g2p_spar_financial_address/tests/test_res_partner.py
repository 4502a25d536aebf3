from psycopg2.errors import UniqueViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestResPartner(FinancialAddressCase):
    def test_spar_ids_are_trimmed_and_empty_is_none(self):
        self.registrant.spar_id = "  SR-7\t"
        self.assertEqual(self.registrant.spar_id, "SR-7")
        self.registrant.spar_id = "   "
        self.assertIs(self.registrant.spar_id, False)
        others = self.env["res.partner"].create(
            [{"name": "A", "spar_id": ""}, {"name": "B", "spar_id": " "}]
        )
        self.assertEqual(others.mapped("spar_id"), [False, False])

    @mute_logger("odoo.sql_db")
    def test_two_registrants_cannot_share_a_spar_id(self):
        Partner = self.env["res.partner"]
        twin = {"name": "Twin", "is_registrant": True, "spar_id": "SR-1 "}
        with self.assertRefused("Asha Juma, Twin: SR-1"):
            Partner.create(twin)
        # What another transaction has not committed yet, no check sees.
        self.patch(type(Partner), "_check_spar_ids_unused", lambda *_args: None)
        with self.assertRaises(UniqueViolation) as caught, self.env.cr.savepoint():
            Partner.create(twin)
        message = Partner._sql_error_to_message(caught.exception)
        self.assertIn("Another registrant already has this SPAR ID", message)

    def test_importing_a_taken_spar_id_names_the_row(self):
        result = self.env["res.partner"].load(
            ["name", "is_registrant", "spar_id"],
            [["Good", "True", "SR-2"], ["Twin", "True", "SR-1"]],
        )
        # Before the rows, Odoo repeats why they did not go in all at once.
        *_summary, message = result["messages"]
        self.assertEqual(message["rows"], {"from": 1, "to": 1})
        self.assertIn("Asha Juma, Twin: SR-1", message["message"])

    def test_people_who_are_paid_are_not_merged(self):
        self.enter_address()
        twin = self.env["res.partner"].create({"name": "Asha Juma"})
        wizard = self.env["base.partner.merge.automatic.wizard"]
        with self.assertRefused("are not merged"):
            wizard._merge([self.registrant.id, twin.id], twin)
        others = self.env["res.partner"].create([{"name": "A"}, {"name": "A"}])
        wizard._merge(others.ids, others[0])
        self.assertFalse(others[1].exists())

    def test_copies_have_no_spar_id(self):
        self.assertFalse(self.registrant.copy().spar_id)

    def test_unrelated_fields_cost_no_query_more(self):
        self.enter_address()
        plain = self.env["res.partner"].create({"name": "A supplier"})
        self.env.flush_all()
        counts = []
        for partner in (plain, self.registrant):
            partner.comment = "warm up"
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            partner.comment = "something"
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
