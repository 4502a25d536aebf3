from contextlib import closing, contextmanager

from odoo.sql_db import db_connect
from odoo.tests import get_db_name, new_test_user

from ..live import query, query_slots
from .common import SparCase

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"
ROLES = {
    "nobody": "base.group_user",
    "viewer": f"{FA}.group_viewer",
    "editor": f"{FA}.group_editor",
    "operator": f"{SYNC}.group_operator",
    "both": f"{FA}.group_editor,{SYNC}.group_operator",
}


class StatusCase(SparCase):
    """The status of a registrant whose address is at a stand-in for SPAR."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(cls.env, f"t_{role}", groups)
            for role, groups in ROLES.items()
        }

    def setUp(self):
        super().setUp()
        # Every look is a question, but where the short memory is what is tested.
        self.patch(query, "REUSE_SECONDS", 0)

    def bring_in_sync(self):
        self.enter_address("0754 200 001")
        self.run_engine()
        self.mapper.forget()

    def spar_holds(self, number):
        """Somebody else gives SPAR another number for the registrant."""
        self.mapper.rows["SR-1"] = self.mapper.rows["SR-1"].replace(
            "+255754200001", number
        )

    def view(self, role="viewer", ask=True, partner=None):
        seen = (partner or self.registrant).with_user(self.users[role])
        return seen.refresh_spar_status(ask)

    def status_row(self, role="viewer", ask=True):
        """Return the one row of the status that this role gets."""
        (row,) = self.view(role, ask)["rows"]
        return row

    # === QUERY SLOTS === #

    def lock_of(self, role, asker=None):
        """Return the advisory lock of a person who asks."""
        env = self.env(user=self.users[role])
        return query_slots.asker_lock(query.asker_digest(env, asker))

    @contextmanager
    def held(self, *keys):
        """Hold these locks in another session."""
        with closing(db_connect(get_db_name()).cursor()) as cr:
            for key in keys:
                cr.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
                self.assertTrue(cr.fetchone()[0])
            try:
                yield
            finally:
                for key in keys:
                    cr.execute("SELECT pg_advisory_unlock(%s, %s)", key)
