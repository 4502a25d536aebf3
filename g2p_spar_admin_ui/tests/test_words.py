"""Every word people see: complete in each language, and never a technical one."""

from lxml import etree

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests import words
from odoo.addons.g2p_spar_sync_queue.tests.spar_stand_in import faults

from ..models.g2p_spar_mapping import CAUSES
from .test_overview import MonitorCase


@tagged("post_install", "-at_install")
class TestFrench(words.WordsCase):
    def test_every_text_is_translated(self):
        addons = words.our_addons(self.env)
        self.assertIn("g2p_spar_admin_ui", addons)
        for addon in addons:
            self.assertTranslated(addon)

    def test_a_form_speaks_french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        addons = self.env["ir.module.module"].search(
            [("name", "in", words.our_addons(self.env))]
        )
        addons._update_translations(["fr_FR"])
        menu = self.env.ref("g2p_spar_admin_ui.menu_overview")
        self.assertEqual(menu.with_context(lang="fr_FR").name, "Vue d'ensemble")
        selection = self.env["g2p.spar.mapping"].with_context(lang="fr_FR")
        labels = dict(selection._fields["cause"]._description_selection(selection.env))
        self.assertEqual(labels["account"], "SPAR n'accepte pas le compte")


@tagged("post_install", "-at_install")
class TestPlainWords(words.WordsCase, MonitorCase):
    def test_views_say_nothing_technical(self):
        addons = words.our_addons(self.env)
        self.assertPlainViews(addons, at_least=30)

    def test_fields_on_screens_have_names_in_words(self):
        addons = words.our_addons(self.env)
        self.assertPlainFields(addons, at_least=200)

    def test_reasons_are_plain_whatever_spar_answers(self):
        self.enter_address()
        for code in ("rjct.fa.invalid", "rjct.id.invalid", "rjct.never.heard.of"):
            self.mapping.action_resend()
            self.run_engine(faults.refuse(code))
            self.assertEqual(self.mapping.state, "held")
            timeline = etree.fromstring(str(self.mapping.change_ids[0].timeline))
            for text in (
                self.mapping.sentence,
                "".join(timeline.itertext()),
                dict(CAUSES)[self.mapping.cause],
            ):
                with self.subTest(code):
                    self.assertTrue(text)
                    self.assertFalse(words.technical(text), text)
