"""Whatever happens at Central and to runs at any page, the registry ends as modelled.

The model and what must be so are those of ``test_apply_random_order.py``; here all
comes through a Central, one submission a page, and runs are killed or their time is up.
"""

import tempfile
import time
from datetime import timedelta, timezone
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from ..central.client import CentralClient
from . import test_apply_random_order as order
from .central_stand_in.server import CentralStandIn
from .central_stand_in.store import Store
from .pages_common import Killed

model = order.TestApplyInRandomOrder
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["submit", "submit", "submit", "edit", "reject", "approve", "delete"]
            + ["restore", "pull", "kill", "kill", "stop", "stop", "rerun", "ignore"]
        ),
        st.sampled_from(order.NAMES),
        st.sampled_from([0, 0, 1, 2, 3]),
    ),
    min_size=6,
    max_size=30,
)


@tagged("post_install", "-at_install")
class TestPullInRandomOrder(model):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.form.server_id
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        password = Path(folder.name) / "127.0.0.1.odk-password"
        password.write_text(Store.PASSWORD)
        values = {"email": Store.EMAIL, "password_path": str(password)}
        values["base_url"] = "http://127.0.0.1:1"
        cls.server.write({**values, "page_size": 1})

    def setUp(self):
        super().setUp()
        self.central = CentralStandIn()
        self.addCleanup(self.central.stop)
        self.store = self.central.store
        self.server.base_url = self.central.url
        self.pages, self.killed, self.stopped = None, 0, 0
        self.addCleanup(lambda: self.assertGreater(min(self.killed, self.stopped), 20))
        original = CentralClient.page

        def page(client, *arguments):
            if self.pages == 0:
                raise Killed
            if self.pages:
                self.pages -= 1
            return original(client, *arguments)

        self.patch(CentralClient, "page", page)

    # The inherited property is proven where it is written.
    test_the_registry_ends_equal_to_the_model = None

    @settings(
        max_examples=40,
        deadline=None,
        phases=[Phase.generate],
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def test_the_registry_ends_equal_to_the_model_through_pages(self, steps):
        self.store.__init__()
        with self.env.cr.savepoint() as savepoint:
            world = order.World()
            for what, name, number in steps:
                getattr(self, f"do_{what}")(world, name, number)
            self.settle(world)
            self.compare(world)
            savepoint.rollback()
        self.env.invalidate_all()

    # === WHAT HAPPENS AT CENTRAL === #

    def at(self, world):
        minutes = self.start + timedelta(minutes=world.clock)
        self.store.frozen = minutes.replace(tzinfo=timezone.utc)

    def do_submit(self, world, name, number):
        if name not in world.rows:
            model.do_submit(self, world, name, number)
            self.at(world)
            self.store.submit(self.says(name, number), instance_id=name)

    def do_edit(self, world, name, number):
        before = world.clock
        model.do_edit(self, world, name, number)
        if world.clock > before:
            self.at(world)
            self.store.edit(name, self.says(name, number))

    def says(self, name, number):
        return self.answers(self.person_of(name), order.NUMBERS[number])

    def do_reject(self, world, name, number):
        self.review(world, name, "reject", "rejected")

    def do_approve(self, world, name, number):
        self.review(world, name, "approve", "approved")

    def review(self, world, name, step, state):
        before = world.clock
        getattr(model, f"do_{step}")(self, world, name, 0)
        if world.clock > before:
            self.at(world)
            self.store.review(name, state)

    def do_delete(self, world, name, number):
        if world.rows.get(name, {}).get("there"):
            model.do_delete(self, world, name, number)
            world.tick()
            self.at(world)
            self.store.delete(name)

    def do_restore(self, world, name, number):
        if name in world.rows and not world.rows[name]["there"]:
            model.do_restore(self, world, name, number)
            self.store.restore(name)

    # === WHAT HAPPENS TO RUNS === #

    def do_pull(self, _world, _name, number, state=("done",), **options):
        """Do a run; now and then the time to compare everything has come."""
        if number == 3:
            self.form.swept_at = False
        run = self.form._pull(**options)
        self.assertIn(run.state, state, run.message)
        self.stopped += run.state == "cut"
        self.assertNothingDoubled()

    def do_stop(self, world, name, number):
        """Time is up at the first page."""
        over = time.monotonic() - 1
        self.do_pull(world, name, number, ("done", "cut"), deadline=over)

    def do_kill(self, world, name, number):
        """The process is killed when it asks for one of the first pages."""
        self.pages = number
        try:
            self.form._pull()
        except Killed:
            self.killed += 1
            self.env.invalidate_all()
        finally:
            self.pages = None
        self.assertNothingDoubled()

    def settle(self, world):
        for _time in range(2):
            self.do_pull(world, None, 3)
