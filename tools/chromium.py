"""The browser for browser tests."""

import os
import shutil
import subprocess

from . import settings

# The names under which Odoo's test framework looks for a browser.
NAMES = ["google-chrome", "chromium", "chromium-browser", "google-chrome-stable"]


def find():
    """Return the path of a browser Odoo's tests can drive, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def make_available(say=print):
    """Find a browser; install Debian's chromium if there is none.

    It is a system package, so this needs root or sudo without a password. Set
    ``SPAR_CHROMIUM=no`` to never install it.

    :param Callable say: receives one line of progress.
    :return: None when there is a browser, else the reason why there is none.
    """
    if find():
        return None
    if settings.text("SPAR_CHROMIUM") == "no":
        return "no browser found, and SPAR_CHROMIUM=no forbids to install one"
    if not shutil.which("apt-get"):
        return "no browser found, and this system has no apt to install one"
    prefix = _root_prefix()
    if prefix is None:
        return "no browser found; installing one needs root (apt-get install chromium)"
    say("Installing the browser chromium for the browser tests ...")
    log = settings.LOGS / "chromium-install.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    install = ["install", "--yes", "--no-install-recommends", "chromium"]
    with log.open("w") as output:
        for arguments in (["update"], install):
            subprocess.run(
                [*prefix, "apt-get", "--quiet", *arguments],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
    return None if find() else f"chromium could not be installed (see {log})"


def _root_prefix():
    """Return the command prefix that gives root's rights, or None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        trial = subprocess.run(["sudo", "-n", "true"], capture_output=True)
        if trial.returncode == 0:
            return ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"]
    return None
