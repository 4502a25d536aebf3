"""A part of each scenario of ``make chaos``, small enough for every change.

All of them with ``FULL=1``, as CI does; otherwise those that cover the most.
"""

import json
import subprocess

import pytest

from tests.chaos import SCENARIOS
from tools import chaos, settings

#: Percent of the full numbers. Seeds are fixed here: chance is for ``make chaos``.
SIZES = {
    "kill": 4,
    "postgres": 20,
    "runners": 10,
    "down": 10,
    "faults": 20,
    "late": 10,
    "ahead": 20,
    "poison": 10,
    "editors": 10,
    "starts": 15,
    "two": 13,
    "renames": 20,
    "restored": 100,
    "promotion": 25,
    "upgrade": 10,
    "switch": 50,
    "sequences": 3,
    "interleavings": 5,
    "odk": 4,
}
#: Those of every `make test`, in one of SPAR's dialects.
QUICK = ("kill", "faults", "late", "starts", "sequences", "interleavings", "odk")
#: Compared by time, which says little at this size and beside other work.
TIMED = {"poison_added_time"}
SEED = 2026


def chosen():
    """Return pairs of a scenario and a dialect to run it in."""
    if settings.is_on("FULL"):
        return [(name, dialect) for name in SIZES for dialect in chaos.dialects(name)]
    return [(name, chaos.dialects(name)[0]) for name in QUICK]


def test_no_scenario_is_left_out():
    assert set(SIZES) == set(SCENARIOS)


@pytest.mark.parametrize(("name", "dialect"), chosen())
def test_nothing_goes_wrong(name, dialect):
    done = chaos.run(
        name, SIZES[name], SEED, dialect, stdout=subprocess.PIPE, text=True
    )
    print(done.stdout)
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert figures, "the scenario came to no result"
    missed = [f for f in figures if not f["ok"] and f["name"] not in TIMED]
    assert not missed
