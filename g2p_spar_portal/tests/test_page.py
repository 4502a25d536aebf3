from odoo.tests import tagged

from .common import PORTAL, PortalCase, text_of

#: Bytes that all of a first visit may have, without any compression.
MAX_WEIGHT = 150 * 1024


@tagged("post_install", "-at_install")
class TestPage(PortalCase):
    """The pages are light, work without JavaScript, and can be read aloud."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.new_people(30)
        cls.enter_on_portal()

    def setUp(self):
        super().setUp()
        self.sign_in()

    def test_the_first_page_is_light(self):
        self.logout()
        loaded = self.loaded(self.get("/web/login?redirect=/my/people?"))
        weight = len(self.response.content)
        self.sign_in()
        for path in ("/my/people", "/my/register"):
            loaded |= self.loaded(self.get(path))
            weight += len(self.response.content)
        self.assertGreaterEqual(len(loaded), 2)
        for address in loaded:
            self.assertTrue(address.startswith(f"/{PORTAL}/static/src/"), address)
            answer = self.url_open(address)
            self.assertEqual(answer.status_code, 200, address)
            weight += len(answer.content)
        self.assertLess(weight, MAX_WEIGHT)

    def loaded(self, page):
        """Return what a page loads."""
        return {
            *page.xpath("//img/@src | //script/@src | //link[@rel!='manifest']/@href")
        }

    def test_nothing_is_written_within_a_page_that_its_policy_would_stop(self):
        for path, page in self.people_pages():
            with self.subTest(path):
                self.assertFalse(page.xpath("//script[not(@src)] | //style | //@style"))
                policy = self.response.headers["Content-Security-Policy"]
                self.assertNotIn("unsafe", policy)

    def test_one_signs_in_on_a_light_page(self):
        self.logout()
        self.get("/my/people", 303)
        page = self.get(self.response.headers["Location"])
        (form,) = page.forms
        self.assertEqual(form.action, "/web/login")
        typed = {**dict(form.form_values()), "login": self.agent.login}
        page = self.send("/web/login", {**typed, "password": "wrong"}, 200)
        self.assertIn("Wrong login/password", text_of(page.xpath("//main")[0]))
        self.assertEqual(self.response.headers["Cache-Control"], "no-store")
        typed.update(page.forms[0].form_values())
        password = self.agent.login.ljust(8, "x")
        self.send("/web/login", {**typed, "password": password}, 303)
        self.assertIn("/my/people", self.response.headers["Location"])
        self.assertIn("My people", text_of(self.get("/my/people")))

    def test_the_phone_is_cleared_when_an_agent_signs_out(self):
        for user, said in (
            (self.agent, '"storage"'),
            (self.new_user("portal_user", "base.group_portal"), None),
            (None, None),
        ):
            with self.subTest(user and user.login):
                if user:
                    self.sign_in(user)
                else:
                    self.logout()
                path = "/web/session/logout?redirect=/my/people"
                response = self.url_open(path, allow_redirects=False)
                self.assertEqual(response.headers.get("Clear-Site-Data"), said)
                self.assertEqual(response.headers["Location"], "/my/people")

    def test_others_sign_in_on_odoos_page(self):
        self.logout()
        for path in ("/web/login", "/web/login?redirect=/odoo"):
            self.assertTrue(self.get(path).find_class("oe_login_form"))

    def test_everything_works_without_javascript(self):
        forms = links = 0
        for path, page in self.people_pages():
            (main,) = page.xpath("//main")
            with self.subTest(path):
                self.assertFalse(main.xpath(".//script"))
                handlers = ".//@*[starts-with(name(), 'on')]"
                self.assertFalse(main.xpath(handlers))
                for form in main.xpath(".//form"):
                    forms += 1
                    self.assertTrue(form.get("action").startswith("/my/people"))
                    self.assertTrue(form.xpath(".//button[@type='submit']"))
                    sent = form.get("method") == "post"
                    tokens = form.xpath(".//input[@name='csrf_token']/@value")
                    self.assertEqual(len(tokens), int(sent))
                for link in main.xpath(".//a/@href"):
                    links += 1
                    self.assertFalse(link.startswith("javascript"))
        self.assertGreaterEqual(forms, 7)
        self.assertGreaterEqual(links, 20)

    def test_one_can_sign_in_without_javascript(self):
        self.logout()
        page = self.get("/web/login")
        style = "".join(page.xpath("//noscript//text()"))
        self.assertIn(".oe_login_form.d-none { display: block", style)

    def test_every_field_has_a_label_and_every_reference_leads_somewhere(self):
        fields = references = 0
        for path, page in self.people_pages():
            (main,) = page.xpath("//main")
            ids = page.xpath("//@id")
            with self.subTest(path):
                self.assertEqual(len(ids), len({*ids}))
                visible = ".//input[not(@type='hidden')] | .//select"
                for field in main.xpath(visible):
                    fields += 1
                    labels = field.xpath("ancestor::label") or page.xpath(
                        f"//label[@for='{field.get('id')}']"
                    )
                    self.assertEqual(len(labels), 1)
                    self.assertTrue(text_of(labels[0]))
                refer = ".//@aria-describedby | .//@aria-labelledby"
                for names in main.xpath(refer):
                    references += 1
                    self.assertTrue({*names.split()} <= {*ids})
                for anchor in main.xpath(".//a[starts-with(@href, '#')]/@href"):
                    self.assertIn(anchor[1:], ids)
                for group in main.xpath(".//fieldset"):
                    self.assertTrue(group.xpath("./legend"))
        self.assertGreaterEqual(fields, 20)
        self.assertGreaterEqual(references, 5)

    def test_headings_are_in_order_and_the_language_is_told(self):
        for path, page in self.people_pages():
            levels = [
                int(heading.tag[1])
                for heading in page.xpath("//main//*[self::h1 or self::h2 or self::h3]")
            ]
            with self.subTest(path):
                self.assertEqual(levels[0], 1)
                self.assertEqual(levels.count(1), 1)
                self.assertTrue(page.xpath("/html/@lang")[0].startswith("en"))
                self.assertTrue(text_of(page.xpath("//title")[0]))

    def test_pages_are_not_kept_by_the_phone(self):
        for path, _page in self.people_pages():
            with self.subTest(path):
                self.assertEqual(self.response.headers["Cache-Control"], "no-store")

    def test_the_start_page_leads_to_the_people(self):
        page = self.get("/my")
        (entry,) = page.xpath("//a[@href='/my/people']")
        self.assertIn("My people (31)", text_of(entry))
        self.assertNotIn("d-none", entry.getparent().get("class"))
        self.sign_in(self.new_user("portal_user", "base.group_portal"))
        self.assertFalse(self.get("/my").xpath("//a[@href='/my/people']"))
