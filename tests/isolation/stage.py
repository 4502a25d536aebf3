"""Where permutations are played: one registry, prepared once, and SPAR in this process.

Each permutation has registrants of its own, so nothing is made anew for it.
"""

import itertools
import random
from contextlib import contextmanager

import psycopg2

from tests.clerks import Clerks
from tests.lab import VERSIONS, load_odoo
from tools import keys, problems
from tools.bench import crowd
from tools.forks import environment
from tools.odoo_server import drop_database
from tools.stack import Stack

from .boundaries import Spar, lay
from .schedule import Monitor

PORTS = 20_000, 30_000
PARTS = "odoo", "mapper", "key_service"
#: Registrants that are prepared together.
POOL = 100
#: What is left of a registrant's way to SPAR, the youngest first.
TABLES = (
    "attempt",
    "intervention",
    "reconciliation_line",
    "reading",
    "change",
    "mapping",
)
#: The connection as each permutation finds it. Lost answers cool down for longer than a
#: permutation takes; the rest of the time is simulated.
CONNECTION = {
    "batch_size": 250,
    "answer_timeout": 5,
    "cool_down": 600,
    "retry_base": 600,
    "retry_cap": 1800,
    "breaker_threshold": 100,
    "max_per_second": 0,
    "send_every_value": False,
    "workers": 2,
}
#: SQL: what a server says of its timeline, so that one can seem to be promoted: first
#: the log goes on in the new one, then, with the next checkpoint, the control file.
PROMOTION = """
CREATE SCHEMA promotion;
CREATE TABLE promotion.server (logged int, checkpointed int);
CREATE FUNCTION promotion.pg_control_checkpoint(
    OUT checkpoint_lsn pg_lsn, OUT timeline_id int) LANGUAGE sql AS
    'SELECT checkpoint_lsn, COALESCE((SELECT checkpointed FROM promotion.server),
                                     timeline_id)
       FROM pg_catalog.pg_control_checkpoint()';
CREATE FUNCTION promotion.pg_walfile_name(pg_lsn) RETURNS text LANGUAGE sql AS
    'SELECT COALESCE((SELECT lpad(upper(to_hex(logged)), 8, ''0'')
                        FROM promotion.server),
                     left(pg_catalog.pg_walfile_name($1), 8))
            || substr(pg_catalog.pg_walfile_name($1), 9)';
"""

#: SQL: the numbers that are erased with payment data. SPAR was told them before.
ERASED = """
CREATE TABLE promotion.erased (address_id int PRIMARY KEY, mobile_number varchar);
CREATE FUNCTION promotion.keep_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO promotion.erased VALUES (OLD.id, OLD.mobile_number);
    RETURN NEW;
END $$;
CREATE TRIGGER keep_number BEFORE UPDATE ON public.g2p_financial_address
    FOR EACH ROW WHEN (OLD.mobile_number IS NOT NULL AND NEW.mobile_number IS NULL)
    EXECUTE FUNCTION promotion.keep_number();
"""


