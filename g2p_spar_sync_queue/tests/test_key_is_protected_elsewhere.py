"""Nobody gets at a private key past the ORM, or while it is brought in."""

import base64
import copy
from unittest.mock import Mock, patch

from odoo import Command
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from odoo.addons.base.models import ir_attachment

from ..spar import keys
from .key_material import (
    certificate_pem,
    encoded,
    rsa_key,
)
from .key_roles import KEY_MODELS, ProtectedCase
from .waiting_jobs import queue_of

#: Where jobs are kept, by the queue that runs them.
JOBS = {
    None: {"g2p.spar.job": ["record_ids", "args", "description"]},
    "queue_job": {"queue.job": ["records", "args", "kwargs", "exc_info"]},
    "job_worker": {"queue.job": ["payload", "exc_info"]},
}


@tagged("post_install", "-at_install")
class TestKeyIsProtectedElsewhere(ProtectedCase):
    # === WAYS AROUND THE ORM'S FIELDS === #

    def test_it_is_in_no_attachment_message_or_tracked_value(self):
        for role, user in self.users.items():
            for model, fields in {
                "ir.attachment": ["name", "datas", "raw", "index_content", "url"],
                "mail.message": ["body", "subject", "tracking_value_ids"],
                "mail.tracking.value": ["old_value_char", "new_value_char"],
                "mail.activity": ["summary", "note"],
                "ir.logging": ["message", "func"],
                **JOBS[queue_of(self.env)],
                "ir.model.fields": ["name", "help"],
                "base_import.import": ["file"],
            }.items():
                with self.watched(role, model) as seen:
                    seen.append(
                        self.rpc(user, model, "search_read", [], fields, order="id")
                    )
        attachments = self.env["ir.attachment"].sudo()
        self.assertFalse(attachments.search([("res_model", "in", KEY_MODELS)]))

    def content(self, env, record, field):
        """Return what /web/content and /web/image answer."""
        binary = env["ir.binary"]
        found = binary._find_record(
            res_model=record._name, res_id=record.id, field=field
        )
        return binary._get_stream_from(found, field).read()

    def test_no_address_of_an_attachment_leads_to_it(self):
        # Of the request, only the name of the database is needed.
        request = Mock(db=self.env.cr.dbname)
        self.startPatcher(patch.object(ir_attachment, "request", request))
        public = self.env["ir.attachment"].create({"name": "Public", "raw": b"public"})
        answered = set()
        for role, user in self.users.items():
            env = self.env(user=user)
            for record in self.records:
                for field in (*record._fields, "sealed", "private_key"):
                    with self.watched(role, field) as seen:
                        seen.append(self.content(env, record, field))
                        answered.add(field)
        self.assertFalse(answered)
        self.assertEqual(self.content(self.env, public, "raw"), b"public")

    def test_no_download_hands_it_out(self):
        handed_out = set()
        for user in self.users.values():
            for what in (*self.records._fields, "private", "certificate", "public"):
                with self.watched(what) as seen:
                    seen.append(self.download(self.records[0], what, user))
                    if seen[0]:
                        handed_out.add(what)
        self.assertLessEqual({"certificate", "public"}, handed_out)

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
        "record._load_pair()._encode",
        "record._load_pair().private_key",
        "record._load_pair().__dict__",
        "record._load_pair()._encode.__closure__",
        "record._load_pair()._encode.func_closure",
        "record.connection_id._client()._signer",
        "record.connection_id._client()._signer._pair",
        "record.connection_id._signer()._header",
        "record._read_location()",
        "record._problem_texts()",
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

    def test_the_search_visits_every_reachable_object(self):
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
            mapping.job_sync()
            seen.append(self.connection.pause_reason)
        self.assertEqual(self.connection.state, "paused")
        with self.watched("test") as seen:
            self.connection.action_test()
            seen.append(self.connection.test_problem)
            self.assertTrue(self.connection.test_problem)

    def test_what_holds_keys_prints_without_them(self):
        pair = self.records[0]._load_pair()
        signer = self.connection._signer()
        text = repr([pair, vars(pair), signer, vars(signer), self.records[0]])
        self.assertFalse(self.leaks(text))
        self.assertFalse(self.leaks(base64.b64encode(text.encode()).decode()))
