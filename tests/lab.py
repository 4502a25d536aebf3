"""A registry, a stand-in for SPAR, and workers that can be killed within a second.

There is no Odoo server: this process loads Odoo once and forks a worker for each job.
Everything is committed for real. Time is simulated by moving the stored moments of the
engine back (:meth:`Lab.time_passes`), never while a worker runs or a request is at
SPAR; the engine reads all time from the database, so that to it an hour has passed.
"""

import random
import time
from contextlib import contextmanager

from psycopg2 import OperationalError, errorcodes

from tools import keys, problems, settings
from tools.forks import Fork, environment
from tools.odoo_server import OdooServer, drop_database, duplicate_database
from tools.templates import prepared_template

from . import invariants
from .standin_spar import StandInSpar

PORT = 28_100
#: Real seconds after which a worker that has not ended never will.
PATIENCE = 120
#: How often Odoo tries a request, and the errors after which it tries again.
REQUEST_ATTEMPTS = 5
CONCURRENCY = {
    errorcodes.SERIALIZATION_FAILURE,
    errorcodes.DEADLOCK_DETECTED,
    errorcodes.LOCK_NOT_AVAILABLE,
}
#: Rounds after which the engine that has not come to rest never will.
MAX_ROUNDS = 300
#: Moments the engine stores, moved when time passes.
MOMENTS = {
    "g2p_spar_mapping": ["next_attempt_at", "write_date"],
    "g2p_spar_change": ["create_date"],
    "g2p_spar_connection": ["breaker_until", "rate_free_at"],
}


