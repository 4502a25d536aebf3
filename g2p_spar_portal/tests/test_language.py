from odoo.tests import tagged

from .common import PortalCase, text_of

PATH = "/my/people/language"


@tagged("post_install", "-at_install")
class TestLanguage(PortalCase):
    """An agent chooses the language of the pages."""

    def setUp(self):
        super().setUp()
        self.env["res.lang"]._activate_lang("ar_001")
        modules = self.env["ir.module.module"].search(
            [("name", "=", "g2p_spar_portal")]
        )
        modules._update_translations(["ar_001"])
        self.sign_in()

    def choose(self, code, status=303):
        form = {"csrf_token": self.token(), "form_token": "0" * 32, "lang": code}
        return self.send(PATH, form, status)

    def test_the_pages_are_in_the_language_that_was_chosen(self):
        page = self.get("/my/people")
        self.assertTrue(page.xpath(f"//nav/a[@href='{PATH}']"))
        offered = self.get(PATH).xpath("//main//button/@value")
        self.assertEqual({*offered}, {"en_US", "ar_001"})
        self.choose("ar_001")
        page = self.get("/my/people")
        self.assertEqual(page.get("lang"), "ar-001")
        self.assertEqual(page.get("dir"), "rtl")
        self.assertNotIn("My people", text_of(page.xpath("//main")[0]))
        self.env.invalidate_all()
        self.assertEqual(self.agent.lang, "ar_001")
        self.sign_in()
        self.assertEqual(self.get("/my/people").get("dir"), "rtl")
        self.choose("en_US")
        page = self.get("/my/people")
        self.assertEqual((page.get("lang"), page.get("dir")), ("en-US", "ltr"))

    def test_only_languages_of_the_registry_are_chosen(self):
        for code in ("fr_FR", "", "xx", "en_US' OR 1"):
            with self.subTest(code):
                self.choose(code, 400)
        self.env.invalidate_all()
        self.assertEqual(self.agent.lang, "en_US")

    def test_the_language_of_who_used_the_phone_before_does_not_stay(self):
        self.choose("ar_001")
        self.sign_in(self.agent_b)
        self.assertEqual(self.get("/my/people").get("lang"), "en-US")
