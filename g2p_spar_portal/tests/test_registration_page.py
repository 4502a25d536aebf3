from collections import Counter

from odoo.tests import tagged

from .common import text_of
from .registration_common import RegistrationCase


@tagged("post_install", "-at_install")
class TestRegistrationPage(RegistrationCase):
    """The steps are light, work without JavaScript, and can be read aloud."""

    def test_every_page_works_without_javascript_and_can_be_read_aloud(self):
        seen, self.looked_at = 0, Counter()
        for step, page in self.registration_pages():
            seen += 1
            with self.subTest(f"{step} {seen}"):
                (main,) = page.xpath("//main")
                self.assertWorksAlone(main)
                self.assertCanBeRead(page, main)
        self.assertEqual(seen, 16)
        for what in ("forms", "fields", "references"):
            self.assertGreaterEqual(self.looked_at[what], 10, what)

    def assertWorksAlone(self, main):
        self.assertFalse(main.xpath(".//script"))
        self.assertFalse(main.xpath(".//@*[starts-with(name(), 'on')]"))
        for form in main.xpath(".//form"):
            self.looked_at["forms"] += 1
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
            self.looked_at["fields"] += 1
            labels = field.xpath("ancestor::label") or page.xpath(
                f"//label[@for='{field.get('id')}']"
            )
            self.assertEqual(len(labels), 1)
            self.assertTrue(text_of(labels[0]))
        refer = ".//@aria-describedby | .//@aria-labelledby"
        for names in main.xpath(refer):
            self.looked_at["references"] += 1
            self.assertLessEqual({*names.split()}, {*ids})
        for anchor in main.xpath(".//a[starts-with(@href, '#')]/@href"):
            self.assertIn(anchor[1:], ids)
        for button in main.xpath(".//button"):
            self.assertTrue(text_of(button))
        for group in main.xpath(".//fieldset"):
            self.assertTrue(text_of(group.xpath("./legend")[0]))
        self.assertEqual(len(main.xpath(".//h1")), 1)
