"""An Odoo server on one database."""

import configparser
import os
import secrets
import shutil
import subprocess
import tempfile
import textwrap

from . import odoo_source, problems, settings, virtualenvs
from .problems import Problem
from .processes import Process, Service, child_environment

CHANNELS = "root:4"
#: Stands in for OpenSPP's queue, which is on no package index.
STAND_IN = settings.ROOT / "tests" / "standin_job_worker"


def addons_path(registry=None):
    """Return the folders Odoo looks for addons in, the project's own last.

    :param str registry: whose stand-in is among them.
    """
    packages = virtualenvs.site_packages(settings.ODOO_VENV)
    folders = [*odoo_source.addons_folders(), packages / "odoo" / "addons"]
    if registry:
        folders.append(settings.STAND_INS / registry)
    if settings.queue() == "job_worker":
        folders.append(STAND_IN)
    return [*folders, settings.ROOT]


def server_wide_modules():
    """Return the modules a server loads whatever its databases are."""
    queue = ["queue_job"] if settings.queue() == "queue_job" else []
    return ["base", "rpc", "web", *queue]


class OdooServer(Service):
    """Odoo with the project's addons on one database.

    :param Postgres postgres: a started server.
    :param str database: name of the database.
    :param int port: port on 127.0.0.1; by default ``SPAR_ODOO_PORT``, else 8069.
    :param str name: name of process, log and configuration file.
    :param int workers: number of worker processes; 0 runs one process with threads.
    :param str channels: job queue's channels and how many jobs each runs at once.
    :param dict options: further values for the ``[options]`` section.
    :param dict env: further environment variables.
    :param str registry: a registry whose stand-in Odoo finds, too.
    """

    def __init__(
        self,
        postgres,
        database,
        port=None,
        *,
        name="odoo",
        workers=0,
        channels=CHANNELS,
        options=None,
        env=None,
        registry=None,
    ):
        self.registry = registry
        self.postgres = postgres
        self.database = database
        self.port = port or settings.odoo_port()
        self.workers = workers
        self.channels = channels
        self.options = options or {}
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = settings.SANDBOX / "conf" / f"{name}.conf"
        # When Odoo starts itself again, it looks for `python` along PATH.
        path = f"{settings.ODOO_VENV}/bin{os.pathsep}{os.environ.get('PATH', '')}"
        self.environment = child_environment(PATH=path, **(env or {}))
        self.process = Process(name, self._command(), self.environment)

    def write_config(self):
        """Write the configuration file, readable by its owner only.

        :return: its path.
        """
        parser = configparser.ConfigParser(interpolation=None)
        parser["options"] = {name: str(v) for name, v in self._options().items()}
        parser["queue_job"] = {"channels": self.channels}
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.touch(mode=0o600)
        with self.config.open("w") as handle:
            parser.write(handle)
        return self.config

    def _options(self):
        """Return the values of the ``[options]`` section."""
        values = {f"db_{name}": v for name, v in self.postgres.address.items() if v}
        values.update(
            addons_path=",".join(str(folder) for folder in addons_path(self.registry)),
            admin_passwd=secrets.token_urlsafe(16),
            data_dir=settings.ODOO_DATA,
            db_name=self.database,
            dbfilter=f"^{self.database}$",
            http_interface="127.0.0.1",
            http_port=self.port,
            list_db=False,
            server_wide_modules=",".join(server_wide_modules()),
            # Keys of the sandbox, and those that tests make.
            spar_secret_folders=f"{settings.SANDBOX}:{tempfile.gettempdir()}",
            workers=self.workers,
        )
        if self.workers:
            # With workers, Odoo serves live messages on a second port.
            values["gevent_port"] = problems.free_port(self.port + 3000)
        values.update(self.options)
        return values

    def install(self, modules, demo=True):
        """Install addons; the database is made if it does not exist.

        :param list modules: technical names.
        :param bool demo: whether to load demonstration data, too. Only the first
            installation in a database can decide this.
        :raises Problem: when it fails.
        """
        if self.database not in self.postgres.databases():
            self.postgres.create_database(self.database)
        extra = ["--with-demo"] if demo else []
        self._run_once("--init", ",".join(modules), *extra)

    def upgrade(self, modules):
        """Bring installed addons up to date with their files.

        :param list modules: technical names.
        :raises Problem: when it fails.
        """
        self._run_once("--update", ",".join(modules))

    def start(self):
        """Start the server and wait until it answers from the database.

        :return: this object.
        :raises Problem: when it does not start.
        """
        problems.check_port(self.port, "SPAR_ODOO_PORT", "Odoo")
        self.write_config()
        self.process.start().wait_http(f"{self.url}/web/login", 120)
        return self

    def restart(self):
        """End the server in order and start it again.

        :return: this object.
        """
        self.stop()
        return self.start()

    def rpc(self, login="admin", password="admin"):
        """Log in; return an :class:`tools.odoo_rpc.Rpc`.

        :param str login: user name.
        :param str password: password.
        """
        from .odoo_rpc import Rpc

        return Rpc(self.url, self.database, login, password)

    def run_in_foreground(self, *arguments, command=None):
        """Run Odoo on this terminal until it ends.

        :param str arguments: further arguments of Odoo.
        :param str command: sub-command of Odoo, for example ``shell``.
        :return: its exit code.
        """
        self.write_config()
        argv = [*self._command(command), *arguments]
        child = subprocess.Popen(
            [str(part) for part in argv], env=self.environment, cwd=settings.ROOT
        )
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # The terminal interrupted Odoo as well; let it end in order.
                continue

    def shell_command(self):
        """Return the command line of Odoo's Python shell, which reads a program."""
        return [*self._command("shell"), "--no-http", "--log-level", "critical"]

    def run_program(self, program, values=None, seconds=None):
        """Run a Python program in Odoo's shell, in a process of its own.

        The configuration file must have been written. What the program writes to
        stderr goes to this process's own.

        :param str program: its text, indented as you like; it may use ``env`` and
            ``values``.
        :param dict values: what the program is given.
        :param float seconds: how long it may take; by default for ever.
        :return: the last line it prints.
        :raises Problem: when it fails or prints nothing.
        :raises subprocess.TimeoutExpired: when it takes longer.
        """
        done = subprocess.run(
            [str(part) for part in self.shell_command()],
            input=f"values = {values or {}!r}\n{textwrap.dedent(program)}",
            env=self.environment,
            cwd=settings.ROOT,
            stdout=subprocess.PIPE,
            text=True,
            timeout=seconds,
        )
        lines = done.stdout.splitlines()
        if done.returncode or not lines:
            raise Problem("A program failed inside Odoo; its messages are above.")
        return lines[-1]

    def _command(self, command=None):
        python = settings.ODOO_VENV / "bin" / "python"
        # Not by the script's first line, which has a limit of its own for its length.
        argv = [python, settings.ODOO_VENV / "bin" / "odoo"]
        return [*argv, *([command] if command else []), "--config", self.config]

    def _run_once(self, *arguments):
        """Run Odoo for one task, without serving and without running jobs."""
        self.write_config()
        argv = [*self._command(), *arguments, "--stop-after-init", "--no-http"]
        argv += ["--load", "base,web", "--workers", "0", "--max-cron-threads", "0"]
        self.process.log.parent.mkdir(parents=True, exist_ok=True)
        with self.process.log.open("ab") as log:
            code = subprocess.call(
                [str(part) for part in argv],
                env=self.environment,
                cwd=settings.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if code:
            raise Problem(
                f"Odoo failed ({' '.join(arguments)}).\n{self.process.last_lines(40)}"
            )


def filestore(database):
    """Return the folder that holds a database's attachments.

    :param str database: name of the database.
    """
    return settings.ODOO_DATA / "filestore" / database


def duplicate_database(postgres, source, target):
    """Copy a database with its attachments; an older copy is replaced.

    :param Postgres postgres: the server.
    :param str source: database to copy; connections to it are ended.
    :param str target: name of the copy.
    """
    drop_database(postgres, target)
    postgres.create_database(target, source)
    if filestore(source).exists():
        shutil.copytree(filestore(source), filestore(target))


def drop_database(postgres, name):
    """Drop a database with what Odoo keeps of it in files; a missing one is fine.

    :param Postgres postgres: the server.
    :param str name: name of the database.
    """
    postgres.drop_database(name)
    shutil.rmtree(filestore(name), ignore_errors=True)
    # By these the engine would take the next one of that name for a restored one.
    for witness in (settings.ODOO_DATA / "spar").glob(f"{name}-*.json"):
        witness.unlink()
