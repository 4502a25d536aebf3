"""SPAR refuses one registrant in a hundred; the others are hardly delayed."""

import statistics
import time

from tests.lab import Lab
from tools.bench import crowd
from tools.bench.figures import Figure

from .common import nothing_wrong, share

PEOPLE = 10_000
#: Each takes some seconds, and other programs disturb one and not the next.
ROUNDS = 9
WORKERS = 2
CONNECTION = {"batch_size": 250, "answer_timeout": 20}


def measure(postgres, percent, seed, say, dialect):
    """Send a backlog with and without poison, in turns.

    :return: generator of :class:`Figure`.
    """
    count = share(PEOPLE, percent, 1000)
    with Lab(postgres, "poison", seed, say, dialect=dialect, **CONNECTION) as lab:
        lab.make_crowd(count)
        bad = lab.chance.sample(range(count), count // 100)
        bad = [f"{crowd.PREFIX}{number}" for number in bad]
        # The first round warms up.
        pairs = [(send(lab), send(lab, bad)) for _round in range(ROUNDS + 1)][1:]
        found = lab.violations()
        with lab.env() as env:
            held = env["g2p.spar.mapping"].search_count([("state", "=", "held")])
            good = env["g2p.spar.mapping"].search_count([("state", "=", "in_sync")])
    say(f"Seconds without and with poison: {pairs}")
    added = statistics.median(poisoned / clean for clean, poisoned in pairs) - 1
    yield Figure("poison_held", held, "registrants", f"== {len(bad)}")
    yield Figure("poison_in_sync", good, "registrants", f"== {count - len(bad)}")
    yield Figure("poison_added_time", added, "ratio", "<= 0.1")
    yield from nothing_wrong("poison", found)


def send(lab, bad=()):
    """Queue everybody as new and send them; return the seconds until nothing waits.

    :param bad: SPAR IDs that SPAR refuses.
    """
    lab.empty_spar()
    lab.queue_crowd()
    if bad:
        lab.spar.arm({"kind": "refuse", "ids": list(bad), "code": "rjct.fa.invalid"})
    started = time.perf_counter()
    lab.settle(workers=WORKERS)
    seconds = time.perf_counter() - started
    if bad:
        lab.spar.must_have_fired("refuse")
    return round(seconds, 2)
