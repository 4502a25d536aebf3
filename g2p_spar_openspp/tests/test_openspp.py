from lxml import etree

from odoo import SUPERUSER_ID, Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.g2p_spar_financial_address.tests.registrant_adapter_case import (
    PAGE,
    RegistrantAdapterCase,
    RegistryWays,
)
from odoo.addons.g2p_spar_financial_address.tests.typed import xlsx_file
from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase


class OpensppWays(RegistryWays):
    """The ways of OpenSPP to make and change a registrant."""

    id_source = "id:national_id"
    roles = "spp_registry.group_registry_officer"
    reading_roles = "spp_registry.group_registry_viewer"

    def id_type(self, code="national_id"):
        return self.env.ref(f"spp_vocabulary.code_id_type_{code}")

    def set_id(self, person, card):
        row = person.reg_ids.filtered(
            lambda one: one.id_type_id == self.id_type() and one.status != "invalid"
        )
        if row:
            row.value = card
        else:
            self.env["spp.registry.id"].with_user(self.clerk).create(
                {
                    "partner_id": person.id,
                    "id_type_id": self.id_type().id,
                    "value": card,
                }
            )

    def invalidate_id(self, person):
        person.reg_ids.status = "invalid"

    def stop(self, person):
        self.env["spp.disable.registrant.wizard"].with_user(self.clerk).create(
            {"partner_id": person.id, "disabled_reason": "Moved away"}
        ).disable_registrant()

    def resume(self, person):
        person.with_user(self.clerk).enable_registrant()


