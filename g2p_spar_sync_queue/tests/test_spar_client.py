import socket
import time

from odoo.tests import BaseCase, tagged

from odoo.addons.g2p_spar_financial_address.tests import raw_servers
from odoo.addons.g2p_spar_financial_address.toolkit.http_client import HttpClient

from ..spar.answers import Item, Outcome
from ..spar.client import SparClient
from ..spar.codes import LINK
from ..spar.jws import Signer
from ..spar.keys import load_pair
from ..spar.transport import MAX_ANSWER_BYTES
from .spar_stand_in import faults
from .spar_stand_in.in_process import SparStandIn
from .test_spar_vectors import PAIR


@tagged("post_install", "-at_install")
class TestSparClient(BaseCase):
    """Real sockets: what the network and a bad server do, and what is made of it."""

    def setUp(self):
        super().setUp()
        self.mapper = SparStandIn()
        self.addCleanup(self.mapper.stop)

    def send(self, *faults, url=None, timeout=5.0):
        self.mapper.faults = list(faults)
        signer = Signer(load_pair(*PAIR))
        http = HttpClient(url or self.mapper.url, 1.0, timeout, MAX_ANSWER_BYTES)
        with SparClient(http, signer, "social-registry", "ascii") as client:
            answer = client.send(LINK, [Item("r-1", "7", "fa", 4)])
        self.assertFalse(self.mapper.faults, "the fault never fired")
        return answer, answer.results["r-1"]

    def test_done(self):
        _answer, result = self.send()
        self.assertEqual(result.outcome, Outcome.DONE)
        self.assertEqual(self.mapper.rows, {"7": "fa"})

    def test_statuses(self):
        for code, outcome in [
            (202, Outcome.AMBIGUOUS),
            (400, Outcome.BATCH_REFUSED),
            (401, Outcome.PARTNER),
            (403, Outcome.PARTNER),
            (404, Outcome.TRANSIENT),
            (429, Outcome.TRANSIENT),
            (500, Outcome.TRANSIENT),
            (502, Outcome.AMBIGUOUS),
            (503, Outcome.AMBIGUOUS),
            (504, Outcome.AMBIGUOUS),
            (524, Outcome.AMBIGUOUS),
        ]:
            with self.subTest(code):
                _answer, result = self.send(faults.status(code))
                self.assertEqual(result.outcome, outcome)
                self.assertEqual(result.code, f"http.{code}")

    def test_retry_after_of_the_server_is_reported(self):
        answer, _result = self.send(faults.status(429, Retry_After="17"))
        self.assertEqual(answer.retry_after, 17)
        answer, _result = self.send(faults.status(503, Retry_After="17"))
        self.assertEqual(answer.retry_after, 17)
        far_away = f"Mon, 01 Jan 2024 00:00:00 +{'9' * 14}"
        for text in ("tomorrow", "²", "9" * 5000, "-1", "", far_away):
            answer, _result = self.send(faults.status(503, Retry_After=text))
            self.assertIsNone(answer.retry_after)

    def test_redirects_are_not_followed(self):
        other = SparStandIn()
        self.addCleanup(other.stop)
        _answer, result = self.send(
            faults.status(307, Location=f"{other.url}/sync/link")
        )
        self.assertEqual(result.outcome, Outcome.TRANSIENT)
        self.assertFalse(other.log)

    def test_an_unreachable_server_is_safe_to_repeat(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        _answer, result = self.send(url=url)
        self.assertEqual(result.outcome, Outcome.TRANSIENT)

    def test_a_cut_connection_is_ambiguous(self):
        for fault in (faults.cut_before, faults.cut_after):
            with self.subTest(fault):
                _answer, result = self.send(fault)
                self.assertEqual(result.outcome, Outcome.AMBIGUOUS)

    def test_a_slow_answer_is_given_up_in_time(self):
        start = time.monotonic()
        _answer, result = self.send(faults.drip(20), timeout=1.0)
        self.assertEqual(result.outcome, Outcome.AMBIGUOUS)
        self.assertLess(time.monotonic() - start, 10)

    def test_headers_that_drip_are_given_up_in_time(self):
        for beginning in (raw_servers.STATUS_LINE, raw_servers.HEADERS):
            server = raw_servers.DrippingServer(beginning)
            self.addCleanup(server.stop)
            start = time.monotonic()
            _answer, result = self.send(url=server.url, timeout=0.5)
            self.assertLess(time.monotonic() - start, 6)
            self.assertEqual(result.outcome, Outcome.AMBIGUOUS)
            self.assertEqual(result.code, "answer.lost")
            self.assertEqual(server.connections, 1)

    def test_garbage_and_floods_are_ambiguous(self):
        for body in (b"", b"<html>", b"\xff\xfe", b"[" * 100_000, b"null"):
            with self.subTest(body[:10]):
                _answer, result = self.send(faults.answer(body))
                self.assertEqual(result.outcome, Outcome.AMBIGUOUS)
        _answer, result = self.send(faults.answer(b" " * (MAX_ANSWER_BYTES + 1)))
        self.assertEqual(result.outcome, Outcome.AMBIGUOUS)
