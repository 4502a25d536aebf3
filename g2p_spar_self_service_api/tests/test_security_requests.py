import json
import socket
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.tests import tagged

from .. import rate_limits
from .common import BASE, SECRET
from .matrix_case import MatrixCase
from .routes_case import ACCOUNT, PROPOSALS, WALLET

END = "/v1/address/end"
TOKEN = "/v1/token"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NEW = {**WALLET, "mobile_number": "+255754200999"}
TEXT = json.dumps(NEW).encode()

#: Names no body has: of other fields, and those that mean something to a program.
FOREIGN = (
    "id",
    "public_id",
    "partner_id",
    "person_id",
    "Person-Id",
    "spar_id",
    "sub",
    "user_id",
    "agent_ids",
    "is_registrant",
    "state",
    "channel",
    "entered_by_id",
    "api_caller",
    "approved_by_id",
    "company_id",
    "dfsp_id",
    "branch_id",
    "fa_type",
    "fingerprint",
    "caller",
    "scope",
    "__proto__",
    "__class__",
    "context",
)

#: Bodies, their type, and how they are refused.
BODIES = {
    "cut off": (TEXT[:-1], JSON, 400),
    "two texts": (TEXT + TEXT, JSON, 400),
    "a comma too many": (TEXT[:-1] + b",}", JSON, 400),
    "NaN": (TEXT[:-1] + b', "reason": NaN}', JSON, 400),
    "infinite": (TEXT[:-1] + b', "reason": -Infinity}', JSON, 400),
    "a name twice": (TEXT[:-1] + b', "mobile_number": "+255754200001"}', JSON, 400),
    "a name twice, escaped": (
        TEXT[:-1] + b', "mobile_numbe\\u0072": "+255754200001"}',
        JSON,
        400,
    ),
    "a name twice, deep": (
        TEXT[:-1] + b', "reason": {"a": 1, "a": 2}}',
        JSON,
        400,
    ),
    "deep": (b"[" * 20_000 + b"]" * 20_000, JSON, 400),
    "deep objects": (b'{"a":' * 9_000 + b"1" + b"}" * 9_000, JSON, 400),
    "no UTF-8": (b'{"type": "\xff\xfe"}', JSON, 400),
    "UTF-16": (json.dumps(NEW).encode("utf-16"), JSON, 400),
    "a mark of order": (b"\xef\xbb\xbf" + TEXT, JSON, 400),
    "a huge number": (b'{"type": ' + b"9" * 60_000 + b"}", JSON, None),
    "a list": (b"[" + TEXT + b"]", JSON, 422),
    "null": (b"null", JSON, 422),
    "a text": (b'"x"', JSON, 422),
    "nothing": (b"", JSON, 422),
    "empty": (b"{}", JSON, 422),
    "half a letter": (TEXT[:-1] + b', "reason": "\\ud800"}', JSON, 422),
    "a NUL": (TEXT[:-1] + b', "holder_name": "a\\u0000b"}', JSON, 422),
    "lines": (TEXT[:-1] + b', "holder_name": "a\\r\\nX-Evil: 1"}', JSON, 422),
    "too large": (b" " * 70_000 + TEXT, JSON, 413),
    "5 MB": (b'{"reason": "' + b"x" * 5_000_000 + b'"}', JSON, 413),
    "a form": (b"type=mobile_wallet", FORM, 415),
    "a form that says it is JSON": (b"type=mobile_wallet", JSON, 400),
    "JSON that says it is a form": (TEXT, FORM, 415),
    "JSON that says it is text": (TEXT, "text/plain", 415),
    "JSON of another kind": (TEXT, "application/merge-patch+json", 415),
    "no type": (TEXT, "", 415),
    "two types": (TEXT, "text/plain, application/json", 415),
    "multipart": (TEXT, "multipart/form-data; boundary=x", 415),
    "XML": (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "text/xml", 415),
}

#: What else stands where a text belongs.
NO_TEXTS = (None, True, 1, 1.5, 255754200999, [], ["x"], {}, {"$ne": ""})


