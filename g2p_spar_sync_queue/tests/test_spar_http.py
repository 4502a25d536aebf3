import json
import os
import ssl
import tempfile
from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from odoo.addons.g2p_spar_financial_address.toolkit.http_client import HttpClient

from ..spar.answers import Item, Outcome
from ..spar.client import SparClient
from ..spar.codes import LINK
from ..spar.g2p_connect import G2pConnect
from ..spar.jws import Signer
from ..spar.keys import load_pair
from ..spar.partner_api import PartnerApi
from ..spar.tls import (
    DAMAGED,
    HAS_PRIVATE_KEY,
    NOT_PEM,
    UNFIT,
    UNREADABLE,
    Tls,
    TlsProblem,
    read_authorities,
)
from ..spar.transport import MAX_ANSWER_BYTES
from .test_spar_vectors import PAIR
from .web_server import Authority, WebServer, free_url

DIALECTS = (G2pConnect(), PartnerApi())
PARTS = {
    "mobile_number": "+255754200001",
    "wallet_provider_name": "M-Cash",
    "wallet_provider_code": "MC",
}
ITEM = Item("r-1", "ID-8871", "+255754200001 at M-Cash", 4, "Asha", parts=PARTS)


def done(_path, body):
    """Answer, in whichever dialect was asked, that it is done."""
    payload = {"link_response": [{"reference_id": "r-1", "status": "succ"}]}
    answer = (
        {"header": {"status": "succ"}, "message": payload}
        if "header" in json.loads(body)
        else {
            "response_header": {"response_status": "SUCCESS"},
            "response_body": {"response_payload": payload},
        }
    )
    return 200, {}, json.dumps(answer).encode()


def in_turn(*answers):
    """Answer these one after the other: each what to answer, or what works it out."""
    waiting = iter(answers)

    def answer(path, body):
        now = next(waiting)
        return now(path, body) if callable(now) else now

    return answer


