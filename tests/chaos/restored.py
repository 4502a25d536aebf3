"""An old dump takes the place of a registry whose SPAR holds newer addresses."""

from odoo import sql_db

from tests.lab import Lab
from tools import settings
from tools.bench.figures import Figure

PEOPLE = 12
#: More than a minute apart the guard counts its runs, so much time passes.
HOURS = 3600


def measure(postgres, percent, seed, say, dialect):
    """Dump, continue, restore; count the requests before a manager decides.

    :return: generator of :class:`Figure`.
    """
    with Lab(postgres, "restored", seed, say, dialect=dialect) as lab:
        people = lab.register(PEOPLE)
        lab.edit(people)
        lab.settle()
        # Waits in the dump; the registry sends it, and then newer ones.
        lab.edit(people[: PEOPLE // 2])
        dump = settings.SANDBOX / f"{lab.database}.dump"
        postgres.run_client("pg_dump", lab.database, "--format=c", f"--file={dump}")
        lab.time_passes(HOURS)
        lab.edit(people)
        lab.settle()
        newest = lab.spar.state()["rows"]
        restore(lab, dump)
        lab.start_log()
        for how in ("work_off", "sweep", "work_off"):
            lab.run_workers(2, how)
        lab.run_due_jobs()
        calls = len(lab.spar.state()["requests"])
        kept = lab.spar.state()["rows"] == newest
        asks = alerts(lab)
        decide(lab)
        lab.settle()
        found = lab.violations()
    yield Figure("restored_calls", calls, "calls", "== 0")
    yield Figure("restored_kept", int(kept), "tables", "== 1")
    yield Figure("restored_asks", asks, "alerts", "== 1")
    # After a manager has decided that the registry is right.
    yield Figure("restored_unsettled", len(found.unsettled), "registrants", "== 0")


def restore(lab, dump):
    """Put a dump in the place of the lab's database, as an administrator does."""
    sql_db.close_db(lab.database)
    lab.postgres.drop_database(lab.database)
    lab.postgres.create_database(lab.database)
    arguments = "--no-owner", f"--dbname={lab.database}", str(dump)
    lab.postgres.run_client("pg_restore", lab.database, *arguments)
    dump.unlink()


def alerts(lab):
    """Return how many people are called because of a restored database."""
    with lab.env() as env:
        connection = env["g2p.spar.connection"].browse(lab.connection)
        if connection.state != "paused" or not connection.is_other_database:
            return 0
        return len(connection.activity_ids)


def decide(lab):
    """Have an administrator say that this is the registry to go on with."""
    with lab.env() as env:
        env["g2p.spar.connection"].browse(lab.connection).action_resume()
