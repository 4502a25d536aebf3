"""The stand-in's HTTP side, in a thread of this process or as a process of its own.

It speaks as one of several versions, quirks included: one reason code for opposite
refusals, no id in answers to link, a whole link lost for an ID twice in it.

===========  ======================================================================
``1.1.0``    dialect A, canonical form with ASCII only; the mapper that can be had
``1.1``      the head of the 1.1 branch: dialect A, canonical form in UTF-8
``2.1``      dialect B, UTF-8, with structured addresses, and the directory
``newest``   the same, but it verifies by itself, with keys of a Partner Manager
===========  ======================================================================

Without a verifier everyone is believed, as the newest does by default
(``jwt_auth_enabled`` is off).

With ``upstream`` it keeps nothing itself and stands between the caller and a real
mapper 1.1.0.

Everything that arrives is written down with its times. A fault tells how often it
fired, so that a test can fail when it never did. A test in another process gives
orders:

========================  ===========================================================
``POST /control/fault``   arm faults; see :class:`.faults.Fault`
``POST /control/disarm``  have nothing go wrong any more
``GET /control/state``    what happened: ``requests``, ``applied``, ``rows``, ``fired``
``GET /control/rows``     the whole table, by ID
``POST /control/reset``   forget what happened, and disarm
``POST /control/upgrade`` be another ``version`` from here on; the rows stay
========================  ===========================================================
"""

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import directory
from .dialect import Request, errors, invalid
from .dialect_a import DialectA
from .dialect_b import DialectB
from .mapper import Mapper
from .work import Work

VERSIONS = {"1.1.0": DialectA, "1.1": DialectA, "2.1": DialectB, "newest": DialectB}


class Handler(BaseHTTPRequestHandler):
    """Answers requests; ``mapper`` and ``dialect`` are those of its server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def mapper(self):
        return self.server.mapper

    @property
    def dialect(self):
        return self.server.dialect

    def do_GET(self):
        """Tell what happened."""
        self._read_body()
        if self.path == "/control/state":
            self.answer(200, self.mapper.state())
        elif self.path == "/control/rows":
            self.answer(200, self.mapper.details())
        elif self.path in ("/ping", "/control/"):
            self.answer(200, "pong")
        elif self.dialect.operation_of(self.path):
            self.answer(*errors(405, "G2P-REQ-405", "Method Not Allowed"))
        else:
            self.answer(*errors(404, "G2P-REQ-404", "Not Found"))

    def do_POST(self):
        """Take an order of the test, or a request of a partner."""
        body = self._read_body()
        if self.path.startswith("/control/"):
            self._control(self.path.removeprefix("/control/"), json.loads(body))
            return
        operation = self.dialect.operation_of(self.path)
        is_directory = isinstance(self.dialect, DialectB) and self.path.startswith(
            directory.PREFIX
        )
        if not operation and not is_directory:
            self.answer(*errors(404, "G2P-REQ-404", "Not Found"))
            return
        try:
            request = Request(body, self.headers)
        except ValueError:
            self.answer(*invalid(["JSON decode error"]))
            return
        if operation:
            self._serve(operation, request)
        else:
            self._tell_directory(request.content)

    def _read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _control(self, order, content):
        if order == "fault":
            self.mapper.arm(content)
        elif order == "disarm":
            self.mapper.disarm()
        elif order == "reset":
            self.mapper.reset(**content)
        elif order == "upgrade":
            self.server.become(content["version"])
        self.answer(200, {})

    def _tell_directory(self, content):
        found = directory.answer(self.path, content)
        if found is None:
            self.answer(*errors(404, "G2P-REQ-404", "Not Found"))
        else:
            self.answer(200, found)

    def _serve(self, operation, request):
        work = Work(self.mapper, self.dialect, operation, request)
        if work.fault is None or not work.fault(self, work):
            self.answer(*work())
        if work.entry["over"] is None and not work.goes_on:
            work.over()

    def answer(self, status, content, **headers):
        """Answer JSON, or bytes as they are.

        :param headers: with underscores where they have hyphens.
        """
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers.setdefault("Date", self.date_time_string())
        try:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), str(value))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            # The caller gave up or was killed.
            self.close_connection = True
        if status >= 500:
            # As SPAR does after such an answer.
            self.close_connection = True

    def log_message(self, *_arguments):
        """Write nothing for each request; what happened is asked for."""


class Server(ThreadingHTTPServer):
    """Serves one mapper as some version of SPAR.

    :param int port: on 127.0.0.1; 0 chooses a free one.
    :param str version: one of :data:`VERSIONS`.
    :param str upstream: base address of a real mapper 1.1.0 that does the work.
    :param Callable make_verifier: returns the verifier of a version, see
        :class:`.dialect.Dialect`; without it everyone is believed.
    """

    daemon_threads = True

    def __init__(self, port=0, version="1.1.0", upstream=None, make_verifier=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.mapper = Mapper(upstream)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._make_verifier = make_verifier or (lambda version: None)
        self._connections = set()
        self.become(version)

    def become(self, version):
        """Answer as this version from here on; the rows stay."""
        verifier = self._make_verifier(version)
        self.dialect = VERSIONS[version](self.mapper, verifier)

    def start(self):
        """Serve in a thread of this process; return this object."""
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()
        return self

    def stop(self):
        """Close the port and all connections: who calls from now on is refused."""
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request, client_address):
        """Answer on a new connection."""
        self._connections.add(request)
        return super().process_request(request, client_address)

    def shutdown_request(self, request):
        """End a connection."""
        self._connections.discard(request)
        return super().shutdown_request(request)