@tagged("post_install", "-at_install")
class TestSecurityRequests(MatrixCase):
    """Requests no honest caller sends are refused, and nothing is changed by them."""

    def setUp(self):
        super().setUp()
        self.proposed()
        self.proposed(person="SR-2", mobile_number="+255754200002")
        self.caller = self.callers[0]

    def send(self, path, body, kind=JSON, person="SR-1", **headers):
        headers.setdefault("Idempotency_Key", f"key {next(self.keys)}")
        return self.ask(
            path, "POST", self.token, person, body, Content_Type=kind, **headers
        )

    def refuse(self, response, status=None):
        """The answer is a problem, of the caller's own making."""
        self.assertIn(response.status_code, (status,) if status else range(400, 500))
        said = response.json()
        self.assertProblem(
            response, response.status_code, said["type"].rpartition(":")[2]
        )
        self.assertNotIn("X-Evil", response.headers)
        self.assertQuiet(response, self.caller)

    # === BODIES === #

    def test_bodies_that_are_refused(self):
        for path in (PROPOSALS, END):
            for name, (body, kind, status) in BODIES.items():
                if path == END and name in ("nothing", "null", "empty"):
                    # An end says nothing but its reason.
                    continue
                with self.cell(path, name), self.changes():
                    self.refuse(self.send(path, body, kind), status)
        for name, (body, kind, _status) in BODIES.items():
            with self.cell(TOKEN, name), self.changes():
                self.refuse(self.ask(TOKEN, "POST", body=body, Content_Type=kind))
        self.assertCells(90)

    def test_fields_that_are_not_the_callers_to_set(self):
        for name in FOREIGN:
            for path, body in ((PROPOSALS, NEW), (END, {})):
                for value in (self.bahati.id, "SR-2", None):
                    with self.cell(path, name, value), self.changes():
                        self.refuse(self.send(path, {**body, name: value}), 422)
        for name in (*ACCOUNT, "email_address"):
            if name not in NEW:
                with self.cell(PROPOSALS, name, "of another type"), self.changes():
                    self.refuse(self.send(PROPOSALS, {**NEW, name: "x"}), 422)
        self.assertCells(150)

    def test_values_are_texts(self):
        for body in (NEW, ACCOUNT):
            for name in body:
                for value in NO_TEXTS:
                    if value is None and name == "branch":
                        continue
                    with self.cell(name, json.dumps(value)), self.changes():
                        self.refuse(self.send(PROPOSALS, {**body, name: value}), 422)
        self.assertCells(60)

    def test_numbers_in_other_writing_are_no_way_round(self):
        texts = {
            "letters": "+25575420O999",
            "full width": "+２５５７５４２００９９９",
            "Arabic": "+٢٥٥٧٥٤٢٠٠٩٩٩",
            "hidden": "+255754\u200b200999",
            "turned": "\u202e+255754200999",
            "two": "+255754200999,+255754200998",
            "extension": "+255754200999;ext=1",
            "formula": "=1+1",
            "SQL": "' OR '1'='1",
            "a path": "../../etc/passwd",
        }
        for name, text in texts.items():
            with self.cell(name):
                response = self.propose(mobile_number=text)
                self.assertLess(response.status_code, 500)
                self.env.invalidate_all()
                numbers = self.asha.financial_address_ids.mapped("mobile_number")
                # Refused, or understood as the number it shows.
                self.assertLessEqual(set(numbers), {"+255754200001", "+255754200999"})
        self.assertCells(10)

    # === WHO AND WHICH === #

    def test_the_person_is_named_exactly(self):
        names = {
            "another case": "sr-1",
            "a pattern": "SR%",
            "a wildcard": "SR_1",
            "two": "SR-1,SR-2",
            "two, apart": "SR-1 SR-2",
            "full width": "SR-１",
            "Cyrillic": "ЅR-1",
            "an accent": "SR-1\u0301",
            "a number": str(self.asha.id),
            "negative": "-1",
            "quoted": '"SR-1"',
            "SQL": "SR-1' OR '1'='1",
            "JSON": '{"id": "SR-1"}',
            "a template": "{id}",
            "long": "S" * 5000,
        }
        for name, text in names.items():
            for path, body in (("/v1/address", None), (PROPOSALS, NEW), (END, {})):
                with self.cell(path, name), self.changes():
                    person = text.encode()
                    if body is None:
                        response = self.ask(path, token=self.token, person=person)
                    else:
                        response = self.send(path, body, person=person)
                    self.assertProblem(response, 404, "unknown-person")
        self.assertCells(45)

    def test_an_id_that_looks_the_same_names_the_same_person(self):
        """A screen shows no difference, so there is one person, and one limit."""
        for name, text in {"dash": "SR\u20101", "hidden": "SR-1\u200b"}.items():
            with self.cell(name):
                answer = self.ask("/v1/address", token=self.token, person=text.encode())
                self.assertEqual(answer.status_code, 200)
                number = self.asha.financial_address_id.masked
                self.assertEqual(answer.json()["requested"]["number"], number)
        self.assertCells(2)

    def test_a_key_is_worth_nothing_to_others(self):
        key = "one key for all"
        other = self.new_client("Other", rate=1000, person_rate=1000)
        ways = {
            "citizen A": (self.named("citizen A").token, None),
            "citizen B": (self.named("citizen B").token, None),
            "another client": (self.token_of(other), "SR-1"),
            "another client, another person": (self.token_of(other), "SR-2"),
            "another person": (self.token, "SR-2"),
        }
        first = self.propose(NEW, key)
        self.assertEqual(first.status_code, 201)
        told = {first.json()["id"]}
        for name, (token, person) in ways.items():
            with self.cell(name):
                response = self.propose(NEW, key, person, token)
                self.assertEqual(response.status_code, 201, response.text)
                self.assertNotIn("Idempotent-Replayed", response.headers)
                self.assertNotIn(response.json()["id"], told)
                told.add(response.json()["id"])
        for number in range(3):
            with self.cell("again", number), self.changes():
                again = self.propose(NEW, key)
                self.assertEqual(again.headers["Idempotent-Replayed"], "true")
                self.assertEqual(again.json(), first.json())
        for name, body in {
            "another number": WALLET,
            "one value more": {**NEW, "reason": "Another"},
            "an account": ACCOUNT,
        }.items():
            with self.cell("again, with", name), self.changes():
                self.assertProblem(self.propose(body, key), 409, "key-reused")
        for who in self.callers:
            if who.scopes is None:
                with self.cell("again, by", who.name), self.changes():
                    response = self.propose(NEW, key, token=who.token or "x")
                    self.assertProblem(response, 401, "unauthenticated")
        for key in ("", "a\x01b", "é", "k" * 256, "a\x7f"):
            with self.cell("key", repr(key)[:20]), self.changes():
                response = self.send(PROPOSALS, NEW, Idempotency_Key=key.encode())
                self.refuse(response, 422)
        self.assertCells(40)

    def named(self, name):
        return next(who for who in self.callers if who.name == name)

    # === HEADERS === #

    def test_headers_that_come_twice_or_lie(self):
        bearer = f"Authorization: Bearer {self.token}"
        citizen = f"Authorization: Bearer {self.named('citizen B').token}"
        one, two = "Person-Id: SR-1", "Person-Id: SR-2"
        for name, (lines, status) in {
            "as it should be": ([bearer, one], 200),
            "two proofs": ([bearer, citizen, one], 401),
            "the same proof twice": ([bearer, bearer, one], 401),
            "two persons": ([bearer, one, two], 404),
            "the same person twice": ([bearer, one, one], 404),
            "a person with an underscore": ([bearer, one, "Person_Id: SR-2"], 200),
            "only with an underscore": ([bearer, "Person_Id: SR-1"], 400),
            "a proof with an underscore": (["HTTP_AUTHORIZATION: x", one], 401),
            "a folded line": ([bearer, "Person-Id: SR-1\r\n SR-2"], None),
            "a bare new line": ([bearer, "Person-Id: SR-1\nPerson-Id: SR-2"], 404),
            # Odoo's own server ends a line here, too.
            "a bare return": ([bearer, "Person-Id: SR-1\rPerson-Id: SR-2"], 404),
            "another host": ([bearer, one, "X-Forwarded-Host: evil.example"], 200),
            "another method": ([bearer, one, "X-HTTP-Method-Override: POST"], 200),
            "basic": (["Authorization: Basic U1ItMTpTUi0x", one], 401),
            "no scheme": ([f"Authorization: {self.token}", one], 401),
            "another scheme": ([f"Authorization: Token {self.token}", one], 401),
            "in the address": ([one], 401),
            "as a cookie": ([f"Cookie: access_token={self.token}", one], 401),
        }.items():
            with self.cell(name), self.changes():
                self.env.cr.execute("DELETE FROM g2p_api_call")
                answer = self.raw(
                    "GET", f"/v1/address?access_token={self.token}", lines
                )
                got = int(answer.split(" ", 2)[1])
                if status:
                    self.assertEqual(got, status, answer)
                else:
                    self.assertIn(got, range(400, 500), answer)
                self.assertNotIn("200002", answer)
                self.assertNotIn("\nX-Evil", answer)
                self.assertNotIn("evil.example", answer)
        self.assertCells(18)

    def raw(self, method, path, lines):
        """Send a request byte by byte, as no library would; return the answer."""
        with self.allow_requests():
            return self._raw(method, path, lines)

    def _raw(self, method, path, lines):
        host = urlsplit(self.base_url())
        cookies = "; ".join(f"{c.name}={c.value}" for c in self.opener.cookies)
        head = [
            f"{method} {BASE}{path} HTTP/1.1",
            f"Host: {host.netloc}",
            "Connection: close",
            *lines,
        ]
        if not any(line.startswith("Cookie") for line in lines):
            head.append(f"Cookie: {cookies}")
        else:
            head = [
                f"{line}; {cookies}" if "Cookie:" in line else line for line in head
            ]
        with socket.create_connection((host.hostname, host.port), 20) as connection:
            connection.sendall("\r\n".join([*head, "", ""]).encode())
            answer = bytearray()
            while piece := connection.recv(65536):
                answer += piece
        return answer.decode()

    def test_no_answer_repeats_what_it_was_called_by(self):
        evil = "evil.example"
        headers = {
            "X_Forwarded_Host": evil,
            "X_Forwarded_Proto": "https",
            "X_Forwarded_Prefix": f"//{evil}",
            "X_Original_URL": f"//{evil}",
            "Origin": f"https://{evil}",
            "Referer": f"https://{evil}",
            "X_Request_Id": evil,
        }
        for path in ("/v1/address/proposals?page_size=1", "/v1/dfsps?page_size=1"):
            with self.cell(path):
                response = self.ask(path, token=self.token, person="SR-1", **headers)
                self.assertEqual(response.status_code, 200)
                self.assertNotIn(evil, f"{response.text}{response.headers}")
        with self.cell("Location"):
            response = self.send(PROPOSALS, NEW, **headers)
            location = response.headers["Location"]
            self.assertTrue(location.startswith(f"{BASE}/v1/address/proposals/"))
            self.assertNotIn(evil, f"{response.text}{response.headers}")
        self.assertCells(3)

    # === HOW OFTEN === #

    def test_limits_by_source_do_not_believe_the_caller(self):
        form = {"client_id": self.client.client_id, "client_secret": f"{SECRET}?"}
        spoofs = [
            {"X_Forwarded_For": f"10.0.0.{n}", "X_Real_IP": f"10.1.0.{n}"}
            for n in range(4)
        ]
        self.startPatcher(patch.object(rate_limits, "FAILURES", 2))
        with self.counted_apart():
            statuses = [
                self.ask("/v1/address", token="x", person="SR-1", **spoof).status_code
                for spoof in spoofs
            ]
            with self.cell("refused tokens"):
                self.assertEqual(statuses, [401, 401, 429, 429])
            with self.cell("another operation"):
                self.assertEqual(self.ask("/v1/dfsps", token="x").status_code, 429)
            with self.cell("a wrong secret"):
                self.assertEqual(self.ask_token(**form).status_code, 429)
            with self.cell("who proves something is heard all the same"):
                self.assertEqual(self.get("/v1/address").status_code, 200)
        self.assertCells(4)
