"""What the engine costs: against a bare client, a naive queue, and no engine at all."""

import json
import statistics

from .. import keys, problems, settings
from ..odoo_server import OdooServer, drop_database, duplicate_database
from ..stack import Stack
from ..templates import prepared_template
from . import address
from .edits import EditTimer
from .figures import Figure

DATABASE = "bench_engine"
LARGE = "bench_engine_large"
WITHOUT = "bench_engine_without"
BACKLOG = 10_000
ROUNDS = 21
FEW, MANY = 1_000, 1_000_000
DRAIN = 100_000
SAVES = 60
EDITS = 60
PORTS = {"odoo": 27_100, "mapper": 27_300, "key_service": 27_500}


def measure(postgres, percent, say):
    """Measure the engine against a real SPAR mapper.

    :param Postgres postgres: a started server.
    :param int percent: how much of the full sizes to measure with.
    :param Callable say: receives one line of progress.
    :return: generator of :class:`Figure`.
    """
    ports = {name: problems.free_port(first) for name, first in PORTS.items()}
    bench = Bench(Stack(postgres, DATABASE, ports, demo=False, say=say), percent, say)
    try:
        bench.stack.prepare()
        bench.stack.key_service.start()
        bench.stack.mapper.start()
        yield from bench.saves()
        yield from bench.claims()
        yield from bench.speed()
        yield from bench.comparison()
        yield from bench.edits()
        yield from bench.memory()
    finally:
        bench.stack.stop()
        for name in (DATABASE, LARGE, WITHOUT):
            drop_database(postgres, name)
        postgres.drop_database(bench.stack.mapper.database)


class Bench:
    """The steps of the measurement.

    :param Stack stack: its key service and mapper run.
    :param int percent: how much of the full sizes to measure with.
    :param Callable say: receives one line of progress.
    """

    def __init__(self, stack, percent, say):
        self.stack = stack
        self.percent = percent
        self.say = say
        self.postgres = stack.postgres

    def size(self, full):
        """Return a size lowered to the percentage, never below one batch or two."""
        return max(full * self.percent // 100, min(full, 500))

    def run(self, function, database=DATABASE, **values):
        """Run a function of ``engine_in_odoo`` in a fresh process."""
        odoo = OdooServer(self.postgres, database, name=database)
        odoo.write_config()
        program = f"""
            import json
            from tools.bench import engine_in_odoo
            print(json.dumps(engine_in_odoo.{function}(env, **values)))
        """
        return json.loads(odoo.run_program(program, values))

    def fresh(self, registrants, database=DATABASE):
        """Make a registry anew, with a crowd; return the id of its connection."""
        template = prepared_template(
            self.postgres, "plain", settings.modules(), False, self.say
        )
        drop_database(self.postgres, database)
        duplicate_database(self.postgres, template, database)
        self.say(f"Making {registrants} registrants ...")
        key = {
            "sender_id": keys.DEMO_SENDER,
            **keys.connection_values(self.stack.key),
        }
        return self.run(
            "prepare",
            database,
            base_url=self.stack.mapper.url,
            key=key,
            registrants=registrants,
        )

    def saves(self):
        """Save addresses with the engine installed, and without."""
        self.fresh(self.size(FEW))
        template = prepared_template(
            self.postgres, "address", address.MODULES, demo=False, say=self.say
        )
        duplicate_database(self.postgres, template, WITHOUT)
        self.say(f"Saving {SAVES} addresses with the engine and without ...")
        found = self.run("compare_saves", other=WITHOUT, saves=SAVES)
        self.say(
            "Milliseconds: {with:.1f} with, {without:.1f} without.".format(**found)
        )
        yield Figure("save_with_vs_without_engine", found["ratio"], "ratio", "<= 1.35")

    def claims(self):
        """Claim a batch from many waiting changes, and from few."""
        few = self.fresh(self.size(FEW))
        many = self.fresh(self.size(MANY), LARGE)
        for connection, database in ((few, DATABASE), (many, LARGE)):
            self.run("queue", database, connection=connection)
        self.say("Claiming ...")
        found = self.run(
            "compare_claims", connection=few, other=LARGE, other_connection=many
        )
        drop_database(self.postgres, LARGE)
        medians = {name: statistics.median(times) for name, times in found.items()}
        self.say("Milliseconds: {few} from few, {many} from many.".format(**medians))
        yield Figure(
            "claim_1m_vs_1k", medians["many"] / medians["few"], "ratio", "<= 1.2"
        )

    def speed(self):
        """Send a backlog by the engine, a bare client and a naive queue."""
        count = self.size(BACKLOG)
        connection = self.fresh(count)
        self.say(f"Sending {count} addresses three ways, {ROUNDS} times in turns ...")
        found = self.run(
            "compare_speed",
            connection=connection,
            mapper=self.stack.mapper.database,
            rounds=ROUNDS,
        )
        self.say(
            "Links per second: {engine} by the engine, {bare} by a bare client, "
            "{naive} naively.".format(**found)
        )
        for other, goal in (("bare", ">= 0.9"), ("naive", ">= 60")):
            # Turn by turn, since others may need the machine in one and not the next.
            pairs = zip(found["engine"], found[other], strict=True)
            ratio = statistics.median(engine / speed for engine, speed in pairs)
            yield Figure(f"bulk_vs_{other}", ratio, "ratio", goal)

    def comparison(self):
        """Compare everybody with SPAR, and only ask SPAR about as many."""
        count = self.size(BACKLOG)
        connection = self.fresh(count)
        self.say(
            f"Comparing {count} registrants with SPAR, {ROUNDS} times in turns ..."
        )
        found = self.run(
            "compare_comparisons",
            connection=connection,
            mapper=self.stack.mapper.database,
            rounds=ROUNDS,
        )
        self.say(
            "Registrants per second: {comparison} compared, {bare} by a bare "
            "client.".format(**found)
        )
        pairs = zip(found["comparison"], found["bare"], strict=True)
        ratio = statistics.median(compared / asked for compared, asked in pairs)
        yield Figure("compare_vs_bare", ratio, "ratio", ">= 0.7")

    def edits(self):
        """Edit one address at a time on an idle system."""
        self.fresh(1)
        self.stack.mapper.clear()
        self.stack.odoo.start()
        try:
            found = EditTimer(self.stack, self.say).compare(EDITS)
        finally:
            self.stack.odoo.stop()
        yield Figure("single_edit_p95_vs_bare", found["ratio"], "ratio", "<= 1.8")

    def memory(self):
        """Send a large backlog in one process."""
        count = self.size(DRAIN)
        connection = self.fresh(count)
        self.stack.mapper.clear()
        self.run("queue", connection=connection)
        self.say(f"Sending {count} addresses in one process ...")
        found = self.run("weigh_drain", connection=connection)
        self.say("MiB: {before:.0f} before, {peak:.0f} at most.".format(**found))
        yield Figure("worker_peak_mib", found["peak"], "MiB", "<= 350")
