import json
import ssl
import tempfile
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from odoo.tests import BaseCase, tagged

from odoo.addons.g2p_spar_financial_address.toolkit.http_client import HttpClient

from ..spar import detect as words
from ..spar.detect import PROBE_ID, Detection, detect
from ..spar.g2p_connect import NAME as A
from ..spar.jws import Signer
from ..spar.keys import load_pair
from ..spar.partner_api import NAME as B
from ..spar.transport import MAX_ANSWER_BYTES
from .test_spar_vectors import PAIR
from .web_server import Authority, WebServer, free_url

SIGNER = Signer(load_pair(*PAIR))
#: How the probe's letter travels in each canonical form.
LETTERS = {"ascii": b"connection-test-\\u00e9", "utf8": "connection-test-é".encode()}


def not_linked(reference_id):
    return {
        "reference_id": reference_id,
        "status": "succ",
        "status_reason_code": "succ.fa.not_linked_to_id",
        "id": None,
    }


def mapper(dialect, form, refuse=None, entry=not_linked, verifies=True):
    """Return a function that answers as a mapper of this dialect and form.

    :param refuse: what it answers to a bad signature, instead of refusing it
    :param bool verifies: whether it accepts a right signature only
    """
    path = {A: "/sync/resolve", B: "/mapper/resolve"}[dialect]

    def answer(asked, body):
        if asked != path:
            return 404, {}, b'{"errors": [{"code": "G2P-REQ-404"}]}'
        is_wrong = verifies and words.WRONG.encode() in body
        if form is None or LETTERS[form] not in body or is_wrong:
            return refuse or (200, {}, json.dumps(refusal(dialect)).encode())
        sent = json.loads(body)
        payload = (
            sent["message"] if dialect == A else sent["request_body"]["request_payload"]
        )
        (item,) = payload["resolve_request"]
        payload = {"resolve_response": [entry(item["reference_id"])]}
        content = (
            {"header": {"status": "succ"}, "message": payload}
            if dialect == A
            else {
                "response_header": {"response_status": "SUCCESS"},
                "response_body": {"response_payload": payload},
            }
        )
        return 200, {}, json.dumps(content).encode()

    return answer


def refusal(dialect):
    if dialect == A:
        header = {"status": "rjct", "status_reason_code": "rjct.jwt.invalid"}
        return {"header": header, "message": {}}
    return {
        "response_header": {
            "response_status": "ERROR",
            "response_error_code": "rjct.request.validation",
            "response_error_message": "StatusReasonCodeEnum.rjct_jwt_invalid",
        },
        "response_body": {"response_payload": {"resolve_response": []}},
    }


def status(code, content=b"", **headers):
    return lambda _path, _body: (code, headers, content)


#: What is there, and what is found: the word, dialect, form, whether it verifies, and
#: how many questions it took.
FOUND = [
    (mapper(A, "ascii"), words.ACCEPTED, A, "ascii", True, 2),
    (mapper(A, "utf8"), words.ACCEPTED, A, "utf8", True, 3),
    (mapper(B, "utf8"), words.ACCEPTED, B, "utf8", True, 3),
    (mapper(B, "ascii"), words.ACCEPTED, B, "ascii", True, 4),
    (mapper(B, "utf8", verifies=False), words.ACCEPTED, B, None, False, 3),
    # 1.1.0 and the newest say the same when their keys cannot be looked up.
    (mapper(A, None), words.SIGNATURE_REFUSED, A, None, None, 2),
    (mapper(B, None), words.SIGNATURE_REFUSED, B, None, None, 3),
    # The 1.1 branch and 2.x fail on a partner their key service does not know.
    (mapper(A, None, (500, {}, b"{}")), words.SERVER_ERROR, A, None, None, 2),
    (mapper(B, None, (500, {}, b"{}")), words.SERVER_ERROR, B, None, None, 2),
    (status(500), words.SERVER_ERROR, None, None, None, 2),
    (status(404), words.NOT_SPAR, None, None, None, 2),
    (status(405), words.NOT_SPAR, None, None, None, 2),
    (status(200, b"<html>"), words.NOT_SPAR, None, None, None, 2),
    (status(200, b"{}"), words.NOT_SPAR, None, None, None, 2),
    (status(400), words.NOT_UNDERSTOOD, None, None, None, 2),
    (status(401), words.FORBIDDEN, None, None, None, 2),
    (status(403), words.FORBIDDEN, None, None, None, 2),
    (status(502), words.UNAVAILABLE, None, None, None, 2),
    (status(503), words.UNAVAILABLE, None, None, None, 2),
    (status(429), words.UNAVAILABLE, None, None, None, 2),
    (status(301, Location="/x"), words.REDIRECTED, None, None, None, 2),
]


