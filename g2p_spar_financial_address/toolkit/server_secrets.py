"""Secrets on the server: files and environment variables that settings name.

Functions and no methods: server actions and templates can call methods of a model. The
rules are checked when a secret is read, because constraints do not apply to a record
that was never saved.
"""

import os
import stat
from contextlib import contextmanager

from odoo.tools import config

#: Environment variable, and in small letters option of Odoo's configuration file: the
#: folders in which keys may be, separated like those of PATH.
FOLDERS = "SPAR_SECRET_FOLDERS"
DEFAULT_FOLDERS = "/etc/spar:/run/secrets"
#: Beginning of the names of variables that may hold keys.
PREFIX = "SPAR_"
#: The server's own, which no setting may name.
RESERVED = frozenset({FOLDERS, "SPAR_KEY_SECRET"})


class Unreadable(OSError):
    """A secret cannot be read. Without the reason, which could reveal files."""


def check_saved(record):
    """Refuse a record that is not in the database.

    :raise Unreadable: when it is not, or is only an imitation
    """
    record.ensure_one()
    if not isinstance(record.id, int) or not record.exists():
        raise Unreadable


def in_a_folder(path):
    """Return whether a file is in a folder that the server allows for keys."""
    text = os.environ.get(FOLDERS) or config.get(FOLDERS.lower()) or DEFAULT_FOLDERS
    place = os.path.realpath(path)
    return any(
        place.startswith(os.path.join(os.path.realpath(folder), ""))
        for folder in text.split(os.pathsep)
        if os.path.isabs(folder)
    )


@contextmanager
def opened(path, limit, may_read=in_a_folder):
    """Open a regular file without blocking, as a FIFO or a device would do.

    :param str path: whole path
    :param int limit: the largest size in bytes
    :param may_read: a function that returns whether a path may be read
    :return: the number of the open file
    :raise Unreadable: when there is none, it is too large, or may not be read
    """
    try:
        if not os.path.isabs(path or "") or not may_read(path):
            raise Unreadable
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        number = os.open(path, flags)
    except (OSError, ValueError):
        raise Unreadable from None
    try:
        facts = os.fstat(number)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > limit:
            raise Unreadable
        yield number
    finally:
        os.close(number)


def read_file(path, limit, may_read=in_a_folder):
    """Return the content of a file; see :func:`opened`.

    :rtype: bytes
    :raise Unreadable: when it cannot be read
    """
    with opened(path, limit, may_read) as number:
        try:
            with open(number, "rb", closefd=False) as file:
                content = file.read(limit + 1)
        except OSError:
            raise Unreadable from None
    if len(content) > limit:
        raise Unreadable
    return content


def read_variable(name, prefix=PREFIX):
    """Return the value of an environment variable of the server.

    :param str name: of the variable
    :param str prefix: required beginning of the name
    :rtype: str
    :raise Unreadable: when it is not set, or may not be read
    """
    if not (name or "").startswith(prefix) or name in RESERVED:
        raise Unreadable
    content = os.environ.get(name)
    if content is None:
        raise Unreadable
    return content
