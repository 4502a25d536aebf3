"""The project's own file checks find what they are for."""

import pytest

from tools.checks import (
    RETIRED,
    TEST_MARKS,
    name_faults,
    product_faults,
    text_faults,
    xml_faults,
)

HEAD = '<?xml version="1.0" encoding="utf-8" ?>\n'


def test_good_xml():
    assert not xml_faults(HEAD + "<odoo>\n    <a>\n        text\n    </a>\n</odoo>\n")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HEAD + "<odoo>\n\t<a/>\n</odoo>\n", "tab"),
        (HEAD + "<odoo>\n  <a/>\n</odoo>\n", "multiple of 4"),
    ],
)
def test_bad_xml(text, fault):
    assert fault in xml_faults(text)[0][1]


def test_comment_in_xml_is_laid_out_freely():
    assert not xml_faults(HEAD + "<odoo>\n    <!-- a\n      <b> -->\n</odoo>\n")


def test_good_text():
    assert not text_faults("one\ntwo ../other/file\n")
    assert not text_faults("")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("one\n" + "<" * 7 + " HEAD\n", "conflict"),
        ("see https://" + "pypi" + ".org/simple\n", "registry"),
        ("cd /" + "home/somebody\n", "one machine"),
        ("see .." + "/shared/notes\n", "outside"),
    ],
)
def test_bad_text(text, fault):
    assert fault in text_faults(text)[0][1]


@pytest.mark.parametrize("name", RETIRED)
def test_a_retired_name_is_found_wherever_it_is_used(name):
    text = f"# {name}\ndef f():\n    return env.{name}(1)\n"
    assert name_faults(text) == [(3, f"retired name, say {RETIRED[name]}")]


def test_a_longer_name_and_a_text_are_no_retired_names():
    assert not name_faults('MAX_Shift = spar_looks = "Shift"\n')


@pytest.mark.parametrize("mark", sorted(TEST_MARKS))
@pytest.mark.parametrize("text", ["if odoo.{}:", 'if config["{}"]:', "f('{}')"])
def test_code_that_asks_for_a_test_is_found(mark, text):
    [(line, fault)] = product_faults(f"# {mark}\n{text.format(mark)}\n    pass\n")
    assert line == 2 and mark in fault


def test_other_names_and_sentences_do_not_ask_for_a_test():
    assert not product_faults('test_enabled = 1\n"""See current_test."""\n')
