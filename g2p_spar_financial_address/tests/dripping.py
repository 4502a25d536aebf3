"""A server whose answer arrives byte by byte, so that no single read times out."""

import contextlib
import socket
import threading
import time

#: Seconds between two bytes, and until the server gives up by itself.
PAUSE = 0.05
PATIENCE = 12
STATUS_LINE = b"HTTP/1.1 200 OK"
HEADERS = b"HTTP/1.1 200 OK\r\nX-Endless: "
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n"
UNTIL_CLOSED = b"HTTP/1.0 200 OK\r\n\r\n"


class DrippingServer:
    """Answers each connection with a beginning, then with spaces, one at a time.

    ``connections`` is how many there were; ``hung_up`` is set as soon as a caller has
    closed one.

    :param bytes beginning: what is sent at once
    :param bytes first: if given, the first request of each connection gets this whole
        answer, and only the second one drips
    """

    def __init__(self, beginning=HEADERS, first=b""):
        self.connections, self.hung_up = 0, threading.Event()
        self._beginning, self._first = beginning, first
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        """Close the port and all connections."""
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
                    target=self._drip, args=[connection], daemon=True
                ).start()

    def _drip(self, connection):
        end = time.monotonic() + PATIENCE
        with connection:
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
