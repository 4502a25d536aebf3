"""``make chaos``: things go wrong on purpose, and what must hold is counted.

One JSON line for each figure on stdout, progress and seeds on stderr, as ``make bench``
does. Each scenario runs in a process of its own.

``ONLY=kill`` runs one scenario; ``SPAR_CHAOS_PERCENT=10`` lowers all numbers for a
quick look; ``SPAR_CHAOS_SEED`` repeats a run. The stand-in is SPAR 1.1.0, and once more
SPAR 2.1 where it matters most; ``SPAR_CHAOS_DIALECT=partner_api`` has it be 2.1 only.
"""

import os
import random
import shlex
import subprocess
import sys

from . import settings
from .postgres import Postgres
from .processes import child_environment


def main(arguments):
    """Run scenarios.

    :param list arguments: names of scenarios; none for those of ``ONLY``, else all.
    :return: exit code: 0 when every figure reached its goal, else 1.
    :raises Problem: when a scenario's name or the size is wrong.
    """
    names = selection(arguments or shlex.split(os.environ.get("ONLY", "")))
    percent = settings.percent("SPAR_CHAOS_PERCENT")
    seed = settings.number("SPAR_CHAOS_SEED", random.randrange(10**6))
    if percent != 100:
        print(f"A quick look with {percent} % of the sizes.", file=sys.stderr)
    Postgres().start()
    codes = [
        run(name, percent, seed, dialect)
        for name in names
        for dialect in dialects(name)
    ]
    return 1 if any(codes) else 0


def selection(names):
    """Return the names of the scenarios to run.

    :param list names: the wanted ones; none for all.
    :raises Problem: when there is no such scenario.
    """
    from tests.chaos import SCENARIOS

    return settings.chosen(names, SCENARIOS, "scenario")


def dialects(name):
    """Return in which of SPAR's dialects to run a scenario.

    :param str name: of the scenario.
    """
    from tests.chaos import IN_BOTH_DIALECTS
    from tests.lab import DIALECTS

    if wanted := settings.text("SPAR_CHAOS_DIALECT"):
        return [wanted]
    return DIALECTS if name in IN_BOTH_DIALECTS else DIALECTS[:1]


def run(name, percent, seed, dialect, **options):
    """Run one scenario.

    :param str name: of the scenario.
    :param int percent: how much of the full numbers.
    :param int seed: of everything left to chance.
    :param str dialect: SPAR's, one of :data:`tests.lab.DIALECTS`.
    :param options: of ``subprocess.run``.
    :return: its exit code, or with options what ``subprocess.run`` returns.
    """
    command = [settings.ODOO_VENV / "bin" / "python", "-m", "tests.chaos"]
    command += [name, percent, seed, "--dialect", dialect]
    storage = settings.SANDBOX / "hypothesis"
    done = subprocess.run(
        [str(part) for part in command],
        env=child_environment(HYPOTHESIS_STORAGE_DIRECTORY=storage),
        cwd=settings.ROOT,
        **options,
    )
    return done if options else done.returncode
