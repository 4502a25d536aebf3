"""Brings the translations of each addon up to date: ``make translations``.

It writes the template of each addon anew, and keeps in each ``.po`` file beside it the
texts that are still there. It prints those that have no translation yet. A bridge to a
registry or a queue is installed with its stand-in, one after the other.
"""

import base64
from pathlib import Path

import polib

from . import settings
from .odoo_server import OdooServer, drop_database, duplicate_database
from .postgres import Postgres
from .templates import prepared_template

DATABASE = "translations"
#: Languages that all addons are translated into, with their plural forms in gettext.
LANGUAGES = {
    "am": "nplurals=2; plural=(n > 1);",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && "
    "n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "pt": "nplurals=2; plural=(n != 1);",
    "sw": "nplurals=2; plural=(n != 1);",
}
WIDTH = 78
_EXPORT = """
    import base64, io
    from odoo.tools.translate import trans_export
    file = io.BytesIO()
    trans_export(None, [values["addon"]], file, "po", env)
    print(base64.b64encode(file.getvalue()).decode())
"""


def main(_arguments):
    """Write the translations of all addons.

    :return: exit code: 1 when a text has no translation.
    """
    postgres = Postgres().start()
    missing, done = [], set()
    for registry in (None, *settings.REGISTRIES):
        ours = [name for name in settings.modules(registry) if name.startswith("g2p_")]
        ours = [name for name in ours if (settings.ROOT / name).is_dir()]
        if not done.issuperset(ours):
            odoo = _database(postgres, registry)
            for addon in sorted(set(ours) - done):
                text = odoo.run_program(_EXPORT, {"addon": addon})
                texts = polib.pofile(base64.b64decode(text).decode(), wrapwidth=WIDTH)
                missing += write(settings.ROOT / addon, texts)
            done.update(ours)
            drop_database(postgres, DATABASE)
    for addon, language, text in missing:
        print(f"{addon}: {language}: {text!r}")
    print(f"{len(done)} addons, {len(missing)} translations missing.")
    return 1 if missing else 0


def _database(postgres, registry):
    kind = f"registry_{registry}" if registry else "plain"
    template = prepared_template(
        postgres, kind, settings.modules(registry), demo=False, registry=registry
    )
    drop_database(postgres, DATABASE)
    duplicate_database(postgres, template, DATABASE)
    odoo = OdooServer(postgres, DATABASE, name=DATABASE, registry=registry)
    odoo.write_config()
    return odoo


def write(addon, texts):
    """Write the template and the translations of an addon.

    :param Path addon: its folder.
    :param polib.POFile texts: what it has to translate.
    :return: what has no translation, as name of the addon, language and text.
    :rtype: list[tuple]
    """
    folder = Path(addon) / "i18n"
    folder.mkdir(exist_ok=True)
    _write(folder / f"{addon.name}.pot", texts, {})
    missing = []
    for language, plural in LANGUAGES.items():
        path = folder / f"{language}.po"
        before = polib.pofile(str(path)) if path.exists() else ()
        # A text that was only wrapped anew is the same text.
        known = {_joined(one.msgid): one.msgstr for one in before if one.msgstr}
        about = {"Language": language, "Plural-Forms": plural}
        _write(path, texts, known, about)
        missing += [
            (addon.name, language, one.msgid)
            for one in texts
            if _joined(one.msgid) not in known
        ]
    return missing


def _write(path, texts, known, about=()):
    file = polib.POFile(wrapwidth=WIDTH)
    before = polib.pofile(str(path)) if path.exists() else texts
    file.header = before.header
    # The dates of the first export stay: only texts make a difference.
    file.metadata = {**before.metadata, **dict(about)}
    for one in texts:
        entry = polib.POEntry(
            msgid=one.msgid,
            msgstr=known.get(_joined(one.msgid), ""),
            occurrences=one.occurrences,
            comment=one.comment,
            tcomment=one.tcomment,
            flags=one.flags,
        )
        file.append(entry)
    file.save(str(path))


def _joined(text):
    return " ".join(text.split())
