"""Reads bodies of requests to the suite's pages before Odoo's first query.

Odoo takes a database connection for a request, and only then reads its body. With
threads (``workers = 0``), clients that send bodies byte by byte would hold all
connections, and no user could log in. Here the whole body is read first: up to the
limit of the page, within one deadline, and of few requests at the same time.

The same paths get their headers here, as the answers that Odoo gives for them without a
page of ours, such as a redirection to the login, need them too.

Part of the process, not of a database: it is in force once the addon is imported.
"""

import io
import threading
import time

from werkzeug.exceptions import (
    BadRequest,
    NotFound,
    RequestTimeout,
    ServiceUnavailable,
)
from werkzeug.serving import DechunkedInput

from odoo import http

#: Seconds a whole body may take.
SECONDS = 20
#: Bodies this process reads at the same time. More are refused at once.
AT_ONCE = 64

#: Content-Security-Policy of answers that are no pages.
NO_PAGE = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
#: And of pages, which have no script and no style within them.
PAGE = (
    "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

#: Key in the environment of a request: its body is in memory, or too large to read.
TAKEN = "g2p_spar.body_taken"

_guarded = {}
_room = threading.BoundedSemaphore(AT_ONCE)


def guard(prefix, limit, refuse=None, policy=NO_PAGE):
    """Read bodies of requests to these paths before Odoo does, and add headers.

    The routes need ``max_content_length`` of the same limit, which refuses larger
    bodies.

    :param str prefix: of the path, without a slash at the end
    :param int limit: bytes a body may have
    :param refuse: makes a response of a werkzeug ``HTTPException``; by default the
        exception itself
    :param str policy: the Content-Security-Policy of the answers
    """
    _guarded[prefix] = limit, refuse, policy


def check_taken(environ):
    """Refuse a request with a body that was not read by :func:`guard`.

    It came by a path that is not guarded, such as one that was rewritten.

    :param dict environ: of the request
    :raise ServiceUnavailable: also for a body that is not there yet
    """
    if TAKEN not in environ and _has_body(environ):
        raise ServiceUnavailable(retry_after=1)


def _has_body(environ):
    chunked = environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower() == "chunked"
    return chunked or environ.get("CONTENT_LENGTH") not in (None, "", "0")


def _guard_of(path):
    for prefix, found in list(_guarded.items()):
        if path == prefix or path.startswith(f"{prefix}/"):
            return found
    return None


def _take(environ, limit):
    """Read the body of a request into memory, and replace the stream by it.

    :raise HTTPException: when it does not arrive, or others are being read
    """
    environ[TAKEN] = True
    if not _has_body(environ):
        return
    text = environ.get("CONTENT_LENGTH") or ""
    length = int(text) if text.isascii() and text.isdecimal() else None
    if environ.get("wsgi.input_terminated"):
        length = None
    elif length is None:
        raise BadRequest()
    elif length > limit:
        # Refused by the limit of the route, which checks the length only.
        environ["wsgi.input"] = io.BytesIO()
        return
    if not _room.acquire(blocking=False):
        raise ServiceUnavailable(retry_after=1)
    try:
        body = _read(environ, length, limit)
    finally:
        _room.release()
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.update(
        {
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "CONTENT_LENGTH": str(len(body)),
        }
    )


def _read(environ, length, limit):
    """Return the body; of one without a length at most one byte more than allowed."""
    source = environ["wsgi.input"]
    connection = environ.get("werkzeug.socket") or environ.get("socket")
    raw = source._rfile if isinstance(source, DechunkedInput) else source
    if connection is not None and hasattr(raw, "readinto1"):
        timed = io.BufferedReader(_UntilDeadline(raw, connection))
        source = DechunkedInput(timed) if raw is not source else timed
    before = connection.gettimeout() if connection is not None else None
    try:
        body = source.read(limit + 1 if length is None else length)
    except TimeoutError:
        raise RequestTimeout() from None
    except OSError:
        raise BadRequest() from None
    finally:
        if connection is not None:
            connection.settimeout(before)
    if length is not None and len(body) < length:
        # A truncated body may have another meaning.
        raise BadRequest()
    return body


class _UntilDeadline(io.RawIOBase):
    """A connection that is read until one deadline, over all reads."""

    def __init__(self, raw, connection):
        super().__init__()
        self._raw = raw
        self._connection = connection
        self._end = time.monotonic() + SECONDS

    def readable(self):
        return True

    def readinto(self, buffer):
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._raw.readinto1(buffer)


_serve = http.Application.__call__


def _serve_with_body(self, environ, start_response):
    path, nul, _rest = environ.get("PATH_INFO", "").partition("\0")
    found = _guard_of(path)
    limit, refuse, policy = found or (None, None, None)
    if found:
        start_response = _with_headers(start_response, policy)
    try:
        if nul:
            # Odoo looks for it in the database, which takes no such text.
            raise NotFound()
        if found:
            _take(environ, limit)
    except (BadRequest, NotFound, RequestTimeout, ServiceUnavailable) as error:
        response = refuse(error) if refuse else error.get_response(environ)
        return response(environ, start_response)
    return _serve(self, environ, start_response)


def _with_headers(start_response, policy):
    """Return a ``start_response`` that adds headers which the answer lacks."""
    ours = {**_HEADERS, "Content-Security-Policy": policy}

    def start(status, headers, *exc_info):
        said = {name.lower() for name, _value in headers}
        missing = [(name, ours[name]) for name in ours if name.lower() not in said]
        return start_response(status, [*headers, *missing], *exc_info)

    return start


http.Application.__call__ = _serve_with_body
