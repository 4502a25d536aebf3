from odoo.tests import tagged

from .common import SparCase
from .spar_stand_in import faults


@tagged("post_install", "-at_install")
class TestSharedIds(SparCase):
    """Nothing more is sent for two people with the same ID until one has it alone."""

    def setUp(self):
        super().setUp()
        self.make_ids_from("ref")
        self.env["g2p.fa.settings"].current().shared_ids = "hold"
        Partner = self.env["res.partner"]
        self.first = Partner.create(
            {"name": "Amina Juma", "is_registrant": True, "ref": "C-1"}
        )
        self.second = Partner.create({"name": "Juma Amina", "is_registrant": True})
        self.people = self.first | self.second
        self.enter_address("0754 200 101", partner_id=self.first.id)
        self.run_engine(mappings=self.first.spar_mapping_ids)
        self.row = self.mapper.rows["C-1"]
        self.second.ref = "C-1"
        self.enter_address("0754 200 102", partner_id=self.second.id)
        self.mapper.forget()
        self.send()

    def send(self):
        self.run_engine(mappings=self.people.spar_mapping_ids)

    def states(self):
        return {
            (one.state, one.reason_code or None)
            for one in self.people.spar_mapping_ids.sudo()
        }

    def amend(self, person, number):
        return self.enter_address(number, partner_id=person.id)

    def test_nothing_is_sent_for_either_and_the_row_stays(self):
        self.assertEqual(self.states(), {("held", "id.shared")})
        self.amend(self.first, "0754 200 103")
        self.amend(self.second, "0754 200 104")
        self.send()
        self.assertEqual(self.states(), {("held", "id.shared")})
        self.assertEqual(self.mapper.log, [])
        self.assertEqual(self.mapper.rows, {"C-1": self.row})

    def test_the_screen_says_who_else_has_the_id(self):
        self.assertIn("Juma Amina", self.first.spar_mapping_ids.sentence)
        self.assertIn("Amina Juma", self.second.spar_sentence)

    def test_what_waits_is_sent_once_one_has_the_id_alone(self):
        self.amend(self.first, "0754 200 103")
        self.send()
        self.second.ref = "C-2"
        self.send()
        self.assertInSync(self.people.spar_mapping_ids)

    def test_the_other_follows_once_the_first_has_left_the_id(self):
        self.first.ref = "C-2"
        self.send()
        self.time_passes(self.people.spar_mapping_ids)
        self.send()
        self.assertInSync(self.people.spar_mapping_ids)
        self.assertEqual(set(self.mapper.rows), {"C-1", "C-2"})

    def test_an_address_that_ends_is_unlinked_all_the_same(self):
        self.first.financial_address_id.action_end("Asked for by the registrant")
        self.send()
        self.assertEqual(self.mapper.rows, {})

    def test_who_leaves_is_unlinked_and_the_other_sent(self):
        self.first.active = False
        self.send()
        self.time_passes(self.people.spar_mapping_ids)
        self.send()
        self.assertEqual(
            self.mapper.rows, {"C-1": self.written(self.second.financial_address_id)}
        )

    def test_who_leaves_and_comes_back_is_not_sent_over_the_other(self):
        for answers in ([], [faults.cut_after]):
            with self.subTest(answers):
                self.first.active = False
                self.run_engine(*answers, mappings=self.first.spar_mapping_ids)
                self.first.active = True
                for _round in range(4):
                    self.time_passes(self.people.spar_mapping_ids)
                    self.send()
                self.assertEqual(self.states(), {("held", "id.shared")})
                # Sent while the second had the ID alone, if it was in time.
                alone = {"C-1": self.written(self.second.financial_address_id)}
                self.assertLessEqual(self.mapper.rows.items(), alone.items())
        self.second.ref = "C-2"
        for _round in range(4):
            self.time_passes(self.people.spar_mapping_ids)
            self.send()
        self.assertInSync(self.people.spar_mapping_ids)

    def test_a_request_in_doubt_is_resolved_before_both_wait(self):
        self.second.ref = False
        self.amend(self.first, "0754 200 103")
        self.die_sending(self.first.spar_mapping_ids)
        self.second.ref = "C-1"
        for _round in range(3):
            self.time_passes(self.people.spar_mapping_ids)
            self.send()
        self.assertEqual(self.states(), {("held", "id.shared")})
        self.assertEqual(self.mapper.rows, {"C-1": self.row})

    def test_a_row_under_another_id_is_unlinked_first(self):
        third = self.env["res.partner"].create(
            {"name": "Neema", "is_registrant": True, "ref": "C-0"}
        )
        self.enter_address("0754 200 105", partner_id=third.id)
        self.people |= third
        self.send()
        self.assertIn("C-0", self.mapper.rows)
        third.ref = "C-1"
        self.send()
        self.assertNotIn("C-0", self.mapper.rows)
        self.assertEqual(self.states(), {("held", "id.shared")})
