from odoo.tests import tagged

from .test_registrant_adapter import Rows
from .test_second_person_redirects import SecondPersonCase


@tagged("post_install", "-at_install")
class TestSecondPersonRows(SecondPersonCase):
    """IDs in rows of another model: no way round the second person either."""

    def setUp(self):
        super().setUp()
        self.rows = Rows()
        self.rows.patch(self)
        self.rows.valid[self.registrant.id] = "C-1"
        self.make_ids_from("rows, ref")

    def give(self, partner, card, **context):
        """Give a registrant a row with this ID, or none, as the editor does."""
        self.rows.valid[partner.id] = card
        self.changed(partner, **context)

    def changed(self, partners, **context):
        partners.with_user(self.editor).with_context(**context)._spar_changed()

    def id_of(self, partner):
        self.env.flush_all()
        self.env.invalidate_all()
        return partner.sudo().spar_id

    def with_account(self, name, number):
        """Return a registrant with a bank account that a second person has approved."""
        person = self.new_registrant(name)
        account = self.enter_bank_account(
            number, user=self.editor, partner_id=person.id
        )
        account.with_user(self.approver).action_approve()
        return person

    def test_what_waits_or_was_refused_is_not_made_by_another_write(self):
        self.give(self.registrant, "C-2")
        self.assertEqual(self.id_of(self.registrant), "C-1")
        self.mine.ref = "R-1"
        self.assertEqual(self.id_of(self.registrant), "C-1")
        self.proposals().with_user(self.approver).action_refuse("Not their card")
        self.mine.ref = "R-2"
        self.assertEqual(self.id_of(self.registrant), "C-1")
        self.assertFalse(self.proposals())
        self.changed(self.registrant)
        self.assertEqual(self.proposals().after, "SPAR ID: C-2")
        self.approve(self.proposals())
        self.assertEqual(self.id_of(self.registrant), "C-2")

    def test_nor_is_an_id_that_another_person_gave_up(self):
        person = self.with_account("Neema Mushi", "9876543210")
        self.give(person, "C-5")
        self.assertEqual(self.id_of(person), "C-5")
        self.give(person, False)
        self.approve(self.proposals())
        accomplice = self.accomplice()
        self.give(accomplice, "C-5")
        self.assertFalse(self.id_of(accomplice))
        accomplice.ref = "R-1"
        self.assertFalse(self.id_of(accomplice))
        self.approve(self.proposals())
        self.assertEqual(self.id_of(accomplice), "C-5")

    def test_a_row_that_moves_takes_an_id_over(self):
        """Given up and taken in one write, it is as in two."""
        victim = self.accomplice()
        self.give(victim, "C-5")
        taker = self.with_account("Neema Mushi", "9876543210")
        self.rows.valid[taker.id] = self.rows.valid.pop(victim.id)
        self.changed(victim | taker)
        self.assertFalse(self.id_of(victim))
        self.assertFalse(self.id_of(taker))
        self.approve(self.proposals())
        self.assertEqual(self.id_of(taker), "C-5")

    def test_a_file_of_rows_is_judged_as_a_file(self):
        self.set_policy("bank_account", approve_admin=False)
        self.give(self.registrant, "C-2", import_file=True)
        self.assertEqual(self.id_of(self.registrant), "C-1")
        self.assertEqual(self.proposals().channel, "import")

    def test_a_new_rule_does_not_make_what_waits_or_was_refused(self):
        self.give(self.registrant, "C-2")
        self.proposals().with_user(self.approver).action_refuse("Not their card")
        self.make_ids_from("rows, ref", "T:{id}")
        self.assertEqual(self.id_of(self.registrant), "C-1")
        self.approve(self.proposals())
        self.assertEqual(self.id_of(self.registrant), "T:C-2")
