"""The documents about security say what the code does, and name what exists."""

import ast
import re

import pytest

from tools import security_matrix, settings

ASVS = settings.ROOT / "docs" / "asvs.md"
#: Chapters of the standard, version 4.0.3.
CHAPTERS = [f"V{number}" for number in range(1, 15)]


def test_the_tables_of_rights_are_those_of_the_code():
    text = security_matrix.DOCUMENT.read_text()
    assert security_matrix.with_tables(text) == text, (
        "python3 -m tools.security_matrix writes them"
    )


def test_a_changed_right_changes_the_tables(monkeypatch):
    before = security_matrix.tables()
    rights = security_matrix._rights()
    rights["g2p.fa.reveal"]["editor"] = {"R"}
    monkeypatch.setattr(security_matrix, "_rights", lambda: rights)
    assert security_matrix.tables() != before


def named(text):
    """Return the files a document names, and the tests with the file they are in.

    A test is written behind its file: ``path/test_x.py``: ``name``, ``other_name``.
    """
    files, tests = set(), set()
    for path, names in re.findall(r"`([\w./-]+\.\w+)`((?:(?::|,) `\w+`)*)", text):
        files.add(path)
        tests |= {(path, name) for name in re.findall(r"`(\w+)`", names)}
    return files, tests


def functions(path):
    tree = ast.parse((settings.ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_what_the_table_of_the_standard_names_exists():
    files, tests = named(ASVS.read_text())
    assert len(files) > 30 and len(tests) > 40
    missing = {path for path in files if not (settings.ROOT / path).is_file()}
    assert not missing
    gone = {(path, name) for path, name in tests if name not in functions(path)}
    assert not gone


def test_a_test_that_is_gone_is_noticed():
    path = "tests/plain/test_security_docs.py"
    _files, tests = named(f"shown by `{path}`: `test_gone`, `functions`")
    assert tests == {(path, "test_gone"), (path, "functions")}
    assert "test_gone" not in functions(path)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_of_the_standard_is_there(chapter):
    assert re.search(rf"^## {chapter}\b", ASVS.read_text(), re.MULTILINE)


def test_links_lead_to_files_and_headings():
    for name in ("security.md", "asvs.md"):
        text = (settings.ROOT / "docs" / name).read_text()
        for target, heading in re.findall(r"\]\(([\w./-]+)(?:#([\w-]+))?\)", text):
            linked = (settings.ROOT / "docs" / target).read_text()
            headings = {
                re.sub(r"[^\w -]", "", line.lstrip("#").strip().lower()).replace(
                    " ", "-"
                )
                for line in linked.splitlines()
                if line.startswith("#")
            }
            assert not heading or heading in headings, (target, heading)
