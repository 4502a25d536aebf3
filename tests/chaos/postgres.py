"""PostgreSQL is stopped and started again while workers and clerks are busy."""

import time

from psycopg2 import InterfaceError, OperationalError

from tests.clock import PATIENCE
from tests.lab import Lab
from tools.bench.figures import Figure
from tools.forks import Fork
from tools.postgres import Postgres

from .common import nothing_wrong, share

RESTARTS = 10
PEOPLE = 400
WORKERS = 2
#: Seconds of work before each restart, at least and at most.
BEFORE = 0.5, 2.0
#: Small requests that take a while, so that some are under way at any moment.
CONNECTION = {"batch_size": 5, "answer_timeout": 5}
SLOWNESS = 0.05
LOST = OperationalError, InterfaceError


def measure(_postgres, percent, seed, say, dialect):
    """Restart a server of its own under load, now in order and now as by a crash.

    :return: generator of :class:`Figure`.
    """
    restarts = share(RESTARTS, percent, 2)
    postgres = Postgres(name="chaos").start()
    try:
        with Lab(postgres, "postgres", seed, say, dialect=dialect, **CONNECTION) as lab:
            under_load = restart_under_load(lab, restarts)
            lab.settle(workers=WORKERS)
            found = lab.violations()
            lab.spar.must_have_fired("slow")
            changes = sum(len(values) for values in lab.intended().values())
    finally:
        postgres.stop()
    say(f"{changes} changes were committed")
    yield Figure("postgres_restarts", under_load, "restarts", f"== {restarts}")
    yield from nothing_wrong("postgres", found)


def restart_under_load(lab, restarts):
    """Restart the server again and again.

    :return: how many restarts met unfinished work.
    """
    people = lab.register(PEOPLE)
    lab.spar.reset(lab.seed)
    lab.spar.arm({"kind": "delay_after", "seconds": SLOWNESS, "name": "slow"})
    under_load = 0
    for number in range(restarts):
        lab.edit(people)
        numbers = lab.new_numbers(20 * len(people))
        until = time.monotonic() + lab.chance.uniform(*BEFORE)
        # They go on until some time after the restart.
        busy = [Fork(edit_until, lab, people, numbers, until + 1)]
        busy += [Fork(work_until, lab, until + 1) for _worker in range(WORKERS)]
        time.sleep(max(0.0, until - time.monotonic()))
        lab.postgres.restart(immediate=number % 2 == 0)
        under_load += lab.seconds_to_next() is not None
        codes = [fork.wait(PATIENCE) for fork in busy]
        assert not any(codes), f"processes ended with {codes}"
        lab.time_passes(61)
    return under_load


def edit_until(lab, people, numbers, moment):
    """Amend one address after the other; what the server loses is not done again."""
    while time.monotonic() < moment and numbers:
        person = lab.chance.choice(people)
        try:
            lab.as_odoo_does(
                lambda env, p=person: lab.edit_in(env, [p], [numbers.pop()])
            )
        except LOST:
            time.sleep(0.1)


def work_until(lab, moment):
    """Run jobs of the engine one after the other; failures do not end the loop."""
    while time.monotonic() < moment:
        try:
            lab.work()
        except LOST:
            time.sleep(0.1)
