from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.typed import (
    NOT_AN_ID,
    PLACEHOLDERS,
    SAME_TEXT,
)

from ..models.res_partner import NAME_PARTS
from .common import text_of
from .registration_common import NEEMA, PHONE, WALLET, RegistrationCase


@tagged("post_install", "-at_install")
class TestRegistration(RegistrationCase):
    """The whole way, from the first step to somebody who can be paid."""

    def test_somebody_with_a_mobile_wallet(self):
        self.assertEqual(self.fill("identity", **NEEMA), "contact")
        self.assertEqual(self.fill("contact", phone=PHONE, city="Moshi"), "payment")
        self.assertEqual(self.fill("payment", fa_type="mobile_wallet"), "payment")
        wallet = {"dfsp_id": self.operator.id, "mobile_number": "0754 300 001"}
        self.assertEqual(self.fill("payment", **wallet), "review")
        person = self.submit()

        made = self.made
        self.assertEqual(person, f"/my/people/{made.id}")
        self.assertEqual(made.name, "Neema Mushi")
        self.assertEqual((made.phone, made.city), (PHONE, "Moshi"))
        self.assertTrue(made.is_registrant)
        self.assertEqual(made.user_id, self.agent)
        self.assertFalse(made.message_follower_ids)
        address = made.financial_address_id
        self.assertEqual(address.state, "effective")
        self.assertEqual(address.channel, "portal")
        self.assertEqual(address.entered_by_id, self.agent)
        self.assertEqual(address.mobile_number, WALLET)
        self.assertEqual(address.holder_name, "Neema Mushi")
        self.assertEqual(made.spar_state, "on_its_way")
        self.assertIn("Neema Mushi", text_of(self.get(person)))

    def test_what_stands_for_no_id_is_none(self):
        said = NOT_AN_ID.replace("SPAR ID", "ID on the card")
        for text in PLACEHOLDERS:
            with self.subTest(text):
                step = self.fill("identity", **{**NEEMA, "id_number": text})
                self.assertEqual(step, "identity")
                problem = self.problems("identity")["id_number"]
                self.assertEqual(problem.rpartition("⚠ ")[2], said)

    def test_an_id_in_another_composition_is_the_same_id(self):
        for number, (stored, typed) in enumerate(SAME_TEXT):
            self.new_registrant("Taken", f"{stored} {number}")
            with self.subTest(stored=stored):
                values = {**NEEMA, "id_number": f"{typed} {number}"}
                self.assertEqual(self.fill("identity", **values), "identity")
                problem = self.problems("identity")["id_number"]
                self.assertIn("This ID is already registered", problem)

    def test_somebody_with_a_bank_account(self):
        self.fill("identity", **NEEMA)
        self.fill("contact")
        self.fill("payment", fa_type="bank_account")
        self.fill("payment", dfsp_id=self.bank.id)
        branch = self.bank.branch_ids
        account = {"account_number": "0123 456 789", "branch_id": branch.id}
        self.assertEqual(self.fill("payment", **account), "review")
        self.submit()
        address = self.made.financial_address_id
        self.assertEqual(address.state, "effective")
        self.assertEqual(address.account_number, "0123456789")
        self.assertEqual((address.dfsp_id, address.branch_id), (self.bank, branch))

    def test_somebody_with_an_email_wallet(self):
        self.fill("identity", **NEEMA)
        self.fill("contact")
        self.fill("payment", fa_type="email_wallet")
        wallet = {"email_address": "neema@Mail.example", "holder_name": "Ali Mushi"}
        self.fill("payment", dfsp_id=self.mail_operator.id, **wallet)
        self.submit()
        address = self.made.financial_address_id
        self.assertEqual(address.email_address, "neema@mail.example")
        self.assertEqual(address.holder_name, "Ali Mushi")
        self.assertFalse(self.made.email)

    def test_somebody_whose_guardian_receives_the_money(self):
        self.fill_wallet(
            payee_name="Ali Mushi",
            payee_relation="guardian",
            payee_id_number="AB-12",
            payee_until="2099-12-31",
        )
        review = text_of(self.get(f"{self.path}/review"))
        for text in ("Ali Mushi", "Guardian", "AB-12", "2099-12-31"):
            self.assertIn(text, review)
        self.submit()
        address = self.made.financial_address_id
        self.assertEqual((address.payee, address.payee_name), ("other", "Ali Mushi"))
        self.assertEqual(address.payee_relation, "guardian")

    def test_the_wallet_may_be_that_of_the_contact_phone(self):
        self.fill_wallet(mobile_number="", same_as_contact="1")
        self.submit()
        self.assertEqual(self.made.financial_address_id.mobile_number, "+255754100009")

    def test_the_contact_phone_is_taken_as_it_is_at_the_end(self):
        self.fill_wallet(mobile_number="", same_as_contact="1")
        self.assertEqual(self.press("contact", "review"), "contact")
        self.assertEqual(self.fill("contact", phone="+255 754 100 010"), "review")
        self.submit()
        self.assertEqual(self.made.financial_address_id.mobile_number, "+255754100010")

    def test_somebody_without_a_payment_address_yet(self):
        self.fill("identity", **NEEMA)
        self.fill("contact")
        self.assertEqual(self.fill("payment", fa_type="none"), "review")
        self.submit()
        self.assertTrue(self.made)
        self.assertFalse(self.made.financial_address_ids)

    def test_somebody_whose_provider_is_not_known_yet(self):
        self.fill_wallet(dfsp_id="unknown")
        review = text_of(self.get(f"{self.path}/review"))
        self.assertIn("Provider Not known yet", review)
        self.submit()
        address = self.made.financial_address_ids
        self.assertEqual(address.state, "draft")
        self.assertEqual(address.mobile_number, WALLET)
        self.assertEqual(self.made.spar_state, "incomplete")

    def test_an_account_at_a_bank_that_is_not_known_yet(self):
        self.fill("identity", **NEEMA)
        self.fill("contact")
        self.fill("payment", fa_type="bank_account")
        self.assertEqual(self.fill("payment", dfsp_id="unknown"), "payment")
        self.assertEqual(self.fill("payment", account_number="0123456789"), "review")
        self.submit()
        self.assertEqual(self.made.financial_address_ids.state, "draft")

    def test_somebody_who_has_no_id_yet(self):
        self.fill("identity", name="Neema Mushi")
        self.fill("contact")
        self.fill("payment", fa_type="none")
        person = self.submit()
        made = self.env["res.partner"].browse(int(person.rpartition("/")[2]))
        self.assertEqual(made.name, "Neema Mushi")
        self.assertFalse(made.spar_id)

    def test_a_second_person_looks_at_it_where_the_policy_says_so(self):
        self.set_policy(approve_portal=True)
        self.fill_wallet()
        self.submit()
        address = self.made.financial_address_ids
        self.assertEqual(address.state, "to_approve")
        self.assertEqual(address.approval_cause, "policy")
        self.assertIn(self.agent, address._authors())

    def test_the_id_goes_where_the_settings_say(self):
        self.make_ids_from("ref", "token:{id}@nationalId")
        self.fill_wallet()
        person = self.submit()
        made = self.env["res.partner"].browse(int(person.rpartition("/")[2]))
        self.assertEqual((made.ref, made.spar_id), ("N-1", "token:N-1@nationalId"))

    def test_the_review_shows_the_whole_number_and_is_not_kept_by_the_phone(self):
        self.fill_wallet()
        review = text_of(self.get(f"{self.path}/review"))
        self.assertIn("Payment phone +255 754 300 001", review)
        self.assertEqual(self.response.headers["Cache-Control"], "no-store")
        person = text_of(self.get(self.submit()))
        self.assertNotIn("754300001", person.replace(" ", ""))
        self.assertIn("•••001", person)

    def test_a_section_is_corrected_and_leads_back_to_the_review(self):
        self.fill_wallet()
        self.assertEqual(self.press("identity", "review"), "identity")
        self.assertEqual(self.fill("identity", name="Neema M. Mushi"), "review")
        self.submit()
        self.assertEqual(self.made.name, "Neema M. Mushi")
        self.assertEqual(self.made.financial_address_id.mobile_number, WALLET)

    def test_a_name_in_two_parts_where_the_registry_keeps_them(self):
        Partner = self.env["res.partner"].with_user(self.agent)
        self.patch(type(Partner), "_portal_name_fields", lambda self: NAME_PARTS)
        shown = self.shown("identity")
        self.assertLessEqual({"given_name", "family_name"}, shown.keys())
        self.assertNotIn("name", shown)
        self.assertEqual(self.fill("identity", given_name=""), "identity")
        self.assertEqual(self.problems("identity").keys(), {"given_name"})
        self.assertEqual(self.fill("identity", family_name="Mushi"), "contact")
        values = {"given_name": "Neema", "family_name": "Mushi", "id_number": "N-1"}
        new = Partner._portal_new_values(values)
        self.assertEqual(new["name"], "Neema Mushi")
        self.assertEqual(new["given_name"], "Neema")
        self.assertEqual(new["user_id"], self.agent.id)
