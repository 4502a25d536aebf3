"""Clients of Central, made by functions: no method of a model returns a password."""

import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.toolkit.http_client import HttpClient
from odoo.addons.g2p_spar_financial_address.toolkit.server_secrets import (
    Unreadable,
    check_saved,
    read_file,
    read_variable,
)

from .central.client import MAX_ANSWER_BYTES, CentralClient
from .central.errors import CentralError

#: Beginning of the names of variables that may hold a password of Central: anything
#: else in the server's environment must not be read. The host follows.
PREFIX = "ODK_"
#: Endings of the names of files that may, for the same reason. The host comes before.
SUFFIX = ".odk-password"
LONGEST_PASSWORD = 1024
#: Seconds to reach Central.
CONNECT_TIMEOUT = 5.0


def client_of(server):
    """Return a client of a Central; the caller closes it.

    :param server: a saved ``g2p.odk.server``
    :rtype: ~.central.client.CentralClient
    :raise UserError: when there is no password
    """
    server = server.sudo()
    http = HttpClient(
        server.base_url, CONNECT_TIMEOUT, server.answer_timeout, MAX_ANSWER_BYTES
    )
    return CentralClient(http, server.email, _password(server))


@contextmanager
def asking(server):
    """Provide a client for a query while a person waits.

    :param server: a saved ``g2p.odk.server``
    :raise UserError: when Central cannot be queried, in words
    """
    try:
        with client_of(server) as client:
            yield client
    except CentralError as trouble:
        raise UserError(server._worded(trouble)) from None


def names_for(base_url):
    """Return the names of the file and of the variable with Central's password.

    Both contain the host, so that users who may enter an address cannot have the
    password of one host sent to another, such as their own.

    :param str base_url: Central's address
    :return: two empty texts for a host in other letters than ASCII's: in capital
        letters it could be another host
    :rtype: tuple
    """
    try:
        host = urlsplit(base_url or "").hostname or ""
    except ValueError:
        host = ""
    if not host or not host.isascii():
        return "", ""
    # Two for other signs: anybody may register odk-example.org.
    name = re.sub(r"[^A-Z0-9.]", "__", host.upper()).replace(".", "_")
    return f"{host}{SUFFIX}", PREFIX + name


def _password(server):
    file_name, variable = names_for(server.base_url)
    try:
        check_saved(server)
        if not variable:
            raise Unreadable
        if server.password_source == "environment":  # nosec B105  # a choice
            if server.password_variable != variable:
                raise Unreadable
            password = read_variable(variable, PREFIX)
        else:
            content = read_file(
                server.password_path,
                LONGEST_PASSWORD,
                lambda path: Path(path).name == file_name,
            )
            password = content.decode()
    except (Unreadable, ValueError):
        password = ""  # nosec B105  # none
    password = password.strip()
    if not password or len(password) > LONGEST_PASSWORD:
        # Without its path: users who may not see that read this text, too.
        raise UserError(
            server.env._(
                "The password for %s cannot be read on the server.", server.name
            )
        )
    return password
