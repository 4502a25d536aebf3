"""One registry, two SPARs: what goes wrong with one does not show at the other."""

import signal
from contextlib import contextmanager

from tests.clock import PATIENCE
from tests.invariants import Violations
from tests.lab import VERSIONS, Lab
from tests.standin_spar import StandInSpar
from tools import keys, problems
from tools.bench.figures import Figure

from .common import nothing_wrong, share
from .traps import POINTS, Trap

ROUNDS = 40
PEOPLE = 12
CONNECTION = {"batch_size": 4, "answer_timeout": 5, "breaker_threshold": 2}
#: What goes wrong at one of the two in a round.
TROUBLES = ("killed", "down", "paused", "every_value", "held_back")


def measure(postgres, percent, seed, say, dialect):
    """Let one of two connections be in trouble while both are sent the same edits.

    :return: generator of :class:`Figure`.
    """
    rounds = share(ROUNDS, percent, len(TROUBLES))
    with Lab(postgres, "two", seed, say, dialect=dialect, **CONNECTION) as lab:
        pair = Two(lab)
        try:
            for number in range(rounds):
                pair.round(TROUBLES[number % len(TROUBLES)])
        finally:
            pair.stop()
    yield Figure("two_rounds", rounds, "rounds", f"== {rounds}")
    yield Figure("two_kills", pair.kills, "kills", f">= {rounds // len(TROUBLES)}")
    yield Figure("two_late", pair.late, "rounds", "== 0")
    yield from nothing_wrong("two", pair.found)


class Two:
    """A second SPAR with a connection of its own in the same registry.

    :param Lab lab: with the first.
    """

    def __init__(self, lab):
        self.lab = lab
        self.kills = 0
        #: Rounds in which the healthy one had to wait for the other.
        self.late = 0
        self.found = Violations()
        port = problems.free_port(lab.spar.port + 1)
        second = StandInSpar(
            port,
            f"{lab.database}-spar-2",
            version=VERSIONS[lab.values["dialect"]][0],
            partners=lab.stack.partners,
        )
        second.start()
        with lab.env() as env:
            connection = env["g2p.spar.connection"].create(
                {
                    "name": "Second stand-in",
                    "base_url": second.url,
                    "sender_id": keys.DEMO_SENDER,
                    **keys.connection_values(lab.stack.key),
                    **lab.values,
                }
            )
            connection.state = "running"
        self.sides = [(lab.connection, lab.spar), (connection.id, second)]
        self.people = lab.register(PEOPLE)

    def stop(self):
        """Stop the second SPAR; the lab stops its own."""
        self.sides[1][1].stop()

    def round(self, trouble):
        """Edit, have one side in trouble, recover, and check both.

        :param str trouble: one of :data:`TROUBLES`.
        """
        lab = self.lab
        for side in (0, 1):
            with self._at(side):
                lab.start_log()
        sick = lab.chance.randrange(2)
        for _edit in range(3):
            lab.edit(lab.chance.sample(self.people, PEOPLE // 2))
            with self._at(sick):
                getattr(self, f"_{trouble}")()
            with self._at(1 - sick):
                lab.run_workers()
        with self._at(1 - sick):
            # The healthy connection is finished in any state of the other one.
            self.late += lab.seconds_to_next() is not None
        with self._at(sick):
            self._mend()
        for side in (sick, 1 - sick):
            with self._at(side):
                lab.settle()
                found = lab.violations()
                if found:
                    lab.say(f"{trouble}, seed {lab.seed}: {found}")
                self.found.add(found)

    @contextmanager
    def _at(self, side):
        """Look at the lab with one of the two SPARs."""
        lab = self.lab
        lab.connection, lab.spar = self.sides[side]
        try:
            yield
        finally:
            lab.connection, lab.spar = self.sides[0]

    # === TROUBLES === #

    def _killed(self):
        point = self.lab.chance.choice(POINTS[:-1])
        victim = self.lab.worker(Trap(point, 0, self.lab.database).lay)
        self.kills += victim.wait(PATIENCE) == -signal.SIGKILL

    def _down(self):
        self.lab.spar.arm({"kind": "status", "code": 503, "count": 3})
        self.lab.run_workers()

    def _paused(self):
        with self.lab.env() as env:
            env["g2p.spar.connection"].browse(self.lab.connection).action_pause()
        self.lab.run_workers()

    def _every_value(self):
        self._write(send_every_value=True)
        self.lab.run_workers()

    def _held_back(self):
        with self.lab.env() as env:
            mappings = env["g2p.spar.mapping"].search(
                [("connection_id", "=", self.lab.connection)]
            )
            mappings._intervene("pause", "An operator decided so")
        self.lab.run_workers()

    def _mend(self):
        self.lab.spar.disarm()
        with self.lab.env() as env:
            connection = env["g2p.spar.connection"].browse(self.lab.connection)
            connection.send_every_value = False
            if connection.state == "paused":
                connection.action_resume()
            paused = [("connection_id", "=", connection.id), ("paused", "=", True)]
            env["g2p.spar.mapping"].search(paused)._intervene("resume")

    def _write(self, **values):
        with self.lab.env() as env:
            env["g2p.spar.connection"].browse(self.lab.connection).write(values)
