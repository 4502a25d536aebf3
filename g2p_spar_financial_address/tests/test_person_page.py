from lxml import etree

from odoo.tests import Form, tagged

from .common import FinancialAddressCase

ADDON = "g2p_spar_financial_address"
#: Fields of the contact form that say nothing of a person who is paid.
BUSINESS = {
    "vat",
    "company_type",
    "parent_id",
    "function",
    "category_id",
    "user_id",
    "property_payment_term_id",
    "bank_ids",
    "child_ids",
    "ref",
    "website",
}


@tagged("post_install", "-at_install")
class TestPersonPage(FinancialAddressCase):
    """The form of the suite's own: the parts of the Payment page, and who it is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = cls.new_user("sees_people", "viewer")
        cls.editor = cls.new_user("edits_people", "editor")
        cls.view = cls.env.ref(f"{ADDON}.person_view_form")

    def views(self, user=None):
        """Return what the web client gets for the list of people."""
        action = self.env.ref(f"{ADDON}.registrant_action").read(["views"])[0]
        partners = self.env["res.partner"].with_user(user or self.editor)
        return partners.get_views(action["views"], {"toolbar": True})["views"]

    def form(self, user=None):
        return etree.fromstring(self.views(user)["form"]["arch"])

    def test_the_menu_opens_list_cards_and_this_form(self):
        self.assertEqual(list(self.views()), ["list", "kanban", "form"])
        form = self.form()
        self.assertTrue(form.xpath("//div[@name='person']//field[@name='name']"))
        for name in ("spar_id", "phone", "city"):
            self.assertEqual(len(form.xpath(f"//field[@name='{name}']")), 1, name)

    def test_it_has_each_part_of_the_page_once(self):
        page = self.env.ref(f"{ADDON}.registrant_page")._get_combined_arch()
        parts = page.xpath("//page[@name='payment']/*/@name")
        self.assertIn("payment_card", parts)
        form = self.form()
        for name in parts:
            found = form.xpath(f"//*[@name='{name}']")
            self.assertEqual(len(found), 1, name)
            self.assertTrue(len(found[0]), name)

    def test_it_offers_nothing_of_other_apps(self):
        self.env["ir.actions.act_window"].create(
            {
                "name": "Send SMS",
                "res_model": "res.partner",
                "binding_model_id": self.env.ref("base.model_res_partner").id,
            }
        )
        for name, view in self.views().items():
            self.assertFalse(view.get("toolbar"), name)
        other = self.env["res.partner"].with_user(self.editor)
        contacts = other.get_views([(False, "form")], {"toolbar": True})["views"]
        self.assertIn("Send SMS", str(contacts["form"]["toolbar"]))
        form = self.form()
        self.assertEqual(form.get("duplicate"), "false")
        self.assertFalse(BUSINESS & set(form.xpath("//field/@name")))

    def test_people_open_here_from_other_lists_and_others_do_not(self):
        shop = self.env["res.partner"].create({"name": "A shop"})
        stranger = self.new_user("no_viewer", "base.group_user")
        for person, user, opens in (
            (self.registrant, self.viewer, True),
            (shop, self.viewer, False),
            (self.registrant, stranger, False),
        ):
            action = person.with_user(user).get_formview_action()
            self.assertEqual(action["views"][0][0] == self.view.id, opens)

    def test_a_person_is_registered_on_it(self):
        partners = self.env["res.partner"].with_user(
            self.new_user("clerk_of_people", "editor", "base.group_partner_manager")
        )
        form = Form(partners.with_context(default_is_registrant=True), self.view)
        form.name = "Neema Shayo"
        form.spar_id = "SR-77"
        form.phone = "0754 100 077"
        person = form.save()
        self.assertTrue(person.is_registrant)
        self.assertEqual(person.spar_id, "SR-77")

    def test_it_says_who_is_paid_in_the_place_of_the_registrant(self):
        self.enter_address(payee_name="Neema Mushi", payee_relation="guardian")
        self.assertEqual(self.registrant.payee_note, "Paid to Neema Mushi · Guardian.")

    def test_the_proof_is_offered_to_those_who_may_open_it(self):
        with_proof = self.enter_address(proof=b"AAAA", proof_name="card.png")
        without = self.enter_address("0754 200 002")
        self.assertTrue(with_proof.with_user(self.editor).has_proof)
        self.assertFalse(without.with_user(self.editor).has_proof)
        link = "//a[contains(@t-attf-href, '/proof')]"
        self.assertEqual(len(self.form().xpath(link)), 1)
        self.assertFalse(self.form(self.viewer).xpath(link))
