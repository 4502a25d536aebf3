"""A stand-in for the SPAR mapper 1.1.0, for what a healthy mapper will not do.

It keeps rows as the real one does (one reason code for opposite refusals, no id in
link answers, duplicate ids in a batch are an HTTP 500) and misbehaves on demand. The
real mapper is in ``tests/system``.
"""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StandInMapper:
    """A mapper on a free port of this machine, in a thread of this process.

    ``rows`` is its table, ``log`` every operation that arrived as ``(operation, ids)``.
    ``faults`` is used up one per request: a callable that gets the handler and the
    function that does the work, and returns whether it has answered itself. ``rule``
    is one for every request instead.
    """

    dialect = "g2p_connect"

    def __init__(self):
        self.rows, self.strategies = {}, {}
        self.log, self.faults, self.rule = [], [], None
        self.told = None  # name and phone of the registrant stored last
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            mapper = stand_in

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                operation = self.path.rsplit("/", 1)[-1]
                items = stand_in._payload(body)[f"{operation}_request"]
                stand_in.log.append((operation, [item["id"] for item in items]))

                def work():
                    return stand_in._work(operation, items)

                fault = stand_in.faults.pop(0) if stand_in.faults else stand_in.rule
                if fault is None or not fault(self, work):
                    self.answer(200, work())

            def answer(self, status, body=None, **headers):
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                if "Date" not in headers:
                    headers["Date"] = self.date_time_string()
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, args=[0.02], daemon=True
        ).start()

    def stop(self):
        """Close the port: whoever calls from now on is refused."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def operations(self):
        return [operation for operation, _ids in self.log]

    def _work(self, operation, items):
        entries = [getattr(self, f"_{operation}")(item) for item in items]
        for item, entry in zip(items, entries, strict=True):
            entry.setdefault("status", "succ")
            entry.setdefault("status_reason_code", None)
            entry["reference_id"] = item["reference_id"]
        return self.envelope({f"{operation}_response": entries})

    def _payload(self, body):
        return body["message"]

    def envelope(self, payload):
        """Return a whole answer around this."""
        return {
            "header": {"status": "succ", "status_reason_code": None},
            "message": payload,
        }

    def refusal(self, code):
        """Return the answer that refuses a request as a whole."""
        header = {"status": "rjct", "status_reason_code": code}
        return {"header": header, "message": {}}

    def signature_refusal(self):
        """Return the answer to a bad signature."""
        return self.refusal("rjct.jwt.invalid")

    def entries(self, body):
        """Return the list in an answer; what is done to it is done to the answer."""
        (entries,) = body["message"].values()
        return entries

    def _link(self, item):
        if item["id"] in self.rows:
            return _refusal("rjct.reference_id.duplicate")
        self._store(item)
        return {"fa": item["fa"]}

    def _update(self, item):
        if item["id"] not in self.rows:
            return {**_refusal("rjct.reference_id.duplicate"), "id": ""}
        self._store(item)
        return {"fa": item["fa"], "id": item["id"]}

    def _store(self, item):
        self.rows[item["id"]] = item["fa"]
        self.strategies[item["id"]] = item["additional_info"]
        self.told = item.get("name"), item.get("phone_number")

    def _unlink(self, item):
        if self.rows.pop(item["id"], None) is None:
            return {**_refusal("rjct.id.invalid"), "id": ""}
        return {"id": ""}

    def _resolve(self, item):
        if item["id"] not in self.rows:
            return {"id": None, "status_reason_code": "succ.fa.not_linked_to_id"}
        info = self.strategies.get(item["id"])
        return {"id": item["id"], "fa": self.rows[item["id"]], "additional_info": info}


def _refusal(code):
    return {"status": "rjct", "status_reason_code": code}


# === FAULTS === #


def status(code, **headers):
    """Answer an HTTP error and do nothing."""

    def fault(handler, work):
        handler.answer(code, b"trouble", **headers)
        return True

    return fault


def answer(body):
    """Answer this instead of doing anything."""

    def fault(handler, work):
        handler.answer(200, body)
        return True

    return fault


def signature_refused(handler, work):
    """Refuse the signature, as 1.1.0 also does while its key service is down."""
    handler.answer(200, handler.mapper.signature_refusal())
    return True


def cut_before(handler, work):
    """Close the connection without having done anything."""
    handler.close_connection = True
    return True


def cut_after(handler, work):
    """Do the work, then close the connection without an answer."""
    work()
    handler.close_connection = True
    return True


def forget(*positions):
    """Do the work and leave these items out of the answer."""

    def fault(handler, work):
        body = work()
        entries = handler.mapper.entries(body)
        entries[:] = [
            entry for position, entry in enumerate(entries) if position not in positions
        ]
        handler.answer(200, body)
        return True

    return fault


def reverse(handler, work):
    """Do the work and answer the items in the opposite order."""
    body = work()
    handler.mapper.entries(body).reverse()
    handler.answer(200, body)
    return True


def refuse(code):
    """Refuse every item with a reason code, doing nothing."""

    def fault(handler, work):
        body = work()
        for entry in handler.mapper.entries(body):
            entry.update(status="rjct", status_reason_code=code)
        handler.answer(200, body)
        return True

    return fault


def drip(seconds):
    """Send the answer byte by byte for this long."""

    def fault(handler, work):
        content = json.dumps(work()).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        pause = seconds / len(content)
        # The client gives up before the end, which is the point.
        with contextlib.suppress(OSError):
            for byte in content:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(pause)
        handler.close_connection = True
        return True

    return fault
