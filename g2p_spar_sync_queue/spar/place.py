"""One normal form for the addresses of servers, to compare them."""

import ipaddress
import posixpath
import re
from contextlib import suppress
from urllib.parse import quote, unquote, urlsplit

#: Ports that are left out. One server may be reached by HTTP and by HTTPS.
_USUAL_PORTS = {None, 80, 443}


def place(url):
    """Return host, port and path of an address in one normal form.

    Two host names of one server are two places: only its operator knows about them.

    :param str url: an address; one that cannot be parsed is returned unchanged
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