class Lab:
    """One registry with its SPAR.

    :param Postgres postgres: a started server.
    :param str name: of database, processes and logs.
    :param int seed: of everything left to chance.
    :param Callable say: receives one line of progress.
    :param values: fields of the connection.
    """

    def __init__(self, postgres, name, seed, say=print, **values):
        self.postgres = postgres
        self.database = f"chaos_{name}"
        self.say = say
        self.seed = seed
        self.chance = random.Random(seed)
        self.spar = StandInSpar(problems.free_port(PORT), f"{self.database}-spar")
        self.values = values
        self.simulated = 0.0
        self.numbers = 0
        self.since = 0
        #: How often a request was beaten by another transaction and done again.
        self.repeated = 0
        say(f"{name}: seed {seed}")

    def __enter__(self):
        template = prepared_template(
            self.postgres, "plain", settings.addons(), demo=False, say=self.say
        )
        duplicate_database(self.postgres, template, self.database)
        self.odoo = OdooServer(self.postgres, self.database, name=self.database)
        load_odoo(self.odoo.write_config())
        self.spar.start()
        with self.env() as env:
            self._set_up(env)
        return self

    def __exit__(self, *exception):
        from odoo import sql_db

        self.spar.stop()
        sql_db.close_db(self.database)
        drop_database(self.postgres, self.database)

    def _set_up(self, env):
        partners = settings.SANDBOX / "partners" / self.database
        key = keys.demo_partner_key(settings.KEYS, partners)
        self.connection = (
            env["g2p.spar.connection"]
            .create(
                {
                    "name": "Stand-in",
                    "base_url": self.spar.url,
                    "sender_id": keys.DEMO_SENDER,
                    "private_key_path": str(key.private_key),
                    "certificate_path": str(key.certificate),
                    **self.values,
                }
            )
            .id
        )
        env["g2p.spar.connection"].browse(self.connection).state = "running"
        self.provider = (
            env["g2p.dfsp"]
            .create(
                {
                    "name": "M-Cash",
                    "code": "MC",
                    "fa_type": "mobile_wallet",
                    "country_id": env.ref("base.tz").id,
                }
            )
            .id
        )

    @contextmanager
    def env(self, uid=1):
        """Give an environment in a transaction of its own, committed at the end."""
        with environment(self.database, uid, tracking_disable=True) as env:
            yield env

    # === PEOPLE === #

    def register(self, count):
        """Register people who have no payment address yet; return their ids."""
        with self.env() as env:
            env.cr.execute("SELECT count(*) FROM res_partner WHERE spar_id IS NOT NULL")
            (known,) = env.cr.fetchone()
            people = env["res.partner"].create(
                [
                    {"name": f"R {n}", "is_registrant": True, "spar_id": f"ID-{n:06d}"}
                    for n in range(known, known + count)
                ]
            )
            return people.ids

    def edit(self, people):
        """Give each of these people another wallet, in one transaction."""
        self.as_odoo_does(lambda env: self.edit_in(env, people))

    def as_odoo_does(self, work):
        """Do in one transaction what a request does; again if somebody was faster.

        :param Callable work: gets the environment.
        """
        for attempt in range(REQUEST_ATTEMPTS):
            try:
                with self.env() as env:
                    work(env)
                    env.flush_all()
                return
            except OperationalError as error:
                last = attempt == REQUEST_ATTEMPTS - 1
                if last or error.pgcode not in CONCURRENCY:
                    raise
                self.repeated += 1

    def edit_in(self, env, people):
        """Give each of these people another wallet, in a transaction of the caller."""
        env["g2p.financial.address"].create(
            [
                {
                    "partner_id": person,
                    "fa_type": "mobile_wallet",
                    "dfsp_id": self.provider,
                    "mobile_number": self.new_number(),
                    "reason": "Asked for by the registrant",
                    "channel": "admin",
                }
                for person in people
            ]
        )

    def end(self, people):
        """End the payment addresses of these people."""
        in_use = [("partner_id", "in", people), ("state", "=", "effective")]
        self.as_odoo_does(
            lambda env: env["g2p.financial.address"]
            .search(in_use)
            .action_end("Not paid any more")
        )

    def new_number(self):
        """Return a number nobody had before."""
        self.numbers += 1
        return f"+2557{54_000_000 + self.numbers:08d}"

    # === THE ENGINE === #

    def worker(self, before=None, how="work_off"):
        """Let one worker do one job of the engine in a process of its own.

        :param Callable before: called in the worker with nothing, to lay traps.
        :param str how: ``work_off``, as a wake-up does, or ``sweep``, as the cron.
        :rtype: tools.forks.Fork
        """
        return Fork(self._work, before, how)

    def _work(self, before, how):
        if before:
            before()
        with self.env() as env:
            if how == "sweep":
                env["g2p.spar.mapping"]._cron_sweep()
            else:
                env["g2p.spar.connection"].browse(self.connection)._job_work_off()

    def run_workers(self, count=1, how="work_off"):
        """Let workers do a job each, side by side, to the end.

        :raises AssertionError: when one failed.
        """
        forks = [self.worker(how=how) for _number in range(count)]
        codes = [fork.wait(PATIENCE) for fork in forks]
        assert not any(codes), f"workers ended with {codes}"

    def time_passes(self, seconds):
        """Let simulated time pass.

        :param float seconds: how much.
        """
        self.wait_for_spar()
        with self.env() as env:
            for table, columns in MOMENTS.items():
                moved = ", ".join(f"{c} = {c} - %(s)s" for c in columns)
                env.cr.execute(
                    f"UPDATE {table} SET {moved}".replace(
                        "%(s)s", f"INTERVAL '{float(seconds)} seconds'"
                    )
                )
            # What wakes up the engine is up to this harness.
            env.cr.execute("DELETE FROM queue_job")
        self.simulated += seconds

    def wait_for_spar(self):
        """Wait until SPAR works on no request any more."""
        deadline = time.monotonic() + PATIENCE
        while any(r["over"] is None for r in self.spar.state()["requests"]):
            assert time.monotonic() < deadline, "a request is never over"
            time.sleep(0.01)

    def seconds_to_next(self):
        """Return how long until something is due; 0 for now, None for never."""
        with self.env() as env:
            env.cr.execute(
                """SELECT EXISTS (SELECT FROM g2p_spar_change WHERE state = 'queued'),
                          min(COALESCE(next_attempt_at, now() AT TIME ZONE 'UTC'))
                          - clock_timestamp() AT TIME ZONE 'UTC'
                     FROM g2p_spar_mapping
                    WHERE state IN ('due', 'sending', 'retrying', 'checking')"""
            )
            queued, moving = env.cr.fetchone()
            env.cr.execute(
                """SELECT breaker_until - clock_timestamp() AT TIME ZONE 'UTC'
                     FROM g2p_spar_connection
                    WHERE id = %s AND breaker_state != 'closed'""",
                [self.connection],
            )
            breaker = env.cr.fetchone()
        waits = [0.0] if queued else []
        if moving is not None:
            waits.append(moving.total_seconds())
        if not waits:
            return None
        if breaker:
            return max(breaker[0].total_seconds(), 0.0)
        return max(min(waits), 0.0)

    def settle(self, workers=1, how="work_off"):
        """Let workers run and simulated time pass until nothing is left to do.

        :raises AssertionError: when it never comes to that.
        """
        for _round in range(MAX_ROUNDS):
            wait = self.seconds_to_next()
            if wait is None:
                return
            if how == "sweep":
                # The sweeper leaves to wake-ups what is due for less than this.
                wait += 60
            if wait:
                self.time_passes(wait + 1)
            self.run_workers(workers, how)
        raise AssertionError(f"not settled after {MAX_ROUNDS} rounds")

    # === WHAT HOLDS === #

    def start_log(self, seed=0):
        """Have SPAR's log begin anew; its rows stay. All must be settled.

        :param int seed: of what faults with a rate decide by.
        """
        self.spar.reset(seed)
        with self.env() as env:
            env.cr.execute("SELECT COALESCE(max(id), 0) FROM g2p_spar_change")
            (self.since,) = env.cr.fetchone()

    def violations(self):
        """Return what does not hold, of all that happened so far.

        :rtype: tests.invariants.Violations
        """
        self.wait_for_spar()
        with self.env() as env:
            intended, wanted, unsettled = invariants.read_registry(env.cr, self.since)
        return invariants.check(intended, wanted, self.spar.state(), unsettled)


def load_odoo(config_file):
    """Load Odoo into this process.

    :param pathlib.Path config_file: its configuration.
    """
    from odoo.tools import config

    config.parse_config(
        ["--config", str(config_file), "--log-level", "critical"], setup_logging=True
    )
