"""A lab for what is fetched from ODK Central: one registry, one stand-in Central.

Runs are done in this process or in workers forked from it, on a database of their own,
and committed for real. What is applied is only recorded: what becomes of answers
is another matter, and has tests of its own.
"""

import math
import random
import time
from contextlib import contextmanager

from tools import problems, settings
from tools.forks import Fork, environment
from tools.odoo_server import OdooServer, drop_database, duplicate_database
from tools.templates import prepared_template

from .lab import PORTS, load_odoo
from .standin_central import StandInCentral

MODULES = ["g2p_odk_spar_mapping"]
PATIENCE = 120
EMAIL, PASSWORD = "viewer@example.org", "right horse"
#: Which review states count, by policy.
POLICIES = {
    "any": {None, "hasIssues", "edited", "approved", "rejected"},
    "not_refused": {None, "edited", "approved"},
    "approved": {"approved"},
}


class OdkLab:
    """One registry with its Central.

    :param Postgres postgres: a started server.
    :param str name: of database, processes and logs.
    :param int seed: of everything left to chance.
    :param Callable say: receives one line of progress.
    :param values: fields of the server.
    """

    def __init__(self, postgres, name, seed, say=print, **values):
        self.postgres = postgres
        self.database = f"chaos_{name}"
        self.say = say
        self.seed = seed
        self.chance = random.Random(seed)
        first = random.SystemRandom().randrange(*PORTS)
        self.odoo = OdooServer(postgres, self.database, name=f"{self.database}-odoo")
        self.central = StandInCentral(
            problems.free_port(first), f"{self.database}-central"
        )
        self.password = settings.RUN / self.database / "127.0.0.1.odk-password"
        self.values = values
        self.forms = 0
        say(f"{name}: seed {seed}")

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        template = prepared_template(
            self.postgres, "odk", MODULES, demo=False, say=self.say
        )
        drop_database(self.postgres, self.database)
        duplicate_database(self.postgres, template, self.database)
        load_odoo(self.odoo.write_config())
        self.password.parent.mkdir(parents=True, exist_ok=True)
        self.password.touch(mode=0o600)
        self.password.write_text(PASSWORD)
        self.central.start()
        self._hurry()
        with self.env() as env:
            self._set_up(env)

    def __exit__(self, *exception):
        from odoo import sql_db

        self.central.stop()
        sql_db.close_db(self.database)
        drop_database(self.postgres, self.database)
        self.password.unlink(missing_ok=True)

    def _hurry(self):
        """Let second tries come at once."""
        from odoo.addons.g2p_odk_spar_mapping.central.client import CentralClient

        *others, _backoff = CentralClient.__init__.__defaults__
        CentralClient.__init__.__defaults__ = (*others, 0.0)

    def _set_up(self, env):
        server = env["g2p.odk.server"].create(
            {
                "name": "Central",
                "base_url": self.central.url,
                "email": EMAIL,
                "password_path": str(self.password),
                "page_size": 3,
                **self.values,
            }
        )
        self.server = server.id
        env.cr.execute(
            """CREATE TABLE applied (
                   id serial, run int, phase varchar, form int, instance varchar,
                   version int, stamp varchar)"""
        )
        env.registry["g2p.odk.submission"]._apply = write_down

    @contextmanager
    def env(self, uid=1):
        """Give an environment in a transaction of its own, committed at the end."""
        with environment(self.database, uid, tracking_disable=True) as env:
            yield env

    def new_form(self):
        """Publish a new form and have it fetched; return its id here."""
        self.forms += 1
        self.xml_form_id = f"form{self.forms}"
        self.central.do("add_form", xml_form_id=self.xml_form_id)
        self.policy = "not_refused"
        with self.env() as env:
            self.form = (
                env["g2p.odk.form"]
                .create(
                    {
                        "name": self.xml_form_id,
                        "server_id": self.server,
                        "project_id": 1,
                        "xml_form_id": self.xml_form_id,
                    }
                )
                .id
            )
        return self.form

    # === WHAT HAPPENS === #

    def act(self, method, **arguments):
        """Do what people do at Central, to this form."""
        return self.central.do(method, form=self.xml_form_id, **arguments)

    def pull(self, sweep=False, seconds=math.inf):
        """Do one run in this process.

        :param bool sweep: whether the time to compare everything has come.
        :param float seconds: after which its time is up.
        :return: its state.
        """
        if sweep:
            self.compare_next()
        with self.env() as env:
            form = env["g2p.odk.form"].browse(self.form)
            return form._pull(time.monotonic() + seconds).state

    def compare_next(self):
        """Let the time to compare everything have come."""
        with self.env() as env:
            env["g2p.odk.form"].browse(self.form).swept_at = False

    def set_policy(self, policy):
        """Say which submissions count, a key of :data:`POLICIES`."""
        self.policy = policy
        with self.env() as env:
            env["g2p.odk.form"].browse(self.form).review_policy = policy

    def worker(self, before=None):
        """Do one run in a process of its own.

        :param Callable before: called in the worker with nothing, to lay traps.
        :rtype: tools.forks.Fork
        """
        return Fork(self._work, before)

    def _work(self, before):
        if before:
            before()
        self.pull()

    # === WHAT HOLDS === #

    def wrong(self):
        """Return how what is here differs from what Central holds; nothing if all is
        right. All must have been fetched.

        :return: list of texts.
        """
        told = self.central.state()["submissions"][self.xml_form_id]
        with self.env() as env:
            here = {
                one.instance_id: (one.state, one.payload)
                for one in env["g2p.odk.submission"].search(
                    [("form_id", "=", self.form)]
                )
            }
            wrong = self._wrongly_applied(env)
        for one in told:
            state, payload = here.pop(one["id"], (None, None))
            if one["deleted"]:
                if state not in (None, "removed"):
                    wrong.append(f"deleted and here {state}")
                continue
            expected = self._expected(one["review"])
            if state != expected:
                wrong.append(f"should be {expected} and is {state}")
            elif not _same(payload, one["data"]):
                wrong.append(f"other answers in {state}")
        wrong += [f"purged and here {s}" for s, _p in here.values() if s != "removed"]
        return wrong

    def _expected(self, review):
        """Return the state of a submission that is not deleted."""
        if review in POLICIES[self.policy]:
            return "applied"
        return "ignored" if review == "rejected" else "waiting"

    def _wrongly_applied(self, env):
        env.cr.execute(
            """SELECT count(*) FROM (
                   SELECT FROM applied WHERE form = %s
                    GROUP BY instance, version HAVING count(*) > 1) AS twice""",
            [self.form],
        )
        (twice,) = env.cr.fetchone()
        env.cr.execute(
            """SELECT count(*) FROM (
                   SELECT stamp < lag(stamp) OVER way AS back
                     FROM applied WHERE form = %s
                   WINDOW way AS (PARTITION BY run, phase ORDER BY id)
                  ) AS pairs WHERE back""",
            [self.form],
        )
        (back,) = env.cr.fetchone()
        return ["applied twice"] * twice + ["applied out of order"] * back


def write_down(submissions):
    """Take the place of applying: write down what would be applied, and when."""
    for one in submissions:
        one.env.cr.execute(
            """INSERT INTO applied (run, phase, form, instance, version, stamp)
               SELECT id, phase, %s, %s, %s, %s FROM g2p_odk_run
                WHERE form_id = %s ORDER BY id DESC LIMIT 1""",
            [
                one.form_id.id,
                one.instance_id,
                one.version,
                one.submitted_stamp,
                one.form_id.id,
            ],
        )
        one.write({"state": "applied", "applied_version": one.version})


def _same(payload, data):
    kept = {key: value for key, value in (payload or {}).items() if key != "meta"}
    return kept == {key: value for key, value in data.items() if value != []}
