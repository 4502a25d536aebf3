from lxml import etree

from odoo import fields
from odoo.tests import new_test_user, tagged

from odoo.addons.g2p_spar_financial_address.tests.registrant_adapter_case import (
    PAGE,
    RegistrantAdapterCase,
    RegistryWays,
)
from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase


class Openg2pWays(RegistryWays):
    """The ways of OpenG2P to make and change a registrant."""

    id_source = "id:National ID"
    roles = "g2p_registry_base.group_g2p_registrar"

    @classmethod
    def choose_source(cls, source):
        cls.id_type = cls.env["g2p.id.type"].create({"name": "National ID"})
        return super().choose_source(source)

    def set_id(self, person, card):
        if person.reg_ids:
            person.reg_ids.write({"value": card, "status": "valid"})
        else:
            self.env["g2p.reg.id"].with_user(self.clerk).create(
                {
                    "partner_id": person.id,
                    "id_type": self.id_type.id,
                    "value": card,
                }
            )

    def invalidate_id(self, person):
        person.reg_ids.status = "invalid"

    def stop(self, person):
        person.write(
            {"disabled": fields.Datetime.now(), "disabled_reason": "Moved away"}
        )

    def resume(self, person):
        person.enable_registrant()


@tagged("post_install", "-at_install")
class TestIdRows(Openg2pWays, RegistrantAdapterCase, SparCase):
    tellings = 2

    def test_ids_of_other_types_do_not_count(self):
        person = self.make_registrant("Amina Juma")
        passport = self.env["g2p.id.type"].create({"name": "Passport"})
        self.env["g2p.reg.id"].create(
            {"partner_id": person.id, "id_type": passport.id, "value": "P-1"}
        )
        self.assertFalse(person._spar_get_id())

    def test_registrars_enter_addresses_and_administrators_manage(self):
        roles = "g2p_registry_base.group_g2p_admin"
        admin = new_test_user(self.env, "g2p_admin", roles)
        self.assertTrue(self.clerk.has_group("g2p_spar_financial_address.group_editor"))
        self.assertTrue(admin.has_group("g2p_spar_sync_queue.group_manager"))

    def test_menus_are_below_the_registry_after_its_lists(self):
        menu = self.env.ref("g2p_spar_financial_address.menu_root")
        root = self.env.ref("g2p_registry_base.g2p_main_menu_root")
        # The first of them is what the application opens with.
        self.assertEqual(root.child_id.sorted("sequence")[-1:], menu)
        self.assertGreater(len(root.child_id), 2)

    def test_both_forms_of_the_registry_and_that_of_contacts_show_the_page(self):
        for name in (
            "g2p_registry_individual.view_individuals_form",
            "g2p_registry_group.view_groups_form",
            "base.view_partner_form",
        ):
            view = self.env.ref(name)
            Partner = self.env["res.partner"].with_user(self.clerk)
            arch = etree.fromstring(Partner.get_view(view.id, "form")["arch"])
            with self.subTest(name):
                (page,) = arch.xpath(PAGE)
                # The registry's own lists decide who is a registrant.
                (box,) = page.xpath(".//field[@name='is_registrant']")
                self.assertEqual(box.get("invisible"), "1")

    def test_rights_on_system_parameters_reach_nothing_of_the_suite(self):
        """OpenG2P lets every user write system parameters."""
        anybody = new_test_user(self.env, "anybody", "base.group_portal")
        parameters = self.env["ir.config_parameter"].with_user(anybody).search([])
        self.assertTrue(parameters)
        keys = parameters.mapped("key")
        self.assertFalse([k for k in keys if k.startswith(("g2p_", "g2p.", "spar"))])


@tagged("post_install", "-at_install")
class TestUniqueIds(Openg2pWays, RegistrantAdapterCase, SparCase):
    """The ID is the registry's own, which a service fills in later."""

    id_source = "unique_id"
    tellings = 2

    def set_id(self, person, card):
        person.unique_id = card

    def invalidate_id(self, person):
        person.unique_id = False


@tagged("post_install", "-at_install")
class TestAtSpar(Openg2pWays, SparCase):
    def test_a_late_id_links_an_invalid_one_unlinks_and_so_does_disabling(self):
        person = self.make_registrant("Amina Juma")
        address = self.enter_address(partner_id=person.id)
        mappings = person.sudo().spar_mapping_ids

        def send():
            self.time_passes(mappings)
            self.run_engine(mappings=mappings)
            return self.mapper.rows

        self.assertFalse(send())
        self.set_id(person, "C-7001")
        self.assertEqual(send(), {"C-7001": self.written(address)})
        self.invalidate_id(person)
        self.assertFalse(send())
        self.set_id(person, "C-7001")
        self.assertTrue(send())
        self.stop(person)
        self.assertFalse(send())
        self.resume(person)
        self.assertEqual(send(), {"C-7001": self.written(address)})
