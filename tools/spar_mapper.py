"""The real SPAR mapper 1.1.0, run from its Python packages."""

import subprocess

from . import problems, settings
from .problems import Problem
from .processes import Process, Service, child_environment


class SparMapper(Service):
    """A SPAR mapper with a database of its own.

    :param Postgres postgres: a started server.
    :param int port: port on 127.0.0.1.
    :param str database: name of the mapper's database.
    :param str key_service_url: base address of the key service.
    :param str name: name of process and log.
    """

    def __init__(self, postgres, port, database, key_service_url, name="spar-mapper"):
        self.postgres = postgres
        self.port = port
        self.database = database
        self.key_service_url = key_service_url
        self.url = f"http://127.0.0.1:{port}"
        """Base address, to which ``/sync/link`` and the like are appended."""
        argv = [settings.SPAR_VENV / "bin" / "python", "-m", "uvicorn"]
        argv += ["tools.spar_mapper_app:app", "--host", "127.0.0.1", "--port", port]
        argv += ["--no-access-log", "--timeout-graceful-shutdown", "10"]
        # The mapper reads a file `.env` of its working folder; there is none here.
        self.process = Process(name, argv, cwd=settings.SANDBOX)

    def start(self):
        """Start the mapper and wait until it answers; make its database at first.

        :return: this object.
        :raises Problem: when it does not start.
        """
        self.process.env = self._environment()
        if self.database not in self.postgres.databases():
            self.postgres.create_database(self.database)
        if not self._has_table():
            self._migrate()
        problems.check_port(self.port, "SPAR_MAPPER_PORT", "the SPAR mapper")
        self.process.start().wait_http(f"{self.url}/ping", 60)
        return self

    def rows(self):
        """Return what the mapper has stored.

        :return: dictionary from ID to financial address, both as the mapper keeps
            them.
        """
        statement = "SELECT id_value, fa_value FROM id_fa_mappings"
        return dict(self.postgres.query(self.database, statement))

    def clear(self):
        """Forget everything stored; works while the mapper runs."""
        self.postgres.query(self.database, "TRUNCATE id_fa_mappings")

    def _has_table(self):
        statement = "SELECT to_regclass('id_fa_mappings') IS NOT NULL"
        return self.postgres.query(self.database, statement)[0][0]

    def _migrate(self):
        python = settings.SPAR_VENV / "bin" / "python"
        done = subprocess.run(
            [python, "-m", "tools.spar_mapper_app", "migrate"],
            env=self.process.env,
            cwd=settings.SANDBOX,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Problem(f"The SPAR mapper could not make its tables.\n{done.stderr}")

    def _environment(self):
        """Return the mapper's environment; its settings begin with SPAR_MAPPER_."""
        address = self.postgres.address
        values = {
            "DB_HOSTNAME": address["host"],
            "DB_PORT": address["port"],
            "DB_USERNAME": address["user"],
            "DB_PASSWORD": address["password"],
            "DB_DBNAME": self.database,
            "OAUTH_TOKEN_URL": f"{self.key_service_url}/token",
            "OAUTH_CLIENT_ID": "spar-mapper",
            "OAUTH_CLIENT_SECRET": "demo",
            "JWT_VERIFY_URL": f"{self.key_service_url}/jwtVerify",
        }
        return child_environment(
            **{f"SPAR_MAPPER_{name}": value for name, value in values.items()}
        )
