import logging
from collections import namedtuple

from odoo.tests import tagged

from .common import BASE
from .matrix_case import PEOPLE, MatrixCase
from .routes_case import WALLET

_logger = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: These never come to the API: Odoo itself refuses them.
ODD_METHODS = ("TRACE", "BREW")

#: An operation: its scope, whether it is about a person, and what it answers.
Row = namedtuple("Row", "scope person status changes body", defaults=(False, None))

OTHER_WALLET = {**WALLET, "mobile_number": "+255754200999"}
ROWS = {
    "health": Row(None, False, 200),
    # What proves somebody elsewhere is worth no token.
    "get_token": Row(None, False, 401),
    "read_address": Row("address:read", True, 200),
    "propose_address": Row("address:propose", True, 201, True, OTHER_WALLET),
    "validate_proposal": Row("address:propose", True, 200, False, OTHER_WALLET),
    "list_proposals": Row("address:read", True, 200),
    "read_proposal": Row("address:read", True, 200),
    "end_address": Row("address:end", True, 200, True, {}),
    "list_dfsps": Row("directory:read", False, 200),
    "list_branches": Row("directory:read", False, 200),
}


def expected(name, row, who, person):
    """Return the status of a cell, and the kind of problem, if it is one."""
    if row.scope is None:
        return row.status, "unauthenticated" if row.status == 401 else None
    if who.scopes is None:
        return 401, "unauthenticated"
    if row.scope not in who.scopes:
        return 403, "forbidden"
    if who.citizen_of and person:
        return 403, "person-given"
    if row.person:
        about = who.citizen_of or person
        if not about:
            return 400, "person-missing"
        if not PEOPLE[about]:
            return 404, "unknown-person"
        if name == "read_proposal" and about != "SR-1":
            return 404, "not-found"
    return row.status, None


