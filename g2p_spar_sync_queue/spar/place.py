"""Which place an address leads to, in one spelling."""

import ipaddress
import posixpath
import re
from contextlib import suppress
from urllib.parse import quote, unquote, urlsplit

#: Ports that need not be written. SPAR is one behind both.
_USUAL_PORTS = {None, 80, 443}


def place(url):
    """Return the place an address leads to, in the same spelling for the same place.

    Two names of one server are two places: only its operator knows that.

    :param str url: an address; anything else is returned as it is
    :rtype: str
    """
    try:
        parts = urlsplit(url)
        port = "" if parts.port in _USUAL_PORTS else f":{parts.port}"
    except ValueError:
        return url
    host = _host(parts.hostname or "")
    path = quote(unquote(parts.path), safe="/~:@!$&'()*+,;=")
    path = posixpath.normpath(re.sub("/+", "/", f"/{path}"))
    return f"{host}{port}{path}".rstrip("/")


def _host(host):
    with suppress(ValueError):
        return ipaddress.ip_address(host).compressed
    host = host.rstrip(".").lower()
    with suppress(UnicodeError):
        return host.encode("idna").decode()
    return host
