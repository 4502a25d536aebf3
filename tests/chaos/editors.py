"""Clerks edit the same people at the same time, and some of it is rolled back."""

import json
import random

from psycopg2 import OperationalError
from psycopg2.errors import UniqueViolation

from tests.clock import PATIENCE
from tests.lab import Lab
from tools import settings
from tools.bench.figures import Figure
from tools.forks import Fork

from .common import nothing_wrong, share

EDITORS = 8
EDITS = 200
PEOPLE = 20
ROLLED_BACK = 0.3
CONNECTION = {"batch_size": 8, "answer_timeout": 10}


class Changed(Exception):
    """Somebody closed the form without saving, so to say."""


def measure(postgres, percent, seed, say, dialect):
    """Let editors work at the same time as two workers, and compare with their notes.

    :return: generator of :class:`Figure`.
    """
    edits = share(EDITS, percent, 10)
    with Lab(postgres, "editors", seed, say, dialect=dialect, **CONNECTION) as lab:
        people = lab.register(PEOPLE)
        editors = [
            Editor(lab, people, lab.new_numbers(edits), lab.chance.randrange(10**6), n)
            for n in range(EDITORS)
        ]
        forks = [Fork(editor.work) for editor in editors]
        while any(not fork.ended() for fork in forks):
            lab.run_workers(2)
        codes = [fork.wait(PATIENCE) for fork in forks]
        assert not any(codes), f"editors ended with {codes}"
        lab.settle(workers=2)
        found = lab.violations()
        notes = [editor.read_notes() for editor in editors]
        captured = numbers_captured(lab)
    kept = {number for note in notes for number in note["committed"]}
    repeated = sum(note["repeated"] for note in notes)
    gone = sum(note["rolled_back"] for note in notes)
    refused = sum(note["refused"] for note in notes)
    say(
        f"{len(kept)} edits committed, {gone} rolled back, {refused} refused since "
        f"somebody else was faster; {repeated} done again."
    )
    assert gone and len(kept) > gone, "the test would show nothing"
    yield Figure(
        "editors_edits", len(kept) + gone + refused, "edits", f"== {EDITORS * edits}"
    )
    yield Figure("editors_phantom", len(captured - kept), "changes", "== 0")
    yield Figure("editors_missing", len(kept - captured), "changes", "== 0")
    yield from nothing_wrong("editors", found)


def numbers_captured(lab):
    """Return the numbers the engine has changes of."""
    with lab.env() as env:
        env.cr.execute(
            """SELECT a.mobile_number FROM g2p_spar_change c
                 JOIN g2p_financial_address a ON a.id = c.address_id"""
        )
        return {number for (number,) in env.cr.fetchall()}


class Editor:
    """One clerk, in a process of its own, who notes what was saved.

    :param Lab lab: where the registry is.
    :param list people: whose addresses are edited.
    :param list numbers: of the wallets, one for each edit.
    :param int seed: of what is left to chance.
    :param int place: which of the editors this is.
    """

    def __init__(self, lab, people, numbers, seed, place):
        self.lab = lab
        self.people = people
        self.numbers = numbers
        self.chance = random.Random(seed)
        self.notes = settings.SANDBOX / f"{lab.database}-editor-{place}.json"

    def work(self):
        """Edit until the numbers are used up; write down what was committed."""
        self.lab.repeated = 0
        committed, rolled, refused = [], 0, 0
        for number in self.numbers:
            person = self.chance.choice(self.people)
            rolled_back = self.chance.random() < ROLLED_BACK
            try:
                self.lab.as_odoo_does(
                    lambda env, p=person, n=number, r=rolled_back: self._edit(
                        env, p, n, r
                    )
                )
                committed.append(number)
            except Changed:
                rolled += 1
            except (UniqueViolation, OperationalError):
                # Odoo tells the clerk that somebody else was faster.
                refused += 1
        notes = {
            "committed": committed,
            "rolled_back": rolled,
            "refused": refused,
            "repeated": self.lab.repeated,
        }
        self.notes.write_text(json.dumps(notes))

    def _edit(self, env, person, number, rolled_back):
        self.lab.edit_in(env, [person], [number])
        if rolled_back:
            env.flush_all()
            raise Changed

    def read_notes(self):
        """Return the notes, and delete them."""
        notes = json.loads(self.notes.read_text())
        self.notes.unlink()
        return notes
