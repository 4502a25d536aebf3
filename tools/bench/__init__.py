"""``make bench``: measures the addons and compares with their goals.

One JSON line for each figure on stdout, progress on stderr. Where time is compared,
both sides are measured in one run, in turns, and summed up by their median: ratios mean
the same on a slow machine and on a fast one.

``ONLY=address`` measures one part; ``SPAR_BENCH_PERCENT=10`` lowers all sizes for a
quick look.
"""

import os
import shlex
import sys

from .. import settings
from ..postgres import Postgres
from . import address, admin, api, engine, form, odk, portal

#: What is measured for each addon: ``measure(postgres, percent, say)`` yields figures.
PARTS = {
    "address": address.measure,
    "engine": engine.measure,
    "admin": admin.measure,
    "odk": odk.measure,
    "api": api.measure,
    "portal": portal.measure,
    "form": form.measure,
}


def main(arguments):
    """Measure.

    :param list arguments: names of parts; none for those of ``ONLY``, else all.
    :return: exit code: 0 when every figure reached its goal, else 1.
    :raises Problem: when a part's name or the size is wrong.
    """
    names = selection(arguments or shlex.split(os.environ.get("ONLY", "")))
    percent = settings.percent("SPAR_BENCH_PERCENT")
    if percent != 100:
        say(f"A quick look with {percent} % of the sizes; not a result.")
    postgres = Postgres().start()
    return run([PARTS[name] for name in names], postgres, percent)


def selection(names):
    """Return the names of the parts to measure.

    :param list names: the wanted ones; none for all.
    :raises Problem: when there is no such part.
    """
    return settings.chosen(names, PARTS, "benchmark")


def run(parts, postgres, percent=100):
    """Measure parts and print each figure as soon as it is known.

    :param list parts: functions like those of :data:`PARTS`.
    :param Postgres postgres: a started server.
    :param int percent: how much of the full sizes to measure with.
    :return: exit code: 0 when every figure reached its goal, else 1.
    """
    reached = True
    for part in parts:
        for figure in part(postgres, percent, say):
            print(figure.line(percent), flush=True)
            reached = reached and figure.ok
    return 0 if reached else 1


def say(text):
    """Tell what is going on, apart from the figures."""
    print(text, file=sys.stderr, flush=True)
