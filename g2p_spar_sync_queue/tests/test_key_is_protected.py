"""Nobody gets at a private key, by whatever way."""

import base64
import copy
import inspect
import logging
from contextlib import contextmanager

from odoo import Command
from odoo.exceptions import UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from ..spar import keys
from .key_material import (
    PASSWORD,
    certificate_pem,
    encoded,
    p12,
    private_pem,
    rsa_key,
)
from .test_key_model import KeyCase

ADDONS = "g2p_spar_financial_address", "g2p_spar_sync_queue"
KEY_MODELS = "g2p.spar.key", "g2p.spar.key.generate", "g2p.spar.connection"
#: Public methods of ours that do something for good; what they answer is looked at
#: last.
ENDING = {"unlink"}
#: Shorter pieces of a key may be anywhere by chance.
PIECE = 24


def pieces_of(key, *more):
    """Return what of a private key must not be found, in every spelling."""
    numbers = key.private_numbers()
    secret = [numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1]
    # The first bytes are the modulus, which is public.
    tail = keys.to_der(key)[-600:]
    pem = private_pem(key)
    texts = [format(number, form) for number in secret for form in ("d", "x", "X")]
    texts += [line for line in pem.decode().splitlines()[14:-2]]
    texts += [encoded(content) for content in (pem, *more)]
    texts += [encoded(tail[shift:]) for shift in range(3)]
    texts += [tail.hex(), repr(tail)[2:-1]]
    middles = (text[len(text) // 2 :] for text in texts)
    return {text[:PIECE] for text in middles if len(text) >= PIECE} | {
        "PRIVATE KEY",
        PASSWORD.decode(),
    }


@tagged("post_install", "-at_install")
class TestKeyIsProtected(KeyCase):
    """Each role, and each way a client has of learning something."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = cls.env["ir.model.data"].search(
            [("model", "=", "res.groups"), ("module", "in", ADDONS)]
        )
        roles = {data.complete_name: [data.complete_name] for data in groups}
        roles |= {
            "nobody": ["base.group_user", "base.group_allow_export"],
            "portal": ["base.group_portal"],
            "public": ["base.group_public"],
            "admin": [
                "base.group_system",
                "base.group_no_one",
                "base.group_allow_export",
                "g2p_spar_sync_queue.group_manager",
            ],
        }
        for role, names in roles.items():
            if "." in role:
                names += ["base.group_user", "base.group_allow_export"]
        cls.users = {
            role: new_test_user(cls.env, f"p_{number}", ",".join(names))
            for number, (role, names) in enumerate(roles.items())
        }
        cls.users["superuser"] = cls.env.ref("base.user_root")

    def setUp(self):
        super().setUp()
        self.private = rsa_key(7)
        self.locked = p12(self.private)
        self.pem = private_pem(self.private)
        uploaded = self.upload(self.locked, None, PASSWORD)
        file = self.file("k.pem", self.pem + certificate_pem(self.private))
        in_file = self.Key.create(
            {
                "name": "In a file",
                "connection_id": self.connection.id,
                "source": "file",
                "key_path": file,
            }
        )
        self.set_environment(T_P12=encoded(self.locked), T_WORD=PASSWORD.decode())
        in_variable = self.Key.create(
            {
                "name": "In a variable",
                "connection_id": self.connection.id,
                "source": "environment",
                "key_variable": "T_P12",
                "password_variable": "T_WORD",
            }
        )
        self.records = (uploaded | in_file | in_variable).with_user(self.env.user)
        uploaded.action_switch_now()
        self.sealed = uploaded._sealed()
        self.pieces = pieces_of(self.private, self.locked, self.pem) | {
            self.sealed[20:60],
            self.secret,
        }
        self.env.flush_all()
        self.env.invalidate_all()

    # === LOOKING === #

    def leaks(self, text):
        """Return the pieces of the key in a text."""
        return {piece for piece in self.pieces if piece in text}

    @contextmanager
    def watched(self, *what):
        """What is answered, raised, or logged in this block gives nothing away.

        Gives a list to put answers into.
        """
        seen = []
        with self.assertLogs("odoo", level="DEBUG") as logs:
            logging.getLogger("odoo").warning("one line at least")
            try:
                with self.env.cr.savepoint():
                    yield seen
            except AssertionError:
                raise
            # Whatever else is raised is shown to somebody.
            except Exception as error:
                seen.append((repr(error), str(error), repr(error.__cause__)))
        # Whatever Odoo is sent it writes to this one log itself, at level DEBUG.
        lines = [line for line in logs.output if ":odoo.service.model:call" not in line]
        text = " ".join([*map(repr, seen), *map(str, seen), *lines])
        with self.subTest(what):
            self.assertFalse(self.leaks(text))

    def rpc(self, user, model, method, *args, **kwargs):
        """Call a method as a client of this user does."""
        return call_kw(self.env(user=user)[model], method, list(args), kwargs)

    def test_what_looks_for_the_key_would_find_it(self):
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
        """Return calls that read, by name: method, arguments, keywords."""
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
        for role, user in self.users.items():
            for model in KEY_MODELS:
                ids = (
                    self.records.ids if model == KEY_MODELS[0] else self.connection.ids
                )
                for way, (method, args) in self.ways(model, ids).items():
                    with self.watched(role, model, way) as seen:
                        seen.append(self.rpc(user, model, method, *args))
                        answered += 1
                    tried += 1
        self.assertGreater(tried, 5000)
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

    # === WAYS AROUND THE ORM'S FIELDS === #

    def test_it_is_in_no_attachment_message_or_tracked_value(self):
        for role, user in self.users.items():
            for model, fields in {
                "ir.attachment": ["name", "datas", "raw", "index_content", "url"],
                "mail.message": ["body", "subject", "tracking_value_ids"],
                "mail.tracking.value": ["old_value_char", "new_value_char"],
                "mail.activity": ["summary", "note"],
                "ir.logging": ["message", "func"],
                "queue.job": ["records", "args", "kwargs", "exc_info"],
                "ir.model.fields": ["name", "help"],
                "base_import.import": ["file"],
            }.items():
                with self.watched(role, model) as seen:
                    seen.append(
                        self.rpc(user, model, "search_read", [], fields, order="id")
                    )
        attachments = self.env["ir.attachment"].sudo()
        for attachment in attachments.search([("res_model", "in", KEY_MODELS)]):
            self.assertFalse(self.leaks(repr(attachment.raw)))

    def test_no_address_of_an_attachment_leads_to_it(self):
        for role, user in self.users.items():
            env = self.env(user=user)
            for record in self.records:
                for field in (*record._fields, "sealed", "private_key"):
                    # What /web/content and /web/image do.
                    with self.watched(role, field) as seen:
                        binary = env["ir.binary"]
                        found = binary._find_record(
                            res_model=record._name, res_id=record.id, field=field
                        )
                        stream = binary._get_stream_from(found, field)
                        seen.append(stream.read())

    def test_no_download_hands_it_out(self):
        for user in self.users.values():
            for what in (*self.records._fields, "private", "certificate", "public"):
                with self.watched(what) as seen:
                    seen.append(self.download(self.records[0], what, user))

    def test_no_report_shows_it(self):
        for field in self.records._fields:
            for expression in (f"record.{field}", f"record.sudo().{field}"):
                with self.watched(expression) as seen:
                    seen.append(self.report(f"""<t t-out="{expression}"/>"""))
        self.assertIn(
            self.records[0].thumbprint, self.report('<t t-out="record.thumbprint"/>')
        )

    def report(self, body):
        """Return what a report an administrator wrote shows of a key."""
        view = self.env["ir.ui.view"].create(
            {
                "name": "g2p_spar_sync_queue.peek",
                "key": "g2p_spar_sync_queue.peek",
                "type": "qweb",
                "arch": f"""<t t-name="g2p_spar_sync_queue.peek">
                    <t t-foreach="docs" t-as="record">{body}</t></t>""",
            }
        )
        report = self.env["ir.actions.report"].create(
            {
                "name": "Peek",
                "model": "g2p.spar.key",
                "report_type": "qweb-html",
                "report_name": view.key,
            }
        )
        admin = self.users["admin"]
        content, _type = (
            report.with_user(admin)
            .sudo()
            ._render_qweb_html(report.report_name, self.records.ids)
        )
        view.unlink()
        return str(content)

    #: What an administrator may try in server actions and templates, where hidden
    #: methods can be called.
    EXPRESSIONS = (
        "record._load_pair()",
        "record._load_pair().certificate",
        "record._load_pair()._sign",
        "record._load_pair().private_key",
        "record._load_pair().__dict__",
        "record._load_pair()._sign.__closure__",
        "record._load_pair()._sign.func_closure",
        "record.connection_id._client()._signer",
        "record.connection_id._client()._signer._pair",
        "record.connection_id._signer()._header",
        "record._read_places()",
        "record._texts()",
        "record.read()",
        "record.sudo().read()",
        "record._cache",
        "[f for f in record._fields]",
        "record.upload_key",
    )

    def reachable(self, value, depth=4):
        """Return what code without access to names in double underscores gets at."""
        yield value
        ours = type(value).__module__.startswith("odoo.addons.g2p_spar_sync_queue.spar")
        if ours and depth:
            for name in dir(value):
                if not name.startswith("__"):
                    yield from self.reachable(getattr(value, name), depth - 1)

    def test_what_is_reachable_is_looked_at(self):
        class Holder(type(self.records[0]._load_pair())):
            def __init__(self, key):
                self.inner = key

        Holder.__module__ = keys.__name__
        found = list(self.reachable(Holder(self.private)))
        self.assertIn(self.private, found)

    def test_code_in_server_actions_and_templates_does_not_get_at_it(self):
        for record in self.records:
            for expression in self.EXPRESSIONS:
                with self.watched(expression) as seen:
                    value = safe_eval(expression, {"record": record})
                    seen.append(value)
                    for found in self.reachable(value):
                        self.assertFalse(hasattr(found, "private_numbers"))
        for expression in self.EXPRESSIONS:
            with self.watched("template", expression) as seen:
                seen.append(self.report(f'<t t-out="{expression}"/>'))

    def test_it_is_in_no_row_of_the_database(self):
        """What a backup holds, table by table: the sealed form and nothing else."""
        self.env.cr.execute(
            """SELECT table_name FROM information_schema.tables
                WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"""
        )
        names = [name for (name,) in self.env.cr.fetchall()]
        self.assertIn("g2p_spar_key_store", names)
        found = {}
        for name in names:
            conditions = " OR ".join(["t::text LIKE %s"] * len(self.pieces))
            patterns = [f"%{piece}%" for piece in sorted(self.pieces)]
            self.env.cr.execute(
                f'SELECT count(*) FROM "{name}" t WHERE {conditions}', patterns
            )
            (count,) = self.env.cr.fetchone()
            if count:
                found[name] = count
        self.assertEqual(found, {"g2p_spar_key_store": 1})

    # === WHILE IT IS BROUGHT IN === #

    def uploads(self):
        """Return what may be uploaded, by what is wrong with it."""
        other = certificate_pem(rsa_key(8))
        good = {"upload_key": encoded(self.locked), "upload_password": "correct horse"}
        return {
            "nothing": good,
            "the password": {**good, "upload_password": "correct horse!"},
            "no password": {**good, "upload_password": False},
            "the certificate": {
                "upload_key": encoded(self.pem),
                "upload_certificate": encoded(other),
            },
            "no certificate": {"upload_key": encoded(self.pem)},
            "not Base64": {"upload_key": self.pem.decode()},
            "the key where the certificate goes": {
                "upload_key": encoded(self.pem),
                "upload_certificate": encoded(self.pem),
            },
            "the connection": {**good, "connection_id": 99999999},
            "another field": {**good, "no_such_field": 1},
            "the date": {**good, "use_from": "yesterday"},
        }

    def test_an_upload_comes_back_from_nowhere(self):
        spec = {name: {} for name in self.env["g2p.spar.key"]._fields}
        manager = self.users["g2p_spar_sync_queue.group_manager"]
        taken = 0
        for name, upload in self.uploads().items():
            values = {"name": "New", "connection_id": self.connection.id, **upload}
            for way, args in {
                "web_save": ([], values, spec),
                "create": ([values],),
                "onchange": ([], values, [], spec),
                "onchange of the file": ([], values, ["upload_key"], spec),
            }.items():
                method = way.split()[0]
                with self.watched(name, way) as seen:
                    # The client's own values, which Odoo may add to.
                    seen.append(
                        self.rpc(manager, "g2p.spar.key", method, *copy.deepcopy(args))
                    )
                    taken += method in ("web_save", "create")
                    seen.append(self.env["g2p.spar.key"].search([]).read())
            with self.watched(name, "on the connection") as seen:
                nested = {"key_ids": [Command.create(values)]}
                fields = {"key_ids": {"fields": spec}}
                seen.append(
                    self.rpc(
                        manager,
                        "g2p.spar.connection",
                        "web_save",
                        self.connection.ids,
                        nested,
                        fields,
                    )
                )
                taken += 1
        # The good one in three ways; on the connection it does not matter which other
        # connection is named.
        self.assertEqual(taken, 4)

    def test_nothing_is_written_over_it_by_import(self):
        manager = self.users["g2p_spar_sync_queue.group_manager"]
        with self.watched("load") as seen:
            seen.append(
                self.rpc(
                    manager,
                    "g2p.spar.key",
                    "load",
                    ["name", "connection_id/.id", "upload_key", "upload_password"],
                    [["x", str(self.connection.id), encoded(self.locked), "wrong one"]],
                )
            )
        self.assertIn("does not open", str(seen))

    def test_a_failing_engine_does_not_log_it(self):
        mapping = self.make_registrants(1).spar_mapping_ids
        self.env.cr.execute("UPDATE g2p_spar_key_store SET sealed = 'broken'")
        with self.watched("engine") as seen:
            mapping._job_sync()
            seen.append(self.connection.pause_reason)
        self.assertEqual(self.connection.state, "paused")
        with self.watched("test"), self.assertRaises(UserError):
            self.connection.action_test()

    def test_what_holds_keys_prints_without_them(self):
        pair = self.records[0]._load_pair()
        signer = self.connection._signer()
        text = repr([pair, vars(pair), signer, vars(signer), self.records[0]])
        self.assertFalse(self.leaks(text))
        self.assertFalse(self.leaks(base64.b64encode(text.encode()).decode()))
