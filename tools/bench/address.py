"""What capturing payment addresses costs, with only that addon installed."""

import json

from ..odoo_server import OdooServer, drop_database, duplicate_database
from ..templates import prepared_template
from .figures import Figure

MODULES = ["g2p_spar_financial_address"]
DATABASE = "bench_address"
ROWS = 10_000
ROUNDS = 5


def measure(postgres, percent, say):
    """Import payment addresses from a file, and weigh that against plain contacts.

    :param Postgres postgres: a started server.
    :param int percent: how much of the full sizes to measure with.
    :param Callable say: receives one line of progress.
    :return: generator of :class:`Figure`.
    """
    rows = ROWS * percent // 100
    template = prepared_template(postgres, "address", MODULES, demo=False, say=say)
    duplicate_database(postgres, template, DATABASE)
    odoo = OdooServer(postgres, DATABASE, name=DATABASE)
    odoo.write_config()
    try:
        # One round each, one for the memory, and one more to warm up with.
        registrants = (ROUNDS + 2) * rows
        say(f"Making {registrants} registrants ...")
        _in_odoo(odoo, "make_registrants", count=registrants)
        say(f"Importing {rows} addresses, creating {rows} contacts, {ROUNDS} times ...")
        times = _in_odoo(odoo, "compare_times", rows=rows, rounds=ROUNDS)
        say(
            "Seconds: {imports} for addresses, {contacts} for contacts.".format(**times)
        )
        yield Figure("import_10k_vs_contacts", times["ratio"], "ratio", "<= 1.0")
        say(f"Importing {rows} addresses in a process of its own ...")
        memory = _in_odoo(odoo, "weigh_import", rows=rows)
        say("MiB: {after_first} after the first rows, {peak} at most.".format(**memory))
        # Keeping all rows at hand until the last one comes to about twice this.
        yield Figure("import_peak_mib", memory["growth"], "MiB", "<= 24")
    finally:
        drop_database(postgres, DATABASE)


def _in_odoo(odoo, function, **values):
    """Run a function of ``address_in_odoo`` in a fresh process; return its result."""
    program = f"""
        import json
        from tools.bench import address_in_odoo
        print(json.dumps(address_in_odoo.{function}(env, **values)))
    """
    return json.loads(odoo.run_program(program, values))
