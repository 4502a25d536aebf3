"""Two Odoo nodes share one database, and whichever runs the job queue is killed."""

import os
import random
import signal
import time

import psutil

from tests.lab import Lab
from tools import problems
from tools.bench.figures import Figure
from tools.odoo_server import OdooServer

from .common import nothing_wrong, share

KILLS = 20
#: With every so many kills it is the whole node, not only its runner.
WHOLE_NODE = 4
PEOPLE = 80
CHANNELS = "root:4,root.spar:2"
#: The lock by which queue_job's runners agree who leads.
LEADER_LOCK = 2293787760715711918
#: Seconds after which what should have happened has not.
PATIENCE = 240
#: Nothing is simulated here, so waiting times are short. SPAR answers within them.
CONNECTION = {
    "batch_size": 5,
    "answer_timeout": 2,
    "cool_down": 3,
    "retry_base": 1,
    "retry_cap": 5,
    "probe_base": 1,
    "probe_cap": 5,
}
SLOWNESS = 0.2


def measure(postgres, percent, seed, say, dialect):
    """Kill the leading runner again and again while there is work.

    :return: generator of :class:`Figure`.
    """
    kills = share(KILLS, percent, 2)
    with Lab(postgres, "runners", seed, say, dialect=dialect, **CONNECTION) as lab:
        pair = Pair(lab)
        try:
            pair.start()
            waits = [pair.round(number) for number in range(kills)]
        finally:
            pair.stop()
        lab.spar.must_have_fired("slow")
        found = lab.violations()
    say(f"Seconds until all was at SPAR again: {[round(wait) for wait in waits]}")
    yield Figure("runners_killed", pair.under_load, "kills", f"== {kills}")
    yield from nothing_wrong("runners", found)


class Pair:
    """Two Odoo nodes on the lab's database.

    :param Lab lab: the lab.
    """

    def __init__(self, lab):
        self.lab = lab
        self.nodes = []
        #: How many kills met unfinished work.
        self.under_load = 0
        for name in ("one", "two"):
            # Not those of another run with the same seed.
            port = problems.free_port(random.SystemRandom().randrange(21_000, 24_000))
            self.nodes.append(
                OdooServer(
                    lab.postgres,
                    lab.database,
                    port,
                    name=f"{lab.database}-{name}",
                    workers=2,
                    channels=CHANNELS,
                    options={"max_cron_threads": 1},
                )
            )

    def start(self):
        """Start both, and have SPAR take its time."""
        self.people = self.lab.register(PEOPLE)
        self.lab.spar.arm({"kind": "delay_after", "seconds": SLOWNESS, "name": "slow"})
        for node in self.nodes:
            node.start()

    def stop(self):
        """Stop both."""
        for node in self.nodes:
            node.stop()

    def round(self, number):
        """Kill the leading runner in the middle of its work; wait until all is done.

        :param int number: of the round.
        :return: seconds it took from the kill on.
        """
        lab = self.lab
        leader = wait_until(self.leader, "nobody runs the queue")
        lab.edit(self.people)
        time.sleep(lab.chance.uniform(0.0, 0.5))
        began = time.monotonic()
        if number % WHOLE_NODE == WHOLE_NODE - 1:
            self.node_of(leader).kill()
        else:
            os.kill(leader, signal.SIGKILL)
        self.under_load += not self.is_done()
        lab.edit(lab.chance.sample(self.people, PEOPLE // 4))
        wait_until(lambda: self.leader() not in (None, leader), "nobody took over")
        wait_until(self.is_done, "not all is at SPAR")
        waited = time.monotonic() - began
        for node in self.nodes:
            if not node.alive:
                node.start()
        return waited

    def leader(self):
        """Return the process that runs the queue, or None."""
        ports = self.lab.postgres.query(
            "postgres",
            """SELECT a.client_port FROM pg_locks l
                 JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE l.locktype = 'advisory' AND l.granted
                  AND l.classid::bigint << 32 | l.objid::bigint = %s
                  AND a.datname = %s""",
            [LEADER_LOCK, self.lab.database],
        )
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and (connection.laddr.port,) in ports:
                return connection.pid
        return None

    def node_of(self, pid):
        """Return the node a process belongs to."""
        group = os.getpgid(pid)
        return next(node for node in self.nodes if node.process.pid == group)

    def is_done(self):
        """Whether the engine has nothing left to do."""
        return self.lab.seconds_to_next() is None


def wait_until(condition, complaint):
    """Return what a condition returns as soon as that is true.

    :raises AssertionError: with the complaint, when it never is.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.1)
    raise AssertionError(complaint)
