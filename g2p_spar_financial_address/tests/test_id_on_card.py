from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestIdOnCard(FinancialAddressCase):
    """A channel only has the ID on a card: whose it is, and how a new one is kept."""

    def find(self, text):
        return self.env["res.partner"]._spar_find({text})[text]

    def test_a_typed_spar_id_is_found_and_kept_as_it_is(self):
        self.assertEqual(self.find("SR-1"), self.registrant)
        self.assertFalse(self.find("SR-2"))
        self.assertEqual(
            self.env["res.partner"]._spar_id_values("SR-2"), {"spar_id": "SR-2"}
        )
        self.assertEqual(self.env["res.partner"]._spar_id_values(""), {})

    def test_what_the_spar_id_is_made_from_is_found_in_either_form(self):
        self.make_ids_from("ref", "token:{id}@nationalId")
        made = self.new_registrant("Neema Mushi", ref="8871")
        self.assertEqual(made.spar_id, "token:8871@nationalId")
        self.assertEqual(self.find("8871"), made)
        self.assertEqual(self.find("token:8871@nationalId"), made)
        self.assertEqual(self.env["res.partner"]._spar_id_values("9"), {"ref": "9"})

    def test_who_is_archived_is_found_too(self):
        self.registrant.active = False
        self.assertEqual(self.find("SR-1"), self.registrant)
