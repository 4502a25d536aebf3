import threading

from odoo.tests import TransactionCase, tagged

from ..toolkit import request_bodies

#: Where the suite's own pages are.
OURS = "odoo.addons.g2p_"


@tagged("post_install", "-at_install")
class TestRoutes(TransactionCase):
    """No page of the suite reads a body while it holds a connection to the database."""

    def test_bodies_of_all_pages_are_read_before(self):
        # Odoo takes the database of rules from the thread of a request.
        thread = threading.current_thread()
        thread.dbname = self.env.cr.dbname
        self.addCleanup(delattr, thread, "dbname")
        found = 0
        for rule in self.env["ir.http"].routing_map().iter_rules():
            if not rule.endpoint.func.__module__.startswith(OURS):
                continue
            found += 1
            with self.subTest(rule.rule):
                self.assertTrue(request_bodies._guard_of(rule.rule))
                self.assertTrue(rule.endpoint.routing.get("spar_body_taken"))
        self.assertGreater(found, 3)
