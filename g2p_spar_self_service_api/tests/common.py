import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo.sql_db import db_connect
from odoo.tests import HttpCase, tagged

from odoo.addons.fastapi.pools import fastapi_app_pool
from odoo.addons.g2p_spar_financial_address.models import g2p_fa_rate
from odoo.addons.g2p_spar_financial_address.tests.common import OneTransactionCase

from .. import routers
from ..models.g2p_api_client import _hashed
from . import probe

BASE = "/spar/self-service"
SECRET = "a secret of the tests"
ISSUER = "https://id.example.org"
AUDIENCE = "self-service"


@tagged("post_install", "-at_install")
class ApiCase(OneTransactionCase, HttpCase):
    """A registrant, a client that may do everything, and the probes' operations."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.asha = cls.env["res.partner"].create(
            {"name": "Asha Juma", "is_registrant": True, "spar_id": "SR-1"}
        )
        cls.client = cls.new_client("Portal")

    def setUp(self):
        super().setUp()
        self.enterContext(
            patch.object(routers, "routers", [*routers.routers, probe.router])
        )
        # No other test has these operations.
        fastapi_app_pool.invalidate(self.env)
        self.addCleanup(fastapi_app_pool.invalidate, self.env)
        self.forget_calls()

    @classmethod
    def new_client(cls, name, **values):
        rights = dict.fromkeys(
            ("may_read", "may_propose", "may_end", "may_read_directory"), True
        )
        return cls.env["g2p.api.client"].create(
            {
                "name": name,
                "secret_hash": _hashed(SECRET),
                "id_template": "{id}",
                **rights,
                **values,
            }
        )

    def ask(self, path, method="GET", token=None, person=None, body=None, **headers):
        """Call the API.

        :param str path: below the API's own
        :param str person: of the header
        :param body: bytes, or what is sent as JSON
        :param headers: more of them, with _ for -
        """
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if person:
            headers["Person-Id"] = person
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        return self.url_open(BASE + path, data=body, headers=headers, method=method)

    def ask_token(self, client=None, secret=SECRET, **form):
        form = {"grant_type": "client_credentials", **form}
        if client:
            form.update(client_id=client.client_id, client_secret=secret)
        return self.url_open(BASE + "/v1/token", data=form)

    def token_of(self, client):
        response = self.ask_token(client)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()["access_token"]

    def assertProblem(self, response, status, kind):
        """The answer is problem details of this kind, and keeps quiet otherwise."""
        self.assertEqual(response.status_code, status, response.text)
        self.assertEqual(response.headers["Content-Type"], "application/problem+json")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        said = response.json()
        self.assertEqual(said["type"], f"urn:spar-suite:problem:{kind}")
        self.assertEqual(said["status"], status)
        self.assertTrue(said["title"] and said["detail"])
        self.assertEqual(said["request_id"], response.headers["X-Request-Id"])
        if status == 401:
            self.assertTrue(response.headers["WWW-Authenticate"])
        return said

    @contextmanager
    def counted_apart(self):
        """Have limits count in transactions of their own, as on a server.

        In a test they are inside the transaction of the call, and lost with it when the
        call is refused.

        :return: a function that forgets all that was counted
        """

        used = set()

        def apart(_rates):
            cr = db_connect(self.env.cr.dbname).cursor()
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            return cr

        def digest(key, digest=g2p_fa_rate._digest):
            # Rows of their own: nobody else waits for them, or has used them.
            used.add(digest(f"{self.id()}|{key}"))
            return digest(f"{self.id()}|{key}")

        def forget():
            with apart(None) as cr:
                cr.execute(
                    "DELETE FROM g2p_fa_rate_taken WHERE key = ANY(%s)", [list(used)]
                )

        try:
            with (
                patch.object(self.registry["g2p.fa.rate"], "_apart", apart),
                patch.object(g2p_fa_rate, "_digest", digest),
            ):
                yield forget
        finally:
            forget()

    def forget_calls(self):
        """Have :meth:`calls` begin with the next one."""
        newest = self.env["g2p.api.call"].search([], order="id desc", limit=1)
        self.last_call_before = newest.id or 0

    def calls(self):
        """Return the calls written down in this test, oldest first."""
        self.env.invalidate_all()
        domain = [("id", ">", self.last_call_before)]
        return self.env["g2p.api.call"].search(domain, order="id")


class Keys:
    """Keys of an issuer, made once for all tests."""

    RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    EC = ec.generate_private_key(ec.SECP256R1())


def pem(key):
    """Return the public half of a key as text."""
    return (
        key.public_key()
        .public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        .decode()
    )


def jwk(key, kid, **members):
    """Return the public half of a key as a member of a JWKS."""
    algorithms = jwt.algorithms
    kind = (
        algorithms.RSAAlgorithm
        if hasattr(key, "key_size") and not isinstance(key, ec.EllipticCurvePrivateKey)
        else algorithms.ECAlgorithm
    )
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, **members}


def claims(**changes):
    """Return the claims of a citizen's token; a change to None leaves one out."""
    now = int(time.time())
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "SR-1",
        "iat": now - 5,
        "exp": now + 300,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def signed(said=None, key=Keys.RSA, algorithm="RS256", kid="one", **headers):
    """Return a token."""
    headers = {name: value for name, value in headers.items()}
    if kid:
        headers["kid"] = kid
    return jwt.encode(said or claims(), key, algorithm, headers=headers)


@contextmanager
def key_server(answer):
    """Serve an issuer's keys on this machine.

    :param answer: a function of the handler that answers one request
    :return: its address, and the list of requests it got
    """
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            answer(self)

        def log_message(self, *args):
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def telling(keys):
    """Return an answer of :func:`key_server`: these keys, as JSON."""

    def answer(handler):
        content = (
            keys if isinstance(keys, bytes) else json.dumps({"keys": keys}).encode()
        )
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        # Whoever asked may have seen enough before the end.
        with suppress(OSError):
            handler.wfile.write(content)

    return answer
