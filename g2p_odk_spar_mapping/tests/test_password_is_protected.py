"""No setting gives away Central's password, or anything else of the server."""

import inspect
import os
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from odoo.addons.g2p_spar_financial_address.tests.fifo import nobody_waits

from ..asking import names_for
from ..central.client import CentralClient
from .central_stand_in.store import Store
from .common import OdkCase

#: Stands in for what else is on the server.
ELSE = "db_password = hunter2hunter2"
#: What an administrator may try in server actions and templates, where hidden methods
#: can be called.
EXPRESSIONS = (
    "server._password()",
    "server._client()._password",
    "server._client().__dict__",
    "server._asking().gen.send(None)._password",
    "server.read()",
    "server.sudo().read()",
)


@tagged("post_install", "-at_install")
class TestPasswordIsProtected(OdkCase):
    def setUp(self):
        super().setUp()
        self.config = Path(self.password_path).parent / "odoo.conf"
        self.config.write_text(ELSE)
        patcher = patch.dict(
            os.environ, {"T_ELSE": ELSE, "ODK_127_0_0_1": Store.PASSWORD}
        )
        patcher.start()
        self.addCleanup(patcher.stop)

    def servers(self):
        """Return the saved server and what looks like one."""
        Server = self.server.sudo()
        file = {"password_source": "file", "base_url": "https://c.example.org"}
        variable = {"password_source": "environment"}
        return [
            Server,
            Server.new({**file, "password_path": str(self.config)}),
            Server.new({**file, "password_path": str(self.password_path)}),
            Server.new({**file, "password_path": str(self.config)}, origin=Server),
            Server.new({**variable, "password_variable": "T_ELSE"}),
            Server.new({**variable, "password_variable": "ODK_127_0_0_1"}),
        ]

    def assertHidden(self, value):
        text = str(value)
        self.assertNotIn(ELSE, text)
        self.assertNotIn(Store.PASSWORD, text)

    def test_code_in_server_actions_does_not_get_at_it(self):
        answered = set()
        for server in self.servers():
            for expression in EXPRESSIONS:
                with self.subTest(expression, server=server.id):
                    try:
                        found = safe_eval(expression, {"server": server})
                        answered.add(expression)
                    except Exception as error:
                        found = error
                    self.assertHidden(found)
        self.assertLessEqual({"server.read()", "server.sudo().read()"}, answered)

    def test_a_mail_template_does_not_get_at_it(self):
        values = {
            "name": "Peek",
            "model_id": self.env["ir.model"]._get_id("g2p.odk.server"),
            "subject": "{{ object.new({'password_source': 'file', "
            f"'password_path': '{self.config}'"
            "})._password() }}",
        }
        try:
            template = self.env["mail.template"].create(values)
            found = template._render_field("subject", self.server.ids)
        except UserError as error:
            # It is tried when it is stored, and its text is in the answer.
            found = error
        self.assertHidden(found)

    def test_no_method_returns_it_or_what_knows_it(self):
        """Whatever its name: each method of ours that can be called without more."""
        called = 0
        server = self.server.sudo()
        for name, method in inspect.getmembers(type(server), inspect.isfunction):
            if not method.__module__.startswith("odoo.addons.g2p_odk_spar_mapping"):
                continue
            with self.subTest(name), self.env.cr.savepoint(flush=False):
                try:
                    found = getattr(server, name)()
                except Exception as error:
                    found = error
                else:
                    called += 1
                # A generator may be started in a server action.
                if hasattr(found, "gen"):
                    found = found.gen.send(None)
                self.assertNotIsInstance(found, CentralClient)
                self.assertHidden(found)
        self.assertTrue(called)

    def test_the_rule_is_checked_when_it_is_read(self):
        for values in (
            {"password_path": str(self.config)},
            {"password_source": "environment", "password_variable": "T_ELSE"},
        ):
            columns = ", ".join(f"{name} = %s" for name in values)
            self.env.cr.execute(
                f"UPDATE g2p_odk_server SET {columns} WHERE id = %s",  # noqa: S608
                [*values.values(), self.server.id],
            )
            self.env.invalidate_all()
            with self.subTest(values), self.assertRaisesRegex(UserError, "password"):
                self.server.action_test()
            self.assertFalse(self.store.log)

    def test_no_two_hosts_have_the_same_names(self):
        """Of two names that differ in one sign, anybody may register the other one."""
        hosts = "odk.example.org", "odk-example.org", "odk_example.org", "odkexample"
        names = [names_for(f"https://{host}") for host in hosts]
        files, variables = zip(*names, strict=True)
        self.assertEqual(len(set(files)), len(hosts))
        # A host with an underscore cannot be registered.
        self.assertEqual(variables[1], variables[2])
        self.assertEqual(len(set(variables)), len(hosts) - 1)
        self.assertEqual(variables[0], "ODK_ODK_EXAMPLE_ORG")

    def test_an_international_host_has_no_names(self):
        """Its variable would have the name of another host, free to register."""
        for host in ("odk.m\u0131nistry.org", "odk.stra\u00dfe.org", "odk\u00e9x.org"):
            with self.subTest(host):
                variable = names_for(f"https://{host}")[1]
                self.assertFalse(variable)
                with self.assertRaisesRegex(ValidationError, "plain letters"):
                    self.server.create(
                        {
                            "name": "Mine",
                            "base_url": f"https://{host}",
                            "email": "x@y",
                            "password_source": "environment",
                            "password_variable": "ODK_",
                        }
                    )

    def test_it_is_sent_to_the_host_it_is_for_and_no_other(self):
        """A user who may enter an address would have it sent to their own host."""
        administrator = self.new_user("p_administrator", "administrator")
        server = self.server.with_user(administrator)
        server.action_pick_forms()
        places = (
            {"password_source": "file", "password_path": str(self.password_path)},
            {"password_source": "environment", "password_variable": "ODK_127_0_0_1"},
        )
        here = self.central.url.replace("127.0.0.1", "localhost")
        for place in places:
            self.server.write(place)
            self.store.log.clear()
            with self.subTest(place), self.env.cr.savepoint() as savepoint:
                with self.assertRaisesRegex(ValidationError, "name is"):
                    server.base_url = here
                with self.assertRaisesRegex(ValidationError, "name is"):
                    server.create(
                        {"name": "Mine", "base_url": here, "email": "x@y", **place}
                    )
                savepoint.rollback()
            # A rule says nothing of what was never saved, or was saved before.
            self.env.cr.execute(
                "UPDATE g2p_odk_server SET base_url = %s WHERE id = %s",
                [here, self.server.id],
            )
            self.env.invalidate_all()
            with self.assertRaisesRegex(UserError, "cannot be read"):
                server.action_test()
            self.assertFalse(self.store.log)
            self.env.cr.execute(
                "UPDATE g2p_odk_server SET base_url = %s WHERE id = %s",
                [self.central.url, self.server.id],
            )
            self.env.invalidate_all()

    def test_a_fifo_does_not_block_the_reader(self):
        fifo = self.config.parent / "fifo" / self.password_path.name
        fifo.parent.mkdir()
        self.addCleanup(fifo.parent.rmdir)
        os.mkfifo(fifo)
        self.addCleanup(fifo.unlink)
        self.server.password_path = str(fifo)
        with nobody_waits(fifo), self.assertRaisesRegex(UserError, "cannot be read"):
            self.server.action_test()
