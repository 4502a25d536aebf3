"""A stand-in for the SPAR mapper, in a process of its own, that misbehaves on demand.

It speaks dialect A as the mapper 1.1.0 does: one reason code for opposite refusals, no
id in answers to link, HTTP 500 for an ID twice in a link. With ``--upstream`` it keeps
nothing itself and stands between the caller and a real mapper.

Everything that arrives is written down with its times. A fault tells how often it
fired, so that a test can fail when it never did.

========================  ===========================================================
``POST /control/fault``   arm faults; see :class:`Fault`
``POST /control/disarm``  have nothing go wrong any more
``GET /control/state``    what happened: ``requests``, ``applied``, ``rows``, ``fired``
``POST /control/reset``   forget what happened, and disarm
========================  ===========================================================
"""

import argparse
import json
import random
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTROL_STATE = "/control/state"
OPERATIONS = ("link", "update", "unlink", "resolve")
#: Faults that do the work, and those that do not.
KINDS = (
    "cut_after",
    "cut_before",
    "delay",
    "delay_after",
    "garbage",
    "late",
    "partial",
    "refuse",
    "reject",
    "reorder",
    "status",
)


class Fault:
    """Something that goes wrong with requests.

    :param str name: by which it is counted.
    :param str kind: one of :data:`KINDS`: the connection is cut after or before the
        work (``cut_after``, ``cut_before``); the request waits before or after it
        (``delay``, ``delay_after``) for ``seconds``; nonsense is answered after it
        (``garbage``); the connection is cut and the work done ``seconds`` later
        (``late``); one answer is left out (``partial``); the answers come in another
        order (``reorder``); the items with these ``ids`` are refused with the reason
        ``code`` (``refuse``); the whole request is refused with the reason ``code`` and
        no list (``reject``); nothing is done but to answer an HTTP ``code``, with
        ``retry_after`` (``status``).
    :param int count: how many requests it meets; by default all that match.
    :param float rate: with what probability it meets one that matches.
    :param str operation: only this one.
    :param list ids: only requests that hold one of these SPAR IDs.
    """

    def __init__(
        self,
        kind,
        name=None,
        count=None,
        rate=1.0,
        operation=None,
        ids=None,
        seconds=0.0,
        code=500,
        retry_after=None,
    ):
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind}")
        self.kind, self.name = kind, name or kind
        self.left, self.rate = count, rate
        self.operation, self.ids = operation, set(ids or ())
        self.seconds, self.code, self.retry_after = seconds, code, retry_after
        self.fired = 0

    def meets(self, operation, items, chance):
        """Whether it happens to this request; then it has fired."""
        if self.left == 0 or self.operation not in (None, operation):
            return False
        if self.ids and not self.ids & {item.get("id") for item in items}:
            return False
        if chance.random() >= self.rate:
            return False
        if self.left is not None:
            self.left -= 1
        self.fired += 1
        return True


