import contextlib
import os
import socket
import threading
import time
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..toolkit import http_client
from ..toolkit.http_client import HttpClient
from . import raw_servers
from .raw_servers import DrippingServer, OneAnswer

#: Seconds after which a call with a deadline of one second counts as held up.
PATIENCE = 6


@tagged("post_install", "-at_install")
class TestHttpClient(BaseCase):
    def setUp(self):
        super().setUp()
        names = ("_proxy", "_ca_bundle")
        usual = {k: v for k, v in os.environ.items() if not k.lower().endswith(names)}
        environment = patch.dict(os.environ, usual, clear=True)
        environment.start()
        self.addCleanup(environment.stop)

    def client(self, url, connect=0.5, answer=0.5, max_bytes=1000):
        client = HttpClient(url, connect, answer, max_bytes)
        self.addCleanup(client.close)
        return client

    def serve(self, server):
        self.addCleanup(server.stop)
        return server

    def answer(self, content):
        """Return the reply to an answer of these bytes."""
        server = self.serve(OneAnswer(content))
        return self.client(server.url, answer=5).request("GET", "/")

    @contextlib.contextmanager
    def in_time(self):
        start = time.monotonic()
        yield
        self.assertLess(time.monotonic() - start, PATIENCE)

    # === DEADLINE === #

    def test_no_part_of_an_answer_outlasts_the_deadline(self):
        for beginning in (
            raw_servers.STATUS_LINE,
            raw_servers.HEADERS,
            raw_servers.BODY,
            raw_servers.CHUNKS,
            raw_servers.UNTIL_CLOSED,
        ):
            server = self.serve(DrippingServer(beginning))
            with self.subTest(beginning), self.in_time():
                reply = self.client(server.url).request("POST", "/", b"{}")
                self.assertEqual(reply.problem, http_client.LOST)
                self.assertTrue(reply.may_have_arrived)
                self.assertIsNone(reply.content)
                self.assertTrue(server.hung_up.wait(PATIENCE))

    def test_a_kept_connection_has_the_deadline_too(self):
        first = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        server = self.serve(DrippingServer(first=first))
        client = self.client(server.url)
        self.assertEqual(client.request("GET", "/").content, b"{}")
        with self.in_time():
            self.assertEqual(client.request("GET", "/").problem, http_client.LOST)
        self.assertEqual(server.connections, 1)

    def test_the_answer_after_a_preliminary_one_is_not_that_of_the_next_request(self):
        for code in (102, 103):
            first = f"HTTP/1.1 {code} Wait\r\n\r\n".encode()
            server = self.serve(DrippingServer(first=first))
            client = self.client(server.url)
            for _time in range(2):
                reply = client.request("POST", "/", b"{}")
                self.assertEqual((reply.status, reply.may_have_arrived), (code, True))
            self.assertEqual(server.connections, 2)

    def test_encryption_that_never_begins_is_given_up(self):
        server = self.serve(DrippingServer(b"\x16\x03\x03\x40\x00"))
        with self.in_time():
            url = server.url.replace("http:", "https:")
            self.assertIsNotNone(self.client(url).request("GET", "/").problem)

    def test_a_proxy_has_no_more_time_than_the_server(self):
        server = self.serve(DrippingServer())
        proxies = {"http_proxy": server.url, "https_proxy": server.url}
        for scheme in ("http", "https"):
            with self.subTest(scheme), patch.dict(os.environ, proxies), self.in_time():
                client = self.client(f"{scheme}://127.0.0.1:1")
                self.assertEqual(client.request("GET", "/").problem, http_client.LOST)
        self.assertEqual(server.connections, 2)

    def test_nothing_is_sent_once_the_time_is_over(self):
        """Looking up a name has no timeout."""
        server = self.serve(OneAnswer(b""))
        original = socket.getaddrinfo

        def slow(*arguments):
            time.sleep(1)
            return original(*arguments)

        with patch.object(socket, "getaddrinfo", slow):
            reply = self.client(server.url, 0.2, 0.2).request("POST", "/", b"{}")
        self.assertEqual(reply.problem, http_client.TIMEOUT)
        self.assertFalse(reply.may_have_arrived)
        self.assertFalse(b"".join(server.requests))

    def test_nothing_of_a_lost_request_arrives_later(self):
        """The server reads when the caller has given up; it gets no whole request."""
        given_up = threading.Event()
        self.addCleanup(given_up.set)
        server = self.serve(OneAnswer(b"", given_up))
        body = b"x" * 1_000_000
        reply = self.client(server.url, 1).request("POST", "/", body)
        self.assertEqual(reply.problem, http_client.LOST)
        given_up.set()
        self.assertTrue(server.read.wait(20))
        (received,) = server.requests
        self.assertTrue(received.startswith(b"POST / "))
        self.assertLess(len(received), len(body))

    def test_an_answer_in_time_leaves_nothing_behind(self):
        server = self.serve(
            OneAnswer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        )
        before = threading.active_count(), len(os.listdir("/proc/self/fd"))
        for _time in range(20):
            with HttpClient(server.url, 60, 60, 1000) as client:
                self.assertEqual(client.request("GET", "/").content, b"{}")
        end = time.monotonic() + PATIENCE
        while (
            threading.active_count() > before[0]
            or len(os.listdir("/proc/self/fd")) > before[1]
        ):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    # === ANSWERS === #

    def test_an_answer_is_whole_or_there_is_none(self):
        head = b"HTTP/1.1 200 OK\r\n"
        for rest, content, problem in (
            (b"Content-Length: 2\r\n\r\n{}", b"{}", None),
            (b"Content-Length: 3\r\n\r\n{}", None, http_client.CUT),
            (b"\r\n{}", b"{}", None),
            (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}", None),
            (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", None, http_client.CUT),
            (b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", None, http_client.CUT),
            (b"\r\n" + b" " * 1000, b" " * 1000, None),
            (b"\r\n" + b" " * 1001, None, http_client.TOO_LARGE),
            (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}", b"{}", None),
        ):
            with self.subTest(rest[:60]):
                reply = self.answer(head + rest)
                self.assertEqual((reply.content, reply.problem), (content, problem))
                self.assertEqual(reply.status, 200)
                self.assertTrue(reply.may_have_arrived)

    def test_no_answer_at_all(self):
        for content in (b"", b"HTTP/1.1", b"<html>"):
            reply = self.answer(content)
            self.assertEqual((reply.status, reply.problem), (None, http_client.CUT))
            self.assertTrue(reply.may_have_arrived)

    def test_a_redirect_is_an_answer_and_not_read_without_end(self):
        for rest, content in ((b"\r\n{}", b"{}"), (b"\r\n" + b" " * 10**6, None)):
            head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
            reply = self.answer(head + rest)
            self.assertEqual((reply.status, reply.content), (302, content))

    def test_waits_that_are_asked_for(self):
        date = "Date: Mon, 01 Jun 2026 10:00:00 GMT\r\n"
        for header, wait in (
            ("Retry-After: 17\r\n", 17),
            (f"{date}Retry-After: Mon, 01 Jun 2026 10:00:30 GMT\r\n", 30),
            (f"{date}Retry-After: Mon, 01 Jun 2026 09:00:00 GMT\r\n", 0),
            ("Retry-After: Mon, 01 Jun 2026 10:00:30 GMT\r\n", None),
            ("Retry-After: tomorrow\r\n", None),
            ("", None),
        ):
            with self.subTest(header):
                answer = f"HTTP/1.1 503 Busy\r\n{header}Content-Length: 0\r\n\r\n"
                self.assertEqual(self.answer(answer.encode()).retry_after, wait)

    # === REQUESTS === #

    def test_the_address_is_called_as_it_is(self):
        server = self.serve(OneAnswer(b"HTTP/1.1 200 OK\r\n\r\n"))
        for base, path in (
            ("/keys/", ""),
            ("/keys", ""),
            ("/api/", "/link"),
            ("/api", "/link"),
        ):
            self.client(server.url + base).request("GET", path)
        asked = [request.split()[1] for request in server.requests]
        self.assertEqual(asked, [b"/keys/", b"/keys", b"/api/link", b"/api/link"])

    def test_what_is_no_address_is_not_called(self):
        for url in (
            "",
            "spar",
            "ftp://127.0.0.1",
            "http://",
            "http://[",
        ):
            with self.subTest(url):
                reply = self.client(url).request("POST", "/", b"{}")
                self.assertEqual(reply.problem, http_client.REFUSED)
                self.assertFalse(reply.may_have_arrived)

    def test_authorities_that_are_gone_are_no_error_of_the_caller(self):
        """An update of the server may move them while it runs."""
        gone = {"REQUESTS_CA_BUNDLE": "/gone/ca.crt"}
        with patch.dict(os.environ, gone):
            reply = self.client("https://127.0.0.1:1").request("POST", "/", b"{}")
        self.assertEqual(reply.problem, http_client.UNTRUSTED)
        self.assertFalse(reply.may_have_arrived)

    def test_a_header_that_cannot_be_written_is_no_error_of_the_caller(self):
        server = self.serve(OneAnswer(b""))
        for value in ("a\nb", "\u2603"):
            with self.subTest(value):
                reply = self.client(server.url).request("POST", "/", None, {"X": value})
                self.assertEqual(reply.problem, http_client.LOST)
                self.assertTrue(reply.may_have_arrived)

    def test_what_a_proxy_has_taken_may_have_arrived(self):
        for answer in (b"", b"HTTP/1.1"):
            proxy = self.serve(OneAnswer(answer))
            with self.subTest(answer), patch.dict(os.environ, http_proxy=proxy.url):
                reply = self.client("http://127.0.0.1:1").request("POST", "/", b"{}")
                self.assertEqual(reply.problem, http_client.CUT)
                self.assertTrue(reply.may_have_arrived)
                self.assertIn(b"POST http://127.0.0.1:1/", proxy.requests[0])

    def test_what_is_no_longer_in_time_is_not_sent(self):
        for answers in ([False], [True, False]):
            server = self.serve(OneAnswer(b"HTTP/1.1 200 OK\r\n\r\n"))
            told = iter(answers)
            reply = self.client(server.url).request(
                "POST", "/", b"secret", None, lambda told=told: next(told)
            )
            self.assertEqual(reply.problem, http_client.LATE)
            self.assertFalse(reply.may_have_arrived)
            server.stop()
            self.assertNotIn(b"secret", b"".join(server.requests))

    def test_an_answer_is_not_written_down(self):
        reply = self.answer(b"HTTP/1.1 200 OK\r\n\r\n+255754200001")
        self.assertEqual(reply.content, b"+255754200001")
        self.assertNotIn("754200001", repr(reply))
