from collections import namedtuple
from contextlib import nullcontext

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..const import PATHS
from ..controllers.frame import MANIFEST, WORKER
from .matrix_common import AGENTS, SIGNED_OUT, MatrixCase

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

#: A page: what it takes, what it is about, and the form it takes.
Page = namedtuple("Page", "path methods about form", defaults=(None, None))

PAGES = (
    Page("/my/people", {"GET"}),
    Page("/my/people/language", {"GET", "POST"}, None, "language"),
    Page("/my/people/{}", {"GET"}, "people"),
    Page("/my/people/{}/receipt", {"GET"}, "people"),
    Page("/my/people/{}/payment", {"GET", "POST"}, "people", "payment of a person"),
    Page("/my/register", {"GET"}),
    Page("/my/register/new", {"POST"}),
    Page("/my/register/offline", {"GET"}),
    Page("/my/register/send", {"GET", "POST"}, None, "send"),
    Page("/my/register/{}/identity", {"GET", "POST"}, "registrations", "identity"),
    Page("/my/register/{}/contact", {"GET", "POST"}, "registrations", "contact"),
    Page("/my/register/{}/payment", {"GET", "POST"}, "registrations", "payment"),
    Page("/my/register/{}/review", {"GET", "POST"}, "registrations", "review"),
    Page("/my/register/{}/discard", {"POST"}, "registrations"),
)
LOGIN = 303, "/web/login"


def expected(role, page, method, thing):
    """Return the status of a cell, with where it leads to."""
    method = "GET" if method == "HEAD" else method
    if method not in page.methods | {"OPTIONS"}:
        return 405, None
    if role in SIGNED_OUT:
        return LOGIN
    if method == "OPTIONS":
        return 405, None
    if role not in AGENTS:
        return 403, None
    if thing and role not in thing.owners:
        return 404, None
    if thing and thing.name.startswith("discarded"):
        return 410, None
    if method == "POST" and page.form == "send":
        return 200, None
    if method == "POST" or thing and thing.name.startswith("finished"):
        return 303, "/my/"
    return 200, None


@tagged("post_install", "-at_install")
class TestSecurityMatrix(MatrixCase):
    """Who may do what with whom: every role, page, method, and owner."""

    def test_every_route_has_a_row(self):
        # The server makes the map, and keeps it; out of its threads it cannot be made.
        self.url_open("/my/people")
        adapter = self.env["ir.http"].routing_map().bind("")
        declared, reached = set(), set()
        for rule in adapter.map.iter_rules():
            ours = rule.endpoint.func.__module__.startswith(
                "odoo.addons.g2p_spar_portal."
            )
            # These have no data, and are for all; others are Odoo's own pages.
            is_public = rule.rule in (MANIFEST, WORKER)
            if ours and rule.rule.startswith(PATHS) and not is_public:
                for method in rule.methods - {"HEAD", "OPTIONS"}:
                    declared.add((rule.endpoint.func.__name__, method))
        for page in PAGES:
            thing = {"people": "1", "registrations": "x"}.get(page.about, "")
            for method in page.methods:
                path = page.path.format(thing)
                rule, _values = adapter.match(path, method, return_rule=True)
                reached.add((rule.endpoint.func.__name__, method))
        self.assertEqual(reached, declared)
        self.assertGreater(len(declared), 8)

    def test_the_lists(self):
        self.check_pages(None)
        self.assertCells(90)

    def test_people(self):
        self.check_pages("people")
        self.assertCells(150)

    def test_registrations(self):
        self.check_pages("registrations")
        self.assertCells(350)

    def check_pages(self, about):
        pages = [page for page in PAGES if page.about == about]
        for role in ("nobody", *self.users):
            self.sign_in_as(role)
            for page in pages:
                for method in METHODS:
                    for thing in self.things(role, page, method):
                        self.check(role, page, method, thing)

    def things(self, role, page, method):
        """Return what a role comes for: an agent for everything."""
        things = getattr(self, page.about) if page.about else [None]
        if method in page.methods and role in AGENTS:
            return things
        # Whoever is let in nowhere, and methods nobody may use: own, and none.
        return (
            things[:2] if method in page.methods or method == "OPTIONS" else things[:1]
        )

    def check(self, role, page, method, thing):
        status, target = expected(role, page, method, thing)
        done = status in (200, 303) and method == "POST" and target != "/web/login"
        done = done and not (thing and thing.name.startswith("finished"))
        with (
            self.cell(role, method, page.path, thing and thing.name),
            mute_logger("odoo.http"),
            self.env.cr.savepoint() as savepoint,
        ):
            # The language of the agent may be the same as before.
            quiet = page.form == "language" and done
            with nullcontext() if quiet else self.changes(done):
                response = self.request(page, method, thing)
            savepoint.rollback()
            self.env.invalidate_all()
            self.assertEqual(response.status_code, status)
            self.assertKeepsQuiet(response, role)
            self.check_answer(response, target)

    def request(self, page, method, thing):
        path = page.path.format(thing.key if thing else "")
        form = self.posted(page.form) if method not in ("GET", "HEAD") else None
        return self.url_open(path, data=form, method=method, allow_redirects=False)

    def check_answer(self, response, target):
        location = response.headers.get("Location", "")
        if target:
            self.assertTrue(location.startswith(target), location)
        else:
            self.assertFalse(location)
        if response.status_code != 405 and target != "/web/login":
            self.assertEqual(response.headers["Cache-Control"], "no-store")
