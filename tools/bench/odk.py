"""What ODK submissions cost until they are addresses: memory, time, requests.

Every submission is about a registrant of its own, who is added with an address.
"""

import json

from .. import odk_central, problems, settings
from ..odoo_server import OdooServer, drop_database, duplicate_database
from ..templates import prepared_template
from .figures import Figure

MODULES = ["g2p_odk_spar_mapping"]
DATABASE = "bench_odk"
#: What each form is fetched into: nothing is there of what was fetched before.
COPY = f"{DATABASE}_copy"
FEW, MANY = 5_000, 50_000
#: How often each size is fetched, in turns.
ROUNDS = 3
PORT = 27_700
#: How the wallet numbers of each form begin, so that no two registrants share one.
PREFIXES = {"few": "+255754", "many": "+255755"}


def measure(postgres, percent, say):
    """Fetch and apply many submissions and few from the stand-in for Central.

    :param Postgres postgres: a started server.
    :param int percent: how much of the full sizes to measure with.
    :param Callable say: receives one line of progress.
    :return: generator of :class:`Figure`.
    """
    sizes = {"few": FEW * percent // 100, "many": MANY * percent // 100}
    template = prepared_template(postgres, "odk", MODULES, demo=False, say=say)
    duplicate_database(postgres, template, DATABASE)
    bench = Bench(postgres, say)
    try:
        bench.prepare(sizes)
        found = {name: [] for name in sizes}
        for _round in range(ROUNDS):
            for name, size in sizes.items():
                found[name].append(bench.fetch(name, size))
        idle = bench.count_idle_requests(name)
    finally:
        bench.stop()
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

    :param Postgres postgres: with a database that has the addon.
    :param Callable say: receives one line of progress.
    """

    def __init__(self, postgres, say):
        # Where scenarios have it, too; the tools alone do without.
        from tests.standin_central import StandInCentral

        self.postgres, self.say = postgres, say
        self.prepared = OdooServer(postgres, DATABASE, name=DATABASE)
        self.odoo = OdooServer(postgres, COPY, name=COPY)
        self.central = StandInCentral(problems.free_port(PORT), f"{DATABASE}-central")
        self.password = settings.RUN / DATABASE / "127.0.0.1.odk-password"

    def prepare(self, sizes):
        """Have forms with so many submissions each, and make Odoo know of them."""
        self.prepared.write_config()
        self.odoo.write_config()
        self.password.parent.mkdir(parents=True, exist_ok=True)
        self.password.touch(mode=0o600)
        self.password.write_text(odk_central.PASSWORD)
        self.central.start()
        for name, size in sizes.items():
            self.central.do(
                "add_form", xml_form_id=name, fields=odk_central.questions()
            )
            self.central.do(
                "load", count=size, form=name, spread=7 * 86_400, data=submission(name)
            )
        self._in_odoo(
            self.prepared,
            "prepare",
            base_url=self.central.url,
            email=odk_central.EMAIL,
            password=str(self.password),
            project=odk_central.PROJECT,
            forms=list(sizes),
        )

    def fetch(self, name, size):
        """Fetch and apply one form, in a process and a database of its own.

        :return: ``peak`` in MiB and ``per_row`` in milliseconds.
        """
        duplicate_database(self.postgres, DATABASE, COPY)
        found = self._in_odoo(self.odoo, "fetch", form=name, size=size)
        self.say(f"{size} submissions: {found['seconds']:.1f} s")
        return {
            "peak": found["peak"],
            "per_row": 1000 * found["seconds"] / size,
        }

    def count_idle_requests(self, name):
        """Fetch again what was fetched last, with nothing new; return the requests."""
        return self._in_odoo(
            self.odoo, "count_idle_requests", form=name, central=self.central.url
        )

    def _in_odoo(self, odoo, function, **values):
        """Run a function of ``odk_in_odoo`` in a fresh process; return its result."""
        program = f"""
            import json
            from tools.bench import odk_in_odoo
            print(json.dumps(odk_in_odoo.{function}(env, **values)))
        """
        return json.loads(odoo.run_program(program, values))

    def stop(self):
        """Stop Central, forget its password, and drop the databases."""
        self.central.stop()
        self.password.unlink(missing_ok=True)
        for database in (COPY, DATABASE):
            drop_database(self.postgres, database)


def submission(form):
    """Return the answers of a form's submissions, with room for their number."""
    payment = {
        "fa_type": "mobile_wallet",
        "dfsp_code": "MC",
        "payment_phone": PREFIXES[form] + "{number:06}",
    }
    return odk_central.answers("SR-{number}", "Asha", "Juma {number}", payment)
