import io
import socket
import threading

from werkzeug.exceptions import BadRequest, RequestTimeout, ServiceUnavailable
from werkzeug.serving import DechunkedInput

from odoo.tests import BaseCase, tagged

from ..toolkit import request_bodies

LIMIT = 100


@tagged("post_install", "-at_install")
class TestRequestBodies(BaseCase):
    """A body is read as a whole, in time and up to its limit, or not at all."""

    def setUp(self):
        super().setUp()
        self.client, self.server = socket.socketpair()
        self.reader = self.server.makefile("rb")
        for one in (self.client, self.server, self.reader):
            self.addCleanup(one.close)

    def environ(self, length=None, chunked=False):
        environ = {"wsgi.input": self.reader, "werkzeug.socket": self.server}
        if length is not None:
            environ["CONTENT_LENGTH"] = str(length)
        if chunked:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
            environ["wsgi.input"] = DechunkedInput(self.reader)
            environ["wsgi.input_terminated"] = True
        return environ

    def take(self, environ, sent=b"", close=False):
        self.client.sendall(sent)
        if close:
            self.client.close()
        request_bodies._take(environ, LIMIT)
        return environ

    def assertFree(self):
        """All room is there again, and the connection waits as long as it did."""
        taken = [request_bodies._room.acquire(blocking=False) for _ in range(64)]
        for _one in filter(None, taken):
            request_bodies._room.release()
        self.assertEqual(taken, [True] * request_bodies.AT_ONCE)
        self.assertIsNone(self.server.gettimeout())

    def trickle(self, chunk=b"x"):
        """Send a byte at a time until the test is over."""
        over = threading.Event()

        def send():
            while not over.wait(0.02):
                try:
                    self.client.sendall(chunk)
                except OSError:
                    return

        thread = threading.Thread(target=send)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)

    def test_a_body_is_there_before_odoo_is_asked(self):
        environ = self.take(self.environ(5), b"hello and more")
        self.assertEqual(environ["wsgi.input"].read(), b"hello")
        request_bodies.check_taken(environ)
        self.assertFree()

    def test_a_body_in_chunks_is_put_together(self):
        sent = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        environ = self.take(self.environ(chunked=True), sent)
        self.assertEqual(environ["wsgi.input"].read(), b"abcde")
        self.assertEqual(environ["CONTENT_LENGTH"], "5")
        self.assertNotIn("HTTP_TRANSFER_ENCODING", environ)
        self.assertFree()

    def test_without_a_body_nothing_is_read(self):
        for length in (None, 0):
            request_bodies.check_taken(self.take(self.environ(length)))

    def test_what_is_too_large_is_not_read(self):
        environ = self.take(self.environ(LIMIT + 1))
        self.assertEqual(environ["CONTENT_LENGTH"], str(LIMIT + 1))
        self.assertEqual(environ["wsgi.input"].read(), b"")
        sent = b"80\r\n" + b"x" * 128 + b"\r\n0\r\n\r\n"
        environ = self.take(self.environ(chunked=True), sent)
        self.assertEqual(environ["CONTENT_LENGTH"], str(LIMIT + 1))
        self.assertFree()

    def test_the_whole_body_has_one_deadline(self):
        """However often a byte arrives."""
        self.patch(request_bodies, "SECONDS", 0.3)
        self.trickle()
        with self.assertRaises(RequestTimeout):
            self.take(self.environ(LIMIT))
        self.assertFree()

    def test_so_has_one_in_chunks(self):
        self.patch(request_bodies, "SECONDS", 0.3)
        self.trickle(b"1\r\nx\r\n")
        with self.assertRaises(RequestTimeout):
            self.take(self.environ(chunked=True))
        self.assertFree()

    def test_half_a_body_is_none(self):
        with self.assertRaises(BadRequest):
            self.take(self.environ(5), b"half", close=True)
        self.assertFree()

    def test_half_a_chunk_is_none(self):
        with self.assertRaises(BadRequest):
            self.take(self.environ(chunked=True), b"5\r\nhalf", close=True)
        self.assertFree()

    def test_a_chunk_that_is_none_is_refused(self):
        with self.assertRaises(BadRequest):
            self.take(self.environ(chunked=True), b"no chunk\r\n")
        self.assertFree()

    def test_a_length_that_is_none_is_refused(self):
        for length in ("-5", "5x", "\u0665", "+5"):
            with self.subTest(length=length), self.assertRaises(BadRequest):
                self.take(self.environ(length))

    def test_only_so_many_are_read_at_once(self):
        self.patch(request_bodies, "_room", threading.BoundedSemaphore(1))
        with request_bodies._room, self.assertRaises(ServiceUnavailable):
            self.take(self.environ(5), b"hello")
        self.assertEqual(self.take(self.environ(5))["wsgi.input"].read(), b"hello")

    def test_a_body_that_was_not_read_is_refused(self):
        for environ in (self.environ(5), self.environ(chunked=True)):
            with self.assertRaises(ServiceUnavailable):
                request_bodies.check_taken(environ)

    def test_paths_are_guarded_with_all_below(self):
        self.patch(request_bodies, "_guarded", {"/my/people": (1, None)})
        for path in ("/my/people", "/my/people/", "/my/people/1/payment"):
            self.assertTrue(request_bodies._guard_of(path))
        for path in ("/my", "/my/peoples", "/web/login", ""):
            self.assertFalse(request_bodies._guard_of(path))

    def test_a_server_without_its_socket_at_hand_is_read_as_well(self):
        environ = {"wsgi.input": io.BytesIO(b"hello"), "CONTENT_LENGTH": "5"}
        self.assertEqual(self.take(environ)["wsgi.input"].read(), b"hello")
