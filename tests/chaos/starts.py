"""A connection is started while clerks amend the people it takes up."""

import json
import time

from tests.clock import PATIENCE
from tests.invariants import Violations
from tests.lab import Lab
from tools import settings
from tools.bench.figures import Figure
from tools.forks import Fork

from .common import nothing_wrong, share

ROUNDS = 60
PEOPLE = 8
#: Longest pause, in seconds, of each step beside the others: longer than a step takes.
PAUSE = 0.06
CONNECTION = {"batch_size": 4, "answer_timeout": 10}
#: What a round leaves behind, in an order that no foreign key forbids.
FORGET = (
    "DELETE FROM g2p_spar_sending",
    "DELETE FROM g2p_spar_change",
    "DELETE FROM g2p_spar_mapping",
    "DELETE FROM g2p_financial_address",
    "UPDATE res_partner SET spar_id = NULL, spar_id_likeness = NULL"
    " WHERE spar_id LIKE 'ID-%'",
    "UPDATE g2p_spar_connection SET state = 'draft'",
)


def measure(postgres, percent, seed, say, dialect):
    """Start again and again, each time beside clerks, and compare.

    :return: generator of :class:`Figure`.
    """
    rounds = share(ROUNDS, percent, 5)
    with Lab(postgres, "starts", seed, say, dialect=dialect, **CONNECTION) as lab:
        starting = Starting(lab)
        for _round in range(rounds):
            starting.round()
    say(f"{starting.crossed} of {rounds} starts met an edit that had begun before.")
    yield Figure("starts_rounds", rounds, "starts", f"== {rounds}")
    yield Figure("starts_crossed", starting.crossed, "starts", f">= {rounds // 5}")
    yield from nothing_wrong("starts", starting.found)


class Starting:
    """Rounds of a draft connection, clerks beside its start, and recovery.

    :param Lab lab: where it happens.
    """

    def __init__(self, lab):
        self.lab = lab
        self.chance = lab.chance
        self.found = Violations()
        #: Moments of one round, by the clock all processes share.
        self.notes = settings.SANDBOX / f"{lab.database}-moments"
        #: How many starts were committed while a clerk's transaction was open.
        self.crossed = 0

    def round(self):
        """Start a connection of which nothing is known beside clerks; check."""
        lab = self.lab
        self._begin_anew()
        people = lab.register(PEOPLE)
        lab.edit(people[: PEOPLE // 2])
        forks = [Fork(self._start, self.chance.random())]
        # Each clerk has another person; ``editors`` lets clerks edit the same one.
        self.chance.shuffle(people)
        for chosen in zip(people[::2], people[1::2], strict=True):
            numbers = lab.new_numbers(2)
            pauses = self.chance.random(), self.chance.random()
            forks.append(Fork(self._edit, chosen, numbers, *pauses))
        codes = [fork.wait(PATIENCE) for fork in forks]
        assert not any(codes), f"processes ended with {codes}"
        self.crossed += self._was_crossed()
        # A first address of which the start knew nothing: late, and never wrong.
        with lab.env() as env:
            env["g2p.spar.connection"]._cron_enlist()
        lab.settle(workers=2)
        found = lab.violations()
        if found:
            lab.say(f"seed {lab.seed}: {found}")
        self.found.add(found)

    def _begin_anew(self):
        with self.lab.env() as env:
            for statement in FORGET:
                env.cr.execute(statement)
        self.lab.forget_jobs()
        self.lab.empty_spar()
        self.notes.unlink(missing_ok=True)

    def _start(self, chance):
        """What the button does, and the job after it, each again after a conflict."""
        time.sleep(chance * PAUSE)

        def resume(env):
            env["g2p.spar.connection"].browse(self.lab.connection).action_resume()

        def enlist(env):
            env["g2p.spar.connection"].browse(self.lab.connection).job_enlist()

        self.lab.as_odoo_does(resume)
        self._note("started", time.monotonic())
        self.lab.as_odoo_does(enlist)
        self.lab.work()

    def _edit(self, people, numbers, before, between):
        """Amend; the snapshot is taken some time before anything is written."""
        snapshots = []

        def edit(env):
            env.cr.execute("SELECT 1")
            snapshots.append(time.monotonic())
            time.sleep(between * PAUSE)
            self.lab.edit_in(env, people, numbers)

        time.sleep(before * PAUSE)
        self.lab.as_odoo_does(edit)
        self._note("edited", snapshots[0], time.monotonic())

    def _note(self, *words):
        with self.notes.open("a") as notes:
            notes.write(json.dumps(words) + "\n")

    def _was_crossed(self):
        """Whether the start was committed while a clerk's transaction was open."""
        notes = [json.loads(line) for line in self.notes.read_text().splitlines()]
        self.notes.unlink()
        (started,) = (moments[0] for name, *moments in notes if name == "started")
        return any(
            moments[0] < started < moments[1]
            for name, *moments in notes
            if name == "edited"
        )
