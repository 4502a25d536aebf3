from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..const import LIMITS
from .matrix_common import MatrixCase

ADDRESS = "g2p.financial.address"


@tagged("post_install", "-at_install")
class TestSecurityWays(MatrixCase):
    """Ways round the pages: Odoo's other routes, sessions, redirects, and limits."""

    def setUp(self):
        super().setUp()
        self.sign_in_as("agent A")

    def ask(self, path, **request):
        with mute_logger("odoo.http", "odoo.models", "odoo.sql_db"):
            return self.url_open(path, allow_redirects=False, **request)

    # === OTHER ROUTES === #

    def test_payment_data_is_not_had_by_odoos_own_routes(self):
        own, other = self.registrant.id, self.other.id
        address = self.addresses.id
        message = self.addresses.message_post(body="about 0754200001")
        attachment = self.env["ir.attachment"].create(
            {
                "name": "proof",
                "res_model": ADDRESS,
                "res_id": address,
                "raw": b"about 754200001",
            }
        )
        paths = [
            f"/web/content/{ADDRESS}/{address}/mobile_number",
            f"/web/content/res.partner/{own}/spar_id",
            f"/web/content/res.partner/{own}/financial_address_ids",
            f"/web/content/{attachment.id}",
            f"/web/image/{attachment.id}",
            f"/web/content/g2p.spar.key/{self.key.id}/private_key",
            f"/web/image/{ADDRESS}/{address}/mobile_number",
            f"/web/image/res.partner/{other}/avatar_128",
            f"/odoo/{ADDRESS}/{address}",
            f"/json/1/{ADDRESS}",
            f"/json/1/res.partner/{other}",
            f"/mail/view?model={ADDRESS}&res_id={address}",
            f"/mail/view?model=res.partner&res_id={other}",
            f"/mail/message/{message.id}",
            f"/web/partner/{other}/vcard",
            f"/web_enterprise/partner/{other}/vcard",
            f"/doc/{ADDRESS}.json",
            "/my/account",
            "/my/addresses",
            f"/my/address?partner_id={other}",
            "/web/health",
            "/spar/health",
        ]
        for path in paths:
            with self.cell("GET", path), self.changes():
                response = self.ask(path)
                self.assertKeepsQuiet(response, "agent A")
                self.assertLess(response.status_code, 500)
        exports = {"model": ADDRESS, "fields": [{"name": "masked", "label": "x"}]}
        calls = {
            "/web/dataset/call_button": call("action_end", address, ["x"]),
            "/web/dataset/call_kw": call("reveal", address),
            "/web/action/run": {"action_id": 1},
            "/mail/thread/messages": {"thread_model": ADDRESS, "thread_id": address},
            "/mail/data": {
                "fetch_params": [
                    [
                        "mail.thread",
                        {
                            "thread_model": ADDRESS,
                            "thread_id": address,
                            "request_list": ["followers", "attachments"],
                        },
                    ]
                ]
            },
            "/mail/message/post": {
                "thread_model": "res.partner",
                "thread_id": own,
                "post_data": {"body": "x"},
            },
            "/mail/thread/subscribe": {
                "res_model": "res.partner",
                "res_id": own,
                "partner_ids": [self.agent.partner_id.id],
            },
            "/mail/thread/recipients": {
                "thread_model": "res.partner",
                "thread_id": other,
            },
            "/mail/chatter_fetch": {"thread_model": ADDRESS, "thread_id": address},
            "/portal/chatter_init": {"thread_model": ADDRESS, "thread_id": address},
            "/mail/read_subscription_data": {"follower_id": 1},
            "/web/export/get_fields": {"model": ADDRESS, "domain": []},
            "/web/export/namelist": {"model": ADDRESS, "export_id": 1},
            "/my/address/archive": {"partner_id": own},
        }
        for path, params in calls.items():
            with self.cell("POST", path), self.changes():
                response = self.ask(path, json={"params": params})
                self.assertKeepsQuiet(response, "agent A")
        forms = {
            "/web/export/csv": {"data": str(exports)},
            "/my/address/submit": {"partner_id": str(other), "phone": "1"},
            "/web/binary/upload_attachment": {"model": ADDRESS, "id": str(address)},
            "/mail/attachment/upload": {
                "thread_model": ADDRESS,
                "thread_id": str(address),
            },
        }
        for path, form in forms.items():
            with self.cell("POST", path), self.changes():
                token = self.token()
                response = self.ask(path, data={**form, "csrf_token": token})
                self.assertKeepsQuiet(response, "agent A")
        self.assertCells(40)

    def test_an_agent_does_not_change_a_contact_as_their_own_address(self):
        for person in self.people[:-1]:
            with self.cell(person.name), self.changes():
                form = {
                    "csrf_token": self.token(),
                    "partner_id": str(person.key),
                    "name": "Changed",
                    "email": "a@b.example",
                    "phone": "+255754999999",
                    "street": "x",
                    "city": "x",
                    "country_id": str(self.env.ref("base.tz").id),
                }
                response = self.ask("/my/address/submit", data=form)
                self.assertKeepsQuiet(response, "agent A")
        self.assertCells(5)

    # === SESSIONS === #

    def ask_in_session(self, sid, path):
        """Open a page with the cookie of this session, and of no other."""
        jar = self.opener.cookies
        for cookie in [cookie for cookie in jar if cookie.name == "session_id"]:
            jar.clear(cookie.domain, cookie.path, cookie.name)
        jar.set("session_id", sid)
        return self.ask(path)

    def test_a_session_from_before_the_sign_in_is_worth_nothing_after(self):
        self.authenticate(None, None)
        page = self.url_open("/web/login")
        before = self.opener.cookies["session_id"]
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {
            "login": self.agent.login,
            # As those of users made for tests: eight letters at least.
            "password": self.agent.login.ljust(8, "x"),
            "csrf_token": token,
            "redirect": "/my/people",
        }
        response = self.ask("/web/login", data=form)
        self.assertEqual(response.status_code, 303, response.text[:500])
        after = response.cookies["session_id"]
        self.assertNotEqual(after, before)
        self.assertIn("HttpOnly", response.headers["Set-Cookie"])
        response = self.ask_in_session(before, "/my/people")
        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])

    def test_after_the_sign_out_nothing_is_left(self):
        before = self.session.sid
        self.ask("/web/session/logout")
        response = self.ask_in_session(before, self.person_path)
        self.assertEqual(response.status_code, 303)
        self.assertKeepsQuiet(response, "nobody")

    # === WHERE ONE IS LED === #

    def test_nobody_is_led_to_another_site(self):
        evil = "evil.example"
        paths = [
            f"/my/people?redirect=https://{evil}",
            f"{self.person_path}?saved=1&redirect=//{evil}",
            f"//{evil}/my/people",
            f"/my/register?next=https://{evil}",
        ]
        led = 0
        for role in ("agent A", "nobody", "portal user"):
            self.sign_in_as(role)
            for path in paths:
                for headers in (
                    {},
                    {"X-Forwarded-Host": evil, "X-Forwarded-Proto": "https"},
                    {"Referer": f"https://{evil}/"},
                    {"Origin": f"https://{evil}"},
                ):
                    with self.cell(role, path, *headers):
                        response = self.ask(path, headers=headers)
                        location = response.headers.get("Location", "")
                        self.assertFalse(urlsplit(location).netloc)
                        # What the sign-in leads to afterwards.
                        [*further] = parse_qs(urlsplit(location).query).get(
                            "redirect", ()
                        )
                        for path_after in further:
                            led += 1
                            self.assertRegex(path_after, "^/my/")
        self.assertTrue(led)
        self.assertCells(48)

    def test_a_form_leads_to_a_page_of_the_portal_whatever_the_host_is_called(self):
        form = self.posted("payment of a person")
        headers = {
            "X-Forwarded-Host": "evil.example",
            "Referer": "https://evil.example",
        }
        response = self.ask(self.payment_path, data=form, headers=headers)
        self.assertEqual(response.headers["Location"], f"{self.person_path}?saved=1")

    # === HOW OFTEN === #

    def test_limits_count_the_agent_wherever_they_come_from(self):
        limits = {"read": (3, 60), "write": (1, 60)}
        ways = [
            {"X-Forwarded-For": "10.0.0.1"},
            {"X-Real-IP": "10.0.0.2"},
            {"Forwarded": "for=10.0.0.3"},
            {"User-Agent": "another"},
            {"Accept-Language": "fr"},
        ]
        paths = ["/my/people", self.person_path, self.payment_path, "/my/register"]
        with patch.dict(LIMITS, limits):
            for path in paths[:3]:
                self.assertEqual(self.ask(path).status_code, 200)
            for path in paths:
                for headers in ways:
                    with self.cell(path, *headers):
                        response = self.ask(path, headers=headers)
                        self.assertEqual(response.status_code, 429)
                with self.cell(path, "HEAD"):
                    response = self.ask(path, method="HEAD")
                    self.assertEqual(response.status_code, 429)
            with self.cell("another session"):
                self.sign_in_as("agent A")
                self.assertEqual(self.ask(paths[0]).status_code, 429)
            with self.cell("another agent"):
                self.sign_in_as("agent B")
                self.assertEqual(self.ask(paths[0]).status_code, 200)
        self.assertCells(26)

    def test_ids_are_not_tried_one_after_the_other(self):
        path = f"/my/register/{self.unfinished.reference}/identity"

        def attempt(text, action="next"):
            form = {**self.posted("identity"), "id_number": text, "action": action}
            return self.ask(path, data=form).status_code

        with patch.dict(LIMITS, {"id": (2, 3600)}):
            for text, status in {
                "SECRET-OTHER": 303,
                "SECRET-O": 303,
                "SECRET-N": 429,
                # Neither is one that is tried.
                "": 303,
            }.items():
                with self.cell(text or "none"), self.changes(status == 303):
                    self.assertEqual(attempt(text), status)
            for action in ("leave", "contact", "back"):
                with self.cell(action), self.changes():
                    self.assertEqual(attempt("SECRET-N", action), 429)
            with self.cell("another registration"):
                other = self._registration(self.agent, "Somebody Else")
                path = f"/my/register/{other.reference}/identity"
                with self.changes():
                    self.assertEqual(attempt("SECRET-N"), 429)
        self.unfinished._save("identity", {"name": "X", "id_number": "KEPT"})
        path = f"/my/register/{self.unfinished.reference}/identity"
        with (
            patch.dict(LIMITS, {"id": (1, 3600)}),
            self.cell("the one that is there already"),
        ):
            self.assertEqual(attempt("KEPT"), 303)
        self.assertCells(9)


def call(method, number, args=()):
    """Return the parameters of a call of an address."""
    return {"model": ADDRESS, "method": method, "args": [[number], *args], "kwargs": {}}


def host(case):
    """Return the host of the tests."""
    return urlsplit(case.base_url()).netloc
