"""Submissions as public reports tell of them; ``docs/field-reports.md`` has them."""

from odoo.tests import tagged

from .apply_common import ApplyCase


@tagged("post_install", "-at_install")
class TestFieldReports(ApplyCase):
    def test_a_submission_that_is_sent_again_and_again(self):
        """Over a slow line, with the same ID or with others."""
        for again in range(3):
            self.submit("uuid:same", minute=0)
            self.submit(f"uuid:other-{again}", minute=again + 1)
        self.assertEqual(len(self.addresses()), 1)
        states = self.env["g2p.odk.submission"].search([]).mapped("state")
        self.assertEqual(states, ["applied"] * 4)

    def test_an_old_submission_that_is_sent_late_again(self):
        """A phone that lay in a drawer sends the old number under another ID."""
        self.submit("uuid:old", minute=0)
        self.submit("uuid:new", self.answers(number="0754 200 002"), minute=10)
        self.submit("uuid:new", self.answers(number="0754 200 002"), minute=10)
        self.submit("uuid:old", minute=0)
        self.assertEqual(self.in_use().sudo().mobile_number, "+255754200002")
        # Central dates it by its arrival: no clock of a phone is asked.
        late = self.submit("uuid:again", minute=20)
        self.assertEqual(late.state, "applied")
        self.assertEqual(self.in_use().sudo().mobile_number, "+255754200001")

    def test_an_edit_with_another_number(self):
        self.submit("uuid:1", minute=0)
        self.submit("uuid:1", self.answers(number="0754 200 002"), edited=5)
        self.assertEqual(self.in_use().sudo().mobile_number, "+255754200002")
        self.submit("uuid:1", self.answers(number="0754 200 002"), edited=5)
        self.assertEqual(len(self.addresses()), 2)

    def test_a_blank_submission_registers_and_pays_nobody(self):
        self.form.registrant_policy = "create"
        people = self.env["res.partner"].search([])
        blank = {"registrant_id": None, "person": None, "payment": None}
        for number, answers in enumerate((blank, {"person": {}, "payment": {}})):
            one = self.submit(f"uuid:blank-{number}", answers, minute=number)
            self.assertEqual(one.state, "set_aside")
        self.assertEqual(self.env["res.partner"].search([]), people)

    def test_numbers_that_lost_their_zeros_in_the_form(self):
        """A question for whole numbers has no zeros at the beginning."""
        for number, payment_phone in enumerate((754200001, 754200001.0, 7.54200001e8)):
            person = self.new_registrant("Asha Juma", f"FR-{number}")
            answers = self.answers(person.spar_id, number=payment_phone)
            one = self.submit(f"uuid:{number}", answers, minute=number)
            self.assertEqual(one.state, "set_aside")
            self.assertFalse(self.addresses(person))
