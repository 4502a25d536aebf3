from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import text_of
from .registration_common import NEEMA, PHONE, WALLET, RegistrationCase


@tagged("post_install", "-at_install")
class TestRegistrationKept(RegistrationCase):
    """Nothing typed is lost, and nothing is kept longer than it is needed."""

    def assertShown(self, step, **typed):
        shown = self.shown(step)
        self.assertEqual({name: shown[name] for name in typed}, typed)

    def leave(self, step, **typed):
        """Press "Save and leave", sign in anew and press "Continue"; return where."""
        self.press("leave", step, **typed)
        self.assertEqual(self.location, "/my/register")
        self.sign_in()
        page = self.get("/my/register")
        (link,) = page.xpath("//a[normalize-space()='Continue']")
        return link.get("href")

    # === RESUMING === #

    def test_it_is_resumed_at_the_step_where_it_was_left(self):
        identity = {"name": "Neema", "id_number": "N-1"}
        self.assertEqual(self.leave("identity", **identity), f"{self.path}/identity")
        self.assertShown("identity", **identity)
        self.fill("identity")
        self.assertEqual(self.leave("contact", phone=PHONE), f"{self.path}/contact")
        self.assertShown("contact", phone=PHONE)
        self.fill("contact")
        self.fill("payment", fa_type="mobile_wallet")
        wallet = {"dfsp_id": str(self.operator.id), "mobile_number": WALLET}
        self.assertEqual(self.leave("payment", **wallet), f"{self.path}/payment")
        self.assertShown("payment", **wallet)
        self.fill("payment")
        self.assertEqual(self.leave("review"), f"{self.path}/review")
        self.submit()
        self.assertEqual(self.made.financial_address_id.mobile_number, WALLET)

    def test_what_is_wrong_is_kept_too_when_it_is_left(self):
        self.fill("identity", **NEEMA)
        self.leave("contact", phone="0754x", email="neema@")
        self.assertShown("contact", phone="0754x", email="neema@")
        self.assertFalse(self.problems("contact"))

    def test_the_list_says_who_and_how_far(self):
        self.fill("identity", **NEEMA)
        page = text_of(self.get("/my/register"))
        self.assertIn("Neema Mushi Step 2 of 4: Contact.", page)
        self.assertIn("Unfinished: 1", text_of(self.get("/my/people")))
        self.begin()
        self.assertIn("No name yet", text_of(self.get("/my/register")))
        self.assertIn("Unfinished: 2", text_of(self.get("/my/people")))

    def test_a_step_is_not_skipped(self):
        for step in ("contact", "payment", "review"):
            self.get(f"{self.path}/{step}", 303)
            self.assertEqual(self.location, f"{self.path}/identity")
        self.fill("identity", **NEEMA)
        self.get(f"{self.path}/review", 303)
        self.assertEqual(self.location, f"{self.path}/contact")

    def test_what_has_become_wrong_meanwhile_is_said_where_it_is_corrected(self):
        self.fill_wallet()
        self.new_registrant("Somebody Else", "N-1")
        self.get(f"{self.path}/review", 303)
        self.assertEqual(self.location, f"{self.path}/identity")
        self.assertIn("already registered", self.problems("identity")["id_number"])

    # === GOING BACK === #

    def test_back_keeps_what_is_typed(self):
        self.fill("identity", **NEEMA)
        self.assertEqual(self.press("back", "contact", phone=PHONE), "identity")
        self.assertEqual(self.fill("identity"), "contact")
        self.assertShown("contact", phone=PHONE)
        self.fill("contact")
        self.assertEqual(self.press("back", "payment", fa_type="none"), "contact")
        self.fill("contact")
        self.assertShown("payment", fa_type="none")

    def test_back_keeps_what_is_typed_wrong(self):
        self.fill("identity", **NEEMA)
        self.fill("contact", phone=PHONE)
        self.fill("payment", fa_type="mobile_wallet")
        provider = {"dfsp_id": str(self.operator.id)}
        wrong = {**provider, "mobile_number": "12 ab", "holder_name": "N" * 251}
        self.assertEqual(self.press("back", "payment", **wrong), "contact")
        self.assertEqual(self.fill("contact"), "payment")
        self.assertShown("payment", **wrong)
        self.assertEqual(self.fill("payment"), "payment")
        self.assertEqual(
            self.problems("payment").keys(), {"mobile_number", "holder_name"}
        )
        self.assertShown("payment", **wrong)

    def test_an_earlier_step_is_opened_without_losing_this_one(self):
        self.fill("identity", **NEEMA)
        self.fill("contact")
        self.assertEqual(self.press("identity", "payment", fa_type="none"), "identity")
        self.assertEqual(self.fill("identity"), "review")

    def test_another_type_is_chosen_and_the_first_one_again(self):
        self.fill_wallet()
        self.press("payment", "review")
        self.press("type", "payment", holder_name="Ali Mushi")
        self.assertTrue(self.response.headers["Location"].endswith("?ask=type"))
        page = self.get(f"{self.path}/payment?ask=type")
        self.assertEqual(page.forms[0].fields["fa_type"], "mobile_wallet")
        form = {**page.forms[0].fields, "fa_type": "email_wallet", "action": "next"}
        self.send(f"{self.path}/payment", form, 303)
        self.assertIn("email_address", self.shown("payment"))
        self.press("type", "payment")
        form["fa_type"] = "mobile_wallet"
        self.send(f"{self.path}/payment", form, 303)
        self.assertShown("payment", mobile_number=WALLET, holder_name="Ali Mushi")

    def test_another_bank_is_chosen(self):
        other = self.bank.copy({"name": "Second Bank", "code": "SB"})
        self.fill("identity", **NEEMA)
        self.fill("contact")
        self.fill("payment", fa_type="bank_account")
        self.fill("payment", dfsp_id=self.bank.id)
        self.press("provider", "payment", account_number="0123456789")
        page = self.get(f"{self.path}/payment?ask=provider")
        form = {**page.forms[0].fields, "dfsp_id": str(other.id), "action": "next"}
        self.send(f"{self.path}/payment", form, 303)
        self.assertEqual(self.fill("payment"), "review")
        self.submit()
        self.assertEqual(self.made.financial_address_id.dfsp_id, other)
        self.assertEqual(self.made.financial_address_id.account_number, "0123456789")

    def test_a_tick_is_taken_away(self):
        self.fill_wallet(mobile_number="", same_as_contact="1")
        self.assertShown("payment", same_as_contact="1")
        wallet = {"same_as_contact": None, "mobile_number": WALLET}
        self.assertEqual(self.fill("payment", **wallet), "review")
        self.assertNotIn("same_as_contact", self.shown("payment"))

    # === WRONG INPUT === #

    def test_wrong_input_comes_back_with_what_is_wrong_at_its_field(self):
        wrong = {"name": "", "id_number": "N" * 251}
        self.assertEqual(self.fill("identity", **wrong), "identity")
        problems = self.problems("identity")
        self.assertIn("Write the name.", problems["name"])
        self.assertIn("too long", problems["id_number"])
        self.assertShown("identity", **wrong)
        self.fill("identity", **NEEMA)
        wrong = {"phone": "0754x", "email": "neema@", "city": "M" * 251}
        self.assertEqual(self.fill("contact", **wrong), "contact")
        self.assertEqual(self.problems("contact").keys(), wrong.keys())
        self.assertShown("contact", **wrong)
        self.fill("contact", phone="", email="", city="")
        self.assertEqual(self.fill("payment"), "payment")
        page = text_of(self.get(f"{self.path}/payment"))
        self.assertIn("How they are paid: Choose one.", page)
        self.fill("payment", fa_type="bank_account")
        self.assertEqual(self.fill("payment"), "payment")
        self.assertEqual(self.problems("payment").keys(), {"dfsp_id"})

    def test_two_numbers_for_one_wallet_are_not_guessed_between(self):
        step = self.fill_wallet(mobile_number=WALLET, same_as_contact="1")
        self.assertEqual(step, "payment")
        self.assertEqual(self.problems("payment").keys(), {"mobile_number"})
        self.assertShown("payment", mobile_number=WALLET, same_as_contact="1")

    # === FORGETTING === #

    def test_what_was_typed_is_erased_when_it_is_finished(self):
        self.fill_wallet()
        self.assertIn(WALLET, str(self.registration.typed))
        self.submit()
        self.assertEqual(self.registration.state, "finished")
        self.assertFalse(self.registration.typed)
        self.assertFalse(self.registration.problems)

    def test_what_was_typed_is_erased_when_it_is_discarded(self):
        self.fill_wallet()
        page = self.get("/my/register")
        (form,) = (form for form in page.forms if "discard" in form.action)
        self.send(form.action, dict(form.form_values()), 303)
        self.assertEqual(self.registration.state, "discarded")
        self.assertFalse(self.registration.typed)
        self.assertIn("Nothing is unfinished", text_of(self.get("/my/register")))
        self.get(f"{self.path}/identity", 410)
        self.assertFalse(self.made)

    def test_what_nobody_goes_on_with_is_erased_and_then_forgotten(self):
        self.fill_wallet()
        registration = self.registration
        days = timedelta(days=self.env["g2p.fa.settings"].current().registration_days)

        def clean_up_after(last_activity):
            registration.last_activity = last_activity
            registration._gc_expired()
            self.env.invalidate_all()

        now = fields.Datetime.now()
        clean_up_after(now - days + timedelta(minutes=1))
        self.assertEqual(registration.state, "open")
        self.assertTrue(registration.typed)
        clean_up_after(now - days - timedelta(minutes=1))
        self.assertEqual(registration.state, "discarded")
        self.assertFalse(registration.typed)
        clean_up_after(now - days - timedelta(minutes=1))
        self.assertFalse(registration.exists())
