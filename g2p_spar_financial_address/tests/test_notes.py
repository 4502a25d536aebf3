from odoo.exceptions import ValidationError
from odoo.tests import TransactionCase, tagged

from ..toolkit.note_field import Note
from ..values.checks import clean_note, mask_note
from ..values.invalid import InvalidValue
from .common import FinancialAddressCase

NUMBERS = (
    "Call 0754 200 001",
    "Call 0754200001",
    "Call 0754\u00a0200\u00a0001",
    "Paid at 0754-200-001",
    "Paid at 0754.200.001",
    "Paid at 0754/200/001",
    "Paid at \u0660\u0667\u0665\u0664\u0662\u0660\u0660",
    "IBAN TZ12 3456 7890 1234",
    "Write to asha@home.example",
)
FINE = (
    "Moved on 2026-11-30",
    "From 12.05.2026 on",
    "Decision 12/2026",
    "Household of 6, house 114",
)


@tagged("post_install", "-at_install")
class TestNotes(TransactionCase):
    def test_a_number_is_refused(self):
        for text in NUMBERS:
            with self.subTest(text), self.assertRaises(InvalidValue):
                clean_note(text, "Reason")

    def test_what_is_no_number_is_kept(self):
        for text in FINE:
            with self.subTest(text):
                self.assertEqual(clean_note(text, "Reason"), text)
                self.assertEqual(mask_note(text), text)

    def test_masked_it_is_fine(self):
        for text in NUMBERS:
            with self.subTest(text):
                self.assertTrue(clean_note(mask_note(text), "Reason"))
                self.assertIn("••••", mask_note(text))


@tagged("post_install", "-at_install")
class TestEveryNote(FinancialAddressCase):
    """A note of any model, written by any user."""

    def notes(self):
        return [
            (model, field)
            for model in self.env.values()
            for field in model._fields.values()
            if isinstance(field, Note)
        ]

    def test_each_is_cleaned_when_it_is_stored(self):
        notes = self.notes()
        self.assertGreaterEqual(len(notes), 6)
        for model, field in notes:
            for text in NUMBERS:
                with self.subTest(model=model._name, field=field.name, text=text):
                    try:
                        stored = field.convert_to_column_insert(text, model.sudo())
                    except ValidationError:
                        self.assertFalse(field.masks)
                    else:
                        self.assertTrue(field.masks)
                        self.assertIn("••••", stored)

    def test_a_record_is_written_without_a_number(self):
        address = self.enter_address()
        sharing = self.env["g2p.fa.sharing"]._for_numbers(address)
        for record, name in ((address, "decision_note"), (sharing, "reason")):
            record = record.sudo()
            with self.subTest(name), self.assertRefused("Leave numbers"):
                record.write({name: "Call 0754 200 001"})
            record.write({name: " Moved "})
            self.assertEqual(record[name], "Moved")
            record.write({name: False})
            self.assertFalse(record[name])

    def test_a_dialog_refuses_it_at_once(self):
        for model in ("g2p.fa.decision", "g2p.fa.sharing.accept"):
            with self.subTest(model), self.assertRefused("Leave numbers"):
                self.env[model].create(
                    {"reason": "Call 0754 200 001", "decision": "mark"}
                    if model == "g2p.fa.decision"
                    else {"reason": "Call 0754 200 001"}
                )
