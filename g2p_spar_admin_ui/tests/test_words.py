"""Every word people see: complete in French, and never a technical one."""

import io
import re
from pathlib import Path

import polib
from lxml import etree

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path
from odoo.tools.translate import trans_export

from odoo.addons.g2p_spar_sync_queue.tests import stand_in

from ..models.g2p_spar_mapping import CAUSES
from .test_overview import MonitorCase

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?s")
#: A word with an underscore, or a code of SPAR or of HTTP.
TECHNICAL = re.compile(r"\b[a-z]+_[a-z_]+\b|\b(?:rjct|succ|http|connect)\.\w+")
#: What people type into a field is named as they type it.
TYPED = {"spar_id"}
SHOWN = ("string", "help", "placeholder", "confirm", "title", "aria-label")


def our_addons(env):
    """Return the names of the project's addons that are installed."""
    installed = env["ir.module.module"].search(
        [("state", "=", "installed"), ("author", "=", "SPAR Suite")]
    )
    return installed.mapped("name")


@tagged("post_install", "-at_install")
class TestFrench(TransactionCase):
    def test_every_text_has_a_french_one(self):
        addons = our_addons(self.env)
        self.assertIn("g2p_spar_admin_ui", addons)
        for addon in addons:
            folder = Path(file_path(addon))
            french = {
                entry.msgid: entry.msgstr
                for entry in polib.pofile(str(folder / "i18n" / "fr.po"))
            }
            exported = io.BytesIO()
            trans_export(None, [addon], exported, "po", self.env)
            texts = [e.msgid for e in polib.pofile(exported.getvalue().decode())]
            self.assertGreater(len(texts), 50)
            missing = [text for text in texts if not french.get(text)]
            with self.subTest(addon):
                self.assertFalse(missing)
            wrong = [
                text
                for text in texts
                if sorted(PLACEHOLDER.findall(text))
                != sorted(PLACEHOLDER.findall(french.get(text, "")))
            ]
            with self.subTest(addon, what="placeholders"):
                self.assertFalse(wrong)

    def test_a_form_speaks_french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        addons = self.env["ir.module.module"].search(
            [("name", "in", our_addons(self.env))]
        )
        addons._update_translations(["fr_FR"])
        menu = self.env.ref("g2p_spar_admin_ui.menu_overview")
        self.assertEqual(menu.with_context(lang="fr_FR").name, "Vue d'ensemble")
        selection = self.env["g2p.spar.mapping"].with_context(lang="fr_FR")
        labels = dict(selection._fields["cause"]._description_selection(selection.env))
        self.assertEqual(labels["account"], "SPAR n'accepte pas le compte")


@tagged("post_install", "-at_install")
class TestPlainWords(MonitorCase):
    def technical(self, text):
        """Return what nobody but a programmer understands."""
        return set(TECHNICAL.findall(text or "")) - TYPED

    def our_views(self):
        known = self.env["ir.model.data"].search(
            [("model", "=", "ir.ui.view"), ("module", "in", our_addons(self.env))]
        )
        views = self.env["ir.ui.view"].browse(known.mapped("res_id"))
        return views.filtered(lambda view: view.type != "qweb")

    def test_views_say_nothing_technical(self):
        views = self.our_views()
        self.assertGreater(len(views), 30)
        texts = [
            (view.xml_id, text)
            for view in views
            for node in etree.fromstring(view.arch).iter(etree.Element)
            for text in (
                *(node.get(name) for name in SHOWN),
                *((node.text, node.tail) if node.tag != "attribute" else ()),
            )
        ]
        self.assertFalse([entry for entry in texts if self.technical(entry[1])])

    def test_fields_on_screens_have_names_in_words(self):
        models = {view.model for view in self.our_views()} - {"res.partner"}
        labels = []
        for model in models:
            fields = self.env[model].fields_get(attributes=["string", "selection"])
            for name, info in fields.items():
                words = [info["string"], *(w for _v, w in info.get("selection", ()))]
                labels += [(f"{model}.{name}", text) for text in words]
        self.assertGreater(len(labels), 200)
        self.assertFalse([entry for entry in labels if self.technical(entry[1])])

    def test_reasons_are_plain_whatever_spar_answers(self):
        self.enter_address()
        for code in ("rjct.fa.invalid", "rjct.id.invalid", "rjct.never.heard.of"):
            self.mapping.action_resend()
            self.run_engine(stand_in.refuse(code))
            self.assertEqual(self.mapping.state, "held")
            timeline = etree.fromstring(str(self.mapping.change_ids[0].timeline))
            for text in (
                self.mapping.sentence,
                "".join(timeline.itertext()),
                dict(CAUSES)[self.mapping.cause],
            ):
                with self.subTest(code):
                    self.assertTrue(text)
                    self.assertFalse(self.technical(text), text)
