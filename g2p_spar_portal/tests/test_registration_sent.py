import json
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..const import PATHS
from .common import text_of
from .registration_common import NEEMA, PHONE, WALLET, RegistrationCase

KEY = "0123456789abcdef" * 2


@tagged("post_install", "-at_install")
class TestRegistrationSent(RegistrationCase):
    """A person who was registered without network is sent later, and once."""

    def setUp(self):
        super().setUp()
        self.path = f"/my/register/{KEY}"
        wallet = {"fa_type": "mobile_wallet", "mobile_number": WALLET}
        self.steps = {
            "identity": dict(NEEMA),
            "contact": {"phone": PHONE},
            "payment": {**wallet, "dfsp_id": str(self.operator.id)},
        }

    def send_kept(self, steps=None, key=KEY, status=200, **values):
        """Send what a phone has kept; return the answer."""
        opened = self.url_open("/my/register/send", allow_redirects=False).json()
        form = {
            "csrf_token": opened["csrf_token"],
            "form_token": key,
            "typed": json.dumps(self.steps if steps is None else steps),
            "finish": "1",
            **values,
        }
        with mute_logger("odoo.http"):
            self.response = self.url_open(
                "/my/register/send", data=form, allow_redirects=False
            )
        self.assertEqual(self.response.status_code, status)
        self.env.invalidate_all()
        return self.response.json() if status == 200 else None

    # === ONCE === #

    def test_a_person_is_registered_with_the_payment_address(self):
        answer = self.send_kept()
        self.assertEqual(answer["state"], "finished")
        self.assertEqual(answer["path"], f"/my/people/{self.made.id}")
        self.assertEqual(self.made.financial_address_id.mobile_number, WALLET)
        self.assertEqual(self.made.user_id, self.agent)
        self.assertFalse(self.registration.typed)
        self.assertNotIn(WALLET, self.response.text)

    def test_sent_again_it_registers_nobody_else(self):
        first = self.send_kept()
        again = dict(self.steps, identity={"name": "Neema", "id_number": "N-2"})
        self.assertEqual(self.send_kept(again), first)
        self.assertEqual(len(self.made), 1)
        self.assertFalse(self.env["res.partner"].search([("spar_id", "=", "N-2")]))

    def test_its_key_is_known_for_90_days_also_when_the_registration_is_deleted(self):
        self.send_kept()
        self.registration.unlink()
        self.steps["identity"]["id_number"] = "N-2"
        Sent = self.env["g2p.portal.sent"]
        for days, known in ((89, True), (91, False)):
            Sent.search([]).sent_at = fields.Datetime.now() - timedelta(days=days)
            self.env.flush_all()
            Sent._gc_sent()
            self.env.invalidate_all()
            state = self.send_kept()["state"]
            self.assertEqual(state, "gone" if known else "finished")

    def test_what_was_discarded_does_not_come_back(self):
        self.send_kept(dict(self.steps, payment={}))
        self.registration._close("discarded")
        self.assertEqual(self.send_kept(), {"state": "discarded"})
        self.assertFalse(self.made)

    def test_the_key_of_another_agent_is_a_key_of_ones_own(self):
        self.send_kept(dict(self.steps, payment={}))
        self.sign_in(self.agent_b)
        self.assertEqual(self.send_kept()["state"], "finished")
        self.assertEqual(self.made.user_id, self.agent_b)
        self.sign_in()
        self.assertIn("Neema Mushi", text_of(self.get("/my/register")))

    # === WHAT IS WRONG === #

    def test_what_is_wrong_is_corrected_on_the_pages(self):
        self.steps["payment"]["mobile_number"] = "12"
        answer = self.send_kept()
        self.assertEqual(answer["state"], "open")
        self.get(answer["path"], 303)
        self.assertEqual(self.location, f"{self.path}/payment")
        self.assertEqual(self.problems("payment").keys(), {"mobile_number"})
        self.assertFalse(self.made)
        # The phone has not had the answer: what was corrected meanwhile stays.
        self.fill("payment", mobile_number=WALLET)
        self.assertEqual(self.send_kept()["state"], "open")
        self.assertEqual(self.shown("payment")["mobile_number"], WALLET)
        self.submit()
        self.assertEqual(len(self.made), 1)

    def test_an_id_that_is_taken_is_said_at_its_field(self):
        self.new_registrant("Somebody Else", "N-1")
        answer = self.send_kept()
        self.get(answer["path"], 303)
        self.assertEqual(self.location, f"{self.path}/identity")
        self.assertIn("already registered", self.problems("identity")["id_number"])

    def test_only_all_of_it_is_finished(self):
        del self.steps["payment"]
        self.assertEqual(self.send_kept()["state"], "open")
        self.assertFalse(self.made)
        self.assertEqual(self.shown("contact")["phone"], PHONE)

    def test_what_no_script_of_ours_sends_is_refused(self):
        odd = [
            [],
            {"review": {}},
            {"identity": []},
            {"identity": {"user_id": "2"}},
            {"identity": {"name": 1}},
            {"identity": {"name": "x" * 1001}},
            {"identity": {"name": "a\0b"}},
            {"payment": {"fa_type": "none", "mobile_number": "1"}},
            {"payment": {"fa_type": ["mobile_wallet"]}},
        ]
        for steps in odd:
            with self.subTest(str(steps)[:40]):
                self.send_kept(steps, status=400)
        self.send_kept(status=400, typed="{")
        self.send_kept(status=400, key="short key")
        self.send_kept(status=400, extra="1")
        self.assertFalse(self.registration)

    # === WHO === #

    def test_one_signs_in_first_and_gets_a_token_then(self):
        for csrf_token in ("", "0" * 40 + "o9999999999"):
            self.send_kept(status=400, csrf_token=csrf_token)
        self.logout()
        response = self.url_open("/my/register/send", allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])
        self.sign_in(self.new_user("portal_user", "base.group_portal"))
        self.get("/my/register/send", 403)
        self.assertFalse(self.made)

    # === THE PHONE === #

    def test_the_page_without_network_has_no_data_of_people(self):
        self.new_people(3)
        self.send_kept(dict(self.steps, payment={}))
        page = self.get("/my/register/offline")
        text = text_of(page)
        for secret in ("Person 00", "Neema", PHONE, self.registration.reference):
            self.assertNotIn(secret, text)
        self.assertIn(self.operator.name, text)
        self.assertNotIn("csrf_token", self.response.text)
        self.assertEqual(self.response.headers["Cache-Control"], "no-store")

    def test_the_service_worker_is_for_these_pages_only(self):
        self.logout()
        response = self.url_open("/my/register/worker.js")
        self.assertEqual(response.headers["Service-Worker-Allowed"], "/my/")
        self.assertIn("javascript", response.headers["Content-Type"])
        script = self.url_open("/g2p_spar_portal/static/src/portal.js").text
        self.assertIn(str(list(PATHS)).replace("'", '"'), script)

    def test_a_phone_keeps_nothing_longer_than_its_key_is_known(self):
        settings = self.env["g2p.fa.settings"].current()
        for days, kept in ((30, "30"), (400, "90")):
            settings.registration_days = days
            body = self.get("/my/register").xpath("//body")[0]
            self.assertEqual(body.get("data-days"), kept)
            self.assertEqual(body.get("data-agent"), str(self.agent.id))
