"""A stand-in for a country's login service (OpenID Connect), in a process of its own.

It has what an API needs that verifies its tokens: the discovery document and the
public keys. Nobody logs in here by a form: a test asks for the token of whomever it
wants, with any claims.

==========================================  =========================================
``GET /.well-known/openid-configuration``   where things are
``GET /jwks``                               the public keys
``POST /control/token``                     log somebody in
``POST /control/rotate``                    sign with a new key from here on
``POST /control/fail``                      answer the first two with this ``status``
``GET /control/state``                      how often each of the first two was asked
==========================================  =========================================
"""

import argparse
import json
import secrets
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/jwks"
ALGORITHM = "RS256"


class Issuer:
    """Its keys, and what it was asked for.

    :param str url: its own address, which is its name, too.
    """

    def __init__(self, url):
        self.url = url
        self.keys = {}
        self.status = 200
        self.requests = Counter()
        self._lock = threading.Lock()
        self.rotate(keep=False)

    def rotate(self, keep):
        """Make a new key and sign with it; without ``keep``, forget the others."""
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        with self._lock:
            older = self.keys if keep else {}
            self.keys = {**older, secrets.token_hex(4): made}

    def sign(self, sub, aud, seconds, header, claims):
        """Return a token; a claim that is None is left out."""
        key_id, key = list(self.keys.items())[-1]
        now = time.time()
        content = {
            "iss": self.url,
            "sub": sub,
            "aud": aud,
            "iat": int(now),
            "exp": int(now + seconds),
            **claims,
        }
        return jwt.encode(
            {name: value for name, value in content.items() if value is not None},
            key,
            ALGORITHM,
            headers={"kid": key_id, **header},
        )

    def answer(self, path):
        """Return what everybody may ask for, or None."""
        if path == DISCOVERY:
            return {
                "issuer": self.url,
                "jwks_uri": self.url + JWKS,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            }
        if path == JWKS:
            return {"keys": [self._public(*pair) for pair in self.keys.items()]}
        return None

    @staticmethod
    def _public(key_id, key):
        algorithm = jwt.algorithms.RSAAlgorithm
        public = algorithm.to_jwk(key.public_key(), as_dict=True)
        return {**public, "kid": key_id, "use": "sig", "alg": ALGORITHM}


class Handler(BaseHTTPRequestHandler):
    """Answers requests; the ``issuer`` is that of its server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        """Answer an API, or tell the test what was asked for."""
        issuer = self.server.issuer
        if self.path == "/control/state":
            self._answer(200, {"requests": issuer.requests})
            return
        issuer.requests[self.path] += 1
        content = issuer.answer(self.path)
        if content is None:
            self._answer(404, {})
        elif issuer.status != 200:
            self._answer(issuer.status, {})
        else:
            self._answer(200, content)

    def do_POST(self):
        """Take an order of the test."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        order, content = self.path.removeprefix("/control/"), json.loads(body)
        issuer, told = self.server.issuer, {}
        if order == "token":
            told = {"token": issuer.sign(**content)}
        elif order == "rotate":
            issuer.rotate(**content)
        elif order == "fail":
            issuer.status = content["status"]
        else:
            self._answer(404, {})
            return
        self._answer(200, told)

    def _answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Write nothing for each request; what happened is asked for."""


def make_server(port=0):
    """Make the server; call its ``serve_forever`` to run it.

    :param int port: port on 127.0.0.1; 0 chooses a free one.
    """
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    return server


def main(arguments=None):
    """Serve until the process is ended; see ``--help``."""
    parser = argparse.ArgumentParser(
        prog="tests.standin_oidc",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, required=True)
    make_server(parser.parse_args(arguments).port).serve_forever()


if __name__ == "__main__":
    main()
