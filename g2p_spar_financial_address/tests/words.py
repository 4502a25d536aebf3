"""What is expected of every word people see, whichever addon it comes from."""

import io
import re
from pathlib import Path

import polib
from lxml import etree

from odoo.tests import TransactionCase
from odoo.tools import file_path
from odoo.tools.translate import trans_export

#: Languages that the texts of all addons are translated into.
LANGUAGES = ("am", "ar", "es", "fr", "pt", "sw")

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


def technical(text):
    """Return the technical words of a text, which only programmers understand."""
    return set(TECHNICAL.findall(text or "")) - TYPED


class WordsCase(TransactionCase):
    """Complete in each language, and never a technical word."""

    def assertTranslated(self, addon):
        """Each text of an addon is there in each language, with its placeholders."""
        exported = io.BytesIO()
        trans_export(None, [addon], exported, "po", self.env)
        texts = [e.msgid for e in polib.pofile(exported.getvalue().decode())]
        self.assertGreater(len(texts), 3)
        folder = Path(file_path(addon)) / "i18n"
        for language in LANGUAGES:
            said = {
                entry.msgid: entry.msgstr
                for entry in polib.pofile(str(folder / f"{language}.po"))
            }
            with self.subTest(addon, language=language):
                self.assertFalse([text for text in texts if not said.get(text)])
            with self.subTest(addon, language=language, what="placeholders"):
                self.assertFalse(
                    [
                        text
                        for text in texts
                        if sorted(PLACEHOLDER.findall(text))
                        != sorted(PLACEHOLDER.findall(said.get(text, "")))
                    ]
                )

    def assertPlainViews(self, addons, at_least):
        """Views say nothing technical.

        :param list addons: whose views
        :param int at_least: more than this many are there to be looked at
        """
        views = self._views(addons)
        self.assertGreater(len(views), at_least)
        texts = [
            (view.xml_id, text)
            for view in views
            for node in etree.fromstring(view.arch).iter(etree.Element)
            for text in (
                *(node.get(name) for name in SHOWN),
                *((node.text, node.tail) if node.tag != "attribute" else ()),
            )
        ]
        self.assertFalse([entry for entry in texts if technical(entry[1])])

    def assertPlainFields(self, addons, at_least):
        """Fields of models with views, and their choices, have names in words.

        :param list addons: whose views
        :param int at_least: more than this many names are there to be looked at
        """
        labels = []
        for model in {view.model for view in self._views(addons)} - {"res.partner"}:
            fields = self.env[model].fields_get(attributes=["string", "selection"])
            for name, info in fields.items():
                said = [info["string"], *(w for _v, w in info.get("selection", ()))]
                labels += [(f"{model}.{name}", text) for text in said]
        self.assertGreater(len(labels), at_least)
        self.assertFalse([entry for entry in labels if technical(entry[1])])

    def _views(self, addons):
        known = self.env["ir.model.data"].search(
            [("model", "=", "ir.ui.view"), ("module", "in", addons)]
        )
        views = self.env["ir.ui.view"].browse(known.mapped("res_id"))
        return views.filtered(lambda view: view.type != "qweb")
