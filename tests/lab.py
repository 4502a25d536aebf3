"""A registry, a stand-in for SPAR, and workers that can be killed within a second.

There is no Odoo server: this process loads Odoo once and forks a worker for each job.
Everything is committed for real. Time is simulated; see :mod:`tests.clock`.
"""

import random
from contextlib import contextmanager

from tools import keys, problems
from tools.bench import crowd
from tools.forks import Fork, environment
from tools.odoo_server import drop_database
from tools.stack import Stack

from . import invariants
from .clerks import Clerks
from .clock import PATIENCE, Clock
from .standin_spar import StandInSpar

PORTS = 20_000, 30_000
PARTS = "odoo", "mapper", "key_service"
#: What SPAR speaks, the usual one first.
DIALECTS = "g2p_connect", "partner_api"
#: The version of the stand-in, and its word for the wallets of a lab.
VERSIONS = {
    "g2p_connect": ("1.1.0", "mobile_wallet_provider"),
    "partner_api": ("2.1", "MOBILE_WALLET"),
}
#: Rounds after which the engine that has not come to rest never will.
MAX_ROUNDS = 100


class Lab(Clerks, Clock):
    """One registry with its SPAR.

    :param Postgres postgres: a started server.
    :param str name: of database, processes and logs.
    :param int seed: of everything left to chance.
    :param Callable say: receives one line of progress.
    :param bool real: whether a real mapper does the work, and the stand-in only stands
        in front of it and misbehaves.
    :param str dialect: SPAR's, one of :data:`DIALECTS`; a real one speaks the first.
    :param values: fields of the connection.
    """

    def __init__(
        self,
        postgres,
        name,
        seed,
        say=print,
        real=False,
        dialect=DIALECTS[0],
        **values,
    ):
        super().__init__()
        self.postgres = postgres
        self.database = f"chaos_{name}"
        self.say = say
        self.seed = seed
        self.chance = random.Random(seed)
        # Not next to those of a lab that is starting at the same moment.
        first = random.SystemRandom().randrange(*PORTS)
        ports = {
            part: problems.free_port(first + place * 300)
            for place, part in enumerate(PARTS)
        }
        self.stack = Stack(postgres, self.database, ports, demo=False, say=say)
        self.mapper = self.stack.mapper if real else None
        version, self.wallet_kind = VERSIONS[dialect]
        self.spar = StandInSpar(
            problems.free_port(first + 900),
            f"{self.database}-spar",
            self.mapper and self.mapper.url,
            version,
            self.stack.partners,
        )
        self.values = {"dialect": dialect, **values}
        #: The newest change before what is looked at.
        self.since = 0
        say(f"{name}: seed {seed}")

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        self.stack.prepare()
        load_odoo(self.stack.odoo.write_config())
        if self.mapper:
            self.stack.key_service.start()
            self.mapper.start()
        self.spar.start()
        with self.env() as env:
            self._set_up(env)

    def __exit__(self, *exception):
        from odoo import sql_db

        self.spar.stop()
        self.stack.stop()
        sql_db.close_db(self.database)
        drop_database(self.postgres, self.database)
        self.postgres.drop_database(self.stack.mapper.database)

    def _set_up(self, env):
        self.connection = (
            env["g2p.spar.connection"]
            .create(
                {
                    "name": "Stand-in",
                    "base_url": self.spar.url,
                    "sender_id": keys.DEMO_SENDER,
                    **keys.connection_values(self.stack.key),
                    **self.values,
                }
            )
            .id
        )
        env["g2p.spar.connection"].browse(self.connection).state = "running"
        self.provider = crowd.make_provider(env).id

    def fail_over(self, postgres):
        """Go on with another server, on which the same database is.

        :param Postgres postgres: a promoted standby.
        """
        from odoo import sql_db
        from odoo.modules.registry import Registry
        from odoo.tools import config

        # The registry keeps the address of its server.
        Registry.delete(self.database)
        sql_db.close_all()
        for name, value in postgres.address.items():
            config[f"db_{name}"] = value
        self.postgres = postgres

    @contextmanager
    def env(self, uid=1):
        """Give an environment in a transaction of its own, committed at the end."""
        with environment(self.database, uid, tracking_disable=True) as env:
            yield env

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
            if self.cron_only:
                # Odoo's cron does everything, there being no queue.
                if how != "sweep":
                    env["g2p.spar.job"]._cron_run()
                env["g2p.spar.mapping"]._cron_sweep()
            elif how == "sweep":
                env["g2p.spar.mapping"]._cron_sweep()
            else:
                env["g2p.spar.connection"].browse(self.connection).job_work_off()

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
        if self.cron_only:
            due = self.seconds_to_next_job() == 0
            self.run_workers()
            return int(due)
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

    def switch_key(self, key):
        """Sign with a key from now on; SPAR knows it, and refuses the one before.

        :param tools.keys.PartnerKey key: its files.
        """
        keys.register_partner(key.certificate, self.stack.partners)
        with self.env() as env:
            connection = env["g2p.spar.connection"].browse(self.connection)
            path = str(key.private_key)
            if path not in connection.key_ids.mapped("key_path"):
                connection.write(keys.connection_values(key))
            known = connection.key_ids.filtered(lambda known: known.key_path == path)
            known.action_switch_now()

    def forget_jobs(self):
        """Delete all wake-ups, as if they were lost."""
        with self.env() as env:
            env.cr.execute(f"DELETE FROM {self.job_table}")

    def moving(self):
        """Return what the engine still has to do, for a message."""
        with self.env() as env:
            env.cr.execute(
                """SELECT c.breaker_state, m.id, m.state, m.attempts, m.outcome,
                          m.reason_code, m.sending_operation, m.next_attempt_at
                     FROM g2p_spar_mapping m
                     JOIN g2p_spar_connection c ON c.id = m.connection_id
                    WHERE m.state NOT IN ('in_sync', 'ended', 'held')
                      AND m.connection_id = %s LIMIT 5""",
                [self.connection],
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
            if how == "sweep" or self.cron_only:
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
            intended, wanted, unsettled = self._read_registry(env)
        happened = self.spar.state()
        if self.mapper:
            happened["rows"] = self.mapper.rows()
        return invariants.check(intended, wanted, happened, unsettled)

    def intended(self):
        """Return all committed addresses, by SPAR ID."""
        with self.env() as env:
            return self._read_registry(env)[0]

    def _read_registry(self, env):
        return invariants.read_registry(
            env.cr, self.connection, self.since, self.wallet_kind
        )


def load_odoo(config_file):
    """Load Odoo into this process.

    :param pathlib.Path config_file: its configuration.
    """
    from odoo.tools import config

    config.parse_config(
        ["--config", str(config_file), "--log-level", "critical"], setup_logging=True
    )
