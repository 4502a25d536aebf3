"""Long-running processes: start, watch, stop and kill them."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

from . import settings
from .problems import Problem


def started_at(pid):
    """Return when a process started, in a form that is only good for comparison.

    The system gives the numbers of ended processes to new ones; the pair of number
    and start time is unique.

    :param int pid: process number.
    :return: a text, or None when there is no such process (or it is a zombie).
    """
    try:
        with open(f"/proc/{pid}/stat") as stat:
            # The program's name, in brackets, may hold blanks; skip it.
            fields = stat.read().rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[19]
    except ProcessLookupError:
        return None
    except FileNotFoundError:
        if os.path.exists("/proc/self/stat"):
            return None
    # Systems without /proc.
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return (
        subprocess.run(command, capture_output=True, text=True).stdout.strip() or None
    )


def child_environment(**extra):
    """Return environment variables for a process of the sandbox.

    Variables that would silently change what it does are left out: those of
    PostgreSQL's clients, of Odoo, of another Python and of the SPAR mapper.

    :param extra: variables to set; None leaves one out.
    """
    foreign = ("PG", "ODOO_", "OPENERP_", "PYTHON", "VIRTUAL_ENV", "SPAR_MAPPER_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    kept.update(PYTHONPATH=str(settings.ROOT), PYTHONUNBUFFERED="1")
    kept.update(extra)
    return {name: str(value) for name, value in kept.items() if value is not None}


class Process:
    """One process with its children, in a process group of its own.

    Another run of these tools finds the process again through its file in
    ``.sandbox/run``.

    :param str name: unique name; also names the log file.
    :param list argv: program and arguments; None for one that runs already.
    :param dict env: whole environment of the process; None inherits this one.
    :param pathlib.Path cwd: folder to run in.
    """

    def __init__(self, name, argv=None, env=None, cwd=settings.ROOT):
        self.name = name
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.log = settings.LOGS / f"{name}.log"
        self._file = settings.RUN / f"{name}.json"
        self._child = None

    @property
    def pid(self):
        """Process number noted at the start, or None; the process may have ended."""
        return self._note().get("pid")

    @property
    def alive(self):
        """Whether the process started under this name still runs."""
        if self._child is not None:
            # Also waits for its last thread, unlike a look at the process table: until
            # then it may hold its port.
            return self._child.poll() is None
        note = self._note()
        return bool(note) and started_at(note["pid"]) == note["started"]

    def start(self):
        """Start the process; its output is appended to the log file.

        :return: this object.
        :raises Problem: when it runs already or the program is missing.
        """
        if self.alive:
            raise Problem(f"{self.name} is running already; `make stop` ends it.")
        for folder in (self.log.parent, self._file.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            try:
                self._child = subprocess.Popen(
                    [str(part) for part in self.argv],
                    env=self.env,
                    cwd=self.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise Problem(f"{self.name} cannot be started: {error}") from None
        note = {"pid": self._child.pid, "started": started_at(self._child.pid)}
        self._file.write_text(json.dumps(note))
        return self

    def stop(self, seconds=20):
        """Ask the process to end; kill what is left of its group after a while.

        :param float seconds: how long to wait before killing.
        """
        if self.alive:
            os.kill(self.pid, signal.SIGTERM)
            self._wait_for_end(seconds)
        self.kill()

    def kill(self):
        """Kill the process and its whole group at once (SIGKILL)."""
        note = self._note()
        if note and started_at(note["pid"]) in (note["started"], None):
            # The first process may be gone and its children still there. A number
            # stays reserved as long as a group of that number exists, so this
            # never meets a stranger.
            try:
                os.killpg(note["pid"], signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
            self._wait_for_end(10)
        self._file.unlink(missing_ok=True)

    def wait_http(self, url, seconds=60):
        """Wait until a web address answers without a server error.

        :param str url: address to ask, by GET.
        :param float seconds: how long to wait.
        :return: this object.
        :raises Problem: when the process ends or the time is over; the text holds
            the last lines of the log.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.alive:
                raise Problem(f"{self.name} ended while starting.\n{self.last_lines()}")
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return self
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        self.stop()
        raise Problem(
            f"{self.name} did not answer on {url} within {seconds:g} s.\n"
            + self.last_lines()
        )

    def last_lines(self, count=15):
        """Return the end of the log, indented, for a message.

        :param int count: number of lines.
        """
        if not self.log.exists():
            return f"    (no log at {self.log})"
        lines = self.log.read_text(errors="replace").splitlines()[-count:]
        return "\n".join(["    " + line for line in lines] + [f"    (log: {self.log})"])

    def _note(self):
        try:
            return json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def _wait_for_end(self, seconds):
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.02)


class Service:
    """A server of the sandbox; what it serves is for subclasses to say.

    ``process`` is its :class:`Process`.
    """

    process = None

    def stop(self):
        """End it in order; what it stored stays."""
        self.process.stop()

    def kill(self):
        """End it and all its children without warning (SIGKILL)."""
        self.process.kill()

    @property
    def alive(self):
        """Whether it runs."""
        return self.process.alive


def stop_all():
    """Stop every process that has a file in ``.sandbox/run``.

    :return: names of those that were running.
    """
    stopped = []
    for file in sorted(settings.RUN.glob("*.json")):
        process = Process(file.stem)
        if process.alive:
            stopped.append(process.name)
        process.stop()
    return stopped
