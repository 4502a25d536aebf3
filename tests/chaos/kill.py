"""A worker is killed at each point of its way (SIGKILL), and nothing goes wrong."""

import signal

from tests.invariants import Violations
from tests.lab import DIALECTS, Lab
from tools.bench.figures import Figure

from .common import nothing_wrong, share
from .traps import POINTS, Trap

ROUNDS = 50
#: With a real mapper, which is slower and cannot misbehave.
REAL_ROUNDS = 5
PEOPLE = 24
CONNECTION = {"batch_size": 8, "answer_timeout": 5, "breaker_threshold": 3}


def measure(postgres, percent, seed, say, dialect):
    """Kill a worker at each of the points, again and again.

    :param Postgres postgres: a started server.
    :param int percent: how much of the full number of rounds.
    :param int seed: of everything left to chance.
    :param Callable say: receives one line of progress.
    :param str dialect: SPAR's, one of :data:`tests.lab.DIALECTS`.
    :return: generator of :class:`Figure`.
    """
    for name, real, full in (("kill", False, ROUNDS), ("kill_real", True, REAL_ROUNDS)):
        rounds = share(full, percent)
        if real and dialect != DIALECTS[0]:
            # The real mapper that can be had is 1.1.0.
            continue
        with Lab(postgres, name, seed, say, real, dialect, **CONNECTION) as lab:
            killing = Killing(lab)
            for point in POINTS:
                for _round in range(rounds):
                    killing.round(point)
                say(f"{rounds} kills {point}: {killing.found.counts()}")
            say(f"{lab.repeated} edits done again; {lab.simulated:.0f} s simulated.")
        goal = f"== {len(POINTS) * rounds}"
        yield Figure(f"{name}_rounds", killing.kills, "kills", goal)
        yield from nothing_wrong(name, killing.found)


class Killing:
    """Rounds of edits, a kill, more edits and recovery.

    :param Lab lab: where it happens.
    """

    def __init__(self, lab):
        self.lab = lab
        self.chance = lab.chance
        self.people = lab.register(PEOPLE)
        self.kills = 0
        self.found = Violations()

    def round(self, point):
        """Kill one worker at a point, perhaps beside another one; recover; check.

        :param str point: one of :data:`POINTS`.
        """
        lab = self.lab
        lab.start_log(self.chance.randrange(10**6))
        self.change_something()
        if point == "in_failure_handling":
            lab.spar.arm({"kind": "status", "code": 500, "count": 4})
        beside = self.chance.random() < 0.5
        # Odoo's cron runs one job after another; each begins with its own registrants.
        often = not beside and not lab.cron_only
        passes = self.chance.randrange(2) if often else 0
        victim = lab.worker(Trap(point, passes, lab.database).lay)
        other = None
        if beside:
            other = lab.worker(how="sweep" if lab.cron_only else "work_off")
        if self.chance.random() < 0.5:
            self.change_something()
        self.kills += victim.wait(60) == -signal.SIGKILL
        if other:
            other.wait(60)
        if self.chance.random() < 0.5:
            self.change_something()
        how = self.chance.choice(["work_off", "sweep"])
        lab.settle(workers=self.chance.choice([1, 2]), how=how)
        found = lab.violations()
        if found:
            lab.say(f"{point}, {how}, seed {lab.seed}: {found}")
        self.found.add(found)

    def change_something(self):
        """Have clerks amend many addresses and end some."""
        amended = self.chance.sample(self.people, PEOPLE * 2 // 3)
        self.lab.edit(amended)
        rest = [person for person in self.people if person not in amended]
        self.lab.end(self.chance.sample(rest, 2))
