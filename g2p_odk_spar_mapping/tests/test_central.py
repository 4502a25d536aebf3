import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

from odoo.tests import BaseCase

from odoo.addons.g2p_spar_financial_address.tests.raw_servers import DrippingServer
from odoo.addons.g2p_spar_financial_address.toolkit.http_client import HttpClient

from ..central import errors
from ..central.client import CentralClient
from ..central.errors import CentralError
from ..central.feed import BEGINNING, Feed, earlier
from ..central.rows import Unreadable, read_row
from .central_stand_in import odata
from .central_stand_in.server import CentralStandIn
from .central_stand_in.store import Store


class TestCentral(BaseCase):
    def setUp(self):
        super().setUp()
        self.central = CentralStandIn()
        self.addCleanup(self.central.stop)
        self.store = self.central.store
        self.client = self.make_client()

    def make_client(
        self, url=None, password=Store.PASSWORD, seconds=(5, 60), backoff=0
    ):
        http = HttpClient(url or self.central.url, *seconds, 10**6)
        client = CentralClient(http, Store.EMAIL, password, backoff)
        self.addCleanup(client.close)
        return client

    def assertTrouble(self, code, work):
        with self.assertRaises(CentralError) as caught:
            work()
        self.assertEqual(caught.exception.code, code)

    def feed(self, size=3):
        return Feed(self.client, Store.PROJECT, "addresses", size)

    def read_all(self, since=BEGINNING, size=3):
        return [row for page in self.feed(size).changes(since) for row in page.rows]

    # === SESSION === #

    def test_a_session_that_ended_is_begun_again_once(self):
        self.client.projects()
        self.store.expire_sessions()
        self.client.projects()
        self.assertEqual(self.store.logins, 2)

    def test_a_session_that_ends_between_two_pages(self):
        for number in range(7):
            self.store.submit({"n": number})
        self.central.arm(
            {"kind": "act", "path": "Submissions", "action": ["expire_sessions", {}]}
        )
        self.assertEqual(len(self.read_all()), 7)
        self.assertEqual(self.store.logins, 2)

    def test_a_session_refused_at_once_is_trouble_and_no_loop(self):
        self.central.arm({"kind": "status", "code": 401, "path": "pro", "count": 9})
        self.assertTrouble(errors.CREDENTIALS, self.client.projects)
        self.assertEqual(self.store.logins, 1)

    def test_the_session_is_ended(self):
        with self.client as client:
            client.projects()
            self.assertEqual(len(self.store.tokens), 1)
        self.assertFalse(self.store.tokens)

    # === ANSWERS === #

    def test_what_each_answer_means(self):
        for status, code in (
            (302, errors.REDIRECTED),
            (400, errors.REFUSED),
            (403, errors.FORBIDDEN),
            (404, errors.MISSING),
            (429, errors.BUSY),
            (500, errors.BUSY),
            (501, errors.REFUSED),
            (503, errors.BUSY),
        ):
            with self.subTest(status):
                self.store.faults.clear()
                fault = {"kind": "status", "code": status, "path": "projects"}
                headers = {"Location": "http://127.0.0.1:1/"}
                self.central.arm({**fault, "count": 9, "headers": headers})
                self.assertTrouble(code, self.client.projects)

    def test_only_questions_are_asked_again(self):
        self.central.arm({"kind": "status", "code": 503, "path": "sessions"})
        self.assertTrouble(errors.BUSY, self.client.projects)
        self.assertEqual(self.store.fired, {"status": 1})

    def test_it_waits_as_long_as_central_asks_within_reason(self):
        client = self.make_client(backoff=1)
        client.projects()
        waits = []
        clock = SimpleNamespace(sleep=waits.append)
        self.patch(CentralClient._patiently.__globals__, "time", clock)
        fault = {"kind": "status", "code": 429, "path": "projects", "count": 4}
        for headers, expected in (
            ({}, [1, 2, 4]),
            ({"Retry-After": "7"}, [7, 7, 7]),
            ({"Retry-After": "86400"}, [60, 60, 60]),
        ):
            waits.clear()
            self.central.arm({**fault, "headers": headers})
            self.assertTrouble(errors.BUSY, client.projects)
            self.assertEqual(waits, expected)

    def test_a_login_is_repeated_only_if_it_cannot_have_arrived(self):
        waits = []
        clock = SimpleNamespace(sleep=waits.append)
        self.patch(CentralClient._patiently.__globals__, "time", clock)
        unreachable = self.make_client("http://127.0.0.1:1")
        self.assertTrouble(errors.UNREACHABLE, unreachable.projects)
        self.assertEqual(len(waits), 3)
        self.central.arm({"kind": "cut", "path": "sessions"})
        self.assertTrouble(errors.CUT, self.client.projects)
        self.assertEqual(len(waits), 3)

    def test_garbage_a_wrong_password_nobody_there_and_no_login(self):
        self.central.arm({"kind": "garbage", "path": "projects"})
        self.assertTrouble(errors.GARBLED, self.client.projects)
        wrong = self.make_client(password="wrong")
        self.assertTrouble(errors.CREDENTIALS, wrong.projects)
        unreachable = self.make_client("http://127.0.0.1:1")
        self.assertTrouble(errors.UNREACHABLE, unreachable.projects)
        elsewhere = self.make_client(f"{self.central.url}/elsewhere")
        self.assertTrouble(errors.NO_LOGIN, elsewhere.projects)

    def test_single_sign_on_is_told_from_another_address(self):
        self.store.let_sign_on()
        self.assertTrouble(errors.SIGN_ON, self.client.projects)
        elsewhere = self.make_client(f"{self.central.url}/elsewhere")
        self.assertTrouble(errors.NO_LOGIN, elsewhere.projects)

    def test_an_answer_that_takes_too_long(self):
        client = self.make_client(seconds=(5, 0.2))
        client.projects()
        self.central.arm(
            {"kind": "delay", "seconds": 0.5, "path": "projects", "count": 9}
        )
        with self.assertRaises(CentralError) as caught:
            client.projects()
        self.assertTrue(caught.exception.is_transient)

    def test_headers_that_drip_are_given_up_in_time(self):
        server = DrippingServer()
        self.addCleanup(server.stop)
        client = self.make_client(server.url, seconds=(0.2, 0.3))
        start = time.monotonic()
        with self.assertRaises(CentralError) as caught:
            client.projects()
        self.assertLess(time.monotonic() - start, 6)
        self.assertEqual(caught.exception.code, errors.CUT)
        # A login is not repeated.
        self.assertEqual(server.connections, 1)

    def test_an_answer_without_end(self):
        endless = _Endless()
        self.addCleanup(endless.stop)
        client = self.make_client(endless.url)
        client._token = "t"
        self.assertTrouble(errors.TOO_LARGE, client.projects)

    def patch(self, scope, name, value):
        before = scope[name]
        scope[name] = value
        self.addCleanup(scope.__setitem__, name, before)

    # === FEED === #

    def test_pages_are_read_to_the_end(self):
        for count in (0, 1, 3, 4, 9):
            with self.subTest(count):
                self.store.__init__()
                ids = {self.store.submit({"n": n}) for n in range(count)}
                rows = self.read_all()
                self.assertEqual({row.instance_id for row in rows}, ids)
                self.assertEqual(len(rows), count)

    def test_what_comes_and_goes_between_pages_loses_nothing(self):
        ids = [self.store.submit({"n": n}) for n in range(9)]
        for action in (
            ["submit", {"data": {"n": 10}}],
            ["delete", {"instance_id": ids[0]}],
            ["edit", {"instance_id": ids[1], "data": {}}],
            ["restore", {"instance_id": ids[0]}],
        ):
            with self.subTest(action[0]):
                self.central.arm(
                    {"kind": "act", "path": "Submissions", "action": action}
                )
                self.assertLessEqual(
                    set(ids), {row.instance_id for row in self.read_all()}
                )

    def test_what_is_purged_between_pages_hides_nothing_else(self):
        ids = [self.store.submit({"n": n}, late=9.0 - n) for n in range(9)]
        purge = ["purge", {"instance_id": ids[2]}]
        self.central.arm({"kind": "act", "path": "Submissions", "action": purge})
        self.assertEqual([row.instance_id for row in self.read_all()], ids)

    def test_pages_that_lack_what_is_counted_are_noticed(self):
        self.store.submit({})
        original = odata.table

        def lacking(*arguments):
            return {**original(*arguments), "value": []}

        self.patch(odata.__dict__, "table", lacking)
        self.assertTrouble(errors.INCOMPLETE, self.read_all)

    def test_deleted_ones_are_told_with_their_date(self):
        one = self.store.submit({})
        self.store.delete(one)
        (row,) = self.read_all()
        self.assertTrue(row.deleted)
        (page,) = self.feed().overview()
        self.assertTrue(page.rows[0].deleted)
        (row,) = self.feed().of_dates([row.submitted])
        self.assertTrue(row.deleted)

    def test_what_is_deleted_between_pages_of_an_overview_is_no_trouble(self):
        ids = [self.store.submit({"n": n}) for n in range(9)]
        delete = ["delete", {"instance_id": ids[0]}]
        self.central.arm({"kind": "act", "path": "Submissions", "action": delete})
        pages = self.feed().overview()
        self.assertEqual(sum(len(page.rows) for page in pages), 9)

    def test_an_overview_has_no_answers(self):
        self.store.submit({"n": 1})
        (page,) = self.feed().overview()
        (row,) = page.rows
        self.assertIsNone(row.data)
        self.assertIsNone(row.content_hash)

    def test_earlier(self):
        stamp = "2026-05-03T00:05:00.250Z"
        self.assertEqual(earlier(stamp, 600), "2026-05-02T23:55:00.250Z")
        self.assertEqual(earlier(BEGINNING, 600), BEGINNING)

    # === ROWS === #

    def test_only_answers_make_another_hash(self):
        one = self.store.submit({"n": 1, "accounts": [{"number": "1"}]})
        (first,) = self.read_all()
        self.store.review(one, "approved")
        self.store.attach(one)
        self.store.edit(one, {"accounts": [{"number": "1"}], "n": 1})
        (same,) = self.read_all()
        self.assertEqual(first.content_hash, same.content_hash)
        self.assertNotEqual(first.version_id, same.version_id)
        self.store.edit(one, {"n": 1, "accounts": []})
        (other,) = self.read_all()
        self.assertNotEqual(first.content_hash, other.content_hash)
        self.assertNotIn("accounts", other.data, "a repeat without instances")
        self.assertFalse([key for key in other.data if "@" in key])

    def test_rows_that_cannot_be_read(self):
        system = {"submissionDate": "2026-05-03T10:00:00.000Z"}
        good = {"__id": "uuid:1", "__system": system, "n": 1}
        self.assertEqual(read_row(good).instance_id, "uuid:1")
        for bad in (
            None,
            "text",
            {},
            {**good, "__id": 5},
            {**good, "__id": "x" * 300},
            {**good, "__system": None},
            {**good, "__system": {}},
            {**good, "__system": {"submissionDate": "yesterday"}},
            {**good, "__system": {**system, "edits": "many"}},
            {**good, "n": "\x00"},
            {**good, "n": {"\ud800": 1}},
        ):
            with self.subTest(bad), self.assertRaises(Unreadable):
                read_row(bad)


class _Endless:
    """A server whose answer never ends."""

    def __init__(self):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                with contextlib.suppress(OSError):
                    while True:
                        self.wfile.write(b" " * 65536)

            def do_DELETE(self):
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, args=[0.02], daemon=True
        ).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
