"""Attacks by e-mail: its sender is what the e-mail says, and proves nothing.

``message_process`` takes an e-mail from everybody who may call methods, and works as
the user whose address is its sender, with all rights.
"""

from contextlib import suppress

from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import FinancialAddressCase

NUMBER = "+255754200666"


@tagged("post_install", "-at_install")
class TestAttackMailGateway(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("g_editor", "editor", "base.group_partner_manager")
        cls.approver = cls.new_user("g_approver", "approver")
        cls.attackers = {
            "none": cls.new_user("g_none", "base.group_user"),
            "contacts": cls.new_user(
                "g_contacts", "base.group_user", "base.group_partner_manager"
            ),
            "viewer": cls.new_user("g_viewer", "viewer"),
            "editor": cls.editor,
            "portal": cls.new_user("g_portal", "base.group_portal"),
        }
        cls.address = cls.enter_address(user=cls.editor)

    def mail(self, sender, **headers):
        said = {
            "From": sender,
            "To": "registry@example.org",
            "Subject": "x",
            "Message-Id": f"<{self.id()}.{len(headers)}@example.org>",
            "Content-Type": "text/plain",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        lines = [f"{name}: {text}" for name, text in said.items()]
        return "\n".join([*lines, "", "I have looked at the card. It is right.", ""])

    def process(self, user, *arguments, **named):
        """Hand in an e-mail, as a client does."""
        with (
            mute_logger(
                "odoo.addons.mail.models.mail_thread",
                "odoo.addons.base.models.ir_rule",
                "odoo.addons.base.models.ir_model",
                "odoo.sql_db",
            ),
            suppress(Exception),
            self.env.cr.savepoint(),
        ):
            model = self.env["mail.thread"].with_user(user)
            call_kw(model, "message_process", list(arguments), named)
            self.env.flush_all()
        self.env.invalidate_all()

    def test_a_trail_is_not_written_in_the_name_of_another(self):
        forged = [self.approver.email_formatted or self.approver.email]
        for role, user in self.attackers.items():
            for sender in forged:
                with self.subTest(role), self.env.cr.savepoint() as savepoint:
                    before = self.address.message_ids
                    self.process(
                        user,
                        "g2p.financial.address",
                        self.mail(sender),
                        thread_id=self.address.id,
                    )
                    reply = self.address._message_log(body="Asked")
                    self.process(
                        user, False, self.mail(sender, In_Reply_To=reply.message_id)
                    )
                    said = self.address.message_ids - before - reply
                    self.assertFalse(said.filtered(lambda m: "card" in m.body))
                    savepoint.rollback()
                    self.env.invalidate_all()

    def test_an_answer_that_comes_by_mail_is_no_part_of_a_trail(self):
        """Also where the server fetches it: whose it is, it only says."""
        asked = self.address._message_log(body="Asked")
        before = self.address.message_ids
        self.process(
            self.env.ref("base.user_root"),
            False,
            self.mail(self.approver.email, In_Reply_To=asked.message_id),
        )
        self.assertEqual(self.address.message_ids, before)

    def test_nothing_of_the_registry_is_made_by_mail(self):
        person = self.new_registrant("Person", "SR-9")
        makes = {
            "g2p.financial.address": {
                "partner_id": person.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator.id,
                "mobile_number": NUMBER,
                "state": "effective",
                "entered_by_id": self.editor.id,
            },
            "g2p.fa.sharing": {"fingerprint": "x", "fa_type": "mobile_wallet"},
            "g2p.fa.proposal": {
                "subject": "x",
                "channel": "admin",
                "state": "approved",
            },
            "g2p.dfsp": {"name": "Evil", "code": "EV", "fa_type": "mobile_wallet"},
            "res.partner": {
                "name": "Forged",
                "is_registrant": True,
                "spar_id": "SR-666",
            },
        }
        for role, user in self.attackers.items():
            for sender in (self.editor.email, self.approver.email, "x@example.org"):
                for model, values in makes.items():
                    if (role, model) == ("editor", "res.partner"):
                        continue
                    with (
                        self.subTest(role, model=model, sender=sender),
                        self.env.cr.savepoint() as savepoint,
                    ):
                        before = self.env[model].sudo().search([])
                        self.process(
                            user, model, self.mail(sender), custom_values=values
                        )
                        made = self.env[model].sudo().search([]) - before
                        self.assertFalse(made)
                        savepoint.rollback()
                        self.env.invalidate_all()
        self.assertFalse(person.financial_address_ids)
