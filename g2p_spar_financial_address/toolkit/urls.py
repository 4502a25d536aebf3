"""Checks of the addresses of servers: only protected connections."""

from urllib.parse import urlsplit

#: This machine: the connection does not leave it.
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_secure(address, query=False):
    """Return whether a connection to an address is protected from third parties.

    The address begins with https://, or is on this machine. It may contain neither user
    nor password, because addresses are shown and logged, nor a fragment, which is never
    sent.

    :param address: the typed text, or ``False``
    :param bool query: whether it may have a query string
    """
    try:
        url = urlsplit(address or "")
    except ValueError:
        return False
    private = url.scheme == "https" or (
        url.scheme == "http" and url.hostname in LOOPBACK
    )
    more = url.username or url.password or url.fragment
    return bool(private and url.hostname and not more and (query or not url.query))
