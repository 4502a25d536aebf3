"""One request in five goes wrong, in every way there is, with four workers."""

from tests.clock import PATIENCE
from tests.lab import Lab
from tools.bench.figures import Figure
from tools.forks import Fork

from .common import nothing_wrong, share

PEOPLE = 500
WAVES = 10
WORKERS = 4
CONNECTION = {"batch_size": 5, "answer_timeout": 1, "breaker_threshold": 20}
FAULTS = [
    {"kind": "cut_after"},
    {"kind": "cut_before"},
    {"kind": "delay", "seconds": 0.5},
    {"kind": "garbage"},
    {"kind": "late", "seconds": 1.5},
    {"kind": "partial"},
    {"kind": "reject", "code": "rjct.internal.error"},
    {"kind": "reorder"},
    {"kind": "status", "name": "500", "code": 500},
    {"kind": "status", "name": "503", "code": 503},
    {"kind": "status", "name": "429", "code": 429, "retry_after": 7},
]
ALL_FAULTS = 0.2


def measure(postgres, percent, seed, say, dialect):
    """Edit everybody again and again while requests fail.

    :return: generator of :class:`Figure`.
    """
    people_count = share(PEOPLE, percent, 100)
    waves = share(WAVES, percent, 3)
    with Lab(postgres, "faults", seed, say, dialect=dialect, **CONNECTION) as lab:
        people = lab.register(people_count)
        lab.spar.reset(seed)
        # Each once for sure, and then as chance has it.
        lab.spar.arm(*({**fault, "count": 1} for fault in FAULTS))
        lab.spar.arm(*with_rates(FAULTS, ALL_FAULTS))
        for _wave in range(waves):
            edit_beside_workers(lab, people)
            wait = lab.seconds_to_next()
            if wait:
                lab.time_passes(wait + 1)
        lab.settle(workers=WORKERS)
        fired = lab.spar.must_have_fired()
        found = lab.violations()
        requests = len(lab.spar.state()["requests"])
        changes = sum(len(values) for values in lab.intended().values())
    say(f"{sum(fired.values())} of {requests} requests went wrong: {fired}")
    total = people_count * waves
    yield Figure("faults_changes", changes, "changes", f"== {total}")
    yield Figure("faults_kinds", len(fired), "faults", f"== {len(FAULTS)}")
    yield from nothing_wrong("faults", found)


def with_rates(faults, together):
    """Give faults equal rates that come to so much together; the first one wins."""
    each = together / len(faults)
    return [
        {**fault, "rate": each / (1 - each * place)}
        for place, fault in enumerate(faults)
    ]


def edit_beside_workers(lab, people):
    """Amend the addresses of all of these people while workers are busy."""
    people = lab.chance.sample(people, len(people))
    numbers = lab.new_numbers(len(people))
    editor = Fork(edit_in_chunks, lab, people, numbers)
    while not editor.ended():
        lab.run_workers(WORKERS)
    assert editor.wait(PATIENCE) == 0


def edit_in_chunks(lab, people, numbers, chunk=10):
    """Amend addresses, some in each transaction."""
    for start in range(0, len(people), chunk):
        part = slice(start, start + chunk)
        lab.as_odoo_does(lambda env, p=part: lab.edit_in(env, people[p], numbers[p]))
