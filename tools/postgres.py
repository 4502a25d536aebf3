"""The PostgreSQL server all databases live in.

By default this is a server of its own below ``.sandbox/``, brought by a Python
package. ``SPAR_DATABASE_URL`` selects an existing server (15 or newer) instead, for
example ``postgresql://user:password@localhost:5432``.
"""

import os
import subprocess
import time
from contextlib import closing
from urllib.parse import unquote, urlsplit

from . import settings
from .postgres_embedded import EmbeddedServer
from .problems import Problem

OLDEST_VERSION = 150000


class Postgres:
    """A PostgreSQL server, embedded or existing.

    The methods that talk to the server need psycopg2, so they work only in Odoo's
    virtual environment. After a set-up the commands run there by themselves.

    :param int version: major version of the embedded server, 18 or 16; by default
        ``SPAR_POSTGRES_VERSION``, else 18.
    :param str name: of a further embedded server, which may be stopped and started
        whatever others do.
    """

    def __init__(self, version=None, name=None):
        self.is_default = name is None
        url = settings.text("SPAR_DATABASE_URL") if self.is_default else None
        self.external = url is not None
        if self.external:
            self._server = None
            self._address = _parse(url)
        else:
            version = version or settings.postgres_version()
            self._server = EmbeddedServer(version, name)
            self._address = None

    def start(self):
        """Start the embedded server unless it runs; check an existing one.

        The embedded server goes on running after this process ends.

        :return: this object.
        :raises Problem: when the server does not start, cannot be reached or is
            older than 15.
        """
        if self._server:
            self._server.start()
        else:
            self._check_external()
        return self

    def stop(self, immediate=False):
        """Stop the embedded server; an existing one is left alone.

        :param bool immediate: end it as a crash would.
        """
        if self._server:
            self._server.stop(immediate)

    def restart(self, immediate=False):
        """Stop and start the embedded server, on the same port.

        :param bool immediate: end it as a crash would, so that it must recover.
        :raises Problem: with an existing server, which is not ours to restart.
        """
        if not self._server:
            raise Problem("The server of SPAR_DATABASE_URL is not ours to restart.")
        self._server.stop(immediate)
        self._server.start()

    def make_standby(self, name):
        """Make a standby of the embedded server anew, replicated asynchronously.

        :param str name: of the standby.
        :return: the standby, running, as a :class:`Postgres`.
        :raises Problem: with an existing server, or when it does not start.
        """
        if not self._server:
            raise Problem("A standby can be made of the embedded server only.")
        standby = Postgres(self._server.version, name)
        standby._server.follow(self._server)
        return standby

    def catch_up(self, primary):
        """Wait until this standby has all that was committed so far.

        :param Postgres primary: what it follows.
        :raises Problem: when that takes longer than a minute.
        """
        ((position,),) = primary.query("postgres", "SELECT pg_current_wal_lsn()::text")
        reached = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
        _wait_for(lambda: self.query("postgres", reached, [position]) == [(True,)])

    def cut_off(self):
        """Have this standby receive nothing more, as if the network were down.

        :raises Problem: when it still receives after a minute.
        """
        self.query("postgres", "ALTER SYSTEM SET primary_conninfo = ''")
        self.query("postgres", "SELECT pg_reload_conf()")
        receiver = "SELECT 1 FROM pg_stat_wal_receiver"
        _wait_for(lambda: not self.query("postgres", receiver))

    def promote(self):
        """Make this standby the primary, and wait until it accepts writes."""
        self._server.promote()

    def remove(self):
        """Stop a further embedded server as a crash would, and delete its data."""
        if self._server and not self.is_default:
            self._server.remove()

    @property
    def running(self):
        """Whether the embedded server runs; True for an existing one."""
        return self._server.running if self._server else True

    @property
    def address(self):
        """Host, port, user and password of the server, as a dictionary."""
        return self._server.address if self._server else self._address

    def environment(self, dbname="postgres"):
        """Return the environment variables PostgreSQL's own clients read.

        :param str dbname: database to connect to.
        """
        return {
            "PGHOST": self.address["host"],
            "PGPORT": str(self.address["port"]),
            "PGUSER": self.address["user"],
            "PGPASSWORD": self.address["password"],
            "PGDATABASE": dbname,
        }

    def odoo_options(self):
        """Return Odoo's command-line options that select this server."""
        return [f"--db_{key}={value}" for key, value in self.address.items() if value]

    def run_client(self, program, dbname, *arguments):
        """Run one of PostgreSQL's client programs, such as ``pg_dump``.

        :param str program: its name; of an existing server, it is looked for in PATH.
        :param str dbname: database to connect to.
        :raises Problem: when it fails or does not exist.
        """
        path = self._server.programs() / program if self._server else program
        try:
            done = subprocess.run(
                [str(part) for part in (path, *arguments)],
                env={**os.environ, **self.environment(dbname)},
                capture_output=True,
                text=True,
            )
        except FileNotFoundError:
            raise Problem(f"{program} of PostgreSQL is not installed.") from None
        if done.returncode:
            raise Problem(f"{program} failed:\n{done.stderr.strip()}")

    def connect(self, dbname="postgres", autocommit=True):
        """Connect to a database.

        :param str dbname: name of the database.
        :param bool autocommit: whether each statement is a transaction of its own.
        :return: a psycopg2 connection.
        """
        import psycopg2

        connection = psycopg2.connect(dbname=dbname, **self.address)
        connection.autocommit = autocommit
        return connection

    def query(self, dbname, statement, parameters=None):
        """Run one statement and return its rows.

        :param str dbname: name of the database.
        :param str statement: SQL text.
        :param parameters: values for the placeholders of the statement.
        :return: list of tuples; empty for a statement without rows.
        """
        with closing(self.connect(dbname)) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def databases(self):
        """Return the names of all databases that are not templates of PostgreSQL."""
        statement = "SELECT datname FROM pg_database WHERE NOT datistemplate"
        return {row[0] for row in self.query("postgres", statement)}

    def create_database(self, name, template=None):
        """Create a database.

        :param str name: name of the new database.
        :param str template: database to copy; nobody may be connected to it, so its
            connections are ended. By default the new one is empty.
        """
        if template:
            self._disconnect(template)
            self.query("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
            return
        self.query(
            "postgres",
            f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' "
            "LC_COLLATE 'C'",
        )
        # Odoo's indexes for searching by part of a word use it where it exists; the
        # embedded server comes without.
        found = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"
        if self.query(name, found):
            self.query(name, "CREATE EXTENSION IF NOT EXISTS pg_trgm")

    def drop_database(self, name):
        """Drop a database, ending the connections to it; a missing one is fine.

        :param str name: name of the database.
        """
        self.query("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _disconnect(self, name):
        self.query(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [name],
        )

    def _check_external(self):
        import psycopg2

        try:
            with closing(self.connect()) as connection:
                version = connection.server_version
        except psycopg2.OperationalError as error:
            raise Problem(
                f"The server of SPAR_DATABASE_URL cannot be reached: {error}"
            ) from None
        if version < OLDEST_VERSION:
            raise Problem(
                f"The server of SPAR_DATABASE_URL is PostgreSQL {version // 10000}; "
                "15 or newer is needed."
            )


def _wait_for(condition, seconds=60):
    """Wait until something is true.

    :param Callable condition: asked again and again.
    :param float seconds: how long to wait at most.
    :raises Problem: when it is not true by then.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Problem(f"PostgreSQL's standby is not ready after {seconds} s.")
        time.sleep(0.05)


def _parse(url):
    """Take the address of a server apart; return host, port, user and password."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.hostname:
        raise Problem(
            "SPAR_DATABASE_URL must look like postgresql://user:password@host:port."
        )
    return {
        "host": parts.hostname,
        "port": parts.port or 5432,
        "user": unquote(parts.username or os.environ.get("USER", "postgres")),
        "password": unquote(parts.password or ""),
    }
