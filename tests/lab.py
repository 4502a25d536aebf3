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

from tools import keys, problems
from tools.bench import crowd
from tools.forks import Fork, environment
from tools.odoo_server import drop_database
from tools.stack import Stack

from . import invariants
from .standin_spar import StandInSpar

PORTS = 20_000, 30_000
PARTS = "odoo", "mapper", "key_service"
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
MAX_ROUNDS = 100
#: Moments the engine stores, moved when time passes.
MOMENTS = {
    "g2p_spar_mapping": ["next_attempt_at", "write_date"],
    "g2p_spar_change": ["create_date"],
    "g2p_spar_connection": ["breaker_until", "rate_free_at", "guard_at"],
    "queue_job": ["eta"],
}


class Lab:
    """One registry with its SPAR.

    :param Postgres postgres: a started server.
    :param str name: of database, processes and logs.
    :param int seed: of everything left to chance.
    :param Callable say: receives one line of progress.
    :param bool real: whether a real mapper does the work, and the stand-in only stands
        in front of it and misbehaves.
    :param values: fields of the connection.
    """

    def __init__(self, postgres, name, seed, say=print, real=False, **values):
        self.postgres = postgres
        self.database = f"chaos_{name}"
        self.say = say
        self.seed = seed
        self.chance = random.Random(seed)
        # Not next to those of a lab that is starting at the same moment.
        first = random.SystemRandom().randrange(*PORTS)
        ports = {name: first + place * 300 for place, name in enumerate(PARTS)}
        self.stack = Stack(postgres, self.database, ports, demo=False, say=say)
        self.mapper = self.stack.mapper if real else None
        self.spar = StandInSpar(
            problems.free_port(first + 900),
            f"{self.database}-spar",
            self.mapper and self.mapper.url,
        )
        self.values = values
        #: When time was simulated, and how many seconds.
        self.shifts = []
        self.numbers = 0
        self.since = 0
        #: How often a request was beaten by another transaction and done again.
        self.repeated = 0
        say(f"{name}: seed {seed}")

    def __enter__(self):
        self.stack.prepare()
        load_odoo(self.stack.odoo.write_config())
        if self.mapper:
            self.stack.key_service.start()
            self.mapper.start()
        self.spar.start()
        with self.env() as env:
            self._set_up(env)
        return self

    def __exit__(self, *exception):
        from odoo import sql_db

        self.spar.stop()
        self.stack.stop()
        sql_db.close_db(self.database)
        drop_database(self.postgres, self.database)
        self.postgres.drop_database(self.stack.mapper.database)

    def _set_up(self, env):
        key = self.stack.key
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
        self.provider = crowd.make_provider(env).id

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

    def spar_ids(self, people):
        """Return the SPAR IDs of these people."""
        with self.env() as env:
            return env["res.partner"].browse(people).mapped("spar_id")

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
                # A tenth of what Odoo waits.
                time.sleep(random.uniform(0, 0.2 * 2**attempt))

    def edit_in(self, env, people, numbers=None):
        """Give each of these people another wallet, in a transaction of the caller.

        :param numbers: of the wallets; by default ones nobody had before.
        """
        numbers = numbers or self.new_numbers(len(people))
        env["g2p.financial.address"].create(
            [
                {
                    "partner_id": person,
                    "fa_type": "mobile_wallet",
                    "dfsp_id": self.provider,
                    "mobile_number": number,
                    "reason": "Asked for by the registrant",
                }
                for person, number in zip(people, numbers, strict=True)
            ]
        )

    def end(self, people):
        """End the payment addresses of these people."""
        in_use = [("partner_id", "in", people), ("state", "=", "effective")]
        self.as_odoo_does(
            lambda env: (
                env["g2p.financial.address"]
                .search(in_use)
                .action_end("Not paid any more")
            )
        )

    def new_numbers(self, count):
        """Return numbers nobody had before; a fork does not know of those of others."""
        first = 54_000_000 + self.numbers
        self.numbers += count
        return [f"+2557{number:08d}" for number in range(first, first + count)]

    # === A CROWD: MANY PEOPLE AT ONCE === #

    def make_crowd(self, count):
        """Register many people with a payment address each, not queued yet."""
        with self.env() as env:
            crowd.enter_first(env, self.provider)
            crowd.multiply(env, count)

    def queue_crowd(self):
        """Forget all changes, and queue one for each of the crowd."""
        with self.env() as env:
            crowd.queue_all(env, self.connection)
        crowd.tidy(self.postgres, self.database)

    def wake_up_all(self):
        """Wake the engine up for everybody, as an import does."""
        with self.env() as env:
            env["g2p.spar.mapping"].search([])._wake_up()

    def empty_spar(self):
        """Let SPAR forget its rows and its log."""
        self.spar.reset(rows=True)
        self.since = 0

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
        self.work(how)

    def work(self, how="work_off"):
        """Do one job of the engine in this process.

        :param str how: ``work_off``, as a wake-up does, or ``sweep``, as the cron.
        """
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

    def run_due_jobs(self):
        """Run the wake-ups whose time has come, one after the other, each its own fork.

        :return: how many.
        """
        with self.env() as env:
            env.cr.execute(
                """SELECT uuid FROM queue_job
                    WHERE state = 'pending'
                      AND (eta IS NULL OR eta <= now() AT TIME ZONE 'UTC')
                    ORDER BY priority, date_created"""
            )
            uuids = [uuid for (uuid,) in env.cr.fetchall()]
        for uuid in uuids:
            code = Fork(self._run_job, uuid).wait(PATIENCE)
            assert not code, f"a job ended with {code}"
        return len(uuids)

    def _run_job(self, uuid):
        from odoo.addons.queue_job.job import Job

        with self.env() as env:
            job = Job.load(env, uuid)
            # As the runner does: from here on the same wake-up may be made again.
            job.set_started()
            job.store()
            env.flush_all()
            env.cr.commit()  # pylint: disable=invalid-commit
            job.perform()
        with self.env() as env:
            env.cr.execute("DELETE FROM queue_job WHERE uuid = %s", [uuid])

    def forget_jobs(self):
        """Delete all wake-ups, as if they were lost."""
        with self.env() as env:
            env.cr.execute("DELETE FROM queue_job")

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
        self.shifts.append((time.time(), seconds))

    @property
    def simulated(self):
        """Seconds that were simulated so far."""
        return sum(seconds for _moment, seconds in self.shifts)

    def by_simulated_clock(self, moment):
        """Return a moment of the real clock as the engine sees it."""
        return moment + sum(s for at, s in self.shifts if at <= moment)

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
                """SELECT min(COALESCE(next_attempt_at, now() AT TIME ZONE 'UTC'))
                          - clock_timestamp() AT TIME ZONE 'UTC'
                     FROM g2p_spar_mapping m
                    WHERE state IN ('due', 'sending', 'retrying', 'checking')
                       OR EXISTS (SELECT FROM g2p_spar_change c
                                   WHERE c.mapping_id = m.id AND c.state = 'queued')"""
            )
            (moving,) = env.cr.fetchone()
            env.cr.execute(
                """SELECT breaker_until - clock_timestamp() AT TIME ZONE 'UTC'
                     FROM g2p_spar_connection
                    WHERE id = %s AND breaker_state != 'closed'""",
                [self.connection],
            )
            breaker = env.cr.fetchone()
        if moving is None:
            return None
        wait = breaker[0] if breaker else moving
        return max(wait.total_seconds(), 0.0)

    def seconds_to_next_job(self):
        """Return how long until a wake-up is due; 0 for now, None for never."""
        with self.env() as env:
            env.cr.execute(
                """SELECT min(COALESCE(eta, now() AT TIME ZONE 'UTC'))
                          - now() AT TIME ZONE 'UTC'
                     FROM queue_job WHERE state = 'pending'"""
            )
            (wait,) = env.cr.fetchone()
        return None if wait is None else max(wait.total_seconds(), 0.0)

    def moving(self):
        """Return what the engine still has to do, for a message."""
        with self.env() as env:
            env.cr.execute(
                """SELECT c.breaker_state, m.id, m.state, m.attempts, m.outcome,
                          m.reason_code, m.sending_operation, m.next_attempt_at
                     FROM g2p_spar_mapping m
                     JOIN g2p_spar_connection c ON c.id = m.connection_id
                    WHERE m.state NOT IN ('in_sync', 'ended', 'held') LIMIT 5"""
            )
            return env.cr.fetchall()

    def settle(self, workers=1, how="work_off"):
        """Let workers run and simulated time pass until nothing is left to do.

        All wake-ups are lost meanwhile: the rows alone must do.

        :raises AssertionError: when it never comes to that.
        """
        for _round in range(MAX_ROUNDS):
            self.forget_jobs()
            wait = self.seconds_to_next()
            if wait is None:
                return
            if how == "sweep":
                # The sweeper leaves to wake-ups what is due for less than this.
                wait += 60
            if wait:
                self.time_passes(wait + 1)
            self.run_workers(workers, how)
        raise AssertionError(f"not settled after {MAX_ROUNDS} rounds: {self.moving()}")

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
        happened = self.spar.state()
        if self.mapper:
            happened["rows"] = self.mapper.rows()
        return invariants.check(intended, wanted, happened, unsettled)

    def intended(self):
        """Return all committed addresses, by SPAR ID."""
        with self.env() as env:
            return invariants.read_registry(env.cr, self.since)[0]


def load_odoo(config_file):
    """Load Odoo into this process.

    :param pathlib.Path config_file: its configuration.
    """
    from odoo.tools import config

    config.parse_config(
        ["--config", str(config_file), "--log-level", "critical"], setup_logging=True
    )
