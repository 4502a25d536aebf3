"""Every word people see: complete in each language, and never a technical one."""

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests import words

from ..pipeline.error_texts import ERROR_KINDS, explain_code

ADDON = "g2p_odk_spar_mapping"
#: What can be wrong with an answer or with the table it is read by.
CODES = (
    "missing",
    "not_text",
    "too_long",
    "not_listed",
    "not_a_phone",
    "several",
    "twins",
    "bad_table",
    "bad_country",
    "no_constant",
)


@tagged("post_install", "-at_install")
class TestWords(words.WordsCase):
    def test_every_text_is_translated(self):
        self.assertTranslated(ADDON)

    def test_views_say_nothing_technical(self):
        self.assertPlainViews([ADDON], at_least=10)

    def test_fields_on_screens_have_names_in_words(self):
        self.assertPlainFields([ADDON], at_least=100)

    def test_a_form_speaks_french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        addon = self.env["ir.module.module"].search([("name", "=", ADDON)])
        addon._update_translations(["fr_FR"])
        menu = self.env.ref(f"{ADDON}.menu_odk_forms")
        self.assertEqual(menu.with_context(lang="fr_FR").name, "Formulaires ODK")
        submission = self.env["g2p.odk.submission"].with_context(lang="fr_FR")
        field = submission._fields["error_kind"]
        labels = dict(field._description_selection(submission.env))
        for code, label in ERROR_KINDS:
            with self.subTest(code):
                self.assertNotIn(labels[code], (label, False))

    def test_reasons_are_plain_in_both_languages(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        french = self.env(context={**self.env.context, "lang": "fr_FR"})
        for code in CODES:
            with self.subTest(code):
                english = explain_code(self.env, code, {})
                self.assertNotEqual(explain_code(french, code, {}), english)
                for env in (self.env, french):
                    self.assertFalse(words.technical(explain_code(env, code, {})))
