"""The next request is decided while SPAR works on one; something comes in between."""

import signal
import time

from tests.clock import PATIENCE
from tests.invariants import Violations
from tests.lab import Lab
from tools.bench.figures import Figure
from tools.forks import FAILED

from .common import nothing_wrong, share

ROUNDS = 10
PEOPLE = 24
#: Three requests of one worker.
CONNECTION = {"batch_size": 8, "answer_timeout": 20, "breaker_threshold": 100}
#: Seconds SPAR works on the first request: shorter and longer than what is decided
#: ahead is kept.
SHORT, LONG = 1.0, 4.0
#: After so many of the long ones it must have been given back.
GIVEN_BACK = 3.0


def measure(postgres, percent, seed, say, dialect):
    """Interrupt a worker that has one request under way and the next decided.

    :return: generator of :class:`Figure`.
    """
    rounds = share(ROUNDS, percent)
    with Lab(postgres, "ahead", seed, say, dialect=dialect, **CONNECTION) as lab:
        interrupting = Interrupting(lab)
        for way in WAYS:
            for _round in range(rounds):
                interrupting.round(way)
            say(f"{rounds} times {way.__name__}: {interrupting.found.counts()}")
    yield Figure(
        "ahead_rounds", interrupting.rounds, "rounds", f"== {rounds * len(WAYS)}"
    )
    yield Figure("ahead_unwanted", interrupting.unwanted, "requests", "== 0")
    yield Figure("ahead_at_once", interrupting.at_once, "requests", "== 0")
    yield from nothing_wrong("ahead", interrupting.found)


class Interrupting:
    """Rounds of a worker that is interrupted.

    ``unwanted`` counts requests that should not have been sent any more, ``at_once``
    those that began while SPAR was working on another one of the same worker.

    :param Lab lab: where it happens.
    """

    def __init__(self, lab):
        self.lab = lab
        self.people = lab.register(PEOPLE)
        self.rounds = self.unwanted = self.at_once = 0
        self.found = Violations()

    def round(self, way):
        """Change everybody, interrupt a worker in one way, recover and check.

        :param Callable way: what comes in between; returns how many requests it lets
            through, or None for all.
        """
        lab = self.lab
        lab.start_log(lab.chance.randrange(10**6))
        lab.edit(self.people)
        through = way(self)
        requests = lab.spar.state()["requests"]
        if through is not None:
            self.unwanted += len(requests) - through
        # Of one worker: the recovery below has two.
        self.at_once += sum(
            later["arrived"] < earlier["over"]
            for earlier, later in zip(requests, requests[1:], strict=False)
        )
        with lab.env() as env:
            connection = env["g2p.spar.connection"].browse(lab.connection)
            if connection.state == "paused":
                connection.action_resume()
        lab.settle(workers=2)
        found = lab.violations()
        if found:
            lab.say(f"{way.__name__}, seed {lab.seed}: {found}")
        self.found.add(found)
        self.rounds += 1

    def worker_with_next_decided(self, seconds):
        """Start a worker; return it when SPAR has its first request and it the next.

        :param float seconds: SPAR works on the first one.
        """
        lab = self.lab
        lab.spar.arm({"kind": "delay", "seconds": seconds, "count": 1})
        worker = lab.worker()
        deadline = time.monotonic() + PATIENCE
        while self.waiting_transactions() != 2:
            assert not worker.ended(), "nothing was decided ahead"
            assert time.monotonic() < deadline, "nothing was decided ahead"
            time.sleep(0.01)
        assert self.free() == PEOPLE - 2 * CONNECTION["batch_size"]
        return worker

    def waiting_transactions(self):
        """Return how many transactions have been open for a while, doing nothing.

        Looking for locks would take some, from the worker that is about to.
        """
        with self.lab.env() as env:
            env.cr.execute(
                """SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid != pg_backend_pid()
                      AND state = 'idle in transaction'
                      AND state_change < clock_timestamp() - INTERVAL '0.1 seconds'"""
            )
            return env.cr.fetchone()[0]

    def free(self):
        """Return how many mappings no worker has locked."""
        with self.lab.env() as env:
            env.cr.execute(
                "SELECT id FROM g2p_spar_mapping FOR NO KEY UPDATE SKIP LOCKED"
            )
            return env.cr.rowcount


# === WAYS === #


def pausing(interrupting):
    """Somebody pauses the connection: nothing more is sent."""
    lab = interrupting.lab
    worker = interrupting.worker_with_next_decided(SHORT)
    with lab.env() as env:
        env["g2p.spar.connection"].browse(lab.connection).action_pause()
    assert worker.wait(PATIENCE) == 0
    return 1


def refusing(interrupting):
    """SPAR refuses the partner: what was decided is not even tried."""
    lab = interrupting.lab
    lab.spar.arm({"kind": "status", "code": 401, "count": 1})
    assert lab.worker().wait(PATIENCE) == 0
    lab.spar.must_have_fired("status")
    return 1


def killing(interrupting):
    """The worker is killed: only the request in flight is unresolved."""
    from odoo.addons.g2p_spar_sync_queue.engine import journal

    lab = interrupting.lab
    worker = interrupting.worker_with_next_decided(SHORT)
    assert worker.kill() and worker.status == -signal.SIGKILL
    with lab.env() as env:
        everybody = env["g2p.spar.mapping"].search([])
        unresolved = journal.unresolved(env, everybody.ids)
    assert len(unresolved) == CONNECTION["batch_size"]
    lab.wait_for_spar()
    return 1


def failing(interrupting):
    """Deciding the next fails: what is under way is recorded all the same."""
    lab = interrupting.lab
    lab.spar.arm({"kind": "delay", "seconds": SHORT, "count": 1})
    worker = lab.worker(lambda: fail_to_claim(passes=1))
    assert worker.wait(PATIENCE) == FAILED
    with lab.env() as env:
        queued = env["g2p.spar.change"].search_count([("state", "=", "queued")])
    assert queued == PEOPLE - CONNECTION["batch_size"]
    return 1


def fail_to_claim(passes):
    """Have the code of this process raise after so many claims."""
    from odoo.addons.g2p_spar_sync_queue.engine import claim

    original, calls = claim.claim_backlog, []

    def claim_or_fail(*arguments):
        calls.append(arguments)
        if len(calls) > passes:
            raise ZeroDivisionError
        return original(*arguments)

    claim.claim_backlog = claim_or_fail


def editing(interrupting):
    """Newer addresses are entered for everybody; they come later, not instead."""
    lab = interrupting.lab
    worker = interrupting.worker_with_next_decided(SHORT)
    lab.edit(interrupting.people)
    assert worker.wait(PATIENCE) == 0


def taking_long(interrupting):
    """SPAR takes long: others may have the next, and newer addresses replace it."""
    lab = interrupting.lab
    worker = interrupting.worker_with_next_decided(LONG)
    time.sleep(GIVEN_BACK)
    assert interrupting.free() == PEOPLE - CONNECTION["batch_size"]
    lab.edit(interrupting.people)
    assert worker.wait(PATIENCE) == 0
    # The first of the older addresses, and all of the newer ones.
    return 1 + PEOPLE // CONNECTION["batch_size"]


WAYS = (pausing, refusing, killing, failing, editing, taking_long)