class Stage(Clerks):
    """A registry with a running connection to SPAR in this process.

    :param Postgres postgres: a started server.
    :param str name: of the database.
    :param str dialect: SPAR's, one of :data:`tests.lab.DIALECTS`.
    :param Callable say: receives one line of progress.
    """

    def __init__(self, postgres, name, dialect, say=print):
        self.postgres, self.database = postgres, f"isolation_{name}"
        self.dialect, self.say = dialect, say
        first = random.SystemRandom().randrange(*PORTS)
        ports = {
            part: problems.free_port(first + place * 300)
            for place, part in enumerate(PARTS)
        }
        self.stack = Stack(postgres, self.database, ports, demo=False, say=say)
        version, self.wallet_kind = VERSIONS[dialect]
        self.spar = Spar(version)
        self.ids = itertools.count(1)
        self.pools = {"new": [], "settled": []}

    def __enter__(self):
        self.stack.prepare()
        load_odoo(self.stack.odoo.write_config())
        address = {**self.postgres.address, "dbname": self.database}
        self.link = psycopg2.connect(**address)
        self.link.autocommit = True
        self.monitor = Monitor(self.link)
        with self.link.cursor() as cursor:
            cursor.execute(PROMOTION)
            cursor.execute(ERASED)
            cursor.execute(
                f"""ALTER DATABASE "{self.database}"
                      SET search_path = public, promotion, pg_catalog;
                    ALTER DATABASE "{self.database}" SET deadlock_timeout = '20ms';
                    ALTER DATABASE "{self.database}" SET synchronous_commit = off"""
            )
        with self.env() as env:
            self.registry = env.registry
            self._set_up(env)
        self._remember_connections()
        lay(self.registry, self.spar)
        return self

    def __exit__(self, *exception):
        from odoo import sql_db

        sql_db.close_db(self.database)
        self.link.close()
        drop_database(self.postgres, self.database)

    def _set_up(self, env):
        first, second = env["g2p.spar.connection"].create(
            [
                {
                    "name": name,
                    "base_url": f"https://{name}.invalid",
                    "sender_id": keys.DEMO_SENDER,
                    "dialect": self.dialect,
                    **keys.connection_values(self.stack.key),
                    **CONNECTION,
                }
                for name in ("first", "second")
            ]
        )
        self.connection, self.second = first.id, second.id
        self.provider = crowd.make_provider(env).id

    def _remember_connections(self):
        self.sql("CREATE TABLE promotion.connections AS TABLE g2p_spar_connection")
        rows = self.sql(
            """SELECT column_name FROM information_schema.columns
                WHERE table_name = 'connections'
                  AND column_name NOT IN ('id', 'name', 'sequence')
                  AND column_name NOT LIKE 'guard%'"""
        )
        self.columns = [name for (name,) in rows]

    @contextmanager
    def env(self, uid=1):
        """Give an environment in a transaction of its own, committed at the end."""
        with environment(self.database, uid, tracking_disable=True) as env:
            yield env

    def sql(self, query, *parameters):
        """Do one statement, committed at once; return its rows, if it has any."""
        with self.link.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    # === REGISTRANTS === #

    def take(self, kind):
        """Return a registrant that is unused.

        :param str kind: ``new`` without an address, or ``settled`` with one that is at
            SPAR.
        """
        if not self.pools[kind]:
            self._fill(kind)
        return self.pools[kind].pop()

    def _fill(self, kind):
        self.reset_connection({})
        with self.env() as env:
            people = env["res.partner"].create(
                [
                    {"name": "R", "is_registrant": True, "spar_id": self.new_id()}
                    for _number in range(POOL)
                ]
            )
            people = people.ids
            if kind == "settled":
                self.edit_in(env, people)
        self.work_off()
        self.pools[kind] += people

    def new_id(self):
        """Return a SPAR ID that is new."""
        return f"ID-{next(self.ids):06d}"

    def forget(self, people):
        """Delete all rows of registrants, so that jobs and checks do not find them."""
        with self.link.cursor() as cursor:
            # The checks of foreign keys take longer than the rest.
            cursor.execute("BEGIN; SET LOCAL session_replication_role = replica")
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS gone (id int)")
            for table in TABLES:
                chosen = "mapping_id IN (SELECT id FROM g2p_spar_mapping WHERE %s)"
                chosen = {"reading": "%s", "mapping": "%s"}.get(table, chosen)
                chosen %= "partner_id = ANY(%(people)s)"
                cursor.execute(
                    f"DELETE FROM g2p_spar_{table} WHERE {chosen}", {"people": people}
                )
            cursor.execute(
                """DELETE FROM g2p_financial_address WHERE partner_id = ANY(%s);
                   DELETE FROM g2p_spar_sending;
                   DELETE FROM g2p_spar_reconciliation;
                   DELETE FROM queue_job;
                   DELETE FROM promotion.server;
                   COMMIT""",
                [people],
            )

    # === THE ENGINE === #

    def reset_connection(self, values):
        """Have the connections be as at first, the first one running, the other not.

        :param dict values: columns of the first one that are to differ.
        """
        values = {"state": "running", **values}
        self.restore(self.connection, self.connection, **values)
        self.restore(self.second, self.second)

    def restore(self, connection, like, **values):
        """Have one connection be as one was at first, but for its name.

        :param int like: id of that one.
        :param values: columns that are to differ.
        """
        copied = ", ".join(f"{name} = s.{name}" for name in self.columns)
        self.sql(
            f"""UPDATE g2p_spar_connection c SET {copied} FROM promotion.connections s
                 WHERE c.id = %s AND s.id = %s""",
            connection,
            like,
        )
        if values:
            assigned = ", ".join(f"{name} = %s" for name in values)
            update = f"UPDATE g2p_spar_connection SET {assigned} WHERE id = %s"
            self.sql(update, *values.values(), connection)

    def running(self):
        """Return the ids of connections that are running."""
        rows = self.sql("SELECT id FROM g2p_spar_connection WHERE state = 'running'")
        return [id_ for (id_,) in rows]

    def work_off(self):
        """Let each running connection do one job."""
        for connection in self.running():
            with self.env() as env:
                env["g2p.spar.connection"].browse(connection).job_work_off()
