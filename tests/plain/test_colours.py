"""Screens have the colours of Odoo's theme only, so that a dark one can be read, too.

Odoo's community edition has the bundle for a dark theme (``web.assets_web_dark``)
without dark colours, and always answers that the light one is wanted
(``ir.http.color_scheme``). Addons that bring a dark theme change the variables of the
theme: what is fixed stays as it is, and may be dark on dark then.
"""

import re

from tools import settings

FIXED = {
    ".scss": re.compile(
        r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\(\s*\d|\$(?:o-)?(?:white|black)\b"
        r"|:\s*(?:white|black|gr[ae]y|red|green|blue|yellow|orange)\b",
        re.IGNORECASE,
    ),
    ".js": re.compile(
        r"""["'`]#[0-9a-f]{3,8}["'`]|["'`](?:rgb|hsl)a?\(\s*\d""", re.IGNORECASE
    ),
    ".xml": re.compile(
        r"\b(?:bg|text|table)-(?:white|light|dark|black)\b|style=\"[^\"]*color:"
    ),
}


def test_no_colour_is_fixed():
    files = [
        path
        for pattern in ("*/static/src/**/*", "*/views/*.xml", "*/wizards/*.xml")
        for path in settings.ROOT.glob(f"g2p_{pattern}")
        if path.suffix in FIXED
    ]
    assert len(files) > 30
    fixed = {
        str(path.relative_to(settings.ROOT)): found
        for path in files
        if (found := FIXED[path.suffix].findall(path.read_text()))
    }
    assert not fixed
