"""``make chaos`` runs what it is told, and calls no miss a success."""

import pytest

from tools import chaos
from tools.__main__ import main
from tools.problems import Problem


def test_all_scenarios_unless_some_are_named():
    assert "kill" in chaos.selection([])
    assert chaos.selection(["late"]) == ["late"]


def test_unknown_scenario_names_those_that_exist():
    with pytest.raises(Problem, match="no scenario weather.*kill"):
        chaos.selection(["late", "weather"])


def test_unknown_scenario_is_refused_before_anything_starts(monkeypatch):
    monkeypatch.setenv("ONLY", "weather")
    monkeypatch.setattr(chaos, "Postgres", None)
    with pytest.raises(Problem, match="weather"):
        chaos.main([])


class Server:
    def start(self):
        return self


@pytest.mark.parametrize(("codes", "code"), [([0, 0], 0), ([1, 0], 1), ([0, 2], 1)])
def test_exit_code(monkeypatch, codes, code):
    played = []

    def run(name, percent, seed, dialect):
        played.append((name, percent, seed, dialect))
        return codes[len(played) - 1]

    monkeypatch.setattr(chaos, "Postgres", Server)
    monkeypatch.setattr(chaos, "run", run)
    monkeypatch.setenv("SPAR_CHAOS_PERCENT", "5")
    monkeypatch.setenv("SPAR_CHAOS_SEED", "7")
    assert chaos.main(["down", "poison"]) == code
    assert played == [("down", 5, 7, "g2p_connect"), ("poison", 5, 7, "g2p_connect")]


@pytest.mark.parametrize(
    ("variable", "name", "dialects"),
    [
        ("", "late", ["g2p_connect", "partner_api"]),
        ("", "down", ["g2p_connect"]),
        ("partner_api", "late", ["partner_api"]),
        ("partner_api", "down", ["partner_api"]),
    ],
)
def test_what_depends_on_answers_is_run_in_both_dialects(
    monkeypatch, variable, name, dialects
):
    monkeypatch.setenv("SPAR_CHAOS_DIALECT", variable)
    assert list(chaos.dialects(name)) == dialects


def test_the_dialect_is_passed_on(monkeypatch):
    commands = []
    monkeypatch.setattr(
        chaos.subprocess, "run", lambda command, **options: commands.append(command)
    )
    chaos.run("late", 5, 7, "partner_api", capture_output=True)
    assert commands[0][3:] == ["late", "5", "7", "--dialect", "partner_api"]


def test_help_lists_the_command(capsys):
    assert main(["help"]) == 0
    assert "make chaos " in capsys.readouterr().out
