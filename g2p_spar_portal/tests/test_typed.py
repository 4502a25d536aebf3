from lxml import html

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.typed import SAME_TEXT, TypedTables

from ..controllers import agent
from .common import PortalCase


@tagged("post_install", "-at_install")
class TestTypedOnThePortal(TypedTables, PortalCase):
    channel = "portal"
    names_providers = False
    names_people = False

    def setUp(self):
        super().setUp()
        # A table is more than an agent types in a minute.
        self.patch(agent, "LIMITS", dict.fromkeys(agent.LIMITS, (10_000, 60)))
        self.sign_in()

    def values_of_person(self):
        return {"user_id": self.agent.id}

    def new_person(self, **values):
        person = super().new_person(**values)
        # Only who changes something is asked for a reason.
        self.enter_address(
            mobile_number=False,
            partner_id=person.id,
            fa_type="email_wallet",
            dfsp_id=self.mail_operator.id,
            email_address="before@paymail.example",
        )
        return person

    def entered(self, person):
        number = super().entered(person)
        return number != "before@paymail.example" and number

    def let_see(self, company):
        self.agent.company_ids += company

    def enter(self, person, said):
        path = f"/my/people/{person.id}/payment"
        values = {
            "bank_account": "account_number",
            "mobile_wallet": "mobile_number",
            "email_wallet": "email_address",
        }
        name = values[said["fa_type"]]
        provider = str(said["provider"].id)
        form = self.form(f"{path}?type={said['fa_type']}&provider={provider}")
        reason = said.get("reason", "A new one")
        form.update({"dfsp_id": provider, name: said["number"], "reason": reason})
        # Who is named receives the money: no field says so besides.
        payee = said.get("payee", {}).items()
        form.update({field: text for field, text in payee if field != "payee"})
        response = self.url_open(path, data=form, allow_redirects=False)
        if response.status_code == 303:
            return ""
        self.assertEqual(response.status_code, 422)
        errors = self.errors(html.fromstring(response.content)).values()
        # After the hint of the field.
        return " ".join(text.rpartition("⚠ ")[2] for text in errors)

    def test_the_search_of_people(self):
        self.new_typed()
        for number, (stored, typed) in enumerate(SAME_TEXT):
            person = self.new_person(name=stored, spar_id=f"{stored} {number}")
            self.store_as_typed(person, stored, "name")
            self.store_as_typed(person, f"{stored} {number}", "spar_id")
            for query in (typed, typed[2:], f"{typed} {number}"):
                with self.subTest(stored=stored, query=query):
                    page = self.url_open("/my/people", params={"q": query})
                    self.assertIn(f"/my/people/{person.id}", page.text)

    def test_the_page_says_what_is_to_be_confirmed(self):
        self.new_typed()
        person = self.new_person()
        page = f"/my/people/{person.id}"
        self.assertNotIn("To confirm", self.url_open(page).text)
        person.financial_address_id.mark_to_confirm("The payment was returned")
        text = self.url_open(page).text
        self.assertIn("To confirm", text)
        # Written by the staff of the registry.
        self.assertNotIn("The payment was returned", text)
