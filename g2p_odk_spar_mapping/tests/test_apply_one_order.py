"""One order for each registrant, and after what was done in the registry since."""

from odoo.tests import tagged

from .apply_common import ApplyCase

#: Minutes until long after everything that is done here.
LONG_AFTER = 42_000_000


@tagged("post_install", "-at_install")
class TestOneOrder(ApplyCase):
    def new_person(self, **values):
        return self.env["res.partner"].create(
            {"name": "Asha Juma", "is_registrant": True, **values}
        )

    def number(self, partner=None):
        return self.in_use(partner).mobile_number

    # === COLLECTED UNDER DIFFERENT IDS === #

    def test_a_late_one_under_another_id_does_not_replace_the_last(self):
        person = self.new_person()
        for source, template, last, late in [
            ("function, ref", "{id}", "F-1", "R-1"),
            ("ref", "token:{id}@x", "R-1", "token:R-1@x"),
            ("ref", "token:{id}@x", "token:R-1@x", "R-1"),
        ]:
            self.make_ids_from(source, template)
            person.write({"function": "F-1", "ref": "R-1"})
            with self.subTest(late=late), self.env.cr.savepoint() as savepoint:
                self.submit("uuid:2", self.answers(last, "0754 200 002"), minute=2)
                one = self.submit("uuid:1", self.answers(late), minute=1)
                self.assertEqual((one.state, one.superseded), ("applied", True))
                self.assertEqual(self.number(person), "+255754200002")
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_bad_one_holds_back_later_ones_under_another_id(self):
        self.make_ids_from("function, ref")
        person = self.new_person(function="F-1", ref="R-1")
        bad = self.submit("uuid:1", self.answers("R-1", "12"), minute=1)
        late = self.submit("uuid:2", self.answers("F-1", "0754 200 002"), minute=2)
        self.assertEqual((late.state, late.held_by_id), ("waiting", bad))
        bad.with_user(self.editor)._correct({"payment_phone": "0754 200 001"}, "Typo")
        self.assertEqual((bad.state, late.state), ("applied", "applied"))
        self.assertEqual(self.number(person), "+255754200002")

    def test_another_id_in_the_registry_does_not_change_the_order(self):
        self.submit("uuid:2", self.answers("SR-1", "0754 200 002"), minute=2)
        self.registrant.spar_id = "SR-77"
        self.submit("uuid:1", self.answers("SR-77"), minute=1)
        self.assertEqual(self.number(), "+255754200002")

    def test_nor_does_an_edit_that_takes_the_id_away(self):
        self.form.registrant_policy = "create_without_id"
        lines = self.form.mapping_line_ids
        lines.filtered(lambda line: line.target == "registrant_id").required = False
        self.submit("uuid:1", self.answers(), minute=1)
        self.submit("uuid:2", self.answers(number="0754 200 002"), minute=2)
        edited = self.answers(None, "0754 200 003")
        self.submit("uuid:1", edited, minute=1, edited=5)
        self.assertEqual(self.number(), "+255754200002")

    def test_an_address_of_the_registry_stays_before_those_of_several_ids(self):
        self.make_ids_from("function, ref")
        person = self.new_person(function="F-1", ref="R-1")
        self.stage("uuid:1", self.answers("R-1"), minute=1)
        self.stage("uuid:2", self.answers("F-1", "0754 200 002"), minute=2)
        self.enter_address("0754 555 555", partner_id=person.id)
        self.apply()
        self.assertEqual(self.number(person), "+255754555555")

    # === WITHOUT AN ADDRESS === #

    def contact_only(self, phone):
        """Return answers that say nothing about where the registrant is paid."""
        nothing = dict.fromkeys(("fa_type", "dfsp_code"))
        return self.answers(number=None, contact_phone=phone, **nothing)

    def test_one_without_an_address_does_not_say_where_they_are_paid(self):
        """Two forms of one registrant are fetched at different times."""
        lines = self.form.mapping_line_ids
        lines.filtered(lambda line: line.target == "fa_type").required = False
        self.form.wins_policy = "submission"
        self.submit("uuid:2", self.contact_only("0754 300 002"), minute=2)
        answers = self.answers(contact_phone="0754 300 001")
        one = self.submit("uuid:1", answers, minute=1)
        self.assertEqual((one.state, one.superseded), ("applied", False))
        self.assertEqual(self.number(), "+255754200001")
        edited = self.answers(number="0754 200 009", contact_phone="0754 300 001")
        self.submit("uuid:1", edited, minute=1, edited=5)
        self.assertEqual(self.number(), "+255754200009")
        # The contact is that of the last one.
        self.assertIn("300002", self.registrant.phone.replace(" ", ""))
        # One with an address does.
        self.submit("uuid:3", self.answers(number="0754 200 003"), minute=3)
        self.submit("uuid:1", self.answers(), minute=1, edited=6)
        self.assertTrue(one.superseded)
        self.assertEqual(self.number(), "+255754200003")

    # === WHAT WAS DONE IN THE REGISTRY SINCE === #

    def test_an_address_that_was_ended_since_is_not_entered_again(self):
        one = self.stage("uuid:1", self.answers())
        self.enter_address("0754 555 555")
        self.in_use().action_end("They left")
        self.apply()
        self.assertSetAside(one, "newer", "was ended in the registry")
        self.assertFalse(self.in_use())
        one.with_user(self.editor).action_confirm("They came back")
        self.assertEqual(self.number(), "+255754200001")

    def test_nor_where_the_one_that_ended_was_collected_too(self):
        self.submit("uuid:1", self.answers(), minute=1)
        self.in_use().action_end("The phone was stolen")
        late = self.submit("uuid:2", self.answers(), minute=2)
        self.assertSetAside(late, "newer", "was ended in the registry")
        self.assertFalse(self.in_use())

    def test_what_is_collected_after_an_end_is_entered(self):
        self.enter_address("0754 555 555")
        self.in_use().action_end("They left")
        self.submit(minute=LONG_AFTER)
        self.assertEqual(self.number(), "+255754200001")

    def test_a_later_review_makes_the_answers_no_younger(self):
        self.form.review_policy = "approved"
        self.stage("uuid:1", self.answers())
        edited = self.answers(number="0754 200 009")
        self.submit("uuid:1", edited, edited=5, review="edited")
        self.enter_address("0754 555 555")
        one = self.submit("uuid:1", edited, edited=LONG_AFTER, review="approved")
        self.assertSetAside(one, "newer", "Another address was entered")
        self.assertEqual(self.number(), "+255754555555")