@tagged("post_install", "-at_install")
class TestPersons(OpensppWays, RegistrantAdapterCase, SparCase):
    #: The adapter calls the hook for disabling and for enabling.
    tellings = 2

    def test_an_id_of_another_type_does_not_count(self):
        person = self.make_registrant("Amina Juma")
        self.env["spp.registry.id"].create(
            {
                "partner_id": person.id,
                "id_type_id": self.id_type("passport").id,
                "value": "P-1",
            }
        )
        self.assertFalse(person._spar_get_id())

    def test_a_type_that_is_no_longer_offered_still_says_under_which_id(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        self.id_type().active = False
        self.assertEqual(person._spar_id_read(self.id_source), "C-7001")
        found = self.Partner._spar_id_owners(self.id_source, ["C-7001"])
        self.assertEqual(found, {"C-7001": person})
        person._spar_changed()
        self.assertEqual(person._spar_get_id(), "C-7001")
        self.assertEqual(self.Partner._spar_id_label(self.id_source), "National ID")

    def test_a_number_that_waits_is_not_made_by_leaving(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        self.enter_address(partner_id=person.id)
        self.set_policy(approve_admin=True)
        self.set_id(person, "C-7002")
        self.assertEqual(person._spar_get_id(), "C-7001")
        self.stop(person)
        self.assertEqual(person._spar_get_id(), "C-7001")
        waiting = self.env["g2p.fa.proposal"].search([("state", "=", "to_approve")])
        self.assertEqual(waiting.after, "SPAR ID: C-7002")

    def test_an_expired_document_still_has_the_number(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        person.reg_ids.expiry_date = "2020-01-01"
        self.assertEqual(person._spar_get_id(), "C-7001")

    def test_a_row_that_moves_takes_the_id_to_the_other_person(self):
        first = self.make_registrant("Amina Juma", "C-7001")
        other = self.make_registrant("Juma Amina")
        first.reg_ids.partner_id = other
        self.assertFalse(first._spar_get_id())
        self.assertEqual(other._spar_get_id(), "C-7001")

    def test_a_deleted_row_gives_the_id_up(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        person.sudo().reg_ids.unlink()
        self.assertFalse(person._spar_get_id())

    def test_a_viewer_of_the_registry_gives_no_id(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        writer = new_test_user(
            self.env, "writer", "spp_registry.group_registry_write,base.group_user"
        )
        with self.assertRaises(AccessError):
            person.reg_ids.with_user(writer).value = "C-7002"
        self.env.invalidate_all()
        self.assertEqual(person._spar_get_id(), "C-7001")

    def test_the_name_and_the_first_phone_are_read(self):
        person = self.Partner.create(
            {
                **self.Partner._spar_new(),
                "family_name": "Juma",
                "given_name": "Amina",
                "phone": "+255754000001,+255754000002",
            }
        )
        self.assertEqual(person._spar_get_name(), "JUMA, AMINA")
        self.assertEqual(person._spar_get_phone(), "+255754000001")

    def test_roles_of_the_registry_are_roles_of_payment_addresses(self):
        expected = {
            "spp_registry.group_registry_viewer": "group_viewer",
            "spp_registry.group_registry_officer": "group_editor",
            "spp_registry.group_registry_manager": "group_approver",
            "spp_security.group_spp_admin": "group_administrator",
        }
        for number, (role, ours) in enumerate(expected.items()):
            user = new_test_user(self.env, f"role_{number}", f"base.group_user,{role}")
            self.assertTrue(user.has_group(f"g2p_spar_financial_address.{ours}"), role)
        self.assertTrue(user.has_group("g2p_spar_sync_queue.group_manager"))

    def test_menus_are_below_the_registry(self):
        menu = self.env.ref("g2p_spar_financial_address.menu_root")
        self.assertEqual(
            menu.parent_id, self.env.ref("spp_registry.spp_main_menu_root")
        )


@tagged("post_install", "-at_install")
class TestHouseholds(OpensppWays, RegistrantAdapterCase, SparCase):
    tellings = 2

    def make_registrant(self, name, card=""):
        person = super().make_registrant(name, card)
        person.is_group = True
        return person


@tagged("post_install", "-at_install")
class TestForms(OpensppWays, SparCase):
    def form(self, user, view="base.view_partner_form"):
        view = self.env.ref(view)
        arch = self.env["res.partner"].with_user(user).get_view(view.id, "form")["arch"]
        return etree.fromstring(arch)

    def test_the_lists_of_the_registry_open_the_form_with_the_page(self):
        for name in ("action_individuals_list", "action_groups_list"):
            views = dict(
                (mode, view)
                for view, mode in self.env.ref(f"spp_registry.{name}").views
            )
            view = self.env["ir.ui.view"].browse(views["form"])
            arch = self.form(self.viewer, view.xml_id)
            self.assertEqual(len(arch.xpath(PAGE)), 2, name)

    def test_the_page_is_in_the_notebook_of_persons_and_of_households(self):
        officer = new_test_user(self.env, "sees_all", f"base.group_user,{self.roles}")
        notebooks = [
            page.getparent().get("name") for page in self.form(officer).xpath(PAGE)
        ]
        self.assertEqual(notebooks, ["individual_detail", "group_detail"])

    def test_who_is_a_registrant_is_not_decided_on_the_page(self):
        arch = self.form(self.clerk)
        for page in arch.xpath(PAGE):
            self.assertEqual(page.get("invisible"), "not is_registrant")
            (box,) = page.xpath(".//field[@name='is_registrant']")
            self.assertEqual(box.get("invisible"), "1")

    def test_the_page_offers_no_amendment_of_people_who_are_disabled(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        self.assertFalse(person.with_user(self.viewer).spar_unpaid)
        self.stop(person)
        self.assertTrue(person.with_user(self.viewer).spar_unpaid)
        amend = "//button[@name='action_amend_financial_address']"
        for button in self.form(self.clerk).xpath(amend):
            self.assertTrue(button.get("invisible").endswith(" or spar_unpaid"))
        self.resume(person)
        self.assertFalse(person.with_user(self.viewer).spar_unpaid)

    def test_accounts_of_the_registry_are_for_reading_and_say_where_payments_go(self):
        if "spp_banking" not in self.env.registry._init_modules:
            self.skipTest("without spp_banking")
        arch = self.form(self.clerk)
        fields = arch.xpath("//field[@name='bank_ids']")
        self.assertEqual(len(fields), 2)
        for field in fields:
            self.assertEqual(field.get("readonly"), "1")
            self.assertIn("Payments do not go to these", field.getprevious().text)


@tagged("post_install", "-at_install")
class TestAccounts(OpensppWays, SparCase):
    def account(self, person, number, bank="Bank of the Lake"):
        bank = self.env["res.bank"].search([("name", "=", bank)]) or self.env[
            "res.bank"
        ].create({"name": bank})
        return (
            self.env["res.partner.bank"]
            .create({"partner_id": person.id, "acc_number": number, "bank_id": bank.id})
            .with_user(self.clerk)
        )

    def test_an_account_is_taken_over_and_completed_with_its_provider(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        account = self.account(person, "0150123456789")
        account.action_spar_take_over()
        address = person.sudo().financial_address_id
        self.assertEqual(address.account_number, "0150123456789")
        self.assertEqual(address.state, "draft")
        self.assertEqual(address.entered_by_id, self.clerk)

    def test_the_bank_is_the_provider_of_the_same_name(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        provider = self.bank
        # Not the wallet of the same bank.
        self.env["g2p.dfsp"].create(
            {"name": provider.name, "code": "FBW", "fa_type": "mobile_wallet"}
        )
        account = self.account(person, "0150123456789", provider.name)
        account.action_spar_take_over()
        self.assertEqual(person.financial_address_id.dfsp_id, provider)

    def test_an_account_taken_over_again_confirms_no_number(self):
        """The registry has it from before the payment failed."""
        person = self.make_registrant("Amina Juma", "C-7001")
        account = self.account(person, "0150123456789", self.bank.name)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner_bank SET write_date = write_date - interval '1 day'"
        )
        account.invalidate_recordset()
        account.action_spar_take_over()
        address = person.financial_address_id
        address.mark_to_confirm("The payment of October was returned")
        account.action_spar_take_over()
        self.assertEqual(person.financial_address_id, address)
        self.assertEqual(address.to_confirm_reason, "marked")

    def test_of_several_accounts_one_is_chosen(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        accounts = self.account(person, "0150123456789")
        accounts |= self.account(person, "0150123456790")
        with self.assertRaisesRegex(UserError, "Choose one account of: Amina Juma"):
            accounts.action_spar_take_over()
        self.assertFalse(person.financial_address_id)

    def test_accounts_of_other_contacts_are_not_taken(self):
        account = self.account(self.make_other(), "0150123456789")
        with self.assertRaisesRegex(UserError, "no registrant"):
            account.action_spar_take_over()

    def test_accounts_of_disabled_people_are_not_taken(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        account = self.account(person, "0150123456789")
        self.stop(person)
        with self.assertRaisesRegex(UserError, "has left the registry"):
            account.action_spar_take_over()
        self.assertFalse(person.financial_address_ids)
        self.resume(person)
        account.action_spar_take_over()
        self.assertTrue(person.financial_address_ids)

    def test_viewers_take_nothing_over(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        account = self.account(person, "0150123456789")
        with self.assertRaises(AccessError):
            account.with_user(self.viewer).action_spar_take_over()


@tagged("post_install", "-at_install")
class TestCompanies(OpensppWays, SparCase):
    """People of a company of which the clerk is no member: OpenSPP requires one."""

    def setUp(self):
        super().setUp()
        self.person = self.make_registrant("Amina Juma", "C-7001").sudo()
        self.person.company_id = self.env["res.company"].create({"name": "Far away"})
        self.account = self.env["res.partner.bank"].create(
            {"partner_id": self.person.id, "acc_number": "0150123456789"}
        )
        self.env.flush_all()
        self.env.invalidate_all()

    def test_their_accounts_are_neither_seen_nor_taken_over(self):
        accounts = self.account.with_user(self.clerk)
        self.assertNotIn(accounts, accounts.search([]))
        with self.assertRaises(AccessError):
            accounts.action_spar_take_over()
        self.assertFalse(self.person.financial_address_ids)

    def test_their_ids_do_not_change(self):
        row = self.person.reg_ids.with_user(self.clerk)
        mine = self.make_registrant("Juma Amina")
        new = {"partner_id": self.person.id, "value": "P-1"}
        changes = {
            "another number": lambda: row.write({"value": "C-7009"}),
            "invalid": lambda: row.write({"status": "invalid"}),
            "moved": lambda: row.write({"partner_id": mine.id}),
            "deleted": lambda: row.sudo(False).with_user(self.manager).unlink(),
            "a further one": lambda: row.create(
                {**new, "id_type_id": self.id_type("passport").id}
            ),
        }
        self.choose_source("id:passport,id:national_id")
        for name, change in changes.items():
            with self.subTest(name), self.assertRaises(AccessError):
                change()
        self.assertEqual(self.person._spar_get_id(), "C-7001")

    def test_they_are_neither_disabled_nor_enabled(self):
        with self.assertRaises(AccessError):
            self.stop(self.person)
        self.assertTrue(self.person._spar_is_paid())
        self.person.with_user(SUPERUSER_ID).disabled = "2026-01-01"
        with self.assertRaises(AccessError):
            self.resume(self.person)
        self.assertFalse(self.person._spar_is_paid())

    @property
    def manager(self):
        roles = "base.group_user,spp_registry.group_registry_manager"
        return new_test_user(self.env, "manager_of_ids", roles)


@tagged("post_install", "-at_install")
class TestImport(OpensppWays, SparCase):
    def load(self, model, columns, row):
        wizard = self.env["base_import.import"].with_user(self.clerk)
        file = xlsx_file([columns, row])
        wizard = wizard.create({"res_model": model, **file})
        options = {"has_headers": True, "quoting": '"', "skip": 0, "limit": None}
        result = wizard.execute_import(columns, columns, options)
        return "".join(message["message"] for message in result["messages"])

    def test_ids_in_rows_that_a_spreadsheet_has_changed_are_refused(self):
        """Of a number it keeps fifteen digits: the sixteenth is another person's."""
        person = self.make_registrant("Amina Juma")
        cut = 3201234567890120
        kind = ["id_type_id/.id", self.id_type().id]
        rows = {
            "spp.registry.id": (
                ["partner_id/.id", kind[0], "value"],
                [person.id, kind[1], cut],
            ),
            "res.partner": (
                ["name", "is_registrant", f"reg_ids/{kind[0]}", "reg_ids/value"],
                ["Neema Mushi", "TRUE", kind[1], cut],
            ),
        }
        for model, (columns, row) in rows.items():
            with self.subTest(model):
                message = self.load(model, columns, row)
                self.assertIn("that a spreadsheet has changed", message)
        self.assertFalse(person._spar_get_id())
        self.assertFalse(self.Partner.search([("name", "=", "Neema Mushi")]))
        # A cell of text has them all.
        columns, row = rows["spp.registry.id"]
        row[-1] = "3201234567890123"
        self.assertFalse(self.load("spp.registry.id", columns, row))
        self.assertEqual(person._spar_get_id(), "3201234567890123")

    def test_a_row_with_ids_of_the_registry_makes_a_registrant_with_a_spar_id(self):
        person = self.Partner.create(
            {
                **self.Partner._spar_new(),
                "name": "Amina Juma",
                "reg_ids": [
                    Command.create({"id_type_id": self.id_type().id, "value": "C-7009"})
                ],
            }
        )
        self.assertEqual(person._spar_get_id(), "C-7009")


@tagged("post_install", "-at_install")
class TestAtSpar(OpensppWays, SparCase):
    """What SPAR holds after what a clerk of OpenSPP does."""

    def setUp(self):
        super().setUp()
        self.person = self.make_registrant("Amina Juma")
        self.address = self.enter_address(partner_id=self.person.id)

    def send(self):
        mappings = self.person.sudo().spar_mapping_ids
        self.time_passes(mappings)
        self.run_engine(mappings=mappings)
        return self.mapper.rows

    def test_a_late_id_links_and_an_invalid_one_unlinks(self):
        self.assertFalse(self.send())
        self.set_id(self.person, "C-7001")
        self.assertEqual(self.send(), {"C-7001": self.written(self.address)})
        self.invalidate_id(self.person)
        self.assertFalse(self.send())

    def test_another_id_moves_the_row(self):
        self.set_id(self.person, "C-7001")
        self.send()
        self.set_id(self.person, "C-7002")
        self.assertEqual(self.send(), {"C-7002": self.written(self.address)})

    def test_disabling_unlinks_and_enabling_links(self):
        self.set_id(self.person, "C-7001")
        self.assertTrue(self.send())
        self.stop(self.person)
        self.assertFalse(self.send())
        self.resume(self.person)
        self.assertEqual(self.send(), {"C-7001": self.written(self.address)})

    def test_two_people_with_one_number_are_on_hold_until_a_row_is_corrected(self):
        self.env["g2p.fa.settings"].current().shared_ids = "hold"
        other = self.make_registrant("Juma Amina")
        second = self.enter_address("0754 200 102", partner_id=other.id)
        self.set_id(self.person, "C-7001")
        held = self.send()
        self.set_id(other, "C-7001")
        self.assertEqual(self.send(), held)
        mappings = (self.person | other).sudo().spar_mapping_ids
        self.assertEqual(set(mappings.mapped("reason_code")), {"id.shared"})
        self.set_id(other, "C-7002")
        self.run_engine(mappings=mappings)
        self.assertEqual(self.mapper.rows, {**held, "C-7002": self.written(second)})
        self.assertInSync(mappings)

    def test_one_who_is_disabled_leaves_a_shared_number_to_the_other(self):
        self.env["g2p.fa.settings"].current().shared_ids = "hold"
        other = self.make_registrant("Juma Amina")
        self.set_id(self.person, "C-7001")
        self.set_id(other, "C-7001")
        self.assertFalse(self.send())
        self.stop(other)
        self.assertEqual(self.send(), {"C-7001": self.written(self.address)})
        self.resume(other)
        self.assertTrue(self.person._spar_get_shared_id())
        self.assertTrue(other._spar_get_shared_id())
