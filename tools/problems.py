"""Problems the user can solve, told in plain words."""

import shutil
import socket
import sys

OLDEST_PYTHON = (3, 10)
NEEDED_GIGABYTES = 6


class Problem(Exception):
    """Something the user can put right.

    The command line prints the text without a traceback and exits with code 2.
    """


def check_python(version=sys.version_info):
    """Make sure this Python can run Odoo 19.

    :param tuple version: version to check, by default the running one.
    :raises Problem: when it is too old.
    """
    if tuple(version[:2]) < OLDEST_PYTHON:
        found = ".".join(str(part) for part in version[:3])
        raise Problem(
            f"Python {found} is too old: Odoo 19 needs 3.10 or newer. "
            "Set SPAR_PYTHON to a newer one, for example SPAR_PYTHON=python3.12."
        )


def check_disk(folder, gigabytes=NEEDED_GIGABYTES):
    """Make sure the disk has room for the environment.

    :param pathlib.Path folder: an existing folder on the disk to look at.
    :param float gigabytes: free space needed, in units of 10**9 bytes.
    :raises Problem: when there is less.
    """
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        raise Problem(
            f"The disk of {folder} has {free:.1f} GB free, "
            f"but the environment needs about {gigabytes:g} GB."
        )


def port_is_free(port):
    """Tell whether a TCP port of 127.0.0.1 can be listened on.

    :param int port: port number.
    :return: True or False.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without this, a port whose last connections are still closing counts
        # as taken for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def check_port(port, variable, purpose):
    """Make sure a TCP port is free.

    :param int port: port number.
    :param str variable: environment variable that changes the port.
    :param str purpose: who wants to listen there, for the message.
    :raises Problem: when something listens there already.
    """
    if not port_is_free(port):
        raise Problem(
            f"Port {port}, wanted by {purpose}, is taken by another program. "
            f"`make stop` ends this project's own processes; "
            f"{variable}={port + 10000} would choose another port."
        )


def free_port(first):
    """Return the first free TCP port of 127.0.0.1 from a number upwards.

    :param int first: port number to begin with.
    :raises Problem: when the next 200 ports are all taken.
    """
    for port in range(first, first + 200):
        if port_is_free(port):
            return port
    raise Problem(f"No free port between {first} and {first + 199}.")


def explain_download(what, output):
    """Describe a failed download.

    :param str what: what was to be downloaded, for the message.
    :param str output: what the failed program printed.
    :return: a :class:`Problem` to raise.
    """
    tail = "\n".join("    " + line for line in output.strip().splitlines()[-8:])
    signs = ("could not resolve", "connection", "unreachable", "timed out")
    if any(sign in output.lower() for sign in signs):
        reason = "The network, or the package registry, cannot be reached."
    elif "no matching distribution" in output.lower():
        reason = "The package registry cannot be reached or lacks a package."
    else:
        reason = "The program that downloads reported an error."
    return Problem(
        f"Could not download {what}. {reason} "
        f"What is done so far is kept; run the same command again later.\n{tail}"
    )
