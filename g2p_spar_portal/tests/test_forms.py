from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import const
from .common import PortalCase, text_of


@tagged("post_install", "-at_install")
class TestForms(PortalCase):
    """What is not a form as the portal sends it is refused, with nothing changed."""

    def setUp(self):
        super().setUp()
        self.sign_in()
        self.filled = self.form(
            f"{self.payment_path}?type=mobile_wallet",
            dfsp_id=str(self.operator.id),
            mobile_number="0754 200 001",
        )

    def assertRefused(self, form, status=400, path=None, **options):
        response = self.url_open(
            path or self.payment_path, data=form, allow_redirects=False, **options
        )
        self.assertEqual(response.status_code, status)
        self.assertNothingEntered()
        return response

    def test_the_form_itself_is_right(self):
        self.send(self.payment_path, self.filled, 303)
        self.assertTrue(self.addresses)

    def test_without_its_csrf_token_a_form_is_refused(self):
        for token in (None, "", "0" * 40 + "o9999999999"):
            form = {**self.filled, "csrf_token": token}
            with self.subTest(token), mute_logger("odoo.http"):
                self.assertRefused({k: v for k, v in form.items() if v is not None})

    def test_without_its_own_token_a_form_is_refused(self):
        form = {**self.filled}
        del form["form_token"]
        self.assertRefused(form)
        self.assertRefused({**form, "form_token": ""})
        self.assertRefused({**form, "form_token": "x" * 200})

    def test_fields_a_form_does_not_have_are_refused(self):
        extra = {
            "partner_id": "1",
            "state": "effective",
            "channel": "admin",
            "entered_by_id": "2",
            "user_id": "2",
            "account_number": "0123456789",
            "branch_id": "1",
            "email_address": "a@b.example",
            "fingerprint": "x",
            "__proto__": "x",
        }
        for name, value in extra.items():
            with self.subTest(name):
                page = self.assertRefused({**self.filled, name: value}).text
                self.assertIn("nothing was saved", page)

    def test_an_unknown_type_is_refused(self):
        self.assertRefused({**self.filled, "fa_type": "cash"})
        self.assertRefused({**self.filled, "fa_type": ""})

    def test_a_field_twice_a_file_or_an_address_with_values_is_refused(self):
        twice = [*self.filled.items(), ("mobile_number", "0754 200 002")]
        self.assertRefused(twice)
        self.assertRefused(self.filled, files={"proof": ("a.txt", b"x")})
        self.assertRefused(self.filled, path=f"{self.payment_path}?holder_name=x")

    def test_a_huge_form_is_refused(self):
        form = {**self.filled, "holder_name": "x" * (const.MAX_FORM + 1)}
        with mute_logger("odoo.http"):
            self.assertRefused(form, 413)

    def test_other_methods_are_refused(self):
        for method, path in (
            ("PUT", self.payment_path),
            ("DELETE", self.payment_path),
            ("POST", self.person_path),
            ("POST", "/my/people"),
        ):
            with self.subTest(method, path=path), mute_logger("odoo.http"):
                self.assertRefused(self.filled, 405, path, method=method)

    # === HOW OFTEN === #

    def test_who_asks_too_often_is_told_to_wait(self):
        limits = {"read": (2, 60), "write": (1, 60)}
        self.startPatcher(patch.dict(const.LIMITS, limits))
        self.sign_in(self.agent_b)
        for _time in range(2):
            self.get("/my/people")
        page = self.get("/my/people", 429)
        self.assertGreaterEqual(int(self.response.headers["Retry-After"]), 1)
        self.assertIn("then try again", text_of(page))
        # Saving is counted by itself, and so is every agent.
        self.sign_in()
        form = {**self.filled, "csrf_token": self.token()}
        self.send(self.payment_path, form, 303)
        other = {**form, "mobile_number": "0754 200 002", "reason": "Wrong"}
        page = self.send(self.payment_path, other, 429)
        self.assertEqual(len(self.addresses), 1)
        # What was typed is not lost: the page sends it once more.
        (again,) = page.xpath("//main//form")
        self.assertEqual(again.get("action"), self.payment_path)
        self.startPatcher(patch.dict(const.LIMITS, {"write": (99, 9999)}))
        self.send(self.payment_path, dict(again.form_values()), 303)
        self.assertEqual(len(self.addresses), 2)
