"""Runs one scenario in this process: ``python -m tests.chaos NAME PERCENT SEED``.

``--dialect partner_api`` has the stand-in be SPAR 2.1 instead of 1.1.0.
"""

import argparse
import importlib
import sys

from tests.lab import DIALECTS
from tools.postgres import Postgres

from . import SCENARIOS


def main(arguments):
    """Print the figures of one scenario.

    :param list arguments: see the module.
    :return: exit code: 0 when all reached their goals, else 1.
    """
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("name", choices=SCENARIOS)
    parser.add_argument("percent", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--dialect", choices=DIALECTS, default=DIALECTS[0])
    asked = parser.parse_args(arguments)
    scenario = importlib.import_module(f"tests.chaos.{asked.name}")
    figures = scenario.measure(
        Postgres().start(), asked.percent, asked.seed, say, asked.dialect
    )
    reached = True
    # The usual one goes without saying.
    more = {} if asked.dialect == DIALECTS[0] else {"dialect": asked.dialect}
    for figure in figures:
        print(figure.line(asked.percent, **more), flush=True)
        reached = reached and figure.ok
    return 0 if reached else 1


def say(text):
    """Print progress to another stream than the figures."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
