"""The primary is lost under load, and a standby without its last seconds takes over."""

import time

import pytest

from tests.chaos.postgres import edit_until, work_until
from tests.clock import PATIENCE
from tests.lab import Lab
from tools import settings
from tools.forks import Fork
from tools.postgres import Postgres

PEOPLE = 60
WORKERS = 2
#: Seconds of load before the standby is cut off, and from then until the crash.
BEFORE, MISSING = 1.0, 3.0


@pytest.fixture
def primary():
    # One that tests may crash.
    primary = Postgres(name="chaos").start()
    yield primary
    primary.stop()


@pytest.fixture
def lab(primary):
    with Lab(primary, "promotion", seed=14, batch_size=5) as lab:
        yield lab
        if lab.postgres is not primary:
            lab.postgres.remove()
            lab.fail_over(primary.start())


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


def test_a_promoted_standby_sends_nothing_until_people_decide(lab, primary):
    people = lab.register(PEOPLE)
    lab.edit(people)
    lab.settle()
    standby = primary.make_standby("standby")
    standby.catch_up(primary)
    lose_primary(lab, primary, standby, people)
    held = lab.spar.state()["rows"]
    known = {value for values in lab.intended().values() for value in values}
    assert set(held.values()) - known, "SPAR holds nothing the standby misses"
    # Something waits, which would overwrite what SPAR holds.
    lab.edit(people)
    lab.start_log()
    for how in ("work_off", "sweep", "work_off"):
        lab.run_workers(WORKERS, how)
    checkpoint = "SELECT timeline_id FROM pg_control_checkpoint()"
    assert standby.query("postgres", checkpoint) == [(1,)], "looked too late"
    assert not lab.spar.state()["requests"]
    assert lab.spar.state()["rows"] == held
    with lab.env() as env:
        connection = env["g2p.spar.connection"].browse(lab.connection)
        assert connection.state == "paused"
        assert connection.is_other_database
        timeline = connection._database_identity().rpartition("/")[2]
        assert timeline == "2"
        connection.action_compare_then_resume()
        runs = env["g2p.spar.reconciliation"].search([("state", "=", "running")])
    differing = {spar_id for spar_id, value in held.items() if value not in known}
    with lab.env() as env:
        runs.with_env(env)._job_run()
    with lab.env() as env:
        lines = runs.with_env(env).line_ids
        assert differing <= set(lines.partner_id.mapped("spar_id"))
        connection = env["g2p.spar.connection"].browse(lab.connection)
        assert connection.state == "paused"
        assert f"{len(lines)} of {PEOPLE} registrants" in connection.pause_reason
    assert lab.spar.state()["rows"] == held
