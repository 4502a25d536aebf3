"""What fetching submissions from ODK Central costs: memory, time, requests."""

import json

from .. import problems, settings
from ..odoo_server import OdooServer, drop_database, duplicate_database
from ..templates import prepared_template
from .figures import Figure

MODULES = ["g2p_odk_spar_mapping"]
DATABASE = "bench_odk"
FEW, MANY = 5_000, 50_000
#: How often each size is fetched, in turns.
ROUNDS = 3
PORT = 27_700


def measure(postgres, percent, say):
    """Fetch many submissions and few from the stand-in for Central.

    :param Postgres postgres: a started server.
    :param int percent: how much of the full sizes to measure with.
    :param Callable say: receives one line of progress.
    :return: generator of :class:`Figure`.
    """
    sizes = {"few": FEW * percent // 100, "many": MANY * percent // 100}
    template = prepared_template(postgres, "odk", MODULES, demo=False, say=say)
    duplicate_database(postgres, template, DATABASE)
    bench = Bench(OdooServer(postgres, DATABASE, name=DATABASE), say)
    try:
        bench.prepare(sizes)
        found = {name: [] for name in sizes}
        for _round in range(ROUNDS):
            for name, size in sizes.items():
                found[name].append(bench.fetch(name, size))
        idle = bench.in_odoo("count_idle_requests", central=bench.central.url)
    finally:
        bench.stop()
        drop_database(postgres, DATABASE)
    peaks = {n: min(one["peak"] for one in f) for n, f in found.items()}
    say("MiB at most: {few:.0f} with few, {many:.0f} with many.".format(**peaks))
    yield Figure("odk_peak_50k_vs_5k", peaks["many"] / peaks["few"], "ratio", "<= 1.2")
    # The least disturbed of each: others need the machine, too.
    times = {n: min(one["per_row"] for one in f) for n, f in found.items()}
    say("Milliseconds a row: {few:.3f} with few, {many:.3f} with many.".format(**times))
    yield Figure(
        "odk_per_row_50k_vs_5k", times["many"] / times["few"], "ratio", "<= 1.2"
    )
    yield Figure("odk_idle_requests", idle, "requests", "<= 3")


class Bench:
    """The steps of the measurement.

    :param OdooServer odoo: with the addon installed.
    :param Callable say: receives one line of progress.
    """

    def __init__(self, odoo, say):
        # Where scenarios have it, too; the tools alone do without.
        from tests.standin_central import StandInCentral

        self.odoo, self.say = odoo, say
        self.central = StandInCentral(problems.free_port(PORT), f"{DATABASE}-central")
        self.password = settings.RUN / f"{DATABASE}.odk-password"

    def prepare(self, sizes):
        """Have forms with so many submissions each, and make Odoo know of them."""
        self.odoo.write_config()
        self.password.parent.mkdir(parents=True, exist_ok=True)
        self.password.touch(mode=0o600)
        self.password.write_text("right horse")
        self.central.start()
        for name, size in sizes.items():
            self.central.do("add_form", xml_form_id=name)
            self.central.do("load", count=size, form=name, spread=7 * 86_400)
        self.in_odoo(
            "prepare",
            base_url=self.central.url,
            password=str(self.password),
            forms=list(sizes),
        )

    def fetch(self, name, size):
        """Fetch one form from the beginning, in a process of its own.

        :return: ``peak`` in MiB and ``per_row`` in milliseconds.
        """
        found = self.in_odoo("fetch", form=name, size=size)
        self.say(f"{size} submissions: {found['seconds']:.1f} s")
        return {
            "peak": found["peak"],
            "per_row": 1000 * found["seconds"] / size,
        }

    def in_odoo(self, function, **values):
        """Run a function of ``odk_in_odoo`` in a fresh process; return its result."""
        program = f"""
            import json
            from tools.bench import odk_in_odoo
            print(json.dumps(odk_in_odoo.{function}(env, **values)))
        """
        return json.loads(self.odoo.run_program(program, values))

    def stop(self):
        """Stop Central, and forget its password."""
        self.central.stop()
        self.password.unlink(missing_ok=True)
