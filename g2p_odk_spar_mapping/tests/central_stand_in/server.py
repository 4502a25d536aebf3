"""Central's HTTP side, in a thread of this process or as a process of its own.

As a process it also takes orders, so that tests can act as agents and supervisors:
``POST /control/do`` with ``[method, arguments]`` of :class:`.store.Store`,
``/control/fault`` with faults, ``/control/disarm``, ``/control/skew``,
``/control/forget`` the requests, ``/control/reset``, and ``GET /control/state``
or ``/control/requests``, which is how many there were.

A fault is a dict: ``kind`` is ``status`` (answer ``code`` instead), ``cut`` (close the
connection in the middle of the answer), ``garbage`` (answer no JSON) or ``delay``
(wait ``seconds``) or ``act`` (do ``action``, such as ``["delete", {...}]``, once the
answer is made); ``path`` is a part of the path it meets, ``count`` how often.
"""

import argparse
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from . import odata
from .store import Store

FORM = re.compile(r"/v1/projects/(\d+)/forms/([^/]+?)(\.svc)?(/.*)?")
ONE = re.compile(r"/Submissions\('(.*)'\)")


class Handler(BaseHTTPRequestHandler):
    """Answers requests; its class attribute ``store`` is set by :func:`bind`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    store = None

    def do_POST(self):
        """Let somebody log in, or take an order of the test."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = json.loads(body or b"{}")
        if self.path.startswith("/control/"):
            self._order(content)
        else:
            self._guarded(lambda: self._log_in(content))

    def do_DELETE(self):
        """End a session."""

        def work():
            token = self.path.rpartition("/")[2]
            if token == "current":
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in self.store.tokens:
                raise odata.Refusal(401, "401.2")
            self.store.tokens.discard(token)
            return {"success": True}

        self._guarded(work)

    def do_GET(self):
        """Answer a question."""
        if self.path == "/v1/oidc/login" and self.store.signs_on:
            self._answer(307, b"", {"Location": "https://login.example.invalid/"})
        elif self.path == "/control/state":
            self._answer(200, self._state())
        elif self.path == "/control/requests":
            self._answer(200, len(self.store.log))
        else:
            self._guarded(self._look)

    # === WHAT CENTRAL DOES === #

    def _log_in(self, content):
        if self.path != "/v1/sessions" or self.store.signs_on:
            raise odata.Refusal(404, "404.1")
        token = self.store.log_in(content.get("email"), content.get("password"))
        if token is None:
            raise odata.Refusal(401, "401.2")
        return {"token": token, "csrf": "x", "expiresAt": "2100-01-01T00:00:00.000Z"}

    def _look(self):
        if self.path == "/v1/oidc/login":
            raise odata.Refusal(404, "404.1")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.store.tokens:
            raise odata.Refusal(401, "401.2")
        url = urlsplit(self.path)
        if url.path == "/v1/projects":
            return [{"id": self.store.PROJECT, "name": "Enrolment"}]
        if url.path == f"/v1/projects/{self.store.PROJECT}/forms":
            return [
                about_form(name, form)
                for name, form in self.store.forms.items()
                if self._sees(form)
            ]
        with self.store.lock:
            return self._look_at_form(url)

    def _look_at_form(self, url):
        if url.path.endswith(".xml"):
            return self._definition(url.path.removesuffix(".xml"))
        found = FORM.fullmatch(url.path)
        form = found and self.store.forms.get(unquote(found[2]))
        if not form or int(found[1]) != self.store.PROJECT:
            raise odata.Refusal(404, "404.1")
        if found[3] and not form["published"]:
            # Before it is asked who may see it.
            raise odata.Refusal(404, "404.1")
        if not self._sees(form):
            raise odata.Refusal(403, "403.1")
        if not (found[3] or found[4]):
            return about_form(unquote(found[2]), form)
        parameters = dict(parse_qsl(url.query))
        rest = unquote(found[4] or "")
        if rest == "/fields":
            wanted = parameters.get("odata") == "true"
            return odata.odata_fields(form["fields"]) if wanted else form["fields"]
        if rest == "/Submissions":
            return odata.table(form, parameters, url.path)
        one = ONE.fullmatch(rest)
        if not one:
            raise odata.Refusal(404, "404.1")
        return odata.single(form, one[1], parameters)

    def _definition(self, path):
        form = self.store.forms.get(unquote(path.rpartition("/")[2]))
        if form and not self._sees(form):
            raise odata.Refusal(403, "403.1")
        if not form or not form["definition"]:
            raise odata.Refusal(404, "404.1")
        return form["definition"].encode()

    def _sees(self, form):
        """Return whether the user is shown a form, apart from its submissions."""
        return form["published"] or self.store.manages

    # === FAULTS === #

    def _guarded(self, work):
        store = self.store
        with store.lock:
            store.log.append([self.command, self.path])
            fault = next((f for f in store.faults if self._meets(f)), None)
            if fault:
                fault["count"] = fault.get("count", 1) - 1
                name = fault.get("name", fault["kind"])
                store.fired[name] = store.fired.get(name, 0) + 1
        kind = fault and fault["kind"]
        if kind == "status":
            self._answer(fault["code"], {"message": "trouble"}, fault.get("headers"))
            return
        if kind == "delay":
            time.sleep(fault["seconds"])
        try:
            status, content = 200, work()
        except odata.Refusal as refusal:
            status = refusal.status
            content = {"code": refusal.code, "message": "no"}
        if kind == "act":
            method, arguments = fault["action"]
            getattr(store, method)(**arguments)
        if kind == "cut":
            self._break_off(content)
        elif kind == "garbage":
            self._answer(200, b"<html>Welcome</html>")
        else:
            self._answer(status, content)

    def _meets(self, fault):
        if fault.get("count", 1) <= 0:
            return False
        if fault.get("after", 0) > 0 and fault.get("path", "") in self.path:
            fault["after"] -= 1
            return False
        return fault.get("path", "") in self.path

    def _break_off(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.close_connection = True

    # === ORDERS === #

    def _order(self, content):
        store = self.store
        if self.path == "/control/do":
            method, arguments = content
            self._answer(200, getattr(store, method)(**arguments))
        elif self.path == "/control/fault":
            store.faults += content
            self._answer(200, {})
        elif self.path == "/control/reset":
            store.__init__(**content)
            self._answer(200, {})
        elif self.path == "/control/skew":
            store.skew = content["seconds"]
            self._answer(200, {})
        elif self.path == "/control/disarm":
            store.faults.clear()
            self._answer(200, {})
        elif self.path == "/control/forget":
            store.log.clear()
            self._answer(200, {})
        else:
            self._answer(404, {})

    def _state(self):
        with self.store.lock:
            return {
                "requests": self.store.log,
                "fired": self.store.fired,
                "sessions": len(self.store.tokens),
                "submissions": {
                    name: list(form["submissions"].values())
                    for name, form in self.store.forms.items()
                },
            }

    def _answer(self, status, content, headers=None):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        try:
            self.send_response_only(status)
            self.send_header("Date", self.date_time_string(self._seconds()))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            # The caller gave up or was killed.
            self.close_connection = True

    def _seconds(self):
        return self.store.now().timestamp()

    def log_message(self, *_arguments):
        """Write nothing for each request; what happened is asked for."""


def about_form(xml_form_id, form):
    """Return a form as Central lists it."""
    return {
        "xmlFormId": xml_form_id,
        "name": xml_form_id.title(),
        "version": form["version"],
        "publishedAt": form["published"],
    }


def bind(store, port=0):
    """Return a server for a store, on a port of this machine."""
    handler = type("Bound", (Handler,), {"store": store})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server


class CentralStandIn:
    """Central in a thread of this process. ``store`` is what it keeps."""

    def __init__(self, skew=0.0):
        self.store = Store(skew)
        self._server = bind(self.store)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, args=[0.02], daemon=True
        ).start()

    def stop(self):
        """Close the port: whoever calls from now on is refused."""
        self._server.shutdown()
        self._server.server_close()

    def arm(self, *faults):
        """Have something go wrong; see the module."""
        self.store.faults += [dict(fault) for fault in faults]

    @property
    def requests(self):
        """What was asked so far: verbs and paths without their parameters."""
        return [(verb, urlsplit(path).path) for verb, path in self.store.log]


def main(arguments=None):
    """Serve until the process is ended; see ``--help``."""
    parser = argparse.ArgumentParser(prog="central_stand_in", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    bind(Store(), parser.parse_args(arguments).port).serve_forever()


if __name__ == "__main__":
    main()
