"""Which servers may be asked for what nobody else is to see or change."""

from urllib.parse import urlsplit

#: This machine: nobody is on the way who could listen.
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_secure(address, query=False):
    """Return whether what goes to an address and comes back stays between the two.

    It begins with https://, or is on this machine. A user and a password are not in it,
    because addresses are shown and logged; nor is a part that is never sent.

    :param address: what somebody typed, or ``False``
    :param bool query: whether it may go on after a question mark
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
