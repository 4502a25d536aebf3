"""The primary is lost under load, and a standby without its last seconds takes over."""

import time

from tests.clock import PATIENCE
from tests.lab import Lab
from tools import settings
from tools.bench.figures import Figure
from tools.forks import Fork
from tools.postgres import Postgres

from .common import share
from .postgres import edit_until, work_until

ROUNDS = 4
PEOPLE = 60
WORKERS = 2
#: Seconds of load before the standby is cut off, and from then until the crash.
BEFORE, MISSING = 1.0, 3.0
#: PostgreSQL's versions, in turns; a quick look takes the first.
VERSIONS = 18, 16


def measure(_postgres, percent, seed, say, dialect):
    """Promote a standby again and again; count what is sent before people decide.

    :return: generator of :class:`Figure`.
    """
    rounds = share(ROUNDS, percent)
    promotion = Promotion(say)
    for number in range(rounds):
        version = VERSIONS[number * len(VERSIONS) // rounds]
        # One that may be crashed.
        primary = Postgres(version, name="chaos").start()
        try:
            with Lab(
                primary, "promotion", seed + number, say, dialect=dialect, batch_size=5
            ) as lab:
                try:
                    promotion.round(lab, primary)
                finally:
                    go_back(lab, primary)
        finally:
            primary.stop()
    yield Figure("promotion_rounds", promotion.rounds, "promotions", f"== {rounds}")
    # What the standby misses is at SPAR, or the round shows nothing.
    yield Figure("promotion_missing", promotion.missing, "addresses", f">= {rounds}")
    yield Figure("promotion_calls", promotion.calls, "calls", "== 0")
    yield Figure("promotion_kept", promotion.kept, "tables", f"== {rounds}")
    yield Figure("promotion_pauses", promotion.pauses, "pauses", f"== {rounds}")
    yield Figure("promotion_unlisted", promotion.unlisted, "registrants", "== 0")


def go_back(lab, primary):
    """Use the primary again, whether a standby took over or not."""
    if lab.postgres is not primary:
        lab.postgres.remove()
        lab.fail_over(primary.start())


class Promotion:
    """Rounds, and what was counted in them.

    :param Callable say: receives one line of progress.
    """

    def __init__(self, say):
        self.say = say
        self.rounds = self.missing = self.calls = 0
        self.kept = self.pauses = self.unlisted = 0

    def round(self, lab, primary):
        """Lose the primary, let workers try to send, then compare."""
        people = lab.register(PEOPLE)
        lab.edit(people)
        lab.settle()
        standby = primary.make_standby("standby")
        standby.catch_up(primary)
        lose_primary(lab, primary, standby, people)
        held = lab.spar.state()["rows"]
        known = {value for values in lab.intended().values() for value in values}
        self.missing += len(set(held.values()) - known)
        # Something waits, which would overwrite what SPAR holds.
        lab.edit(people)
        lab.start_log()
        for how in ("work_off", "sweep", "work_off"):
            lab.run_workers(WORKERS, how)
        checkpoint = "SELECT timeline_id FROM pg_control_checkpoint()"
        assert standby.query("postgres", checkpoint) == [(1,)], "looked too late"
        self.calls += len(lab.spar.state()["requests"])
        differing = {spar_id for spar_id, value in held.items() if value not in known}
        self.unlisted += len(differing - self._compare(lab))
        self.kept += lab.spar.state()["rows"] == held
        self.rounds += 1

    def _compare(self, lab):
        """Press *Compare, then resume*; return the SPAR IDs that are listed.

        What differs keeps the connection paused, with a reason that counts it.
        """
        from odoo.addons.g2p_spar_sync_queue.engine.restore_guard import (
            database_identity,
        )

        with lab.env() as env:
            connection = env["g2p.spar.connection"].browse(lab.connection)
            timeline = database_identity(env).rpartition("/")[2]
            paused = connection.state == "paused" and connection.is_other_database
            connection.action_compare_then_resume()
            runs = env["g2p.spar.reconciliation"].search([("state", "=", "running")])
        with lab.env() as env:
            runs.with_env(env).job_run()
        with lab.env() as env:
            lines = runs.with_env(env).line_ids
            connection = env["g2p.spar.connection"].browse(lab.connection)
            reason = f"{len(lines)} of {PEOPLE} registrants"
            still = connection.state == "paused" and reason in connection.pause_reason
            self.pauses += bool(paused and still and timeline == "2")
            self.say(f"{connection.pause_reason}")
            return set(lines.partner_id.mapped("spar_id"))


def lose_primary(lab, primary, standby, people):
    """Cut the standby off under load, go on, crash the primary, promote the standby."""
    until = time.monotonic() + BEFORE + MISSING + 2
    numbers = lab.new_numbers(50 * PEOPLE)
    busy = [Fork(edit_until, lab, people, numbers, until)]
    busy += [Fork(work_until, lab, until) for _worker in range(WORKERS)]
    time.sleep(BEFORE)
    standby.cut_off()
    time.sleep(MISSING)
    primary.stop(immediate=True)
    codes = [fork.wait(PATIENCE) for fork in busy]
    assert not any(codes), f"processes ended with {codes}"
    standby.promote()
    lab.fail_over(standby)
    # Another machine has none of these files.
    for witness in (settings.ODOO_DATA / "spar").glob(f"{lab.database}-*.json"):
        witness.unlink()
