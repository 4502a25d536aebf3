"""Nobody gets at a private key, by whatever way."""

import inspect
import os

from odoo.tests import tagged

from ..spar import keys
from .key_material import (
    PASSWORD,
    certificate_pem,
    encoded,
)
from .key_roles import ENDING, KEY_MODELS, ProtectedCase

#: Who may do most, who sees a little, and who nothing.
QUICK = ("superuser", "g2p_spar_sync_queue.group_manager", "portal")


@tagged("post_install", "-at_install")
class TestKeyIsProtected(ProtectedCase):
    """By the ways of the ORM."""

    def test_the_search_for_the_key_can_find_it(self):
        der = keys.to_der(self.private)
        for name, text in {
            "PEM": self.pem.decode(),
            "a few lines": "\n".join(self.pem.decode().splitlines()[12:20]),
            "bytes": repr(self.pem),
            "upload": encoded(self.pem),
            "PKCS#12": encoded(self.locked),
            "DER": encoded(der),
            "raw DER": repr(der),
            "hex": der.hex(),
            "exponent": str(self.private.private_numbers().d),
            "password": "it was " + PASSWORD.decode(),
            "sealed": self.sealed,
            "secret": self.secret,
        }.items():
            with self.subTest(name):
                self.assertTrue(self.leaks(text))
        public = certificate_pem(self.private).decode()
        self.assertFalse(self.leaks(public + self.records[0]._public_file("public")[1]))

    # === WAYS OF THE ORM === #

    def ways(self, model, ids):
        """Return calls that read, by name: method and arguments."""
        names = sorted(self.env[model]._fields)
        spec = {name: {} for name in names}
        guess = self.pem.decode().splitlines()[16][:20]
        ways = {
            "read": ("read", [ids]),
            "web_read": ("web_read", [ids, spec]),
            "search_read": ("search_read", [[]]),
            "web_search_read": ("web_search_read", [[], spec]),
            "export": ("export_data", [ids, names]),
            "copy": ("copy", [ids]),
            "copy_data": ("copy_data", [ids]),
            "name_search": ("name_search", [guess]),
            "names": ("name_search", [""]),
            "fields_get": ("fields_get", []),
            "default_get": ("default_get", [names]),
            "onchange": ("onchange", [ids[:1], {}, [], spec]),
            "onchange of a new one": ("onchange", [[], {}, [], spec]),
            "views": ("get_views", [[[False, "form"], [False, "list"]]]),
        }
        for name in names:
            ways |= {
                f"read {name}": ("read", [ids, [name]]),
                f"web_read {name}": ("web_read", [ids, {name: {}}]),
                f"export {name}": ("export_data", [ids, [name]]),
                f"search {name}": ("search_read", [[(name, "ilike", guess)], ["id"]]),
                f"order {name}": ("search_read", [[], ["id"], 0, None, name]),
                f"group {name}": ("formatted_read_group", [[], [name], ["__count"]]),
                f"web group {name}": ("web_read_group", [[], [name]]),
                f"max {name}": ("formatted_read_group", [[], [], [f"{name}:max"]]),
                f"array {name}": (
                    "formatted_read_group",
                    [[], [], [f"{name}:array_agg"]],
                ),
                f"default {name}": ("default_get", [[name]]),
                f"onchange {name}": ("onchange", [ids[:1], {}, [name], {name: {}}]),
            }
        return ways

    def test_no_role_reads_it_through_the_orm(self):
        tried = answered = 0
        # All roles take minutes.
        is_full = os.environ.get("FULL", "0") != "0"
        roles = self.users if is_full else QUICK
        for role in roles:
            user = self.users[role]
            for model in KEY_MODELS:
                ids = (
                    self.records.ids if model == KEY_MODELS[0] else self.connection.ids
                )
                for way, (method, args) in self.ways(model, ids).items():
                    with self.watched(role, model, way) as seen:
                        seen.append(self.rpc(user, model, method, *args))
                        answered += 1
                    tried += 1
        self.assertGreater(tried, 500 * len(roles))
        # Many ways are open, to what is public.
        self.assertGreater(answered, 1000)

    def test_what_is_public_is_read_by_those_who_may(self):
        for role, may in [
            ("g2p_spar_sync_queue.group_manager", True),
            ("g2p_spar_sync_queue.group_operator", True),
            ("admin", True),
            ("g2p_spar_financial_address.group_administrator", False),
            ("nobody", False),
            ("portal", False),
            ("public", False),
        ]:
            records = self.records.with_user(self.users[role])
            self.assertEqual(records.has_access("read"), may, role)
            if may:
                rows = records.read(["thumbprint", "state"])
                self.assertTrue(all(row["thumbprint"] for row in rows))

    def test_no_hidden_method_is_called_by_rpc_and_no_other_tells(self):
        hidden, open_ = set(), set()
        for model in KEY_MODELS:
            for cls in type(self.env[model]).__mro__:
                if not cls.__module__.startswith("odoo.addons.g2p_spar"):
                    continue
                for name, member in vars(cls).items():
                    if inspect.isfunction(member) and not name.startswith("__"):
                        (hidden if name.startswith("_") else open_).add((model, name))
        self.assertIn(("g2p.spar.key", "_load_pair"), hidden)
        self.assertIn(("g2p.spar.key", "action_read_again"), open_)
        for role in ("admin", "g2p_spar_sync_queue.group_manager", "portal"):
            for model, name in sorted(hidden | open_):
                ids = (
                    self.records.ids if model == KEY_MODELS[0] else self.connection.ids
                )
                with self.watched(role, model, name) as seen:
                    for arguments in ([ids], [ids[:1]], []):
                        if name in ENDING:
                            continue
                        try:
                            with self.env.cr.savepoint():
                                answer = self.rpc(
                                    self.users[role], model, name, *arguments
                                )
                        except Exception as error:
                            answer = error
                        else:
                            self.assertNotIn((model, name), hidden)
                        seen.append(answer)
