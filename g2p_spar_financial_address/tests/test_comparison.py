from odoo.tests import Form, tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestComparison(FinancialAddressCase):
    """The old address beside the new one, with the differences marked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_policy(approve_admin=True)
        cls.first = cls.enter_address("0754 200 001", holder_name="Asha Juma")
        cls.approver = cls.new_user("compares", "approver")
        cls.first.with_user(cls.approver).action_approve()

    def cells(self, address):
        return {cell["name"]: cell for cell in address.comparison["cells"]}

    def dialog(self):
        action = self.registrant.action_amend_financial_address()
        model = self.env["g2p.financial.address"].with_context(**action["context"])
        return Form(model, view=action["views"][0][0])

    def changed(self, cells):
        return {name for name, cell in cells.items() if cell["changed"]}

    def test_what_changes_is_marked(self):
        waiting = self.enter_address("0754 200 047", holder_name="Asha J.")
        self.assertEqual(waiting.state, "to_approve")
        cells = self.cells(waiting.with_user(self.approver))
        self.assertEqual(self.changed(cells), {"masked", "holder_name"})
        self.assertEqual(cells["masked"]["was"], "+2557••••001")
        self.assertEqual(cells["masked"]["becomes"], "+2557••••047")
        self.assertEqual(cells["masked"]["was_id"], self.first.id)
        self.assertEqual(cells["masked"]["becomes_id"], waiting.id)
        self.assertEqual(waiting.changes, "Number, Account holder")
        self.assertEqual(waiting.comparison["people"], 1)

    def test_equal_masks_of_other_numbers_say_so(self):
        waiting = self.enter_address("0754 300 001", holder_name="Asha Juma")
        cells = self.cells(waiting)
        self.assertEqual(cells["masked"]["was"], cells["masked"]["becomes"])
        self.assertEqual(cells["masked"]["note"], "number changed")
        self.assertEqual(waiting.changes, "number changed")

    def test_the_dialog_compares_what_is_typed_and_no_number_can_be_tried(self):
        notes = []
        for number in ("0754 200 001", "0754 300 001"):
            dialog = self.dialog()
            dialog.mobile_number = number
            cell = {c["name"]: c for c in dialog.comparison["cells"]}["masked"]
            notes.append((cell["note"], cell["changed"], cell["becomes"]))
        self.assertEqual(notes, [("looks the same", False, "+2557••••001")] * 2)
        dialog.mobile_number = "0754 200 047"
        cell = {c["name"]: c for c in dialog.comparison["cells"]}["masked"]
        self.assertTrue(cell["changed"])
        self.assertEqual(cell["becomes"], "+2557••••047")

    def test_a_first_address_is_compared_with_nothing(self):
        other = self.new_registrant("Neema Shayo")
        address = self.enter_address(partner_id=other.id)
        self.assertFalse(any(cell["was"] for cell in address.comparison["cells"]))

    def test_it_counts_the_people_paid_at_the_number(self):
        self.set_policy(shared="warn")
        other = self.new_registrant("Neema Shayo")
        self.enter_address("0754 200 001", partner_id=other.id)
        address = other.financial_address_id
        self.assertEqual(address.comparison["people"], 2)

    def test_the_person_page_shows_what_waits(self):
        waiting = self.enter_address("0754 200 047")
        self.assertEqual(self.registrant.pending_comparison, waiting.comparison)
