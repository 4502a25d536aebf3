"""Stopping everything, and removing everything generated."""

import shutil

from . import processes, settings, steps
from .postgres_embedded import PROGRAMS, EmbeddedServer

#: Names of servers beside the usual one.
FURTHER_SERVERS = ["chaos", "crash"]


def stop(say=print):
    """Stop every process started from this folder, PostgreSQL last.

    :param Callable say: receives one line of progress.
    """
    stopped = processes.stop_all()
    if settings.ODOO_VENV.exists():
        for version in PROGRAMS:
            for name in (None, *FURTHER_SERVERS):
                server = EmbeddedServer(version, name)
                if server.running:
                    server.stop()
                    stopped.append(f"PostgreSQL {name or version}")
    say("Stopped: " + (", ".join(stopped) or "nothing was running") + ".")


def clean(say=print):
    """Stop everything and remove ``.sandbox/``.

    :param Callable say: receives one line of progress.
    :raises Problem: while a set-up is running.
    """
    if not settings.SANDBOX.exists():
        say("There is nothing to remove.")
        return
    with steps.only_one(settings.LOCK):
        stop(say)
        shutil.rmtree(settings.SANDBOX)
    say(f"Removed {settings.SANDBOX}.")
