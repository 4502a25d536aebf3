"""The threads that call SPAR get bytes and return bytes."""

import threading
from functools import wraps

from odoo.api import Environment
from odoo.fields import Field
from odoo.sql_db import Cursor
from odoo.tests import tagged

from ..spar.transport import Transport
from .common import PartnerApiCase
from .spar_stand_in import faults
from .status_case import StatusCase


@tagged("post_install", "-at_install")
class TestCallsTouchNoDatabase(StatusCase):
    def setUp(self):
        super().setUp()
        #: Threads that used a cursor, a model or a field, and those that called SPAR.
        self.working, self.calling = set(), set()
        for owner, name in (
            (Cursor, "execute"),
            (Environment, "__getitem__"),
            (Field, "__get__"),
        ):
            self.note(owner, name, self.working)
        self.note(Transport, "post", self.calling)

    def note(self, owner, name, threads):
        """Note which threads come by a method."""
        original = getattr(owner, name)

        @wraps(original)
        def noting(*arguments, **options):
            threads.add(threading.current_thread())
            return original(*arguments, **options)

        self.patch(owner, name, noting)

    def assertApart(self):
        """SPAR was called by threads that used neither cursor nor model nor field."""
        self.assertTrue(self.calling and self.working)
        self.assertNotIn(threading.current_thread(), self.calling)
        self.assertFalse(self.calling & self.working)

    def test_of_the_engine(self):
        self.enter_address()
        self.run_engine(faults.cut_after)
        self.time_passes()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link", "resolve"])
        self.assertInSync()
        self.assertApart()

    def test_of_somebody_who_looks(self):
        self.bring_in_sync()
        self.calling.clear()
        self.assertEqual(self.status_row()["badge"], "In sync")
        self.assertApart()


@tagged("post_install", "-at_install")
class TestCallsTouchNoDatabaseOn2(PartnerApiCase, TestCallsTouchNoDatabase):
    pass
