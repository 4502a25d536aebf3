"""The addons are upgraded while thousands of changes wait and some are under way."""

import signal

from odoo import sql_db
from odoo.modules.registry import Registry

from tests.lab import Lab
from tools.bench.figures import Figure

from .common import nothing_wrong, share
from .traps import Trap

PEOPLE = 10_000
#: So that every migration runs.
OLDEST = "19.0.1.0.0"
ADDONS = ["g2p_spar_financial_address", "g2p_spar_sync_queue"]
#: As the database was when the engine depended on OCA's queue.
BEFORE_THE_BRIDGE = r"""
    UPDATE queue_job SET method_name = '_' || method_name
     WHERE method_name LIKE 'job\_%';
    UPDATE ir_model_data SET module = 'g2p_spar_sync_queue'
     WHERE module = 'g2p_spar_queue_job' AND model = 'queue.job.channel';
    UPDATE ir_module_module SET state = 'uninstalled', latest_version = NULL
     WHERE name = 'g2p_spar_queue_job';
"""
#: Requests sent before the worker is killed and the server stopped.
SENT = 3


def measure(postgres, percent, seed, say, dialect):
    """Queue, send a little, kill, upgrade, send the rest; compare.

    :return: generator of :class:`Figure`.
    """
    count = share(PEOPLE, percent, 2000)
    with Lab(postgres, "upgrade", seed, say, dialect=dialect, cool_down=5) as lab:
        lab.make_crowd(count)
        lab.queue_crowd()
        lab.start_log(seed)
        lab.since = 0
        victim = lab.worker(Trap("after_applied", SENT, lab.database).lay)
        killed = victim.wait(60) == -signal.SIGKILL
        before = len(lab.spar.state()["rows"])
        lab.forget_jobs()
        wake_up(lab)
        upgrade(lab)
        jobs = lab.run_due_jobs()
        lab.forget_jobs()
        wake_up(lab)
        new_jobs = jobs_in_queue(lab)
        say(f"{before} of {count} sent before the upgrade")
        lab.settle(workers=2)
        rows = len(lab.spar.state()["rows"])
        found = lab.violations()
    yield Figure("upgrade_kills", int(killed), "kills", "== 1")
    # What waits in the queue is run, and new jobs get there.
    yield Figure("upgrade_jobs_run", jobs, "jobs", ">= 1")
    yield Figure("upgrade_jobs_made", new_jobs, "jobs", ">= 1")
    yield Figure("upgrade_waiting", count - before, "registrants", f">= {count // 2}")
    yield Figure("upgrade_rows", rows, "registrants", f"== {count}")
    yield from nothing_wrong("upgrade", found)


def wake_up(lab):
    """Make the job that sends what is due."""
    from odoo.addons.g2p_spar_sync_queue.engine.wake_up import wake_up as make

    with lab.env() as env:
        make(env["g2p.spar.connection"].browse(lab.connection))


def jobs_in_queue(lab):
    """Return how many jobs OCA's queue has of the engine."""
    with lab.env() as env:
        env.cr.execute(
            """SELECT count(*) FROM queue_job
                WHERE state = 'pending' AND method_name = 'job_work_off'"""
        )
        return env.cr.fetchone()[0]


def upgrade(lab):
    """Upgrade the addons in a process of its own, as if they were of the first version.

    The lab's process sees the database anew afterwards.
    """
    with lab.env() as env:
        env.cr.execute(
            "UPDATE ir_module_module SET latest_version = %s WHERE name = ANY(%s)",
            [OLDEST, ADDONS],
        )
        env.cr.execute(BEFORE_THE_BRIDGE)
    sql_db.close_db(lab.database)
    lab.stack.odoo.upgrade(ADDONS)
    Registry.delete(lab.database)
