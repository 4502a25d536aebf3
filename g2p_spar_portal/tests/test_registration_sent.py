import io
import json
from datetime import timedelta

from PIL import Image

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.g2p_spar_financial_address.const import VALUE_FIELD

from ..const import PATHS
from ..registration_payment import names_of
from .common import text_of
from .registration_common import NEEMA, PHONE, WALLET, RegistrationCase

KEY = "0123456789abcdef" * 2
MANIFEST_TYPE = "application/manifest+json; charset=utf-8"


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

    def test_the_page_without_network_asks_for_all_that_the_steps_ask(self):
        page = self.get("/my/register/offline")
        found = {name.rpartition(".")[0] for name in page.xpath("//form//@name")}
        found |= {*page.xpath("//form//@name")}
        registrations = self.env["g2p.portal.registration"]
        for step in ("identity", "contact"):
            for name in registrations._labels(step):
                self.assertIn(f"{step}.{name}", found)
        for fa_type in VALUE_FIELD:
            for name in names_of("details", fa_type):
                self.assertIn(f"payment.{name}", found, fa_type)

    def test_the_branches_are_those_of_the_bank_chosen(self):
        page = self.get("/my/register/offline")
        offered = page.xpath("//select[@name='payment.branch_id']/option[@value!='']")
        branches = self.env["g2p.dfsp.branch"].search([])
        self.assertEqual(
            {(one.get("value"), one.get("data-provider")) for one in offered},
            {(str(one.id), str(one.dfsp_id.id)) for one in branches},
        )

    def test_payee_and_branch_that_a_phone_has_kept_are_entered(self):
        branch = self.env["g2p.dfsp.branch"].create(
            {"name": "Harbour", "code": "H", "dfsp_id": self.bank.id}
        )
        payment = {
            "fa_type": "bank_account",
            "dfsp_id": str(self.bank.id),
            "branch_id": str(branch.id),
            "account_number": "0150 1234 5678",
            "payee_name": "Zuhura Salum",
            "payee_relation": "guardian",
            "payee_until": "2099-12-31",
            "payee_id_number": "C-9",
            "holder_name": "Zuhura Salum",
        }
        contact = {"street": "Market 1", "city": "Moshi", "email": "n@example.org"}
        self.send_kept({**self.steps, "contact": contact, "payment": payment})
        person = self.made
        self.assertEqual((person.street, person.email), ("Market 1", "n@example.org"))
        address = person.financial_address_id
        self.assertEqual(address.branch_id, branch)
        self.assertEqual(address.payee_name, "Zuhura Salum")

    def test_the_pages_can_be_put_on_the_phone_as_an_app(self):
        self.env["res.lang"]._activate_lang("ar_001")
        page = self.get("/my/people")
        (link,) = page.xpath("//link[@rel='manifest']/@href")
        (colour,) = page.xpath("//meta[@name='theme-color']/@content")
        # A browser asks for it without cookies.
        self.logout()
        for language, direction in (("en_US", "ltr"), ("ar_001", "rtl"), ("x", "ltr")):
            answer = self.url_open(link.replace("en_US", language))
            self.assertEqual(answer.headers["Content-Type"], MANIFEST_TYPE)
            app = answer.json()
            self.assertEqual(app["dir"], direction)
            self.assertTrue(app["name"])
            self.assertEqual(app["start_url"], "/my/people")
            # The scope of the service worker's two paths.
            self.assertEqual(app["scope"], "/my/")
            self.assertEqual(app["theme_color"], colour)
            self.assertEqual(app["display"], "standalone")
        sizes = set()
        for icon in app["icons"]:
            image = Image.open(io.BytesIO(self.url_open(icon["src"]).content))
            self.assertEqual(icon["type"], "image/png")
            self.assertEqual(icon["sizes"], f"{image.width}x{image.height}")
            sizes.add(image.width)
        self.assertEqual(sizes, {192, 512})

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
