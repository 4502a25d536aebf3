"""Screens can be turned round for languages written from right to left.

Odoo does that itself, for what is laid out from start to end. What names the left or
the right side stays there.
"""

import re

from tools import settings

SIDES = re.compile(
    r"(?:margin|padding|border|float|text-align)[-:\s]*(?:left|right)"
    r"|\b(?:left|right)\s*:|\b(?:ml|mr|pl|pr)-\d|\b(?:text|float)-(?:left|right)\b"
)


def test_nothing_is_tied_to_a_side():
    files = [
        path
        for pattern in ("*/static/src/**/*", "*/views/*.xml", "*/wizards/*.xml")
        for path in settings.ROOT.glob(f"g2p_{pattern}")
        if path.suffix in (".scss", ".css", ".xml", ".js")
    ]
    assert len(files) > 30
    tied = {
        str(path.relative_to(settings.ROOT)): found
        for path in files
        if (found := SIDES.findall(path.read_text()))
    }
    assert not tied
