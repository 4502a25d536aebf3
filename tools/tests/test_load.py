"""The benchmark's caller sends everything once, and calls no refusal an answer."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tools.bench.load import Ask, answers_per_second


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["X-Who"], body))
        self.send_response(500 if self.path == "/broken" else 201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def asks(count):
    return [
        Ask("POST", f"/{n}", {"X-Who": "me"}, f"{n}".encode()) for n in range(count)
    ]


@pytest.mark.parametrize("at_a_time", [1, 4])
def test_everything_is_sent_once(server, at_a_time):
    rate = answers_per_second(server.server_port, asks(20), at_a_time, 201)
    assert rate > 0
    assert sorted(server.seen) == sorted((f"/{n}", "me", b"%d" % n) for n in range(20))


def test_another_status_is_no_answer(server):
    broken = Ask("POST", "/broken", {}, b"")
    with pytest.raises(ValueError, match="/broken: 500"):
        answers_per_second(server.server_port, [*asks(2), broken], 2, 201)


def test_no_server():
    with pytest.raises(ValueError):
        answers_per_second(9, asks(1), 1, 201)
