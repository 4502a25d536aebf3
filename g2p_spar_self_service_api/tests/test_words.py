"""Every word people see: complete in each language, and never a technical one."""

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests import words

from .. import problems
from .common import ApiCase

ADDON = "g2p_spar_self_service_api"


@tagged("post_install", "-at_install")
class TestWords(words.WordsCase):
    def test_every_text_is_translated(self):
        self.assertTranslated(ADDON)

    def test_views_say_nothing_technical(self):
        self.assertPlainViews([ADDON], at_least=8)

    def test_fields_on_screens_have_names_in_words(self):
        self.assertPlainFields([ADDON], at_least=50)

    def test_problems_are_plain_in_both_languages(self):
        self.assertGreater(len(problems.KINDS), 15)
        for kind in problems.KINDS:
            with self.subTest(kind):
                self.assertPlain(problems.Problem(kind), "title", "detail")

    def test_what_is_wrong_with_a_value_is_plain_in_both_languages(self):
        kinds = (*problems._TEXTS, "never_heard_of")
        self.assertGreater(len(kinds), 10)
        for kind in kinds:
            with self.subTest(kind):
                problem = problems.of_validation([{"type": kind, "loc": ("body", "x")}])
                self.assertPlain(problem, "errors")

    def assertPlain(self, problem, *members):
        """A problem says something else in French, and nothing technical in both."""
        self.env["res.lang"]._activate_lang("fr_FR")
        french = self.env(context={**self.env.context, "lang": "fr_FR"})
        said = [problem.as_dict(env, "r") for env in (self.env, french)]
        for member in members:
            texts = [body[member] for body in said]
            self.assertNotEqual(*texts)
            for text in texts:
                if member == "errors":
                    (text,) = (error["detail"] for error in text)
                self.assertTrue(text)
                self.assertFalse(words.technical(text), text)


@tagged("post_install", "-at_install")
class TestWordsOfAnswers(ApiCase):
    def test_a_citizen_reads_french_in_a_french_portal(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        response = self.ask("/v1/nothing", Accept_Language="fr-FR,fr;q=0.9")
        said = self.assertProblem(response, 404, "not-found")
        self.assertEqual(said["title"], "Introuvable")
        self.assertEqual(said["detail"], "Il n'y a rien ici.")
