"""``make test`` runs what it says, and its closing counts tell the truth."""

import time

import pytest

from tools import settings, testing
from tools.test_report import Report, read_report

XML = """<testsuites><testsuite>
<testcase classname="a.B" name="good"/>
<testcase classname="a.B" name="bad"><failure message="x"/></testcase>
<testcase classname="a.B" name="broken"><error message="x"/></testcase>
<testcase classname="a.B" name="later"><skipped message="no browser"/></testcase>
</testsuite></testsuites>"""


def shown(report):
    lines = []
    report.show(lines.append)
    return lines


def test_counts_and_names(tmp_path):
    file = tmp_path / "report.xml"
    file.write_text(XML)
    lines = shown(read_report("plain", file, 1))
    assert lines[-1] == "1 passed, 2 failed, 1 skipped"
    assert "skipped: plain: a.B.later: no browser" in lines
    assert "failed: plain: a.B.broken" in lines


def test_crash_without_report_is_a_failure(tmp_path):
    report = read_report("plain", tmp_path / "missing.xml", 3)
    assert report.failed == ["plain: pytest ended with code 3"]


def test_failure_no_test_shows_is_a_failure(tmp_path):
    file = tmp_path / "report.xml"
    file.write_text("<testsuites/>")
    assert read_report("plain", file, 1).failed


def test_empty_sum():
    assert shown(Report())[-1] == "0 passed, 0 failed, 0 skipped"


@pytest.mark.parametrize("chosen", settings.QUEUES)
def test_each_other_executor_is_tested(monkeypatch, chosen):
    runs = []

    def run(_options, _output, executor):
        runs.append((executor, settings.queue()))
        return Report()

    monkeypatch.setattr(testing, "_run_addons", run)
    monkeypatch.setenv("SPAR_QUEUE", chosen)
    testing._run("executors", [], None)
    others = [name for name in sorted(settings.QUEUES) if name != chosen]
    assert runs == [(name, name) for name in others]
    assert settings.queue() == chosen


def test_all_executors_are_left_to_ci(monkeypatch):
    for name in ("SPAR_TESTS", "ONLY", "FULL"):
        monkeypatch.delenv(name, raising=False)
    assert "executors" not in testing._selection([])[0]
    monkeypatch.setenv("FULL", "1")
    assert testing._selection([])[0] == testing.SUITES


def test_each_suite_is_run_once_two_at_a_time(monkeypatch, tmp_path):
    running, seen = set(), []

    def run(suite, _options, output=None):
        running.add(suite)
        seen.append((suite, output is None, len(running)))
        time.sleep(0.05)
        running.remove(suite)
        return Report()

    monkeypatch.setattr(testing, "_timed", run)
    monkeypatch.setattr(testing.settings, "REPORTS", tmp_path)
    assert len(testing._run_all(testing.SUITES, [])) == len(testing.SUITES)
    assert sorted(suite for suite, *_how in seen) == sorted(testing.SUITES)
    assert [suite for suite, on_terminal, _running in seen if on_terminal] == ["system"]
    assert max(number for *_suite, number in seen) == testing.LANES
