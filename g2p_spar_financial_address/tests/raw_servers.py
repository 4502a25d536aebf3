"""Servers that answer bytes instead of HTTP, for what no HTTP server would do."""

import contextlib
import socket
import threading
import time

#: Seconds between two bytes that drip, and until the server gives up by itself.
PAUSE = 0.05
PATIENCE = 12
STATUS_LINE = b"HTTP/1.1 200 OK"
HEADERS = b"HTTP/1.1 200 OK\r\nX-Endless: "
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n"
UNTIL_CLOSED = b"HTTP/1.0 200 OK\r\n\r\n"


class RawServer:
    """A port of this machine; each connection has a thread that answers it.

    ``connections`` is how many there were. A subclass has ``_answer(connection)``,
    after which the connection is closed.
    """

    def __init__(self):
        self.connections = 0
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        # Of the connections, too: as small as it gets, so that large requests do not
        # fit.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        """Close the port; what drips ends."""
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._socket.accept()
                self.connections += 1
                threading.Thread(
                    target=self._talk, args=[connection], daemon=True
                ).start()

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError):
            self._answer(connection)

    def _answer(self, connection):
        raise NotImplementedError


class DrippingServer(RawServer):
    """Answers with a beginning, then with spaces, one at a time: no read times out.

    ``hung_up`` is set as soon as a caller has closed a connection.

    :param bytes beginning: what is sent at once
    :param bytes first: if given, the first request of each connection gets this whole
        answer, and only the second one drips
    """

    def __init__(self, beginning=HEADERS, first=b""):
        self.hung_up = threading.Event()
        self._beginning, self._first = beginning, first
        super().__init__()

    def _answer(self, connection):
        end = time.monotonic() + PATIENCE
        try:
            if self._first:
                connection.recv(65536)
                connection.sendall(self._first)
            connection.recv(65536)
            connection.sendall(self._beginning)
            while time.monotonic() < end and not self._over.wait(PAUSE):
                connection.sendall(b" ")
        except OSError:
            self.hung_up.set()


class OneAnswer(RawServer):
    """Answers each connection's first request with these bytes.

    ``requests`` are those that arrived; ``read`` is set when one has been read to its
    end.

    :param bytes content: the whole answer
    :param waits: an event before which nothing is read of a request; then there is no
        answer
    """

    def __init__(self, content, waits=None):
        self.requests, self.read = [], threading.Event()
        self._content, self._waits = content, waits
        super().__init__()

    def _answer(self, connection):
        if self._waits:
            self._waits.wait(20)
            self.requests.append(self._all_of(connection))
            self.read.set()
            return
        self.requests.append(connection.recv(65536))
        connection.sendall(self._content)

    def _all_of(self, connection):
        received = b""
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                received += piece
        return received
