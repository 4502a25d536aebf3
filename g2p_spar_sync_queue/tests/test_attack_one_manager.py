"""Attacks by one manager of connections, who alone leads no payment data elsewhere."""

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SparCase

MANAGER = "g2p_spar_sync_queue.group_manager"
ELSEWHERE = "https://elsewhere.example.org/api"


@tagged("post_install", "-at_install")
class TestAttackOneManager(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.new_user("o_manager", MANAGER)
        companies = cls.env["res.company"].search([])
        cls.manager.company_ids = [Command.set(companies.ids)]
        cls.mine = cls.env["g2p.spar.connection"].with_user(cls.manager)

    def save(self, model, **defaults):
        Default = self.env["ir.default"].with_user(self.manager)
        for name, value in defaults.items():
            Default.set(model, name, value, user_id=True)

    def assertLeadsNowhere(self, connection):
        self.env.flush_all()
        self.assertEqual(connection.state, "draft")
        self.assertFalse(connection.sudo().unconfirmed)
        self.enter_address()
        self.assertEqual(self.mapping.connection_id, self.connection)

    def test_a_connection_does_not_start_by_a_default(self):
        forged = {
            "state": "running",
            "breaker_state": "closed",
            "guard_identity": "x",
            "is_other_database": False,
            "started_by_id": self.connection.create_uid.id,
        }
        values = {"name": "Mine", "base_url": ELSEWHERE}
        for way in ("context", "saved", "both"):
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                mine = self.mine
                if way != "context":
                    self.save("g2p.spar.connection", **forged)
                if way != "saved":
                    context = {f"default_{name}": v for name, v in forged.items()}
                    mine = mine.with_context(**context)
                self.assertLeadsNowhere(mine.create(dict(values)))
                savepoint.rollback()
                self.env.invalidate_all()

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_no_way_of_creating_it_starts_it(self):
        values = {"name": "Mine", "base_url": ELSEWHERE, "state": "running"}
        connection = self.connection.with_user(self.manager)
        ways = {
            "create": lambda: self.mine.create(values),
            "copy": lambda: connection.copy(
                {"name": "Mine", "base_url": ELSEWHERE, "state": "running"}
            ),
            "plain copy": lambda: connection.copy({"base_url": ELSEWHERE}),
            "web_save": lambda: self.mine.web_save(values, {"state": {}}),
            "import": lambda: self.mine.load(
                ["name", "base_url", "state"], [["Mine", ELSEWHERE, "Running"]]
            ),
            "name": lambda: self.mine.with_context(
                default_base_url=ELSEWHERE
            ).name_create("Mine"),
            "update": lambda: self.mine._load_records(
                [{"xml_id": "__x__.mine", "values": values}]
            ),
        }
        before = self.env["g2p.spar.connection"].search([])
        for way, act in ways.items():
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                try:
                    with self.env.cr.savepoint():
                        act()
                        self.env.flush_all()
                except Exception:
                    self.env.invalidate_all()
                made = self.env["g2p.spar.connection"].search([]) - before
                self.assertFalse(made.filtered(lambda one: one.state == "running"))
                self.assertEqual(self.connection.state, "running")
                self.assertEqual(self.connection.base_url, self.mapper.url)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_one_manager_does_not_confirm_as_two(self):
        """Change and change back, change twice, change after the page was shown."""
        connection = self.connection.with_user(self.manager)
        connection.write({"base_url": ELSEWHERE})
        self.assertEqual(connection.state, "paused")
        mark = connection.unconfirmed_mark
        for context in (
            {"unconfirmed_mark": mark},
            {"unconfirmed_mark": mark, "uid": 1},
            {"unconfirmed_mark": mark, "default_unconfirmed": False},
        ):
            with self.assertRefused("another manager"):
                connection.with_context(**context).action_confirm_settings()
            with self.assertRefused("another manager"):
                connection.with_context(**context).action_resume()
        # Undone, nothing is left to confirm; done again, it is.
        connection.write({"base_url": self.mapper.url})
        self.assertFalse(connection.sudo().unconfirmed)
        connection.write({"link_path": "/other", "base_url": ELSEWHERE})
        connection.write({"link_path": False})
        self.assertEqual(set(connection.sudo().unconfirmed), {"base_url"})
        # Another manager's confirmation of what the page showed is of that only.
        other = self.new_user("o_other", MANAGER)
        other.company_ids = [Command.set(self.manager.company_ids.ids)]
        shown = connection.with_user(other).unconfirmed_mark
        connection.write({"base_url": "https://third.example.org/api"})
        with self.assertRefused("Load it again"):
            connection.with_user(other).with_context(
                unconfirmed_mark=shown
            ).action_confirm_settings()