@tagged("post_install", "-at_install")
class TestDetect(BaseCase):
    def serve(self, answer, context=None):
        server = WebServer(answer, context)
        self.addCleanup(server.stop)
        return server

    def detect(self, url, **options):
        http = HttpClient(url, 2.0, 5.0, MAX_ANSWER_BYTES)
        return detect(http, SIGNER, "registry", **options)

    def test_each_kind_of_server_has_its_finding(self):
        for number, (answer, word, dialect, form, verifies, asked) in enumerate(FOUND):
            with self.subTest(word, number=number):
                server = self.serve(answer)
                found = self.detect(server.url)
                self.assertEqual(found.finding, word)
                self.assertEqual((found.dialect, found.form), (dialect, form))
                self.assertIs(found.verifies, verifies)
                self.assertEqual(len(server.requests), asked)

    def test_it_is_told_how_long_an_answer_took(self):
        answer = mapper(A, "ascii")

        def slow(path, body):
            time.sleep(0.1)
            return answer(path, body)

        latency = self.detect(self.serve(slow).url).latency_ms
        self.assertGreaterEqual(latency, 100)
        self.assertLess(latency, 5000)

    def test_a_spar_that_dislikes_the_probe_has_accepted_the_signature(self):
        def refused(reference_id):
            return {
                "reference_id": reference_id,
                "status": "rjct",
                "status_reason_code": "rjct.id.invalid",
            }

        server = self.serve(mapper(B, "utf8", entry=refused))
        self.assertEqual(self.detect(server.url).finding, words.ACCEPTED)

    def test_the_probe_only_asks(self):
        server = self.serve(mapper(B, None))
        self.detect(server.url)
        for _method, path, body in server.requests:
            self.assertTrue(path.endswith("/resolve"))
            self.assertIn(PROBE_ID, body.decode("unicode-escape") + body.decode())

    def test_a_path_of_its_own_is_tried(self):
        server = self.serve(
            lambda _path, body: mapper(A, "ascii")("/sync/resolve", body)
        )
        self.detect(server.url, paths={"resolve": "/v3/ask"})
        self.assertEqual([path for _m, path, _b in server.requests], ["/v3/ask"] * 2)

    def test_nobody_there(self):
        self.assertEqual(self.detect(free_url()), Detection(words.UNREACHABLE))

    def test_a_server_that_hangs_up_or_says_nothing_is_asked_once(self):
        def hang_up(_path, _body):
            raise ConnectionError

        server = self.serve(hang_up)
        self.assertEqual(self.detect(server.url), Detection(words.NO_ANSWER))
        self.assertEqual(len(server.requests), 1)

    def test_a_server_with_an_untrusted_certificate(self):
        with tempfile.TemporaryDirectory() as folder:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*Authority(folder).issue("server"))
            server = self.serve(mapper(A, "ascii"), context)
            self.assertEqual(self.detect(server.url), Detection(words.UNTRUSTED))

    def test_the_clock_is_compared_if_there_is_one(self):
        now = datetime.now(timezone.utc)
        for date, low, high in (
            (format_datetime(now + timedelta(hours=1), usegmt=True), 3598, 3601),
            (format_datetime(now - timedelta(hours=1), usegmt=True), -3602, -3598),
            (format_datetime(now, usegmt=True), -2, 1),
        ):
            found = self.detect(self.serve(status(404, Date=date)).url)
            with self.subTest(date):
                self.assertTrue(low <= found.clock_difference <= high, found)
        for headers in ({}, {"Date": "yesterday"}, {"Date": ""}, {"Date": "9" * 99}):
            found = self.detect(self.serve(status(404, **headers)).url)
            self.assertIsNone(found.clock_difference)
