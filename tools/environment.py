"""The set-up: everything the other commands need, made once."""

import os
import platform
import sys

from . import (
    odoo_source,
    problems,
    settings,
    steps,
    virtualenvs,
)
from .problems import Problem
from .steps import Step

PATH_FILE = "odoo-source.pth"
LAUNCHER = f"""#!{settings.ODOO_VENV}/bin/python
from odoo.cli import main

main()
"""


def set_up(say=print):
    """Make everything that is missing or out of date.

    :param Callable say: receives one line of progress.
    :raises Problem: when something the user can put right is in the way.
    """
    _check_owner()
    settings.SANDBOX.mkdir(exist_ok=True)
    with steps.only_one(settings.LOCK):
        plan = setup_steps()
        if not all(steps.is_done(step, settings.STAMPS) for step in plan):
            problems.check_disk(settings.SANDBOX)
        for step in plan:
            steps.run_step(step, settings.STAMPS, say)


def setup_steps():
    """Return the steps of the set-up, in order."""
    plan = [
        _environment_step("odoo", "Python packages for Odoo", settings.ODOO_VENV),
        _environment_step("spar", "Python packages for SPAR", settings.SPAR_VENV),
    ]
    if odoo_source.own_odoo() is None:
        target = settings.ODOO_DOWNLOAD
        plan.append(
            Step(
                "odoo-source",
                "Downloading Odoo 19 (about 130 MB)",
                lambda: odoo_source.download(target),
                target,
                odoo_source.PACKAGES,
            )
        )
    launcher = settings.ODOO_VENV / "bin" / "odoo"
    plan.append(
        Step(
            "odoo-path",
            "Connecting Odoo to its Python packages",
            lambda: _connect(launcher),
            launcher,
            [LAUNCHER, str(odoo_source.location()), str(settings.ROOT)],
        )
    )
    return plan


def lint_step():
    """Return the step that makes the environment of ``make lint``."""
    return _environment_step("lint", "Python packages for lint", settings.LINT_VENV)


def client_step():
    """Return the step that makes the environment of ``make client``."""
    return _environment_step(
        "client", "Python packages for the client", settings.CLIENT_VENV
    )


def set_up_one(step, say=print):
    """Make what only one command needs if it is missing or out of date.

    :param Step step: what makes it.
    :param Callable say: receives one line of progress.
    """
    _check_owner()
    settings.SANDBOX.mkdir(exist_ok=True)
    with steps.only_one(settings.LOCK):
        steps.run_step(step, settings.STAMPS, say)


def continue_in_odoo_environment(arguments):
    """Go on in Odoo's virtual environment; return only when already there.

    :param list arguments: arguments of ``python -m tools``.
    """
    if os.path.realpath(sys.prefix) == os.path.realpath(settings.ODOO_VENV):
        return
    python = str(settings.ODOO_VENV / "bin" / "python")
    sys.stdout.flush()
    os.chdir(settings.ROOT)
    os.execv(python, [python, "-m", "tools", *arguments])


def _environment_step(name, title, folder):
    requirements = settings.REQUIREMENTS / f"{name}.txt"
    version = ".".join(str(part) for part in virtualenvs.base_version())
    return Step(
        f"venv-{name}",
        title,
        lambda: virtualenvs.create(folder, requirements),
        folder,
        # A virtual environment works neither elsewhere nor with another Python.
        [requirements.read_text(), version, platform.machine(), str(folder)],
    )


def _connect(launcher):
    """Let Odoo's virtual environment find Odoo, and make the program ``odoo``.

    Odoo starts itself again, for its workers and after a change of a file, by the
    name of the program it was started with; ``python -m odoo`` has no usable one.
    """
    packages = virtualenvs.site_packages(settings.ODOO_VENV)
    (packages / PATH_FILE).write_text(f"{odoo_source.location()}\n")
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)


def _check_owner():
    """Refuse to mix files of root and of an ordinary user in one folder."""
    if settings.SANDBOX.exists() and settings.SANDBOX.stat().st_uid != os.geteuid():
        raise Problem(
            f"{settings.SANDBOX} belongs to another user. Run the command as that "
            "user, or remove the folder first."
        )
