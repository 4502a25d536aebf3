"""Runs an ASGI app for one WSGI request, in the thread of the request.

The usual adapters run it in another thread than the cursor's, by which Odoo logs and
locks. Bodies are small here and answers are no streams, so neither has to arrive piece
by piece.
"""

import asyncio
import queue
from urllib.parse import quote

from odoo.service.server import CommonServer

#: Event loops nobody uses right now. Making one costs as much as a query.
_idle = queue.SimpleQueue()


class BadPath(ValueError):
    """The path of a request is no text."""


def call(app, environ, body):
    """Give one request to an app.

    :param app: the ASGI app; what it waits for, it waits for in this thread
    :param dict environ: of WSGI
    :param bytes body: the whole of it
    :return: status, list of headers, and body of the answer
    :rtype: tuple
    :raise BadPath: when the path is not UTF-8
    """
    scope = _scope(environ)
    try:
        loop = _idle.get_nowait()
    except queue.Empty:
        loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_converse(app, scope, body))
    finally:
        _idle.put(loop)


def _close():
    while not _idle.empty():
        _idle.get().close()


CommonServer.on_stop(_close)


async def _converse(app, scope, body):
    told = [{"type": "http.request", "body": body, "more_body": False}]
    status, headers, content = 500, [], bytearray()

    async def receive():
        return told.pop() if told else {"type": "http.disconnect"}

    async def send(message):
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], message["headers"]
        else:
            content.extend(message.get("body", b""))

    await app(scope, receive, send)
    texts = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in headers
    ]
    return status, texts, bytes(content)


def _scope(environ):
    raw_path = environ.get("PATH_INFO", "").encode("latin-1")
    try:
        path = raw_path.decode()
    except UnicodeDecodeError:
        raise BadPath from None
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").partition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": path,
        "raw_path": quote(raw_path).encode(),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "root_path": "",
        "headers": list(_headers(environ)),
        "client": (environ.get("REMOTE_ADDR", ""), 0),
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        "extensions": {},
    }


def _headers(environ):
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            name = name[5:]
        elif name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            continue
        yield name.lower().replace("_", "-").encode("latin-1"), value.encode("latin-1")
