"""What only the engine writes is refused to every client, whatever its role."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from .common import SparCase

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"
#: The models people write to; of all others only the engine writes anything.
WRITTEN = {"g2p.spar.connection", "g2p.spar.key"}
ORM = {"id", "create_uid", "create_date", "write_uid", "write_date"}


@tagged("post_install", "-at_install")
class TestEngineFields(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = cls.env["res.groups"].search([]).get_external_id()
        roles = {
            name
            for name in groups.values()
            if name.startswith((f"{FA}.", f"{SYNC}.", "g2p_spar_admin_ui."))
        }
        cls.users = [
            new_test_user(cls.env, "ef_admin", f"base.group_system,{','.join(roles)}"),
            new_test_user(cls.env, "ef_manager", f"{SYNC}.group_manager"),
            new_test_user(cls.env, "ef_operator", f"{SYNC}.group_operator"),
            new_test_user(cls.env, "ef_system", "base.group_system"),
        ]

    def models(self):
        """Return the models of the engine that are kept."""
        for name, model in self.env.items():
            if name.startswith("g2p.spar.") and model._auto and not model._transient:
                yield model

    def values(self, model):
        """Return values for the stored fields that no user types in, by name."""
        for name, field in model._fields.items():
            if field.store and field.column_type and field.readonly and name not in ORM:
                if field.type == "many2one":
                    yield name, self.env[field.comodel_name].search([], limit=1).id
                elif field.type == "selection":
                    yield name, field.get_values(self.env)[-1]
                elif field.type in ("integer", "float"):
                    yield name, 7
                elif field.type == "boolean":
                    yield name, True
                elif field.type in ("datetime", "date"):
                    yield name, "2001-01-01"
                elif field.type == "json":
                    yield name, {"a": 1}
                else:
                    yield name, "forged"

    def test_only_connections_and_keys_are_written_by_people(self):
        written = {
            model._name
            for model in self.models()
            for user in self.users
            if any(model.with_user(user).has_access(o) for o in ("write", "create"))
        }
        self.assertEqual(written, WRITTEN)

    def test_no_role_writes_what_the_engine_keeps(self):
        records = {
            "g2p.spar.connection": (self.connection, {"base_url": "https://a.example"}),
            "g2p.spar.key": (
                self.key,
                self.file_key_values(connection_id=self.connection.id),
            ),
        }
        seen = set()
        for name, (record, base) in records.items():
            for field, value in self.values(record):
                for user in self.users:
                    env = self.env(user=user)
                    ways = {
                        "write": ([record.ids, {field: value}], {}),
                        "web_save": ([record.ids, {field: value}, {}], {}),
                        "create": ([[{**base, field: value}]], {}),
                        "copy": ([record.ids, {field: value}], {}),
                    }
                    for method, (arguments, options) in ways.items():
                        with (
                            self.subTest(f"{name}.{field}", by=user.login, by_=method),
                            self.assertRaises(AccessError),
                            self.env.cr.savepoint(),
                        ):
                            call_kw(env[name], method, list(arguments), dict(options))
                seen.add(field)
        self.assertLessEqual(
            {"state", "breaker_state", "guard_run", "rate_free_at", "thumbprint"}, seen
        )

    def test_nor_by_a_default_in_the_context(self):
        manager = self.users[1]
        context = {
            f"default_{field}": value for field, value in self.values(self.connection)
        }
        made = call_kw(
            self.env(user=manager)["g2p.spar.connection"],
            "create",
            [{"base_url": "https://a.example"}],
            {"context": context},
        )
        made = self.env["g2p.spar.connection"].browse(made)
        self.assertEqual(made.state, "draft")
        for field, value in self.values(self.connection):
            with self.subTest(field):
                self.assertNotEqual(
                    made._fields[field].convert_to_write(made[field], made), value
                )

    def test_nor_by_a_default_of_the_user(self):
        manager = self.env(user=self.users[1])
        records = {
            self.connection: {"base_url": "https://a.example"},
            self.key: self.file_key_values(connection_id=self.connection.id),
        }
        for record, values in records.items():
            for field, value in self.values(record):
                with (
                    self.subTest(f"{record._name}.{field}"),
                    self.env.cr.savepoint() as savepoint,
                ):
                    arguments = record._name, field, value
                    manager["ir.default"].set(*arguments, user_id=True)
                    made = manager[record._name].create(values).sudo()
                    kept = made._fields[field].convert_to_write(made[field], made)
                    self.assertNotEqual(kept, value)
                    savepoint.rollback()
                self.env.invalidate_all()

    def test_nor_through_another_record_or_an_import(self):
        manager = self.env(user=self.users[1])
        connection = self.connection.with_env(manager)
        self.enter_address()
        for commands in (
            {"mapping_ids": [Command.update(self.mapping.id, {"state": "in_sync"})]},
            {"key_ids": [Command.update(self.key.id, {"thumbprint": "forged"})]},
        ):
            with (
                self.subTest(commands),
                self.assertRaises(AccessError),
                self.env.cr.savepoint(),
            ):
                connection.write(commands)
        rows = [["Forged", "https://a.example", "running"]]
        done = manager["g2p.spar.connection"].load(["name", "base_url", "state"], rows)
        self.assertFalse(done["ids"])
        found = self.env["g2p.spar.connection"].search([("name", "=", "Forged")])
        self.assertFalse(found)
