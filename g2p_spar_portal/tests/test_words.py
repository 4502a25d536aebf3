"""Every word agents see: complete in each language, and never a technical one."""

from pathlib import Path

import polib
from lxml import html

from odoo.tests import tagged
from odoo.tools import file_path

from odoo.addons.g2p_spar_financial_address.tests import words

from .common import PORTAL, text_of
from .registration_common import RegistrationCase

#: Whose words stand on the pages.
ADDONS = (PORTAL, "g2p_spar_financial_address", "g2p_spar_sync_queue")


@tagged("post_install", "-at_install")
class TestWords(words.WordsCase):
    def test_every_text_is_translated(self):
        self.assertTranslated(PORTAL)

    def test_views_say_nothing_technical(self):
        self.assertPlainViews([PORTAL], at_least=2)

    def test_fields_on_screens_have_names_in_words(self):
        self.assertPlainFields([PORTAL], at_least=10)


@tagged("post_install", "-at_install")
class TestWordsOfPages(RegistrationCase):
    """Pages are read as an agent reads them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.new_people(21)
        cls.enter_on_portal()

    def pages(self):
        """Yield every page an agent comes to, with a name."""
        yield from self.people_pages()
        yield "person, asked", self.get(f"{self.person_path}?ask=1")
        yield "nobody", self.get("/my/people/0", status=404)
        yield "finds nobody", self.get("/my/people?q=nobody-of-this-name")
        yield from self.registration_pages()

    def speak_french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        addons = self.env["ir.module.module"].search([("name", "in", ADDONS)])
        addons._update_translations(["fr_FR"])
        self.agent.lang = "fr_FR"
        self.sign_in()

    def test_pages_speak_french(self):
        self.speak_french()
        english = only_english()
        self.assertIn("My people", english)
        self.assertIn("Choose one.", english)
        seen = set()
        for name, page in self.pages():
            texts = texts_of(page)
            seen |= texts
            with self.subTest(name):
                self.assertFalse(texts & english)
        start = text_of(html.fromstring(self.url_open("/my").content))
        self.assertIn("Les bénéficiaires que vous suivez, et où ils sont payés", start)
        for text in ("Mes bénéficiaires", "Inscrire une personne", "Choisissez…"):
            self.assertIn(text, seen)

    def test_pages_say_nothing_technical(self):
        seen = 0
        for name, page in self.pages():
            for text in texts_of(page):
                seen += 1
                with self.subTest(name):
                    self.assertFalse(words.technical(text), text)
        self.assertGreater(seen, 300)


def only_english():
    """Return the texts that a page in French does not have."""
    english, french = set(), set()
    for addon in ADDONS:
        path = Path(file_path(addon)) / "i18n" / "fr.po"
        for entry in polib.pofile(str(path)):
            english |= {text_of(html.fromstring(f"<p>{entry.msgid}</p>"))}
            french |= {text_of(html.fromstring(f"<p>{entry.msgstr}</p>"))}
    return english - french


def texts_of(page):
    """Return the texts on a page, each as one reads it, and those read aloud."""
    (ours,) = page.find_class("o_g2p_portal")
    texts = ours.xpath(
        ".//text()[not(parent::style or parent::script or parent::noscript)]"
        "| .//@aria-label | .//@placeholder | .//@title"
    )
    return {" ".join(text.split()) for text in texts} - {""}