class Mapper:
    """The table, the faults and what is written down.

    :param str upstream: base address of a real mapper that does the work instead.
    :param int seed: of what faults with a rate decide by.
    """

    def __init__(self, upstream=None, seed=0):
        self.upstream = upstream
        self.lock = threading.Lock()
        self.rows, self.strategies = {}, {}
        self.reset(seed)

    def reset(self, seed=0, rows=False):
        """Forget what happened and disarm; the rows stay unless told."""
        with self.lock:
            if rows:
                self.rows, self.strategies = {}, {}
            self.requests, self.applied, self.faults = [], [], []
            self.chance = random.Random(seed)

    def state(self):
        """Return what happened so far, as JSON."""
        with self.lock:
            fired = {}
            for fault in self.faults:
                fired[fault.name] = fired.get(fault.name, 0) + fault.fired
            # Written while nothing can change.
            return json.dumps(
                {
                    "requests": self.requests,
                    "applied": self.applied,
                    "rows": self.rows,
                    "fired": fired,
                }
            ).encode()

    def arm(self, faults):
        """Add faults; the first one that meets a request happens to it."""
        with self.lock:
            self.faults += [Fault(**fault) for fault in faults]

    def disarm(self):
        """Have no fault meet a request any more."""
        with self.lock:
            for fault in self.faults:
                fault.left = 0

    def arrive(self, operation, message_id, items):
        """Write down that a request came in; return its entry and its fault."""
        with self.lock:
            entry = {
                "operation": operation,
                "message_id": message_id,
                "ids": [item.get("id") for item in items],
                "arrived": time.time(),
                # Until it is over, SPAR may be working on it.
                "over": None,
                "fault": None,
            }
            self.requests.append(entry)
            for fault in self.faults:
                if fault.meets(operation, items, self.chance):
                    entry["fault"] = fault.name
                    return entry, fault
            return entry, None

    def over(self, entry):
        """Write down that SPAR does nothing more for a request."""
        with self.lock:
            entry["over"] = time.time()

    def work(self, operation, items, body, signature, refused=()):
        """Do what is asked, but not for refused IDs; return HTTP status and answer."""
        if self.upstream:
            return self._forward(operation, items, body, signature)
        ids = [item["id"] for item in items]
        if operation == "link" and len(set(ids)) < len(ids):
            return 500, {"errors": [{"code": "G2P-REQ-100", "message": "Unknown."}]}
        with self.lock:
            entries = [
                {"left_out": True}
                if item["id"] in refused
                else getattr(self, f"_{operation}")(item)
                for item in items
            ]
        for item, entry in zip(items, entries, strict=True):
            entry.setdefault("status", "succ")
            entry.setdefault("status_reason_code", None)
            entry["reference_id"] = item["reference_id"]
        return 200, {
            "header": {"status": "succ", "status_reason_code": None},
            "message": {f"{operation}_response": entries},
        }

    def _forward(self, operation, items, body, signature):
        request = urllib.request.Request(
            f"{self.upstream}/sync/{operation}",
            body,
            {"Content-Type": "application/json", "Signature": signature},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, {"errors": []}
        with self.lock:
            self._note_forwarded(operation, items, answer)
        return 200, answer

    def _note_forwarded(self, operation, items, answer):
        """Write down what a real mapper says it did."""
        sent = {item["reference_id"]: item for item in items}
        for entry in answer["message"].get(f"{operation}_response", ()):
            if operation != "resolve" and entry["status"] == "succ":
                item = sent[entry["reference_id"]]
                if operation == "unlink":
                    self._forget(item)
                else:
                    self._store(operation, item)

    def _link(self, item):
        if item["id"] in self.rows:
            return _refusal("rjct.reference_id.duplicate")
        if not item["fa"]:
            return _refusal("rjct.fa.invalid")
        self._store("link", item)
        return {"fa": item["fa"]}

    def _update(self, item):
        if item["id"] not in self.rows:
            return {**_refusal("rjct.reference_id.duplicate"), "id": ""}
        self._store("update", item)
        return {"fa": item["fa"], "id": item["id"]}

    def _unlink(self, item):
        if item["id"] not in self.rows:
            return {**_refusal("rjct.id.invalid"), "id": ""}
        self._forget(item)
        return {"id": ""}

    def _resolve(self, item):
        if item["id"] not in self.rows:
            return {"id": None, "status_reason_code": "succ.fa.not_linked_to_id"}
        info = self.strategies.get(item["id"])
        return {"id": item["id"], "fa": self.rows[item["id"]], "additional_info": info}

    def _store(self, operation, item):
        self.rows[item["id"]] = item["fa"]
        self.strategies[item["id"]] = item.get("additional_info")
        self.applied.append([operation, item["id"], item["fa"]])

    def _forget(self, item):
        self.rows.pop(item["id"], None)
        self.applied.append(["unlink", item["id"], None])


def _refusal(code):
    return {"status": "rjct", "status_reason_code": code}


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
                entry.update(_refusal(fault.code))
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
