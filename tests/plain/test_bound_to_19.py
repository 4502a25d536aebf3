"""``docs/decisions/0053`` lists what is bound to series 19 of Odoo, and where it is."""

import re

import pytest

from tools import settings

LIST = settings.ROOT / "docs" / "decisions" / "0053-bound-to-series-19.md"


def rows(text, title):
    """Yield the cells of the table below a title.

    :param str text: Markdown.
    :return: generator of the names in the first cell, and the other cells.
    """
    table = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
    for line in table.splitlines():
        if line.startswith("| `"):
            names, *cells = line.strip("| ").split(" | ")
            yield re.findall(r"`([^`]+)`", names), cells


def product_files():
    """Return the text of each file of the addons that a server loads, by path."""
    return {
        str(path.relative_to(settings.ROOT)): path.read_text()
        for addon in settings.addons()
        for kind in ("py", "xml", "js")
        for path in sorted((settings.ROOT / addon).rglob(f"*.{kind}"))
        if not {"tests", "migrations", "i18n"} & set(path.parts)
    }


def used_in(name, files):
    """Return the paths of files that use a name, as a whole word."""
    before = r"\b" if re.match(r"\w", name) else ""
    after = r"\b" if re.search(r"\w$", name) else ""
    pattern = re.compile(before + re.escape(name) + after)
    return {path for path, text in files.items() if pattern.search(text)}


@pytest.fixture(scope="module")
def files():
    return product_files()


def test_what_needs_thought_is_where_the_list_says(files):
    listed = {
        name: set(re.findall(r"`([^`]+)`", cells[0]))
        for names, cells in rows(LIST.read_text(), "In named files")
        for name in names
    }
    assert len(listed) > 10
    assert {name: used_in(name, files) for name in listed} == listed


def test_what_a_rule_replaces_is_still_used(files):
    listed = [n for names, _cells in rows(LIST.read_text(), "Anywhere") for n in names]
    assert len(listed) > 10
    assert not [name for name in listed if not used_in(name, files)]


@pytest.mark.parametrize(
    "source, found",
    [
        ("if one._has_field_access(field, 'read'):", {"a.py"}),
        ("def _has_field_access(self, field, operation):", {"a.py"}),
        ("def _spar_has_field_access_now(self):", set()),
    ],
)
def test_a_use_in_another_file_is_seen(source, found):
    assert used_in("_has_field_access", {"a.py": source}) == found
