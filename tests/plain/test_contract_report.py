"""What an integrator reads after ``make contract``."""

import re

import pytest

from tests.contract import central, meaning, signatures
from tests.contract.cases import CASES
from tests.contract.report import Report, Row
from tests.contract.run import Difference

FINE = Row("Link", "link new", "SPAR 2.1", "HTTP 200", "HTTP 200", meaning="Never.")
SKIPPED = Row("Link", "link again", "SPAR 2.1", reason="writes, so only with WRITE=yes")
WRONG = Row(
    "Resolve",
    "resolve unknown",
    "SPAR 2.1",
    differences=[Difference("the answer", "not linked", "<script>\x1b[2Jlinked")],
    meaning="What SPAR holds would be shown wrong.",
)


def report(*rows, **more):
    return Report("SPAR & the table", [("SPAR", "https://s.example")], [*rows], **more)


def test_every_row_says_what_a_difference_means():
    asked = {case.name for case in CASES if case.outcomes is not None}
    assert asked == set(meaning.CASES)
    named = {trial.name for trial in signatures.TRIALS}
    assert named | {"another key", "own certificate", "unknown partner"} == set(
        meaning.TRIALS
    )
    assert all(fact.meaning and fact.expected for fact in central.FACTS)


def test_every_row_names_the_version_it_was_seen_on():
    for case in CASES:
        assert all(case.seen[dialect] for dialect in case.expected)
    for trial in signatures.TRIALS:
        assert all(trial.seen[column] for column in trial.expected)
    assert all(fact.seen for fact in central.FACTS)


def test_names_of_rows_are_their_own():
    for rows in (CASES, signatures.TRIALS):
        names = [row.name for row in rows]
        assert sorted(names) == sorted(set(names))
    named = [(fact.section, fact.name) for fact in central.FACTS]
    assert sorted(named) == sorted(set(named))


def test_a_difference_is_told_with_its_meaning():
    text = report(FINE, SKIPPED, WRONG).text()
    assert "1 as expected, 1 differ, 1 not run." in text
    for words in (
        "DIFFERS      resolve unknown",
        "expected: not linked",
        "It means: What SPAR holds would be shown wrong.",
        "Seen on:  SPAR 2.1",
        "1 row(s): writes, so only with WRITE=yes",
    ):
        assert words in text
    assert "Never." not in text


def test_what_a_server_sends_commands_neither_terminal_nor_browser():
    both = report(WRONG)
    assert "\x1b" not in both.text() + both.html()
    assert "&lt;script&gt;" in both.html() and "<script" not in both.html()


def test_the_page_loads_nothing():
    page = report(FINE, SKIPPED, WRONG, warnings=["Look here."]).html()
    assert not re.search(r"src=|href=|@import|url\(", page)
    assert "default-src 'none'" in page
    assert '<html lang="en">' in page and page.count('scope="row"') == 3
    assert "Look here." in page


@pytest.mark.parametrize(
    ("rows", "warnings", "fine"),
    [
        ([FINE, SKIPPED], [], True),
        ([FINE, WRONG], [], False),
        ([FINE], ["Still linked."], False),
    ],
)
def test_when_all_is_as_expected(rows, warnings, fine):
    assert report(*rows, warnings=warnings).as_expected is fine
