from unittest.mock import patch

from lxml import etree

from odoo.tests import new_test_user

from ..const import EDITOR, VIEWER

PAGE = "//page[@name='payment']"


class RegistryWays:
    """How a registry makes and changes a registrant; these are those of plain contacts.

    For classes that are also a :class:`~.common.FinancialAddressCase`.
    """

    #: Where the ID comes from, as the payment settings name it.
    id_source = "ref"
    #: Roles of the registry that a clerk and a viewer have, besides those of ours.
    roles = "base.group_partner_manager"
    reading_roles = "base.group_user"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(cls.env, "adapter_clerk", f"{EDITOR},{cls.roles}")
        cls.viewer = new_test_user(
            cls.env, "adapter_viewer", f"{VIEWER},{cls.reading_roles}"
        )
        cls.choose_source(cls.id_source)
        cls.Partner = cls.env["res.partner"].with_user(cls.clerk)

    @classmethod
    def choose_source(cls, source):
        """Have the IDs of all registrants come from there."""
        cls.env["g2p.fa.settings"].current().write(
            {"id_source": source, "confirm_relink": True}
        )

    def make_registrant(self, name, card=""):
        """Make a registrant, with the ID on their card if there is one."""
        values = {**self.Partner._spar_new(), **self.Partner._spar_id_values(card)}
        return self.Partner.create({"name": name, **values})

    def make_other(self):
        """Make a contact that is no registrant."""
        return self.Partner.create({"name": "A shop"})

    def set_id(self, person, card):
        """Give the registrant this ID, or another one."""
        person.ref = card

    def invalidate_id(self, person):
        """Take the registrant's ID away, in the registry's own way."""
        person.ref = False

    def stop(self, person):
        """Have the registrant leave the registry."""
        person.active = False

    def resume(self, person):
        """Have the registrant come back."""
        person.active = True


class RegistrantAdapterCase(RegistryWays):
    """What every registrant adapter does: the tests of a registry's addon."""

    #: How often the adapter calls the engine's hook for a person who leaves and comes
    #: back. For archived contacts, the engine's own addon does it.
    tellings = 0

    def setUp(self):
        super().setUp()
        self.told = []
        self.patch(
            self.env.registry["res.partner"],
            "_financial_address_changed",
            lambda partners, _channel: self.told.extend(partners.ids),
        )

    def test_a_new_registrant_is_one_and_is_paid(self):
        person = self.make_registrant("Amina Juma")
        self.assertTrue(person._spar_is_registrant())
        self.assertTrue(person._spar_is_paid())
        domain = self.Partner._spar_domain()
        self.assertIn(person, self.Partner.search(domain))
        self.assertEqual(person._spar_get_name(), "Amina Juma")

    def test_other_contacts_are_no_registrants(self):
        other = self.make_other()
        self.assertFalse(other._spar_is_registrant())
        self.assertFalse(other._spar_is_paid())
        self.assertNotIn(other, self.Partner.search(self.Partner._spar_domain()))

    def test_an_id_that_comes_late_is_taken_and_told(self):
        person = self.make_registrant("Amina Juma")
        self.assertFalse(person._spar_get_id())
        self.told.clear()
        self.set_id(person, "C-7001")
        self.assertEqual(person._spar_get_id(), "C-7001")
        self.assertIn(person.id, self.told)

    def test_an_id_that_becomes_invalid_is_given_up_and_told(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        self.assertEqual(person._spar_get_id(), "C-7001")
        self.told.clear()
        self.invalidate_id(person)
        self.assertFalse(person._spar_get_id())
        self.assertIn(person.id, self.told)

    def test_another_id_takes_the_place_of_the_first(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        self.told.clear()
        self.set_id(person, "C-7002")
        self.assertEqual(person._spar_get_id(), "C-7002")
        self.assertIn(person.id, self.told)

    def test_a_registrant_is_found_by_the_id_on_the_card(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        self.make_registrant("Juma Amina", "C-7002")
        found = self.Partner._spar_find({"C-7001", "C-7003"})
        self.assertEqual(found["C-7001"].ids, person.ids)
        self.assertFalse(found["C-7003"])

    def test_who_leaves_is_not_paid_and_who_comes_back_is(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        self.enter_address(partner_id=person.id)
        self.told.clear()
        self.stop(person)
        self.assertFalse(person._spar_is_paid())
        self.resume(person)
        self.assertTrue(person._spar_is_paid())
        self.assertGreaterEqual(self.told.count(person.id), self.tellings)

    def test_every_form_the_adapter_names_shows_the_page(self):
        Partner = self.env["res.partner"].with_user(self.viewer)
        forms = Partner._spar_forms()
        self.assertTrue(forms)
        for name, anchors in forms.items():
            view = self.env.ref(name)
            arch = etree.fromstring(Partner.get_view(view.id, "form")["arch"])
            self.assertEqual(len(arch.xpath(PAGE)), len(anchors), name)
        Partner.sudo()._spar_check_forms()

    def test_what_is_read_of_many_takes_no_query_each(self):
        people = self.Partner.browse()
        for number in range(5):
            people |= self.make_registrant(f"Person {number}", f"C-800{number}")
        self.env.flush_all()
        self.env.invalidate_all()
        people = people.sudo()
        people.fetch(["spar_id", *people._spar_fields()])
        companies = (self.clerk.company_id.id,)
        with patch.object(type(self.env.cr), "execute") as execute:
            for person in people:
                person._spar_is_paid(companies)
                person._spar_get_id()
                person._spar_details({"send_name": True, "send_phone": True})
        self.assertFalse(execute.call_args_list)
