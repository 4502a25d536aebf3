"""``make bench`` prints figures a program can read, and calls no miss a success."""

import json
import math

import pytest

from tools import bench, settings
from tools.__main__ import main
from tools.bench.figures import Figure
from tools.problems import Problem


@pytest.mark.parametrize(
    ("value", "goal", "ok"),
    [
        (1.9, "<= 2.0", True),
        (2, "<= 2.0", True),
        (2.00001, "<= 2.0", False),
        (0.9, ">= 0.9", True),
        (0.89, ">= 0.9", False),
        (0, "== 0", True),
        (1, "== 0", False),
        (-1, "== 0", False),
        (math.nan, "<= 2.0", False),
        (math.inf, ">= 0.9", False),
    ],
)
def test_goal(value, goal, ok):
    assert Figure("f", value, "ratio", goal).ok is ok


def test_line_has_the_agreed_keys():
    line = Figure("import_peak_mib", 12.345678, "MiB", "<= 64").line()
    assert line == (
        '{"name": "import_peak_mib", "value": 12.3457, "unit": "MiB", '
        '"goal": "<= 64", "ok": true}'
    )


def test_line_is_json_without_a_value_too():
    shown = json.loads(Figure("f", math.nan, "ratio", "<= 2.0").line())
    assert shown["value"] is None
    assert shown["ok"] is False


def test_quick_look_is_told_in_the_line():
    shown = json.loads(Figure("f", 1, "ratio", "<= 2.0").line(percent=10))
    assert shown["size"] == "10 %"


def part(*values):
    """Return a part that says something and yields figures with these values."""

    def measure(postgres, percent, say):
        say(f"measuring with {postgres} and {percent} %")
        for value in values:
            yield Figure("f", value, "ratio", "<= 2.0")

    return measure


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([part(1.0, 1.5), part(2.0)], 0),
        ([part(1.0, 2.5), part(1.0)], 1),
        ([part(1.0), part(math.nan)], 1),
    ],
)
def test_exit_code(parts, code):
    assert bench.run(parts, "a server") == code


def test_figures_go_to_stdout_and_all_else_to_stderr(capsys):
    bench.run([part(1.0, 3.0), part(2.0)], "a server", 10)
    shown = capsys.readouterr()
    figures = [json.loads(line) for line in shown.out.splitlines()]
    assert [figure["ok"] for figure in figures] == [True, False, True]
    assert shown.err.splitlines() == ["measuring with a server and 10 %"] * 2


def test_all_parts_unless_some_are_named():
    assert bench.selection([]) == list(bench.PARTS)
    assert bench.selection(["address"]) == ["address"]


def test_unknown_part_names_those_that_exist():
    with pytest.raises(Problem) as caught:
        bench.selection(["address", "weather"])
    assert str(caught.value) == (
        f"There is no benchmark weather. These exist: {', '.join(bench.PARTS)}."
    )


def test_unknown_part_is_refused_before_anything_starts(monkeypatch):
    monkeypatch.setenv("ONLY", "weather")
    monkeypatch.setattr(bench, "Postgres", None)
    with pytest.raises(Problem, match="weather"):
        bench.main([])


@pytest.mark.parametrize("text", ["0", "-5", "101", "some"])
def test_size_that_makes_no_sense(monkeypatch, text):
    monkeypatch.setenv("SPAR_BENCH_PERCENT", text)
    with pytest.raises(Problem, match="SPAR_BENCH_PERCENT"):
        settings.percent("SPAR_BENCH_PERCENT")


def test_size(monkeypatch):
    monkeypatch.delenv("SPAR_BENCH_PERCENT", raising=False)
    assert settings.percent("SPAR_BENCH_PERCENT") == 100
    monkeypatch.setenv("SPAR_BENCH_PERCENT", "10")
    assert settings.percent("SPAR_BENCH_PERCENT") == 10


def test_help_lists_the_command(capsys):
    assert main(["help"]) == 0
    assert "make bench " in capsys.readouterr().out
