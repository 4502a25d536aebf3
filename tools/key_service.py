"""Stand-in for the key service (MOSIP Keymanager) that SPAR asks about signatures.

It answers the two calls the SPAR mapper makes, and it really verifies: the verdict is
about the partner's registered certificate and nothing the message brings along.
Tokens are handed out to anybody, and not asked for.

Run ``python -m tools.key_service --help``.
"""

import argparse
import datetime
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

TOKEN_SECONDS = 900


class Certificates:
    """Certificates of partners in a folder, one ``<reference>.pem`` for each.

    A file that changes is read again.

    :param pathlib.Path folder: the folder.
    """

    def __init__(self, folder):
        self.folder = folder
        self._known = {}

    def get(self, reference):
        """Return the certificate registered under a reference, or None.

        :param str reference: for example ``PARTNER_SOCIAL_REGISTRY``.
        :return: a ``cryptography.x509.Certificate``.
        """
        # The reference comes from outside; it must not lead to another folder.
        if not reference or Path(reference).name != reference:
            return None
        path = self.folder / f"{reference}.pem"
        try:
            state = path.stat()
            version = (state.st_mtime_ns, state.st_ino, state.st_size)
            if self._known.get(reference, (None,))[0] != version:
                found = x509.load_pem_x509_certificate(path.read_bytes())
                self._known[reference] = (version, found)
        except (OSError, ValueError):
            return None
        return self._known[reference][1]


def verify(request, certificates):
    """Decide about one signature.

    :param dict request: body of a ``jwtVerify`` call.
    :param certificates: object whose ``get(reference)`` returns a certificate or None.
    :return: body of the answer. ``response.signatureValid`` is the verdict;
        ``response`` is None and ``errors`` says why when there can be none.
    """
    inner = request.get("request") if isinstance(request, dict) else None
    if not isinstance(inner, dict):
        return _answer(error=("KER-KMS-005", "The request has no member `request`."))
    reference = inner.get("referenceId")
    certificate = certificates.get(reference if isinstance(reference, str) else "")
    if certificate is None:
        return _answer(error=("KER-KMS-002", f"No certificate for {reference}."))
    now = datetime.datetime.now(datetime.timezone.utc)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return _answer(
            error=("KER-KMS-003", f"The certificate of {reference} expired.")
        )
    reason = _fault(inner, certificate)
    return _answer(
        response={
            "signatureValid": reason is None,
            "message": reason or "Validation Successful",
            "trustValid": "TRUST_NOT_VERIFIED",
        }
    )


def _fault(inner, certificate):
    """Return why a signature is bad, or None for a good one.

    SPAR sends the message's body separately; the middle part of the signature, empty
    or not, does not count. Keys or certificates named in the signature's own header
    (``jwk``, ``jku``, ``x5c``) do not count either: anybody could put theirs there.
    """
    public_key = certificate.public_key()
    if not isinstance(public_key, RSAPublicKey):
        return "The registered certificate holds no RSA key"
    try:
        header, _middle, signature = inner["jwtSignatureData"].split(".")
        token = f"{header}.{inner['actualData']}.{signature}"
        # Naming the one algorithm closes the door to `none` and to HS256 with the
        # public key as the secret.
        jwt.PyJWS().decode(token, public_key, algorithms=["RS256"])
    except (jwt.PyJWTError, ValueError, KeyError, AttributeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _answer(response=None, error=None):
    """Return an answer in the form of Keymanager."""
    errors = [{"errorCode": error[0], "message": error[1]}] if error else []
    return {
        "id": "string",
        "version": "string",
        "responsetime": _now(),
        "metadata": None,
        "response": response,
        "errors": errors,
    }


def _now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(
        timespec="milliseconds"
    )


class VerificationLog:
    """Writes one JSON line for each verification: time, partner, verdict, reason.

    The message itself, which holds people's account numbers, is never written.

    :param pathlib.Path path: file to append to; None writes nothing.
    """

    def __init__(self, path):
        self.path = path
        self._lock = threading.Lock()

    def add(self, request, answer):
        """Note one verification.

        :param dict request: body of the call.
        :param dict answer: what :func:`verify` returned.
        """
        if self.path is None:
            return
        inner = request.get("request") if isinstance(request, dict) else None
        response = answer["response"]
        if response:
            verdict = "verified" if response["signatureValid"] else "refused"
            reason = response["message"]
        else:
            verdict, reason = "refused", answer["errors"][0]["message"]
        reference = inner.get("referenceId") if isinstance(inner, dict) else None
        line = {
            "time": _now(),
            "reference": str(reference)[:100],
            "verdict": verdict,
            "reason": reason,
        }
        with self._lock, self.path.open("a") as log:
            log.write(json.dumps(line) + "\n")


def count_verdicts(path):
    """Count the verifications a log holds.

    :param pathlib.Path path: log file of a :class:`VerificationLog`.
    :return: for example ``{"verified": 12, "refused": 1}``.
    """
    counts = {"verified": 0, "refused": 0}
    if path.exists():
        for line in path.read_text().splitlines():
            counts[json.loads(line)["verdict"]] += 1
    return counts


class Handler(BaseHTTPRequestHandler):
    """Answers ``GET /health``, ``POST /token`` and ``POST /jwtVerify``.

    Its class attributes ``certificates`` and ``log`` are set by :func:`make_server`.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    certificates = None
    log = None

    def do_GET(self):
        """Tell that the service is there."""
        if self.path == "/health":
            self._send(200, {"status": "ok"})
        else:
            self._send(404, {"error": "not found"})

    def do_POST(self):
        """Hand out a token or verify a signature."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/token":
            self._token(body)
        elif self.path == "/jwtVerify":
            self._verify(body)
        else:
            self._send(404, {"error": "not found"})

    def log_message(self, *_arguments):
        """Write nothing for each request; verifications have a log of their own."""

    def _token(self, body):
        fields = parse_qs(body.decode(errors="replace"))
        if fields.get("grant_type") != ["client_credentials"]:
            self._send(400, {"error": "unsupported_grant_type"})
            return
        token = secrets.token_urlsafe(16)
        answer = {"access_token": token, "expires_in": TOKEN_SECONDS}
        self._send(200, {**answer, "token_type": "Bearer"})

    def _verify(self, body):
        try:
            request = json.loads(body)
        except ValueError:
            self._send(400, {"error": "not JSON"})
            return
        answer = verify(request, self.certificates)
        self.log.add(request, answer)
        self._send(200, answer)

    def _send(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def make_server(host, port, partners, log=None):
    """Make the server; call its ``serve_forever`` to run it.

    :param str host: address to listen on.
    :param int port: port to listen on; 0 chooses a free one.
    :param pathlib.Path partners: folder of registered certificates.
    :param pathlib.Path log: file of verdicts, or None.
    :return: a ``ThreadingHTTPServer``.
    """
    members = {"certificates": Certificates(partners), "log": VerificationLog(log)}
    server = ThreadingHTTPServer((host, port), type("Bound", (Handler,), members))
    server.daemon_threads = True
    return server


def main(arguments=None):
    """Serve until the process is ended; see ``--help``."""
    parser = argparse.ArgumentParser(prog="tools.key_service", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8008)
    parser.add_argument("--partners", type=Path, required=True)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args(arguments)
    server = make_server(options.host, options.port, options.partners, options.log)
    server.serve_forever()


if __name__ == "__main__":
    main()
