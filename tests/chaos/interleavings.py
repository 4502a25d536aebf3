"""A few transactions and workers in every order of their steps: the isolation tester.

Both dialects are played side by side, in a process and a database each.
"""

import json
import tempfile
import time
from pathlib import Path

from tests.isolation.boundaries import GATES
from tests.isolation.specs import all_specs
from tests.isolation.stage import Stage
from tests.lab import DIALECTS
from tools import settings
from tools.bench.figures import Figure
from tools.forks import Fork
from tools.templates import prepared_template

from .common import share

#: Orders of steps at least, and those that are aimed at: specs with few have fewer.
ORDERS = 5000
AIM = 6400
#: Orders of a spec at least, whatever the size.
LEAST = 2


def measure(postgres, percent, seed, say, _dialect):
    """Play all specs in both dialects; print each order in which something was wrong.

    :return: generator of :class:`Figure`.
    """
    # Once, before there are two who need it.
    prepared_template(postgres, "plain", settings.modules(), demo=False, say=say)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        results = [Path(folder) / dialect for dialect in DIALECTS]
        forks = [
            Fork(play_all, postgres, dialect, percent, seed, say, result)
            for dialect, result in zip(DIALECTS, results, strict=True)
        ]
        codes = [fork.wait() for fork in forks]
        assert not any(codes), f"testers ended with {codes}"
        found = [json.loads(result.read_text()) for result in results]
    orders = sum(part["orders"] for part in found)
    seconds = time.monotonic() - began
    say(f"{orders} orders in {seconds:.0f} s, {orders / seconds:.1f} a second.")
    goal = ORDERS if percent == 100 else share(ORDERS, percent) // 2
    yield Figure("interleavings", orders, "orders of steps", f">= {goal}")
    wrong = sum(part["wrong"] for part in found)
    yield Figure("interleavings_wrong", wrong, "orders of steps", "== 0")


def play_all(postgres, dialect, percent, seed, say, result):
    """Play all specs in one dialect, and write down what came out.

    :param pathlib.Path result: of the file with the numbers.
    """
    specs = all_specs().values()
    weights = sum(spec.weight for spec in specs)
    counts = {"orders": 0, "wrong": 0}
    never_met = set(GATES)
    with Stage(postgres, dialect, dialect, say) as stage:
        for spec in specs:
            part = AIM / len(DIALECTS) * spec.weight / weights
            found = spec.explore(stage, share(round(part), percent, LEAST), seed)
            counts["orders"] += len(found.orders)
            counts["wrong"] += len(found.wrong)
            for order in found.orders:
                never_met -= {step.partition(".")[2] for step in order}
            for line in report(spec, dialect, seed, found):
                say(line)
    assert not never_met, f"gates no actor came to: {never_met}"
    result.write_text(json.dumps(counts))


def report(spec, dialect, seed, found):
    """Yield what there is to say of one spec, and how to play again what was wrong.

    :param Explored found: what came out.
    """
    which = "every order" if found.is_every else f"by chance, seed {seed}"
    count = len(found.orders)
    yield f"{spec.name}, {dialect}: {count} ({which}), {len(found.wrong)} wrong"
    shown = set()
    for order, wrong in found.wrong.items():
        if (kind := tuple(wrong)) not in shown:
            shown.add(kind)
            yield (
                f"  {'; '.join(wrong)}\n  python -m tests.isolation {spec.name}"
                f' --dialect {dialect} --steps "{", ".join(order)}"'
            )
