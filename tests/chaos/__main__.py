"""Runs one scenario in this process: ``python -m tests.chaos NAME PERCENT SEED``."""

import importlib
import sys

from tools.postgres import Postgres

from . import SCENARIOS


def main(name, percent, seed):
    """Print the figures of one scenario.

    :return: exit code: 0 when all reached their goals, else 1.
    """
    if name not in SCENARIOS:
        raise SystemExit(f"There is no scenario {name}.")
    scenario = importlib.import_module(f"tests.chaos.{name}")
    reached = True
    for figure in scenario.measure(Postgres().start(), percent, seed, say):
        print(figure.line(percent), flush=True)
        reached = reached and figure.ok
    return 0 if reached else 1


def say(text):
    """Tell what is going on, apart from the figures."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
