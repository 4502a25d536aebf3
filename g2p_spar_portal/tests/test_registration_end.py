import logging

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import trusted

from .common import text_of
from .registration_common import NEEMA, WALLET, RegistrationCase

_logger = logging.getLogger(__name__)


@tagged("post_install", "-at_install")
class TestRegistrationEnd(RegistrationCase):
    """One registrant or none, whatever happens at the end, and never a lost word."""

    # === AN ID THAT IS TAKEN === #

    def test_an_id_that_is_taken_is_told_before_the_end_and_not_whose_it_is(self):
        other = self.new_registrant("Somebody Else", "N-1", user_id=self.agent_b.id)
        self.assertEqual(self.fill("identity", **NEEMA), "identity")
        page = self.get(f"{self.path}/identity")
        told = self.errors(page)["id_number"]
        self.assertIn("This ID is already registered.", told)
        self.assertIn("ask your supervisor", told)
        self.assertNotIn("Somebody", text_of(page))
        self.assertFalse(page.xpath(f"//a[contains(@href, '/{other.id}')]"))

    def test_an_id_of_their_own_person_leads_to_them(self):
        own = self.new_registrant("Neema", "N-1", user_id=self.agent.id)
        self.fill("identity", **NEEMA)
        page = self.get(f"{self.path}/identity")
        self.assertTrue(page.xpath(f"//a[@href='/my/people/{own.id}']"))

    def test_an_id_of_somebody_archived_is_taken(self):
        self.new_registrant("Somebody Else", "N-1", active=False)
        self.assertEqual(self.fill("identity", **NEEMA), "identity")

    def test_the_id_that_another_one_is_made_from_is_taken(self):
        self.make_ids_from("ref", "token:{id}@nationalId")
        self.new_registrant("Somebody Else", ref="N-1")
        self.assertEqual(self.fill("identity", **NEEMA), "identity")

    def test_another_unfinished_one_with_the_same_id_is_told_at_the_end_only(self):
        self.fill_wallet()
        first = self.path
        self.begin()
        self.fill_wallet(mobile_number="+255754300002")
        self.submit()
        made = self.made
        self.path = first
        self.get(f"{self.path}/review", 303)
        self.assertIn("already registered", self.problems("identity")["id_number"])
        self.assertEqual(self.made, made)

    def test_an_id_taken_while_the_review_was_open(self):
        self.fill_wallet()
        review = {**self.shown("review"), "action": "submit"}
        self.new_registrant("Somebody Else", "N-1", user_id=self.agent_b.id)
        self.send(f"{self.path}/review", review, 303)
        self.assertEqual(self.location, f"{self.path}/identity")
        self.assertIn("already registered", self.problems("identity")["id_number"])
        self.assertEqual(self.made.user_id, self.agent_b)
        # Nothing is lost: with another ID it goes through.
        self.assertEqual(self.fill("identity", id_number="N-2"), "review")
        person = self.get(self.submit())
        self.assertIn("N-2", text_of(person))

    def test_an_id_taken_in_the_very_moment(self):
        self.fill_wallet()
        Registration = type(self.registration)
        check_all = Registration._check_all

        def taken_after_the_check(registration):
            answers = check_all(registration)
            env = registration.env(su=True)
            trusted(env["res.partner"], "portal").create(
                {"name": "Faster", "spar_id": "N-1", "is_registrant": True}
            )
            return answers

        self.patch(Registration, "_check_all", taken_after_the_check)
        # What another transaction has not committed yet, no check sees.
        Partner = type(self.env["res.partner"])
        self.patch(Partner, "_check_spar_ids_unused", lambda *_args: None)
        with self.assertLogs("odoo.sql_db", logging.INFO) as logs:
            self.submit()
        self.assertIn("duplicate key", str(logs.output))
        self.assertEqual(self.location, f"{self.path}/identity")
        self.assertEqual(self.made.name, "Faster")
        self.assertIn("already registered", self.problems("identity")["id_number"])
        self.assertNotIn("754300001", str(logs.output))
        self.assertNotIn("754 100 009", str(logs.output))

    # === AN ADDRESS THAT IS REFUSED === #

    def test_a_wallet_that_may_not_be_shared_waits(self):
        self.set_policy(shared="refuse")
        self.enter_address(mobile_number=WALLET)
        self.fill_wallet()
        with self.assertLogs("odoo", logging.INFO) as logs:
            _logger.info("There is something in the log.")
            self.submit()
        self.assertNotIn("754300001", str(logs.output))
        self.assertEqual(self.made.financial_address_ids.state, "to_approve")

    def test_a_provider_that_was_archived_meanwhile(self):
        self.fill_wallet()
        review = {**self.shown("review"), "action": "submit"}
        self.operator.active = False
        self.send(f"{self.path}/review", review, 303)
        self.assertEqual(self.location, f"{self.path}/payment")
        self.assertEqual(self.problems("payment").keys(), {"dfsp_id"})
        self.assertEqual(self.shown("payment")["mobile_number"], WALLET)
        self.assertFalse(self.made)

    # === ONCE === #

    def test_pressed_twice_it_makes_one_registrant(self):
        self.fill_wallet()
        review = {**self.shown("review"), "action": "submit"}
        self.send(f"{self.path}/review", review, 303)
        first = self.location
        self.send(f"{self.path}/review", review, 303)
        self.assertEqual(self.location, first)
        self.assertEqual(len(self.made), 1)
        self.assertEqual(len(self.made.financial_address_ids), 1)

    def test_the_button_to_begin_pressed_twice_begins_once(self):
        forms = self.get("/my/register").forms
        (form,) = (form for form in forms if form.action == "/my/register/new")
        self.send("/my/register/new", dict(form.form_values()), 303)
        first = self.location
        self.send("/my/register/new", dict(form.form_values()), 303)
        self.assertEqual(self.location, first)
        mine = [("user_id", "=", self.agent.id)]
        self.assertEqual(self.env["g2p.portal.registration"].search_count(mine), 2)

    def test_only_what_was_looked_at_is_submitted(self):
        self.fill_wallet()
        review = {**self.shown("review"), "action": "submit"}
        self.fill("payment", mobile_number="+255754300002")
        self.send(f"{self.path}/review", review, 303)
        self.assertEqual(self.location, f"{self.path}/review")
        self.assertFalse(self.made)
        self.assertIn("754 300 002", text_of(self.get(self.location)))

    def test_what_is_finished_stays_as_it_is(self):
        self.fill_wallet()
        forms = {step: self.shown(step) for step in ("identity", "contact", "payment")}
        person = self.submit()
        for step, form in forms.items():
            with self.subTest(step):
                form = {**form, "action": "next"}
                self.send(f"{self.path}/{step}", form, 303)
                self.assertEqual(self.location, person)
                self.get(f"{self.path}/{step}", 303)
                self.assertEqual(self.location, person)
        self.assertEqual(self.registration.state, "finished")
        self.assertFalse(self.registration.typed)
