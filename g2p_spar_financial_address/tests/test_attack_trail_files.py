"""Attacks on what belongs to a message of a trail: its files and its author."""

import base64
import json
from contextlib import suppress

from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import FinancialAddressCase

LETTER = b"A letter with a signature"
TODO = ["user_id", "activity_type_id", "summary", "date_deadline", "active", "res_id"]
QUIET = (
    "odoo.http",
    "odoo.sql_db",
    "odoo.addons.base.models.ir_rule",
    "odoo.addons.base.models.ir_model",
    "odoo.addons.mail.models.mail_scheduled_message",
)


@tagged("post_install", "-at_install")
class TestAttackTrailFiles(FinancialAddressCase, HttpCase):
    """The approver's letter at the address stays what it was."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("f_editor", "editor", "base.group_partner_manager")
        cls.approver = cls.new_user("f_approver", "approver")
        cls.viewer = cls.new_user("f_viewer", "viewer")
        cls.address = cls.enter_address(user=cls.editor).with_env(cls.env)
        post = cls.address.with_user(cls.approver).message_post
        cls.message = post(
            body="Looked at", attachments=[("letter.txt", LETTER)]
        ).sudo()
        cls.letter = cls.message.attachment_ids

    def tried(self, act):
        with suppress(Exception), self.env.cr.savepoint(), mute_logger(*QUIET):
            act()
            self.env.flush_all()
        self.env.invalidate_all()

    def test_a_file_of_a_message_is_kept(self):
        for user in (self.editor, self.viewer, self.approver):
            letter, message = self.letter.with_user(user), self.message.with_user(user)
            other = self.env["ir.attachment"].with_user(user).create({"name": "x"})
            ways = {
                "content": lambda f=letter: f.write({"raw": b"Forged"}),
                "name": lambda f=letter: f.write({"name": "other.txt"}),
                "elsewhere": lambda f=letter, u=user: f.write(
                    {"res_model": "res.partner", "res_id": u.partner_id.id}
                ),
                "unlink": lambda f=letter: f.unlink(),
                "from the message": lambda m=message: m.write(
                    {"attachment_ids": [Command.clear()]}
                ),
                "another one": lambda m=message, o=other: m.write(
                    {"attachment_ids": [Command.set(o.ids)]}
                ),
                "deleted there": lambda m=message, f=letter: m.write(
                    {"attachment_ids": [Command.delete(f.id)]}
                ),
                "content there": lambda m=message, f=letter: m.write(
                    {"attachment_ids": [Command.update(f.id, {"raw": b"Forged"})]}
                ),
                "import": lambda f=letter: f.load(
                    [".id", "name"], [[str(f.id), "other.txt"]]
                ),
                "token": lambda f=letter: f.generate_access_token(),
            }
            for way, act in ways.items():
                with (
                    self.subTest(user.login, way=way),
                    self.env.cr.savepoint() as savepoint,
                ):
                    self.tried(act)
                    self.assertEqual(self.message.attachment_ids, self.letter)
                    self.assertEqual(self.letter.raw, LETTER)
                    self.assertEqual(self.letter.name, "letter.txt")
                    self.assertEqual(self.letter.res_id, self.address.id)
                    savepoint.rollback()
                    self.env.invalidate_all()

    def test_so_it_is_by_the_pages_of_messages(self):
        calls = {
            "/mail/attachment/delete": {"attachment_id": self.letter.id},
            "/mail/message/update_content": {
                "message_id": self.message.id,
                "update_data": {"body": "x", "attachment_ids": []},
            },
            "/web/dataset/call_kw": {
                "model": "ir.attachment",
                "method": "unlink",
                "args": [self.letter.ids],
                "kwargs": {},
            },
        }
        for user in (self.editor, self.viewer, self.approver):
            self.authenticate(user.login, user.login)
            for path, params in calls.items():
                with self.subTest(user.login, path=path), mute_logger(*QUIET):
                    self.url_open(
                        path,
                        data=json.dumps({"jsonrpc": "2.0", "params": params}),
                        headers={"Content-Type": "application/json"},
                    )
                    self.env.invalidate_all()
                    self.assertEqual(self.message.attachment_ids, self.letter)
                    self.assertEqual(self.letter.raw, LETTER)

    def test_a_file_hung_on_an_address_by_mistake_may_go(self):
        files = self.env["ir.attachment"].with_user(self.editor)
        mine = files.create(
            {
                "name": "x",
                "raw": b"x",
                "res_model": self.address._name,
                "res_id": self.address.id,
            }
        )
        mine.write({"name": "y"})
        self.assertTrue(mine.unlink())

    def test_a_proof_runs_no_script_where_the_approver_opens_it(self):
        """Whatever the editor uploads as a photo of a card."""
        script = "<script>alert(document.domain)</script>"
        svg = f'<svg xmlns="http://www.w3.org/2000/svg">{script}</svg>'
        contents = {
            "card.html": f"<html><body>{script}</body></html>",
            "card.svg": svg,
            "card.png": svg,
            "card.xml": f'<?xml version="1.0"?>{svg}',
            "card.pdf": f"GIF89a/*{script}*/",
            'a".html\r\nX-Evil: 1': script,
        }
        for name, content in contents.items():
            person = self.new_registrant(name[:6])
            address = self.enter_address(
                user=self.editor,
                partner_id=person.id,
                proof=base64.b64encode(content.encode()),
                proof_name=name.replace("\r\n", " "),
            )
            self.authenticate(self.approver.login, self.approver.login)
            for path in (
                f"/web/content/{address._name}/{address.id}/proof",
                f"/web/image/{address._name}/{address.id}/proof",
                f"/web/content?model={address._name}&id={address.id}&field=proof"
                "&filename_field=proof_name&mimetype=text/html",
            ):
                with self.subTest(name, path=path):
                    response = self.url_open(path)
                    self.assertEqual(response.status_code, 200)
                    headers = response.headers
                    self.assertNotIn("X-Evil", headers)
                    self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                    policy = headers.get("Content-Security-Policy", "")
                    kind = headers["Content-Type"]
                    if "default-src 'none'" not in policy:
                        self.assertNotRegex(kind, "html|svg|xml|javascript")

    def test_a_scheduled_message_is_not_in_the_name_of_another(self):
        """A scheduled message is by the user who made it."""
        scheduled = (
            self.env["mail.scheduled.message"]
            .with_user(self.viewer)
            .create(
                {
                    "model": self.address._name,
                    "res_id": self.address.id,
                    "body": "It is right",
                    "author_id": self.approver.partner_id.id,
                    "scheduled_date": "2099-01-01 00:00:00",
                    "notification_parameters": json.dumps(
                        {"email_from": self.approver.email}
                    ),
                    "send_context": {
                        "default_author_id": self.approver.partner_id.id,
                        "default_date": "2020-01-01 00:00:00",
                    },
                }
            )
        )
        before = self.address.message_ids
        self.tried(lambda: scheduled.with_user(1)._post_message(raise_exception=False))
        self.address.invalidate_recordset()
        for message in (self.address.message_ids - before).sudo():
            self.assertEqual(message.author_id, self.viewer.partner_id)
            self.assertGreater(message.date.year, 2020)

    def test_a_field_that_stands_for_the_to_do_does_not_reach_it(self):
        self.set_policy(approve_admin=True)
        person = self.new_registrant("Next")
        address = self.enter_address(user=self.editor, partner_id=person.id)
        todo = address.sudo().activity_ids
        self.assertEqual(len(todo), 1)
        for name, value in {
            "activity_user_id": self.editor.id,
            "activity_type_id": self.env.ref("mail.mail_activity_data_todo").id,
            "activity_summary": "Done",
            "activity_date_deadline": "2099-01-01",
            "activity_state": "planned",
            "my_activity_date_deadline": "2099-01-01",
        }.items():
            with self.subTest(name):
                (before,) = todo.read(TODO)
                self.tried(lambda n=name, v=value: address.write({n: v}))
                self.assertEqual(todo.read(TODO), [before])
