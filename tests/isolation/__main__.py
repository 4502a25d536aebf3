"""Plays specs in this process: ``python -m tests.isolation [SPEC ...]``."""

import argparse
import sys
import time

from tests.lab import DIALECTS
from tools.postgres import Postgres

from .specs import all_specs
from .stage import Stage


def main(arguments):
    """Play specs, and print what did not hold.

    :return: exit code: 0 when all held, else 1.
    """
    parser = argparse.ArgumentParser(prog="tests.isolation", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--dialect", choices=DIALECTS, default=DIALECTS[0])
    parser.add_argument("--budget", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--steps", help="one order, as it was printed")
    asked = parser.parse_args(arguments)
    specs = all_specs()
    wrong = 0
    with Stage(Postgres().start(), "one", asked.dialect) as stage:
        for name in asked.names or specs:
            spec = specs[name]
            if asked.steps:
                steps, found = spec.replay(stage, asked.steps)
                print(", ".join(steps), found or "nothing wrong", sep="\n")
                wrong += bool(found)
                continue
            began = time.monotonic()
            explored = spec.explore(stage, asked.budget, asked.seed)
            seconds = time.monotonic() - began
            print(
                f"{name}: {len(explored.orders)}"
                f"{' (every one)' if explored.is_every else ''} in {seconds:.1f} s,"
                f" {len(explored.wrong)} wrong",
                flush=True,
            )
            wrong += len(explored.wrong)
            kinds = {}
            for order, found in explored.wrong.items():
                kinds.setdefault(tuple(found), []).append(order)
            for found, orders in kinds.items():
                print(f"  {len(orders)} x {'; '.join(found)}")
                print("   ", ", ".join(min(orders, key=len)), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
