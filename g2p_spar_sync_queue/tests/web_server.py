"""Small real servers, for what happens on the way to SPAR."""

import contextlib
import datetime
import ipaddress
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


class WebServer:
    """A server on a free port that keeps connections open, and counts them.

    ``requests`` is what arrived, method, path and body of each, and ``headers`` theirs.

    :param answer: a function of path and body that returns a status, the headers and
        the body to answer
    :param context: an ``ssl.SSLContext``, for a server that speaks TLS
    """

    def __init__(self, answer, context=None):
        self.requests, self.headers, self.connections = [], [], 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                server.connections += 1
                return super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.requests.append((self.command, self.path, body))
                server.headers.append(self.headers)
                status, headers, content = answer(self.path, body)
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def do_CONNECT(self):
                server.requests.append((self.command, self.path, b""))
                host, port = self.path.split(":")
                self.send_response_only(200)
                self.end_headers()
                with socket.create_connection((host, int(port))) as other:
                    _carry(self.connection, other)
                self.close_connection = True

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # A caller that does not trust us hangs up, which is nobody's trouble here.
        self._server.handle_error = lambda *args: None
        self._server.daemon_threads = True
        scheme = "http"
        if context:
            scheme = "https"
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, args=[0.02], daemon=True
        ).start()

    def stop(self):
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


def free_url():
    """Return an address of this machine at which no server listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


class Authority:
    """Makes certificates, in files of a folder.

    :param Path folder: where to
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority")])
        certificate = self._certificate(self._name, self._key, authority=True)
        self.pem = certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, name, password=None):
        """Return the files of a new certificate for this machine, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._certificate(subject, key)
        paths = self.folder / f"{name}.cert.pem", self.folder / f"{name}.key.pem"
        paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        how = BestAvailableEncryption(password) if password else NoEncryption()
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
        return tuple(map(str, paths))

    def _certificate(self, subject, key, authority=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        own, issuer = key.public_key(), self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(own)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=authority,
                    crl_sign=authority,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False
            )
            .sign(self._key, hashes.SHA256())
        )


def _carry(one, other):
    """Carry bytes both ways until one side hangs up."""
    with contextlib.suppress(OSError):
        while True:
            ready, _w, _x = select.select([one, other], [], [], 10)
            if not ready:
                return
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                (other if source is one else one).sendall(data)
