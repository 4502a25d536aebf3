"""Strangers who send bodies byte by byte do not stop a server with threads."""

import contextlib
import re
import select
import socket
import threading
import time

import pytest
import requests

#: Sockets that are open at the same time. Odoo has 64 connections to the database.
SOCKETS = 80
#: Seconds for which people log in meanwhile.
ATTACK = 8
#: Seconds after which each socket has been answered.
PATIENCE = 60
#: Where the bodies are sent: to the API, and to a page that no stranger sees.
PATHS = (
    "POST /spar/self-service/v1/token",
    "POST /spar/self-service/v1/address/proposals",
    "POST /my/people/1/payment",
)


class Trickle:
    """Sockets that announce a body and send one byte of each at a time."""

    def __init__(self, port, number):
        self.sockets = []
        for index in range(number):
            one = socket.create_connection(("127.0.0.1", port), timeout=30)
            one.sendall(
                f"{PATHS[index % len(PATHS)]} HTTP/1.1\r\n"
                f"Host: 127.0.0.1:{port}\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n"
                "Content-Length: 5000\r\n\r\n".encode()
            )
            self.sockets.append(one)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self):
        while not self._stop.wait(0.3):
            for one in self.open():
                # The server may answer at this very moment.
                with contextlib.suppress(OSError):
                    one.sendall(b"x")

    def open(self):
        """Return the sockets that are not answered yet."""
        answered, _writable, _odd = select.select(self.sockets, [], [], 0)
        return [one for one in self.sockets if one not in answered]

    def statuses(self):
        """Return the status of each answer; 0 where the connection was cut."""
        found = []
        for one in self.sockets:
            try:
                words = one.recv(200).split()
            except OSError:
                words = []
            found.append(int(words[1]) if len(words) > 1 else 0)
        return found

    def close(self):
        self._stop.set()
        self._thread.join()
        for one in self.sockets:
            one.close()


@pytest.fixture
def trickle(registry):
    made = Trickle(registry.stack.odoo.port, SOCKETS)
    yield made
    made.close()


def log_in(url):
    """Log in as a person does; return the statuses of page and form."""
    with requests.Session() as session:
        page = session.get(f"{url}/web/login", timeout=30)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        if not token:
            return page.status_code, 0
        form = {"csrf_token": token[1], "login": "admin", "password": "admin"}
        answer = session.post(
            f"{url}/web/login", form, allow_redirects=False, timeout=30
        )
        return page.status_code, answer.status_code


def connections(registry):
    ((count,),) = registry.stack.postgres.query(
        "postgres",
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s",
        [registry.stack.odoo.database],
    )
    return count


def test_people_log_in_while_bodies_arrive_byte_by_byte(registry, trickle):
    url, began = registry.stack.odoo.url, time.monotonic()
    logins, most = [], 0
    while time.monotonic() < began + ATTACK or len(logins) < 3:
        logins.append(log_in(url))
        most = max(most, connections(registry))
    # They were at it all the time.
    assert len(trickle.open()) >= SOCKETS // 2
    assert set(logins) == {(200, 303)}
    assert most < 25
    while trickle.open():
        assert time.monotonic() < began + PATIENCE, "some are still being read"
        time.sleep(0.2)
    assert set(trickle.statuses()) <= {408, 503}
    assert log_in(url) == (200, 303)
