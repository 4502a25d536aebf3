"""What it costs to open the overview and the monitor, with few rows and with many."""

import json
import statistics

from .. import settings
from ..odoo_server import OdooServer, drop_database, duplicate_database
from ..templates import prepared_template
from .figures import Figure

FEW_DATABASE, MANY_DATABASE = "bench_monitor", "bench_monitor_large"
#: Registrants, and changes of them.
FEW = (300, 1_000)
MANY = (300_000, 1_000_000)
ROUNDS = 60


def measure(postgres, percent, say):
    """Open overview and monitor in both databases, in turns.

    Of both, as many registrants are in trouble as a person can look at: what grows with
    a registry is what is well.

    :param Postgres postgres: a started server.
    :param int percent: how much of the full sizes to measure with.
    :param Callable say: receives one line of progress.
    :return: generator of :class:`Figure`.
    """
    try:
        many = [max(size * percent // 100, 1000) for size in MANY]
        for database, (registrants, changes) in (
            (FEW_DATABASE, FEW),
            (MANY_DATABASE, many),
        ):
            _fresh(postgres, database, say)
            say(f"Making {registrants} registrants and {changes} changes ...")
            _run(
                postgres,
                database,
                "prepare",
                registrants=registrants,
                changes=changes,
            )
        say(f"Opening overview and monitor {ROUNDS} times in turns ...")
        found = _run(
            postgres, FEW_DATABASE, "compare", other=MANY_DATABASE, rounds=ROUNDS
        )
        medians = {name: statistics.median(times) for name, times in found.items()}
        say("Milliseconds: {few:.1f} with few, {many:.1f} with many.".format(**medians))
        yield Figure(
            "monitor_1m_vs_1k", medians["many"] / medians["few"], "ratio", "<= 1.5"
        )
    finally:
        for database in (FEW_DATABASE, MANY_DATABASE):
            drop_database(postgres, database)


def _fresh(postgres, database, say):
    template = prepared_template(postgres, "plain", settings.modules(), False, say)
    drop_database(postgres, database)
    duplicate_database(postgres, template, database)


def _run(postgres, database, function, **values):
    """Run a function of ``admin_monitor_in_odoo`` in a fresh process."""
    odoo = OdooServer(postgres, database, name=database)
    odoo.write_config()
    program = f"""
        import json
        from tools.bench import admin_monitor_in_odoo
        print(json.dumps(admin_monitor_in_odoo.{function}(env, **values)))
    """
    return json.loads(odoo.run_program(program, values))
