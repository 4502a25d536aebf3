from unittest.mock import patch

from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..const import VIEWER
from ..models.res_partner_adapter import Anchor
from .common import FinancialAddressCase

FORM = "base.view_partner_form"
PAGE = "//page[@name='payment']"
LOGGER = "odoo.addons.g2p_spar_financial_address.models.res_partner_form"


@tagged("post_install", "-at_install")
class TestRegistrantForm(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = new_test_user(
            cls.env,
            "sees_pages",
            f"base.group_user,base.group_partner_manager,{VIEWER}",
        )
        cls.clerk = new_test_user(
            cls.env, "sees_none", "base.group_user,base.group_partner_manager"
        )

    def pages(self, form=FORM, user=None):
        """Return the Payment pages of a form, and the form, as a user gets it."""
        view = self.env.ref(form) if isinstance(form, str) else form
        partners = self.env["res.partner"].with_user(user or self.viewer)
        arch = etree.fromstring(partners.get_view(view.id, "form")["arch"])
        return arch.xpath(PAGE), arch

    def make_form(self, arch, **values):
        return self.env["ir.ui.view"].create(
            {
                "name": "res.partner.form.of.a.registry",
                "model": "res.partner",
                "type": "form",
                "arch": arch,
                **values,
            }
        )

    def name_forms(self, forms):
        """Have the adapter name these forms, each view by the xml-id it gets here."""
        named = {}
        for number, (form, anchors) in enumerate(forms):
            name = form
            if not isinstance(form, str):
                name = f"__test__.form_{number}"
                self.env["ir.model.data"].create(
                    {
                        "module": "__test__",
                        "name": f"form_{number}",
                        "model": "ir.ui.view",
                        "res_id": form.id,
                    }
                )
            named[name] = anchors
        Partner = self.env.registry["res.partner"]
        self.startPatcher(patch.object(Partner, "_spar_forms", lambda _self: named))
        self.env.registry.clear_cache("templates")

    def test_viewers_see_the_page_and_other_users_do_not(self):
        (page,), arch = self.pages()
        self.assertEqual(page.getnext().get("name"), "contact_addresses")
        self.assertTrue(arch.xpath(f"{PAGE}//field[@name='financial_address_id']"))
        self.assertFalse(self.pages(user=self.clerk)[0])

    def test_a_form_whose_sheet_was_replaced_shows_it_where_the_adapter_says(self):
        self.make_form(
            """<xpath expr="//sheet" position="replace">
                 <sheet>
                   <div name="button_box" />
                   <notebook><page name="stub" invisible="1" /></notebook>
                   <notebook name="person"><page name="identity" /></notebook>
                   <notebook name="household"><page name="members" /></notebook>
                 </sheet>
               </xpath>""",
            inherit_id=self.env.ref(FORM).id,
            priority=100,
        )
        after_identity = Anchor("//page[@name='identity']", "after")
        in_household = Anchor("//notebook[@name='household']", "inside")
        self.name_forms([(FORM, [after_identity, in_household])])
        pages, _arch = self.pages()
        self.assertEqual(
            [page.getparent().get("name") for page in pages], ["person", "household"]
        )
        self.assertEqual(pages[0].getprevious().get("name"), "identity")
        self.env["res.partner"]._spar_check_forms()

    def test_a_form_of_its_own_shows_it_once_named_and_others_are_left_alone(self):
        own = self.make_form(
            """<form><sheet>
                 <div name="button_box" />
                 <notebook><page name="first" /></notebook>
               </sheet></form>"""
        )
        self.assertFalse(self.pages(own)[0])
        self.name_forms([(own, [Anchor("//page[@name='first']", "before")])])
        (page,), _arch = self.pages(own)
        self.assertEqual(page.getnext().get("name"), "first")
        self.assertFalse(self.pages()[0])

    def test_a_form_derived_from_the_contact_form_is_left_alone(self):
        derived = self.make_form(
            """<xpath expr="//page[@name='contact_addresses']" position="after">
                 <page name="more" />
               </xpath>""",
            inherit_id=self.env.ref(FORM).id,
            mode="primary",
        )
        self.assertFalse(self.pages(derived)[0])

    def test_a_form_opened_by_one_of_its_extensions_shows_it_too(self):
        # Actions may name the view that extends a form instead of the form.
        extension = self.make_form(
            """<xpath expr="//page[@name='contact_addresses']" position="after">
                 <page name="more" />
               </xpath>""",
            inherit_id=self.env.ref(FORM).id,
        )
        pages, _arch = self.pages(extension)
        self.assertEqual(len(pages), 1)

    def test_a_named_form_without_its_place_is_refused_at_installation(self):
        self.name_forms([(FORM, [Anchor("//page[@name='nowhere']", "before")])])
        with self.assertRaisesRegex(
            UserError, "“base.view_partner_form”, which has no .*nowhere"
        ):
            self.env["res.partner"]._spar_check_forms()
        # Contacts can be edited all the same.
        with self.assertLogs(LOGGER, "ERROR") as log:
            pages, arch = self.pages()
        self.assertFalse(pages)
        self.assertTrue(arch.xpath("//field[@name='name']"))
        self.assertIn("nowhere", log.output[0])

    def test_a_named_form_that_does_not_exist_is_refused_at_installation(self):
        self.name_forms([("registry.no_such_form", [])])
        with self.assertRaisesRegex(UserError, "no form “registry.no_such_form”"):
            self.env["res.partner"]._spar_check_forms()

    def test_the_check_runs_after_an_installation_and_not_at_each_start(self):
        self.name_forms([("registry.no_such_form", [])])
        Partner = self.env["res.partner"]
        with patch.object(self.env.registry, "updated_modules", []):
            Partner._register_hook()
        with (
            patch.object(self.env.registry, "updated_modules", ["a_registry"]),
            self.assertRaisesRegex(UserError, "registry.no_such_form"),
        ):
            Partner._register_hook()
