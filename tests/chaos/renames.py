"""Registrants get other SPAR IDs, also each other's, while workers are killed."""

from tests.invariants import check_owners, wallet_string
from tests.lab import Lab
from tools.bench.figures import Figure

from .common import share
from .traps import POINTS, Trap

ROUNDS = 40
PEOPLE = 16
CONNECTION = {"batch_size": 6, "answer_timeout": 5, "breaker_threshold": 3}


def measure(postgres, percent, seed, say, dialect):
    """Change addresses and IDs, kill a worker, change more; recover; check.

    :return: generator of :class:`Figure`.
    """
    rounds = share(ROUNDS, percent, 4)
    with Lab(postgres, "renames", seed, say, dialect=dialect, **CONNECTION) as lab:
        renaming = Renaming(lab)
        for number in range(rounds):
            renaming.round(POINTS[number % len(POINTS)])
            say(f"{renaming.counts()} after {number + 1} rounds")
        wanted, rows = renaming.wanted(), lab.spar.state()["rows"]
    yield Figure("renames_ids", renaming.renamed, "IDs", f">= {2 * rounds}")
    yield Figure("renames_kills", renaming.kills, "kills", f">= {rounds // 2}")
    for name, count in renaming.counts().items():
        yield Figure(f"renames_{name}", count, "registrants", "== 0")
    yield Figure("renames_wrong_rows", int(wanted != rows), "tables", "== 0")


class Renaming:
    """Rounds in which IDs change hands.

    :param Lab lab: where it happens.
    """

    def __init__(self, lab):
        self.lab = lab
        self.chance = lab.chance
        self.people = lab.register(PEOPLE)
        self.fresh = 0
        self.renamed = self.kills = 0
        self.found = {}

    def round(self, point):
        """Kill a worker at a point, in the middle of changes of IDs and addresses."""
        lab = self.lab
        lab.spar.reset(self.chance.randrange(10**6))
        before = lab.spar.state()["rows"]
        self.change_something()
        if point == "in_failure_handling":
            lab.spar.arm({"kind": "status", "code": 500, "count": 4})
        victim = lab.worker(
            Trap(point, self.chance.randrange(3), lab.database).lay,
        )
        self.change_something()
        self.kills += victim.wait(60) < 0
        if self.chance.random() < 0.5:
            self.change_something()
        lab.settle(workers=self.chance.choice([1, 2]))
        lab.wait_for_spar()
        happened = lab.spar.state()
        owners = self.owners()
        for name, who in check_owners(before, happened["applied"], owners).items():
            self.found.setdefault(name, set()).update(who)

    def change_something(self):
        """Amend some, give two a new ID, and one of them's old ID to a third."""
        chosen = self.chance.sample(self.people, 7)
        self.lab.edit(chosen[:4])
        first, second, heir = chosen[4:]
        (left,) = self.lab.spar_ids([first])
        self.lab.change_ids(
            {first: self.new_id(), second: self.new_id(), heir: left},
        )
        self.renamed += 3

    def new_id(self):
        """Return an ID nobody had before."""
        self.fresh += 1
        return f"NEW-{self.fresh:06d}"

    def owners(self):
        """Return whose each address is, with the order in which it was entered."""
        with self.lab.env() as env:
            env.cr.execute(
                """SELECT mobile_number, partner_id, id FROM g2p_financial_address
                    ORDER BY id"""
            )
            return {
                wallet_string(number, self.lab.wallet_kind): (partner, place)
                for number, partner, place in env.cr.fetchall()
            }

    def wanted(self):
        """Return the table SPAR should have: nothing but these rows."""
        with self.lab.env() as env:
            env.cr.execute(
                """SELECT p.spar_id, a.mobile_number FROM g2p_financial_address a
                     JOIN res_partner p ON p.id = a.partner_id
                    WHERE a.state = 'effective'"""
            )
            return {
                id_: wallet_string(number, self.lab.wallet_kind)
                for id_, number in env.cr.fetchall()
            }

    def counts(self):
        """Return how many registrants something went wrong for, by what."""
        return {name: len(who) for name, who in self.found.items()}
