from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..const import LIMITS
from ..models import g2p_portal_registration
from .common import text_of
from .registration_common import NEEMA, RegistrationCase

STEPS = ("identity", "contact", "payment", "review")


@tagged("post_install", "-at_install")
class TestRegistrationHostile(RegistrationCase):
    """Every request is taken for hostile, and what is refused changes nothing."""

    def kept(self):
        """Return all that is kept of the registration."""
        return self.registration.read(["state", "step", "typed", "revision"])

    def forms(self):
        """Return what each step sends, all filled in."""
        self.fill_wallet()
        return {step: self.shown(step) for step in STEPS}

    # === SOMEBODY ELSE'S === #

    def test_whoever_knows_a_reference_of_another_agent_finds_nothing(self):
        forms = self.forms()
        kept = self.kept()
        self.sign_in(self.agent_b)
        token = {"csrf_token": self.token()}
        for step, form in forms.items():
            with self.subTest(step):
                self.get(f"{self.path}/{step}", 404)
                form = {**form, **token, "action": "back"}
                self.send(f"{self.path}/{step}", form, 404)
        submit = {**forms["review"], **token, "action": "submit"}
        self.send(f"{self.path}/review", submit, 404)
        discard = {**token, "form_token": "0" * 32}
        self.send(f"{self.path}/discard", discard, 404)
        self.assertNotIn("Neema", text_of(self.get("/my/register")))
        self.assertEqual(self.kept(), kept)
        self.assertFalse(self.made)

    def test_who_is_no_agent_is_refused(self):
        forms = self.forms()
        kept = self.kept()
        self.sign_in(self.new_user("portal_user", "base.group_portal"))
        token = {"csrf_token": self.token()}
        self.get("/my/register", 403)
        self.send("/my/register/new", {**token, "form_token": "0" * 32}, 403)
        for step, form in forms.items():
            with self.subTest(step):
                self.get(f"{self.path}/{step}", 403)
                form = {**form, **token, "action": "back"}
                self.send(f"{self.path}/{step}", form, 403)
        self.assertEqual(self.kept(), kept)

    def test_who_is_not_signed_in_is_sent_to_the_sign_in(self):
        self.authenticate(None, None)
        for path in ("/my/register", f"{self.path}/identity"):
            self.get(path, 303)
            self.assertEqual(self.location, "/web/login")

    def test_a_reference_that_was_tampered_with_is_none(self):
        stem = self.path.rpartition("/")[0]
        own = self.path.rpartition("/")[2]
        bad = [own[:-1], f"{own}A", own.swapcase(), str(self.registration.id)]
        bad += ["%00" * 32, "%27" * 32, "..", "a" * 5000]
        for reference in bad:
            with self.subTest(reference[:40]), mute_logger("odoo.http"):
                answer = self.url_open(f"{stem}/{reference}/identity")
                self.assertEqual(answer.status_code, 404)

    def test_nobody_reads_what_was_typed_in_another_way(self):
        self.fill("identity", **NEEMA)
        registration = self.registration
        administrator = self.new_user("payments_admin", "administrator")
        seen = registration.with_user(administrator)
        self.assertEqual(seen.read(["state"])[0]["state"], "open")
        for name in ("typed", "problems", "reference"):
            with self.subTest(name), self.assertRaises(AccessError):
                seen.read([name])
            with self.subTest(name), self.assertRaises(AccessError):
                seen.search([(name, "!=", False)])
        with self.assertRaises(AccessError):
            seen.write({"state": "discarded"})
        clerk = self.new_user("clerk", "editor", "approver")
        for user in (self.agent, self.agent_b, clerk):
            with self.subTest(user.login), self.assertRaises(AccessError):
                registration.with_user(user).read(["step"])

    # === FORMS THAT NO PAGE SENDS === #

    def assertRefused400(self, path, form):
        kept = self.kept()
        with mute_logger("odoo.http"):
            self.send(path, form, 400)
        self.assertEqual(self.kept(), kept)
        self.assertFalse(self.made)

    def test_fields_a_step_does_not_have_are_refused(self):
        forms = self.forms()
        odd = ("user_id", "is_registrant", "spar_id", "state", "channel", "reason")
        for step, form in forms.items():
            for name in odd:
                with self.subTest(step, field=name):
                    form_with = {**form, "action": "back", name: "1"}
                    self.assertRefused400(f"{self.path}/{step}", form_with)
        for step, name in (
            ("identity", "phone"),
            ("contact", "name"),
            ("payment", "account_number"),
            ("review", "mobile_number"),
        ):
            with self.subTest(step, field=name):
                form_with = {**forms[step], "action": "back", name: "1"}
                self.assertRefused400(f"{self.path}/{step}", form_with)

    def test_a_field_that_comes_twice_is_refused(self):
        form = {**self.forms()["identity"], "action": "next", "name": ["A", "B"]}
        self.assertRefused400(f"{self.path}/identity", form)

    def test_buttons_a_step_does_not_have_are_refused(self):
        forms = self.forms()
        for step, action in (
            ("identity", "submit"),
            ("identity", "type"),
            ("contact", "discard"),
            ("payment", "submit"),
            ("review", "next"),
            ("review", ""),
        ):
            with self.subTest(step, action=action):
                form = {**forms[step], "action": action}
                self.assertRefused400(f"{self.path}/{step}", form)

    def test_parts_the_payment_step_does_not_have_are_refused(self):
        form = {**self.forms()["payment"], "action": "next"}
        for odd in ({"part": "all"}, {"fa_type": "cash"}, {"part": "provider"}):
            with self.subTest(str(odd)):
                self.assertRefused400(f"{self.path}/payment", {**form, **odd})

    def test_a_form_without_its_csrf_token_is_refused(self):
        forms = self.forms()
        for step, form in forms.items():
            for token in (None, "", "x" * 40):
                with self.subTest(step, token=token):
                    form = {**form, "csrf_token": token, "action": "back"}
                    if token is None:
                        del form["csrf_token"]
                    self.assertRefused400(f"{self.path}/{step}", form)
        self.assertRefused400("/my/register/new", {"form_token": "0" * 32})
        self.assertRefused400(f"{self.path}/discard", {"form_token": "0" * 32})

    def test_texts_no_person_types_are_refused(self):
        form = {**self.forms()["identity"], "action": "next"}
        path = f"{self.path}/identity"
        self.assertRefused400(path, {**form, "name": "N" * 1001})
        self.assertRefused400(path, {**form, "name": "N\0"})
        kept = self.kept()
        with mute_logger("odoo.http"):
            self.send(path, {**form, "name": "N" * 100_000}, 413)
        self.assertEqual(self.kept(), kept)

    def test_nothing_is_done_by_opening_a_page(self):
        self.fill_wallet()
        kept = self.kept()
        for path in ("/my/register/new", f"{self.path}/discard"):
            with mute_logger("odoo.http"):
                answer = self.url_open(path, allow_redirects=False)
            self.assertIn(answer.status_code, (404, 405))
        self.get(f"{self.path}/review?action=submit&revision=4")
        self.assertEqual(self.kept(), kept)
        self.assertFalse(self.made)

    # === TOO MUCH === #

    def test_there_is_a_limit_of_unfinished_ones_with_a_clear_message(self):
        self.patch(g2p_portal_registration, "MAX_OPEN", 2)
        self.begin()
        form = {"csrf_token": self.token(), "form_token": "1" * 32}
        page = self.send("/my/register/new", form, 409)
        self.assertIn("You have 2 unfinished registrations.", text_of(page))
        mine = [("user_id", "=", self.agent.id)]
        self.assertEqual(self.env["g2p.portal.registration"].search_count(mine), 2)
        # Somebody else is not kept from theirs.
        self.sign_in(self.agent_b)
        self.begin()

    def test_whoever_sends_too_often_has_to_wait(self):
        form = {**self.shown("identity"), "action": "next", **NEEMA}
        with patch.dict(LIMITS, write=(2, 60)):
            key = f"portal.write:{self.agent.id}"
            self.env["g2p.fa.rate"].take(key, 2, 60)
            statuses = {
                self.url_open(
                    f"{self.path}/identity", data=form, allow_redirects=False
                ).status_code
                for _number in range(4)
            }
        self.assertIn(429, statuses)

    def test_what_is_typed_is_shown_as_text(self):
        evil = "<script>alert(1)</script>"
        self.fill("identity", name=evil, id_number="N-1")
        self.fill("contact", city=evil)
        self.fill("payment", fa_type="none")
        for path in ("/my/register", f"{self.path}/identity", f"{self.path}/review"):
            with self.subTest(path):
                page = self.get(path)
                self.assertNotIn(evil, self.response.text)
                self.assertNotIn("alert(1)", str(page.xpath("//script/text()")))

    def test_no_number_stands_in_the_address_of_a_page(self):
        places = []
        send = self.send

        def watch(*arguments):
            page = send(*arguments)
            places.append(self.response.headers.get("Location", ""))
            return page

        with patch.object(self, "send", watch):
            self.fill_wallet()
            self.fill("payment", mobile_number="12")
            self.fill("payment", mobile_number="0754300001")
            self.submit()
        self.assertGreater(len(places), 6)
        for secret in ("754300001", "754100009", "N-1", "Neema"):
            self.assertNotIn(secret, "".join(places))