@tagged("post_install", "-at_install")
class TestSecurityMatrix(MatrixCase):
    """Who may do what for whom: every caller, operation, and person."""

    def setUp(self):
        super().setUp()
        # Both have an address in use: what is refused would be seen.
        self.proposal = self.proposed()[0]["id"]
        self.proposed(person="SR-2", mobile_number="+255754200002")
        self.described = {
            operation["operationId"]: (method.upper(), path)
            for path, operations in self.ask("/openapi.json").json()["paths"].items()
            for method, operation in operations.items()
            if not operation["operationId"].startswith("probe_")
        }

    def test_every_operation_has_a_row(self):
        self.assertEqual(set(self.described), set(ROWS))

    def test_who_may_do_what_for_whom(self):
        with self.assertLogs("odoo", "INFO") as logs:
            # Where all is well nothing is logged, which would be a mistake here.
            _logger.warning("The matrix begins")
            for name, row in ROWS.items():
                for who in self.callers:
                    for person in self.persons(who):
                        self.check(name, row, who, person)
        told = "\n".join(logs.output)
        self.assertNotIn("Traceback", told)
        for secret in ("754200", *(who.token for who in self.callers if who.token)):
            if len(secret) > 5 and secret != "garbage":
                self.assertNotIn(secret, told)
        self.assertCells(400)

    def persons(self, who):
        """Return whom a caller names: nobody, themselves, others, who is not paid."""
        if who.scopes is None:
            return [None, "SR-1"]
        return [None, *PEOPLE] if not who.citizen_of else [None, "SR-1", "SR-2"]

    def check(self, name, row, who, person):
        status, kind = expected(name, row, who, person)
        with (
            self.cell(name, who.name, f"for {person}"),
            self.env.cr.savepoint() as savepoint,
        ):
            with self.changes(row.changes and not kind):
                response = self.call(name, row, who.token, person)
            calls = self.calls_of(response)
            self.assertQuiet(response, who)
            savepoint.rollback()
            self.env.invalidate_all()
            if kind:
                self.assertProblem(response, status, kind)
            else:
                self.assertEqual(response.status_code, status, response.text)
                self.check_answer(response, row)
            if name != "health":
                self.assertEqual(calls, [(name, status)])

    def calls_of(self, response):
        """Return what is written down of a call."""
        self.env.cr.execute(
            "SELECT operation, status FROM g2p_api_call WHERE request_id = %s",
            [response.headers["X-Request-Id"]],
        )
        return self.env.cr.fetchall()

    def path(self, template):
        """Return the path of something there is: a proposal of the first person."""
        path = template.removeprefix(BASE)
        return path.replace("{id}", self.proposal).replace("{code}", "FB")

    def call(self, name, row, token, person=None, **headers):
        method, template = self.described[name]
        if name == "propose_address":
            headers["Idempotency_Key"] = f"key {next(self.keys)}"
        if name == "get_token":
            form = b"grant_type=client_credentials"
            headers["Content_Type"] = "application/x-www-form-urlencoded"
            return self.ask(self.path(template), method, token, person, form, **headers)
        return self.ask(self.path(template), method, token, person, row.body, **headers)

    def check_answer(self, response, row):
        kept = "private, max-age=60" if row.scope == "directory:read" else "no-store"
        self.assertEqual(response.headers["Cache-Control"], kept)
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(response.headers["Content-Type"], "application/json")
        for name in ("Set-Cookie", "Access-Control-Allow-Origin"):
            self.assertNotIn(name, response.headers)

    def test_methods_that_are_not_declared(self):
        declared = {}
        for method, template in self.described.values():
            declared.setdefault(template, set()).add(method)
        for template, methods in declared.items():
            for method in (*METHODS, *ODD_METHODS):
                for who in (self.callers[0], self.callers[-1]):
                    if method not in methods:
                        with self.cell(method, template, who.name), self.changes():
                            response = self.ask(
                                self.path(template), method, who.token, "SR-1"
                            )
                            self.assertEqual(response.status_code, 405)
                            if method in ODD_METHODS:
                                continue
                            allowed = set(response.headers["Allow"].split(", "))
                            self.assertLessEqual(allowed, methods)
                            if method != "HEAD":
                                self.assertProblem(response, 405, "method-not-allowed")
        self.assertCells(100)

    def test_paths_that_are_none(self):
        tricks = [
            "/v1/address/",
            "/v1//address",
            "/V1/address",
            "/v1/Address",
            "/v1/address.json",
            "/v1/address;x=1",
            "/v1/./address/x",
            "/v1/%2e%2e/v1/address",
            "/v1/address%00",
            "/v1/address%0d%0aX-Evil:1",
            f"/v1/address/proposals/{self.proposal}/",
            f"/v1/address/proposals/{self.proposal}%20",
            f"/v1/address/proposals/{self.proposal}%0a",
            f"/v1/address/proposals/{self.proposal}%00",
            f"/v1/address/proposals/..%2f{self.proposal}",
            f"/v1/address/proposals/{self.proposal.swapcase()}",
            f"/v1/address/proposals/{'A' * 64}",
            f"/v1/address/proposals/{'A' * 5000}",
            "/v1/address/proposals/1",
            "/v1/address/proposals/-1",
            "/v1/address/proposals/１",
            "/v1/address/proposals/'or'1'='1",
            "/v1/dfsps/%00/branches",
            "/v1/dfsps/FB%0d%0aX-Evil:1/branches",
            "/v1/dfsps/../branches",
            "/docs",
            "/redoc",
            "/docs/oauth2-redirect",
            "",
        ]
        for path in tricks:
            with self.cell(path[:60]), self.changes():
                response = self.ask(path, token=self.token, person="SR-1")
                self.assertIn(response.status_code, (404, 422), response.text)
                self.assertNotIn("X-Evil", response.headers)
                if "%0a" in path:
                    # No path of the API: Odoo itself says that there is nothing.
                    continue
                kind = "not-found" if response.status_code == 404 else "invalid"
                self.assertProblem(response, response.status_code, kind)
        self.assertCells(29)
