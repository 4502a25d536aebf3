"""A stand-in for the SPAR mapper, in a process of its own, that misbehaves on demand.

It speaks as one of several versions, quirks included: one reason code for opposite
refusals, no id in answers to link, a whole link lost for an ID twice in it.

===========  ======================================================================
``1.1.0``    dialect A, canonical form with ASCII only; the mapper that can be had
``1.1``      the head of the 1.1 branch: dialect A, canonical form in UTF-8
``2.1``      dialect B, UTF-8, with structured addresses, and the directory
``newest``   the same, but it verifies by itself instead of asking a key service
===========  ======================================================================

Signatures are verified when it is given the folder of the partners' certificates.
With ``--upstream`` it keeps nothing itself and stands between the caller and a real
mapper 1.1.0.

Everything that arrives is written down with its times. A fault tells how often it
fired, so that a test can fail when it never did.

========================  ===========================================================
``POST /control/fault``   arm faults; see :class:`.faults.Fault`
``POST /control/disarm``  have nothing go wrong any more
``GET /control/state``    what happened: ``requests``, ``applied``, ``rows``, ``fired``
``GET /control/rows``     the whole table, by ID
``POST /control/reset``   forget what happened, and disarm
``POST /control/upgrade`` be another ``version`` from here on; the rows stay
========================  ===========================================================
"""

import argparse
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import directory
from .dialect import Request, errors, invalid
from .dialect_a import DialectA
from .dialect_b import DialectB
from .mapper import Mapper
from .verification import (
    ASCII,
    CRASHES_1_1_0,
    CRASHES_SINCE,
    UTF8,
    KeyServiceVerifier,
    LocalVerifier,
)

#: Dialect, and what makes a verifier from the folder of certificates.
VERSIONS = {
    "1.1.0": (DialectA, lambda p: KeyServiceVerifier(p, ASCII, CRASHES_1_1_0)),
    "1.1": (DialectA, lambda p: KeyServiceVerifier(p, UTF8, CRASHES_SINCE)),
    "2.1": (DialectB, lambda p: KeyServiceVerifier(p, UTF8, CRASHES_SINCE)),
    "newest": (DialectB, LocalVerifier),
}


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
            self._answer(200, self.mapper.state())
        elif self.path == "/control/rows":
            self._answer(200, self.mapper.rows())
        elif self.path in ("/ping", "/control/"):
            self._answer(200, "pong")
        elif self.dialect.operation_of(self.path):
            self._answer(*errors(405, "G2P-REQ-405", "Method Not Allowed"))
        else:
            self._answer(*errors(404, "G2P-REQ-404", "Not Found"))

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
            self._answer(*errors(404, "G2P-REQ-404", "Not Found"))
            return
        try:
            request = Request(body, self.headers)
        except ValueError:
            self._answer(*invalid(["JSON decode error"]))
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
        self._answer(200, {})

    def _tell_directory(self, content):
        told = directory.answer(self.path, content)
        if told is None:
            self._answer(*errors(404, "G2P-REQ-404", "Not Found"))
        else:
            self._answer(200, told)

    def _serve(self, operation, request):
        request_id, items = self.dialect.parts_of(request.content, operation)
        entry, fault = self.mapper.arrive(operation, request_id, items)

        def work(**trouble):
            try:
                if self.mapper.upstream:
                    return self.mapper.forward(
                        operation, items, request.body, request.signature
                    )
                return self.dialect.work(operation, request, **trouble)
            finally:
                self.mapper.over(entry)

        if fault is None:
            self._answer(*work())
        elif fault.kind == "reject":
            rejected = self.dialect.rejection(operation, request.content, fault.code)
            self._answer(200, rejected)
        else:
            getattr(self, f"_{fault.kind}")(fault, work)
        if entry["over"] is None and (fault is None or fault.kind != "late"):
            self.mapper.over(entry)

    # === FAULTS === #

    def _cut_after(self, _fault, work):
        work()
        self.close_connection = True

    def _cut_before(self, _fault, _work):
        self.close_connection = True

    def _delay(self, fault, work):
        time.sleep(fault.seconds)
        self._answer(*work())

    def _delay_after(self, fault, work):
        answer = work()
        time.sleep(fault.seconds)
        self._answer(*answer)

    def _garbage(self, _fault, work):
        work()
        self._answer(200, b"<html>Bad gateway</html>")

    def _keys_down(self, fault, work):
        self._answer(*work(key_fault=fault))

    def _late(self, fault, work):
        # The caller hears nothing and gives up; SPAR goes on.
        timer = threading.Timer(fault.seconds, work)
        timer.daemon = True
        timer.start()
        time.sleep(fault.seconds)
        self.close_connection = True

    def _partial(self, _fault, work):
        status, answer = work()
        self.dialect.list_in(answer)[-1:] = []
        self._answer(status, answer)

    def _refuse(self, fault, work):
        status, answer = work(refused=fault.ids)
        for entry in self.dialect.list_in(answer):
            if entry.pop("left_out", False):
                entry.update(status="rjct", status_reason_code=fault.code)
        self._answer(status, answer)

    def _reorder(self, _fault, work):
        status, answer = work()
        self.dialect.list_in(answer).reverse()
        self._answer(status, answer)

    def _status(self, fault, _work):
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        self._answer(fault.code, {"errors": []}, **headers)

    def _answer(self, status, content, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, str(value))
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


def make_server(port=0, version="1.1.0", partners=None, upstream=None):
    """Make the server; call its ``serve_forever`` to run it.

    :param int port: port on 127.0.0.1; 0 chooses a free one.
    :param str version: one of :data:`VERSIONS`.
    :param pathlib.Path partners: folder of registered certificates; without it
        everybody is believed.
    :param str upstream: base address of a real mapper 1.1.0.
    :rtype: Server
    """
    return Server(("127.0.0.1", port), version, partners, Mapper(upstream))


class Server(ThreadingHTTPServer):
    """Serves one mapper as some version of SPAR."""

    daemon_threads = True

    def __init__(self, address, version, partners, mapper):
        super().__init__(address, Handler)
        self.mapper = mapper
        self.partners = partners
        self.become(version)

    def become(self, version):
        """Answer as this version from here on; the rows stay."""
        dialect, make_verifier = VERSIONS[version]
        verifier = make_verifier(self.partners) if self.partners else None
        self.dialect = dialect(self.mapper, verifier)


def main(arguments=None):
    """Serve until the process is ended; see ``--help``."""
    parser = argparse.ArgumentParser(
        prog="tests.standin_spar",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--version", choices=VERSIONS, default="1.1.0")
    parser.add_argument("--partners", type=Path)
    parser.add_argument("--upstream")
    options = parser.parse_args(arguments)
    make_server(**vars(options)).serve_forever()


if __name__ == "__main__":
    main()