@tagged("post_install", "-at_install")
class TestSparHttp(BaseCase):
    """What travels, where to, past whom, and what of it is written down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(folder.name)
        cls.signer = Signer(load_pair(*PAIR))

    def serve(self, answer=done, context=None):
        server = WebServer(answer, context)
        self.addCleanup(server.stop)
        return server

    def client(self, url, dialect=DIALECTS[0], tls=None, **options):
        http = HttpClient(url, 2.0, 5.0, MAX_ANSWER_BYTES, tls)
        return SparClient(http, self.signer, "registry", "utf8", dialect, **options)

    def send(self, url, dialect=DIALECTS[0], **options):
        with self.client(url, dialect, **options) as client:
            return client.send(LINK, [ITEM]).results["r-1"]

    @contextmanager
    def environment(self, **variables):
        """Give the server's environment these, and none of its own proxies."""
        usual = {
            name: value
            for name, value in os.environ.items()
            if not name.lower().endswith(("_proxy", "_ca_bundle"))
        }
        with patch.dict(os.environ, {**usual, **variables}, clear=True):
            yield

    # === PATHS AND REDIRECTS === #

    def test_each_operation_goes_where_the_dialect_or_the_setting_says(self):
        server = self.serve()
        base = f"{server.url}/api/mapper/"
        for dialect, path in zip(DIALECTS, ("/sync/link", "/mapper/link"), strict=True):
            self.assertEqual(self.send(base, dialect).outcome, Outcome.DONE)
            self.assertEqual(server.requests[-1][1], f"/api/mapper{path}")
            paths = {"link": "/v3/put", "update": "/v3/never"}
            self.assertEqual(
                self.send(base, dialect, paths=paths).outcome, Outcome.DONE
            )
            self.assertEqual(server.requests[-1][1], "/api/mapper/v3/put")

    def test_redirects_are_refused(self):
        other = self.serve()
        for dialect in DIALECTS:
            for status in (301, 302, 303, 307, 308):
                with self.subTest(status, dialect=dialect.name):
                    headers = {"Location": f"{other.url}/sync/link"}
                    server = self.serve(
                        lambda *_, answer=(status, headers, b""): answer
                    )
                    result = self.send(server.url, dialect)
                    self.assertEqual(result.outcome, Outcome.TRANSIENT)
                    self.assertEqual(result.code, f"http.{status}")
                    self.assertEqual(len(server.requests), 1)
        self.assertFalse(other.requests)

    # === CONNECTIONS === #

    def test_a_connection_is_kept_until_the_server_fails(self):
        for status in (500, 502, 503, 504):
            server = self.serve(in_turn(done, (status, {}, b"{}"), done, done))
            seen = []
            with self.client(server.url) as client:
                for _request in range(4):
                    client.send(LINK, [ITEM])
                    seen.append(server.connections)
            # The one that failed is not used again, though it was left open.
            self.assertEqual(seen, [1, 1, 2, 2])

    # === PROXIES === #

    def test_the_proxy_of_the_environment_is_used(self):
        proxy, url = self.serve(), free_url()
        with self.environment(http_proxy=proxy.url):
            for dialect in DIALECTS:
                self.assertEqual(self.send(url, dialect).outcome, Outcome.DONE)
                self.assertEqual(
                    proxy.requests[-1][1], url + dialect.path(LINK), "not by the proxy"
                )
        with self.environment(http_proxy=proxy.url, no_proxy="127.0.0.1"):
            proxy.requests.clear()
            self.assertEqual(self.send(url).code, "connect.refused")
            self.assertFalse(proxy.requests)

    def test_a_proxy_that_is_gone_is_safe_to_repeat(self):
        with self.environment(http_proxy=free_url(), https_proxy=free_url()):
            for url in (free_url(), free_url().replace("http:", "https:")):
                result = self.send(url)
                self.assertEqual(result.outcome, Outcome.TRANSIENT)
                self.assertEqual(result.code, "connect.refused")

    def test_tls_is_verified_through_a_proxy_too(self):
        server, proxy = self.serve_tls(), self.serve()
        with self.environment(https_proxy=proxy.url):
            self.assertEqual(self.send(server.url).code, "connect.untrusted")
            tls = Tls(self.authority.pem)
            self.assertEqual(self.send(server.url, tls=tls).outcome, Outcome.DONE)
        self.assertEqual({method for method, *_ in proxy.requests}, {"CONNECT"})
        self.assertEqual(len(server.requests), 1)

    # === CERTIFICATES === #

    def serve_tls(self, callers=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.issue("server"))
        if callers:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=callers)
        return self.serve(context=context)

    def test_nothing_is_sent_to_an_untrusted_server(self):
        server = self.serve_tls()
        other = Authority(self.authority.folder).pem
        with self.environment():
            for tls in (None, Tls(other)):
                result = self.send(server.url, tls=tls)
                self.assertEqual(result.outcome, Outcome.TRANSIENT)
                self.assertEqual(result.code, "connect.untrusted")
            self.assertFalse(server.requests)
            for pem in (self.authority.pem, other + self.authority.pem):
                result = self.send(server.url, tls=Tls(pem))
                self.assertEqual(result.outcome, Outcome.DONE)

    def test_no_setting_of_the_environment_leaves_the_check_out(self):
        server = self.serve_tls()
        for variables in (
            {"REQUESTS_CA_BUNDLE": ""},
            {"CURL_CA_BUNDLE": ""},
            {"PYTHONHTTPSVERIFY": "0"},
        ):
            with self.environment(**variables):
                self.assertEqual(self.send(server.url).code, "connect.untrusted")
        self.assertFalse(server.requests)

    def test_a_named_authority_is_the_only_trusted_one(self):
        server = self.serve_tls()
        trusted = self.authority.folder / "bundle.pem"
        trusted.write_text(self.authority.pem)
        other = Authority(self.authority.folder).pem
        with self.environment(REQUESTS_CA_BUNDLE=str(trusted)):
            self.assertEqual(self.send(server.url).outcome, Outcome.DONE)
            result = self.send(server.url, tls=Tls(other))
            self.assertEqual(result.code, "connect.untrusted")

    def test_another_hosts_certificate_is_not_accepted(self):
        server = self.serve_tls()
        url = server.url.replace("127.0.0.1", "localhost")
        with self.environment():
            result = self.send(url, tls=Tls(self.authority.pem))
            self.assertEqual(result.code, "connect.untrusted")

    def test_a_client_certificate_is_shown(self):
        callers = Authority(self.authority.folder)
        server = self.serve_tls(callers.pem)
        with self.environment():
            result = self.send(server.url, tls=Tls(self.authority.pem))
            self.assertNotEqual(result.outcome, Outcome.DONE)
            self.assertFalse(server.requests)
            tls = Tls(self.authority.pem, *callers.issue("registry"))
            self.assertEqual(self.send(server.url, tls=tls).outcome, Outcome.DONE)

    def test_certificates_that_cannot_be_used_say_why_and_name_no_file(self):
        one, two = self.authority.issue("one"), self.authority.issue("two")
        locked = self.authority.issue("locked", b"secret")
        gone = str(self.authority.folder / "gone.pem")
        for tls, message in [
            (Tls("no certificate"), NOT_PEM),
            (Tls(self.authority.pem.replace("MII", "MIX", 1)), DAMAGED),
            (Tls(None, one[0], two[1]), UNFIT),
            (Tls(None, *locked), UNFIT),
            (Tls(None, gone, gone), UNREADABLE),
        ]:
            with self.subTest(message):
                with self.assertRaisesRegex(TlsProblem, message) as caught:
                    self.client("https://127.0.0.1:1", tls=tls)
                self.assertNotIn(str(self.authority.folder), str(caught.exception))

    def test_a_private_key_is_no_certificate_to_trust(self):
        with open(self.authority.issue("leaked")[1]) as file:
            key = file.read()
        for text in (key, self.authority.pem + key):
            with self.assertRaisesRegex(TlsProblem, HAS_PRIVATE_KEY) as caught:
                read_authorities(text)
            self.assertIsNone(caught.exception.__cause__)
        self.assertEqual(len(read_authorities(self.authority.pem * 2)), 2)

    # === WHAT IS WRITTEN DOWN === #

    def test_nothing_of_a_request_is_logged_even_for_debugging(self):
        answers = (
            done,
            lambda *_request: (500, {}, b"+255754200001"),
            lambda *_request: (307, {"Location": "https://other.invalid"}, b""),
        )
        for dialect in DIALECTS:
            for answer in answers:
                server = self.serve(answer)
                with (
                    self.assertLogs(level="DEBUG") as caught,
                    self.client(server.url, dialect) as client,
                ):
                    client.send(LINK, [ITEM])
                    server.stop()
                    client.send(LINK, [ITEM])
                said = "\n".join(caught.output)
                # Otherwise this would prove nothing.
                self.assertIn(dialect.path(LINK), said)
                (_method, _path, body), *_more = server.requests
                signature = self.signer.detached(body)
                for secret in (
                    "ID-8871",
                    "754200001",
                    "M-Cash",
                    "Asha",
                    signature,
                    signature[-40:],
                    "Signature",
                ):
                    self.assertNotIn(secret, said)

    def test_no_password_of_another_file_goes_along(self):
        server = self.serve()
        netrc = self.authority.folder / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
        with self.environment(NETRC=str(netrc)):
            self.assertEqual(self.send(server.url).outcome, Outcome.DONE)
        self.assertIn("Signature", server.headers[-1])
        self.assertNotIn("Authorization", server.headers[-1])
