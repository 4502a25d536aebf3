"""A stand-in for the SPAR mapper, in a process of its own, that misbehaves on demand.

It speaks dialect A as the mapper 1.1.0 does: one reason code for opposite refusals, no
id in answers to link, HTTP 500 for an ID twice in a link. With ``--upstream`` it keeps
nothing itself and stands between the caller and a real mapper.

Everything that arrives is written down with its times. A fault tells how often it
fired, so that a test can fail when it never did.

========================  ===========================================================
``POST /control/fault``   arm faults; see :class:`.mapper.Fault`
``POST /control/disarm``  have nothing go wrong any more
``GET /control/state``    what happened: ``requests``, ``applied``, ``rows``, ``fired``
``POST /control/reset``   forget what happened, and disarm
========================  ===========================================================
"""

import argparse
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .mapper import Mapper, refusal

CONTROL_STATE = "/control/state"
OPERATIONS = ("link", "update", "unlink", "resolve")


class Handler(BaseHTTPRequestHandler):
    """Answers requests; its class attribute ``mapper`` is set by :func:`serve`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    mapper = None

    def do_GET(self):
        """Tell what happened."""
        self._answer(200, self.mapper.state() if self.path == CONTROL_STATE else {})

    def do_POST(self):
        """Take an order of the test, or a request of a partner."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = json.loads(body or b"{}")
        if self.path == "/control/fault":
            self.mapper.arm(content)
            self._answer(200, {})
        elif self.path == "/control/disarm":
            self.mapper.disarm()
            self._answer(200, {})
        elif self.path == "/control/reset":
            self.mapper.reset(**content)
            self._answer(200, {})
        else:
            self._serve(self.path.rpartition("/")[2], content, body)

    def _serve(self, operation, content, body):
        if operation not in OPERATIONS:
            self._answer(404, {"errors": []})
            return
        items = content["message"][f"{operation}_request"]
        message_id = content["header"]["message_id"]
        entry, fault = self.mapper.arrive(operation, message_id, items)
        signature = self.headers.get("Signature", "")

        def work(refused=()):
            try:
                return self.mapper.work(operation, items, body, signature, refused)
            finally:
                self.mapper.over(entry)

        if fault is None:
            self._answer(*work())
        else:
            getattr(self, f"_{fault.kind}")(fault, work)
            if entry["over"] is None and fault.kind != "late":
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

    def _late(self, fault, work):
        # The caller hears nothing and gives up; SPAR goes on.
        timer = threading.Timer(fault.seconds, work)
        timer.daemon = True
        timer.start()
        time.sleep(fault.seconds)
        self.close_connection = True

    def _partial(self, _fault, work):
        status, answer = work()
        _list_of(answer)[-1:] = []
        self._answer(status, answer)

    def _refuse(self, fault, work):
        status, answer = work(fault.ids)
        for entry in _list_of(answer):
            if entry.get("left_out"):
                entry.update(refusal(fault.code))
        self._answer(status, answer)

    def _reject(self, fault, _work):
        header = {"status": "rjct", "status_reason_code": fault.code}
        self._answer(200, {"header": header, "message": {}})

    def _reorder(self, _fault, work):
        status, answer = work()
        _list_of(answer).reverse()
        self._answer(status, answer)

    def _status(self, fault, _work):
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        self._answer(fault.code, {"errors": []}, **headers)
        # As 1.1.0 does after such an answer.
        self.close_connection = fault.code >= 500

    def _answer(self, status, content, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, str(value))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            # The caller gave up or was killed.
            self.close_connection = True

    def log_message(self, *_arguments):
        """Write nothing for each request; what happened is asked for."""


def _list_of(answer):
    """Return the list in an answer; an empty one when it has none."""
    return next(iter(answer.get("message", {}).values()), [])


def main(arguments=None):
    """Serve until the process is ended; see ``--help``."""
    parser = argparse.ArgumentParser(prog="tests.standin_spar", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream")
    options = parser.parse_args(arguments)
    members = {"mapper": Mapper(options.upstream)}
    handler = type("Bound", (Handler,), members)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
