from odoo.tests import tagged

from .common import text_of
from .registration_common import NEEMA, RegistrationCase


@tagged("post_install", "-at_install")
class TestRegistrationPage(RegistrationCase):
    """The steps are light, work without JavaScript, and can be read aloud."""

    def pages(self):
        """Yield every page on the way, empty, wrong and filled in."""

        def page(step):
            return step, self.get(f"{self.path}/{step}")

        yield page("identity")
        self.new_registrant("Neema", "N-1", user_id=self.agent.id)
        self.fill("identity", id_number="N-1")
        yield page("identity")
        self.fill("identity", **{**NEEMA, "id_number": "N-2"})
        yield page("contact")
        self.fill("contact", phone="0754x", email="neema@")
        yield page("contact")
        self.fill("contact", phone="+255 754 100 009", email="")
        yield page("payment")
        self.fill("payment")
        yield page("payment")
        self.fill("payment", fa_type="bank_account")
        yield page("payment")
        self.fill("payment", dfsp_id=self.bank.id)
        yield page("payment")
        self.fill("payment")
        yield page("payment")
        self.press("type", "payment")
        yield "type", self.get(f"{self.path}/payment?ask=type")
        for fa_type in ("email_wallet", "mobile_wallet"):
            form = {**self.shown("payment"), "fa_type": fa_type, "part": "type"}
            form = {
                name: form[name]
                for name in ("csrf_token", "form_token", "fa_type", "part")
            }
            self.send(f"{self.path}/payment", form, 303)
            yield page("payment")
            self.fill("payment")
            yield page("payment")
        values = {"dfsp_id": self.operator.id, "mobile_number": "0754300001"}
        self.fill("payment", **values)
        yield page("review")
        yield "list", self.get("/my/register")

    def test_every_page_works_without_javascript_and_can_be_read_aloud(self):
        seen = 0
        for step, page in self.pages():
            seen += 1
            with self.subTest(f"{step} {seen}"):
                (main,) = page.xpath("//main")
                self.assertWorksAlone(main)
                self.assertCanBeRead(page, main)
        self.assertEqual(seen, 16)

    def assertWorksAlone(self, main):
        self.assertFalse(main.xpath(".//script"))
        self.assertFalse(main.xpath(".//@*[starts-with(name(), 'on')]"))
        for form in main.xpath(".//form"):
            self.assertTrue(form.get("action").startswith("/my/register/"))
            self.assertEqual(form.get("method"), "post")
            self.assertEqual(len(form.xpath(".//input[@name='csrf_token']")), 1)
            # What "Enter" presses goes on, and does not lead elsewhere.
            first = form.xpath(".//button")[0]
            self.assertIn(first.get("value"), (None, "next", "submit"))

    def assertCanBeRead(self, page, main):
        ids = page.xpath("//@id")
        self.assertEqual(len(ids), len({*ids}))
        for field in main.xpath(".//input[not(@type='hidden')] | .//select"):
            labels = field.xpath("ancestor::label") or page.xpath(
                f"//label[@for='{field.get('id')}']"
            )
            self.assertEqual(len(labels), 1)
            self.assertTrue(text_of(labels[0]))
        refer = ".//@aria-describedby | .//@aria-labelledby"
        for names in main.xpath(refer):
            self.assertLessEqual({*names.split()}, {*ids})
        for anchor in main.xpath(".//a[starts-with(@href, '#')]/@href"):
            self.assertIn(anchor[1:], ids)
        for button in main.xpath(".//button"):
            self.assertTrue(text_of(button))
        for group in main.xpath(".//fieldset"):
            self.assertTrue(text_of(group.xpath("./legend")[0]))
        self.assertEqual(len(main.xpath(".//h1")), 1)
