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
        upgrade(lab)
        say(f"{before} of {count} sent before the upgrade")
        lab.settle(workers=2)
        rows = len(lab.spar.state()["rows"])
        found = lab.violations()
    yield Figure("upgrade_kills", int(killed), "kills", "== 1")
    yield Figure("upgrade_waiting", count - before, "registrants", f">= {count // 2}")
    yield Figure("upgrade_rows", rows, "registrants", f"== {count}")
    yield from nothing_wrong("upgrade", found)


def upgrade(lab):
    """Upgrade the addons in a process of its own, as if they were of the first version.

    The lab's process sees the database anew afterwards.
    """
    with lab.env() as env:
        env.cr.execute(
            "UPDATE ir_module_module SET latest_version = %s WHERE name = ANY(%s)",
            [OLDEST, ADDONS],
        )
    sql_db.close_db(lab.database)
    lab.stack.odoo.upgrade(ADDONS)
    Registry.delete(lab.database)
