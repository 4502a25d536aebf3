from datetime import datetime

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import HttpCase
from odoo.tools import mute_logger

FORGED = datetime(2020, 1, 1)


class TrailCase(HttpCase):
    """What is said in the trail of a record stays as it was said."""

    def assertTrailKept(self, record, user):
        """Try all ways to change the trail of a record.

        :param record: with a trail
        :param user: who may write the record, with the password of the login
        """
        record = record.with_user(SUPERUSER_ID)
        system = record._message_log(body="System")
        own = record.with_user(user).message_post(body="Own", message_type="comment")
        self.env.flush_all()
        for name, attempt in self._ways_to_rewrite(record, system, own).items():
            with (
                self.subTest(record._name, way=name),
                self.assertRaises(UserError),
                self.env.cr.savepoint(),
                mute_logger("odoo.addons.base.models.ir_model"),
                mute_logger("odoo.addons.base.models.ir_rule"),
            ):
                attempt(user)
        self._assert_not_emptied(own, user)
        self._assert_not_forged(record, user)
        self.assertIn("System", system.body)
        self.assertIn("Own", own.body)
        for message in (system, own):
            self.assertEqual((message.model, message.res_id), (record._name, record.id))

    def _ways_to_rewrite(self, record, system, own):
        field = self.env["ir.model.fields"]._get(record._name, "create_uid")
        # A settings administrator may read these, and nobody else.
        value = self.env["mail.tracking.value"].create(
            {
                "mail_message_id": system.id,
                "field_id": field.id,
                "old_value_char": "a",
                "new_value_char": "b",
            }
        )
        elsewhere = self.env.user.partner_id
        note = elsewhere._message_log(body="Moved")
        settings = self.env.ref("base.user_admin")
        here = {"model": record._name, "res_id": record.id}
        away = {"model": "res.partner", "res_id": elsewhere.id}
        return {
            "write": lambda u: own.with_user(u).write({"body": "Other"}),
            "write system": lambda u: system.with_user(u).write({"body": "Other"}),
            "move away": lambda u: own.with_user(u).write(away),
            "move here": lambda u: note.with_user(settings).write(here),
            "unlink": lambda u: own.with_user(u).unlink(),
            "unlink system": lambda u: system.with_user(settings).unlink(),
            "value": lambda u: value.with_user(settings).write({"new_value_char": "c"}),
            "no value": lambda u: value.with_user(settings).unlink(),
            "new value": lambda u: value.with_user(settings).create(
                {
                    "mail_message_id": own.id,
                    "field_id": field.id,
                    "new_value_char": "c",
                }
            ),
            "content": lambda u: record.with_user(u)._message_update_content(
                own.sudo(), body=""
            ),
        }

    def _assert_not_emptied(self, own, user):
        self.authenticate(user.login, user.login)
        for body in ("", "Other"):
            with mute_logger("odoo.http"):
                self.make_jsonrpc_request_quietly(
                    "/mail/message/update_content",
                    {"message_id": own.id, "update_data": {"body": body}},
                )
        own.invalidate_recordset()
        self.assertIn("Own", own.body)

    def make_jsonrpc_request_quietly(self, route, params):
        self.url_open(
            route,
            json={"jsonrpc": "2.0", "method": "call", "id": 1, "params": params},
        )

    def _assert_not_forged(self, record, user):
        """A message has its true author and date; values of clients are ignored."""
        other = self.env.ref("base.user_admin").partner_id
        field = self.env["ir.model.fields"]._get(record._name, "create_uid")
        values = {
            "author_id": other.id,
            "email_from": other.email_formatted,
            "date": FORGED,
            "body": "Forged",
        }
        change = {"field_id": field.id, "new_value_char": "c"}
        messages = self.env["mail.message"].with_user(user)
        forged = messages.create(
            {
                **values,
                "model": record._name,
                "res_id": record.id,
                "message_type": "comment",
                "tracking_value_ids": [Command.create(change)],
            }
        )
        mine = record.with_user(user)
        forged |= mine.message_post(**values, message_type="comment")
        forged |= mine.sudo().message_post(**values, message_type="comment")
        forged |= mine.with_context(default_author_id=other.id).message_post(body="x")
        composer = self.env["mail.compose.message"].with_user(user)
        composer = composer.with_context(active_ids=record.ids).create(
            {
                "composition_mode": "mass_mail",
                "model": record._name,
                "res_ids": str(record.ids),
                "author_id": other.id,
                "email_from": other.email_formatted,
                "subject": "Forged",
                "body": "Forged",
            }
        )
        before = record.message_ids
        composer._action_send_mail()
        record.invalidate_recordset(["message_ids"])
        forged |= record.message_ids - before - forged
        for message in forged.sudo():
            self.assertEqual(message.author_id, user.partner_id)
            self.assertEqual(message.email_from, user.partner_id.email_formatted)
            self.assertNotEqual(message.date, FORGED)
            self.assertFalse(message.tracking_value_ids)
