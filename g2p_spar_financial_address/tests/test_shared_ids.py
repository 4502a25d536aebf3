from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import FinancialAddressCase
from .registrant_adapter_case import RegistryWays
from .test_registrant_adapter import Rows


@tagged("post_install", "-at_install")
class TestSharedIds(RegistryWays, FinancialAddressCase):
    """Two people have the same ID in the registry, and both are put on hold."""

    def setUp(self):
        super().setUp()
        self.rows = Rows()
        self.rows.patch(self)
        self.choose_source("rows")
        self.settings = self.env["g2p.fa.settings"].current()
        self.settings.shared_ids = "hold"
        self.told = []
        self.patch(
            self.env.registry["res.partner"],
            "_financial_address_changed",
            lambda partners, _channel: self.told.extend(partners.ids),
        )
        for policy in self.env["g2p.fa.policy"].search([]):
            self.approved(policy).write({"approve_admin": False})
        self.first = self.person("Amina Juma", "C-1")
        self.second = self.person("Juma Amina")

    def person(self, name, card=None):
        person = self.make_registrant(name)
        return self.give(person, card) if card else person

    def give(self, person, card):
        self.rows.valid[person.id] = card
        person._spar_changed()
        return person

    def take(self, person):
        del self.rows.valid[person.id]
        person._spar_changed()

    def shown(self):
        """Return whom the filter shows."""
        people = self.Partner.with_user(self.viewer).with_context(active_test=False)
        return people.search([("spar_id_shared_note", "!=", False)])

    def assertShared(self, *people):
        for person in people:
            self.assertEqual(person._spar_get_shared_id(), "C-1")
        self.assertEqual(set(self.shown().ids), {person.id for person in people})

    def assertPaidUnder(self, spar_id, person):
        self.assertEqual(person._spar_get_id(), spar_id)
        self.assertFalse(person._spar_get_shared_id())
        self.assertFalse(person.spar_id_shared_note)

    def approve(self, person):
        """Approve, as a second person, what waits for this one."""
        proposal = self.env["g2p.fa.proposal"].search([("state", "=", "to_approve")])
        self.assertEqual(proposal.line_ids.mapped("record_name"), [person.name])
        name = f"second_person_of_{person.id}"
        approver = self.new_user(name, "approver", "base.group_partner_manager")
        proposal.with_user(approver).action_approve()

    def share(self):
        self.give(self.second, "C-1")
        self.told.clear()

    def test_refused_unless_chosen_otherwise(self):
        self.settings.shared_ids = "refuse"
        with self.assertRefused("would share"):
            self.give(self.second, "C-1")
        self.assertEqual(self.settings._fields["shared_ids"].default(None), "refuse")

    def test_both_are_on_hold_and_told(self):
        self.told.clear()
        self.give(self.second, "C-1")
        self.assertShared(self.first, self.second)
        self.assertEqual(self.first._spar_get_id(), "C-1")
        self.assertFalse(self.second._spar_get_id())
        self.assertLessEqual({self.first.id, self.second.id}, set(self.told))

    def test_a_third_one_is_on_hold_too(self):
        self.share()
        third = self.person("Neema Juma", "C-1")
        self.assertShared(self.first, self.second, third)
        self.take(self.first)
        self.assertShared(self.second, third)
        self.take(self.second)
        self.assertPaidUnder("C-1", third)

    def test_other_characters_are_the_same_id(self):
        self.give(self.second, "C-1\u200b")
        self.assertShared(self.first, self.second)

    def test_a_corrected_row_releases_the_holder(self):
        self.share()
        self.give(self.second, "C-2")
        self.assertPaidUnder("C-1", self.first)
        self.assertPaidUnder("C-2", self.second)
        self.assertIn(self.first.id, self.told)

    def test_a_corrected_row_of_the_holder_releases_the_other(self):
        self.share()
        self.give(self.first, "C-2")
        self.assertPaidUnder("C-2", self.first)
        self.assertPaidUnder("C-1", self.second)
        self.assertIn(self.second.id, self.told)

    def test_who_leaves_releases_the_other_and_who_comes_back_shares_again(self):
        for leaver, other in (
            (self.second, self.first),
            (self.first, self.second),
        ):
            self.share()
            leaver.active = False
            self.assertPaidUnder("C-1", other)
            self.assertIn(other.id, self.told)
            leaver.active = True
            self.assertShared(self.first, self.second)

    def test_one_who_is_no_registrant_has_no_id(self):
        self.share()
        self.first.is_registrant = False
        self.assertPaidUnder("C-1", self.second)

    def test_a_deleted_contact_releases_the_other(self):
        self.share()
        self.second.sudo().unlink()
        self.assertPaidUnder("C-1", self.first)

    def test_a_deleted_holder_hands_the_id_on_by_a_second_person(self):
        self.env["g2p.fa.policy"].search([]).write({"approve_admin": True})
        self.share()
        self.enter_address(partner_id=self.second.id)
        self.first.sudo().unlink()
        self.assertFalse(self.second._spar_get_id())
        self.approve(self.second)
        self.assertPaidUnder("C-1", self.second)

    def test_a_new_contact_with_the_id_is_on_hold(self):
        self.choose_source("ref")
        first, second = (self.person(name) for name in ("Neema", "Zawadi"))
        first.ref = "C-1"
        second.ref = "C-1"
        third = self.Partner.create(
            {"name": "Third", "ref": "C-1", **self.Partner._spar_new()}
        )
        self.assertShared(first, second, third)
        second.ref = first.ref = False
        self.assertPaidUnder("C-1", third)

    def test_to_get_the_id_of_one_who_left_takes_a_second_person(self):
        policies = self.env["g2p.fa.policy"].search([])
        policies.write({"approve_admin": True})
        self.enter_address(partner_id=self.first.id)
        self.share()
        self.first.active = False
        self.assertEqual(self.second._spar_get_shared_id(), "C-1")
        self.assertFalse(self.second._spar_get_id())
        self.approve(self.second)
        self.assertPaidUnder("C-1", self.second)

    def test_a_corrected_holder_hands_the_id_on_by_a_second_person(self):
        self.env["g2p.fa.policy"].search([]).write({"approve_admin": True})
        self.enter_address(partner_id=self.first.id)
        self.share()
        self.give(self.first, "C-2")
        self.assertShared(self.first, self.second)
        self.approve(self.first)
        self.assertPaidUnder("C-2", self.first)
        self.assertShared(self.second)
        note = self.second.with_user(self.viewer).spar_id_shared_note
        self.assertIn("A second person approves", note)
        self.approve(self.second)
        self.assertPaidUnder("C-1", self.second)

    def test_a_new_person_does_not_take_the_id_of_one_who_left(self):
        self.env["g2p.fa.policy"].search([]).write({"approve_admin": True})
        self.enter_address(partner_id=self.first.id)
        self.first.active = False
        self.give(self.second, "C-1")
        self.assertFalse(self.second._spar_get_id())
        self.assertEqual(self.first._spar_get_id(), "C-1")

    def test_a_typed_id_is_still_refused(self):
        self.choose_source("spar_id")
        self.assertEqual(self.first._spar_get_id(), "C-1")
        with self.assertRefused("would share"):
            self.second.spar_id = "C-1"

    def test_typed_ids_put_no_one_on_hold(self):
        self.share()
        self.choose_source("spar_id")
        self.assertPaidUnder("C-1", self.first)
        self.assertFalse(self.second._spar_get_id())
        self.assertFalse(self.second._spar_get_shared_id())

    def test_another_source_puts_on_hold_too(self):
        self.choose_source("ref")
        (self.first | self.second).ref = "C-1"
        self.choose_source("rows")
        self.give(self.second, "C-2")
        self.assertFalse(self.shown())
        self.choose_source("ref")
        self.assertShared(self.first, self.second)

    def test_refusing_again_needs_that_nothing_is_shared(self):
        self.share()
        with self.assertRefused("Amina Juma"):
            self.settings.shared_ids = "refuse"
        self.take(self.second)
        self.settings.shared_ids = "refuse"

    def test_the_note_names_the_other_only_to_those_who_may_see_them(self):
        self.share()
        note = self.first.with_user(self.viewer).spar_id_shared_note
        self.assertIn("Juma Amina", note)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.approved(self.second.sudo()).write({"company_id": elsewhere.id})
        self.env.invalidate_all()
        note = self.first.with_user(self.viewer).spar_id_shared_note
        self.assertNotIn("Juma Amina", note)
        self.assertIn("1 more", note)

    def test_no_channel_takes_one_of_them_for_the_other(self):
        self.share()
        found = self.Partner._spar_by_id({"C-1"})["C-1"]
        self.assertEqual(set(found.ids), {self.first.id, self.second.id})

    def test_clients_cannot_release(self):
        self.share()
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.first.with_user(self.clerk).write({"spar_id_shared": False})
        self.assertShared(self.first, self.second)

    def test_a_hundred_take_no_more_queries_than_one(self):
        def queries(people):
            self.rows.valid.update({one.id: f"D-{one.id}" for one in people})
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            people._spar_id_remake()
            return self.env.cr.sql_log_count - before

        people = self.Partner.browse()
        for number in range(101):
            people |= self.person(f"Person {number}")
        people.mapped("name")
        one = queries(people[0])
        self.assertLessEqual(queries(people[1:]), one + 1)
