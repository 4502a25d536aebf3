"""Attacks by defaults: those of a client's context, and those that users save.

No method checks them like values, and they reach what the registry writes with all
rights on behalf of the user.
"""

from contextlib import suppress

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.g2p_financial_address_workflow import CHANGE_RATE_ALERT
from .common import FinancialAddressCase

LIMIT = 5


@tagged("post_install", "-at_install")
class TestAttackDefaults(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("d_editor", "editor", "base.group_partner_manager")
        cls.approver = cls.new_user("d_approver", "approver")
        cls.contacts = cls.new_user(
            "d_contacts", "base.group_user", "base.group_partner_manager"
        )
        cls.victim = cls.new_registrant("Victim", "SR-7")
        cls.enter_address(partner_id=cls.victim.id)

    def as_editor(self, way, model, /, **defaults):
        """Return a model for the editor, with these defaults by one of two ways."""
        records = self.env[model].with_user(self.editor)
        if way == "context":
            context = {f"default_{name}": value for name, value in defaults.items()}
            return records.with_context(**context)
        return records

    def save(self, model, user=None, /, **defaults):
        """Save defaults, as a user's own."""
        Default = self.env["ir.default"].with_user(user or self.editor)
        for name, value in defaults.items():
            Default.set(model, name, value, user_id=True)

    def both_ways(self, model, target, /, **defaults):
        """Yield a model for the editor with defaults of a model the registry writes."""
        for way in ("context", "saved"):
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                if way == "saved":
                    self.save(target, **defaults)
                yield self.as_editor(way, model, **defaults)
                self.env.flush_all()
                savepoint.rollback()
                self.env.invalidate_all()

    # === SECOND PERSONS === #

    def test_a_sharing_is_not_accepted_beforehand(self):
        self.set_policy(shared="approve")
        people = self.victim | self.registrant
        forged = {
            "partner_ids": [Command.set(people.ids)],
            "state": "accepted",
            "reviewed_by_id": self.approver.id,
            "reviewer_ids": [Command.set(self.approver.ids)],
        }
        saved = {**forged, "partner_ids": people.ids, "reviewer_ids": []}
        for way in ("context", "saved"):
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                if way == "saved":
                    self.save("g2p.fa.sharing", **saved)
                Address = self.as_editor(way, "g2p.financial.address", **forged)
                address = Address.create(
                    {
                        "partner_id": self.registrant.id,
                        "fa_type": "mobile_wallet",
                        "dfsp_id": self.operator.id,
                        "mobile_number": "0754 200 001",
                    }
                )
                self.assertEqual(address.state, "to_approve")
                self.assertEqual(address.sharing_id.state, "review")
                self.assertFalse(address.sharing_id.partner_ids)
                self.assertFalse(address.sharing_id.reviewed_by_id)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_an_approver_has_a_to_do_to_see(self):
        self.set_policy(approve_admin=True)
        forged = {
            "active": False,
            "date_deadline": "2099-01-01",
            "note": "Decided already",
            "watched_id": self.approver.id,
        }
        for Address in self.both_ways(
            "g2p.financial.address", "mail.activity", **forged
        ):
            Address = Address.with_context(mail_activity_automation_skip=True)
            address = Address.create(
                {
                    "partner_id": self.registrant.id,
                    "fa_type": "mobile_wallet",
                    "dfsp_id": self.operator.id,
                    "mobile_number": "0754 200 009",
                }
            )
            self.env.flush_all()
            self.env.invalidate_all()
            todo = address.with_env(self.env).activity_ids
            self.assertEqual(todo.user_id, self.approver)
            self.assertLessEqual(todo.date_deadline, fields.Date.today())
            self.assertFalse(todo.note)
            # The approver can finish it.
            todo.with_user(self.approver).action_feedback()

    def test_a_sharing_does_not_lose_its_addresses_to_another(self):
        self.set_policy(shared="approve")
        second = self.new_registrant("Second", "SR-8")
        found = self.enter_address(partner_id=second.id) | self.enter_address(
            "0754 200 555", partner_id=self.new_registrant("Third", "SR-9").id
        )
        listed = found[0].sharing_id
        self.assertEqual(listed.state, "review")
        forged = {
            "address_ids": [Command.set(listed.address_ids.ids)],
            "message_ids": [Command.create({"body": "Accepted"})],
            "activity_ids": [Command.clear()],
        }
        Address = self.as_editor("context", "g2p.financial.address", **forged)
        mine = Address.create(
            {
                "partner_id": self.registrant.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator.id,
                "mobile_number": "0754 200 555",
            }
        )
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(found[0].sharing_id, listed)
        self.assertNotEqual(mine.sharing_id, listed)
        for record in (mine, mine.sharing_id):
            bodies = record.sudo().message_ids.mapped("body")
            self.assertFalse([body for body in bodies if "Accepted" in (body or "")])

    # === TRAILS AND ALARMS === #

    def test_a_change_is_not_entered_as_withdrawn(self):
        for target, name, value in (
            ("g2p.fa.proposal.line", "withdrawn", True),
            ("g2p.fa.proposal", "decided_by_id", self.approver.id),
        ):
            for Partner in self.both_ways("res.partner", target, **{name: value}):
                victim = Partner.browse(self.victim.id)
                victim.write({"spar_id": "SR-77"})
                change = self.env["g2p.fa.proposal"].search([], limit=1)
                self.assertEqual(change.line_ids.after, "SR-77")
                self.assertFalse(change.line_ids.withdrawn)
                self.assertFalse(change.decided_by_id)

    def test_an_alarm_counts_what_claims_to_be_withdrawn(self):
        self.env["g2p.fa.settings"].current().write({"burst_limit": LIMIT})
        for n in range(LIMIT + 1):
            person = self.new_registrant(f"P{n}", f"D-{n}")
            self.enter_address(f"0754 300 {n:03}", partner_id=person.id)
            mine = person.with_user(self.editor).with_context(default_withdrawn=True)
            mine.write({"spar_id": f"E-{n}"})
        self.env["g2p.financial.address"]._cron_watch_bursts()
        kind = self.env.ref(CHANGE_RATE_ALERT)
        alarm = self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])
        self.assertIn(self.editor.name, alarm.summary)

    def test_the_log_of_numbers_shown_names_who_saw_which(self):
        forged = {"user_id": self.approver.id, "way": "read", "masked": "••••"}
        for Address in self.both_ways(
            "g2p.financial.address", "g2p.fa.reveal", **forged
        ):
            address = Address.browse(self.victim.financial_address_id.id)
            address.reveal()
            row = self.env["g2p.fa.reveal"].search([], limit=1)
            self.assertEqual(row.user_id, self.editor)
            self.assertEqual(row.way, "reveal")
            self.assertEqual(row.masked, address.masked)

    def test_messages_of_a_trail_stay_where_they_belong(self):
        person = self.env.user.partner_id
        forged = {
            "model": "res.partner",
            "res_id": person.id,
            "author_id": person.id,
            "email_from": "other@example.org",
            "date": "2020-01-01 00:00:00",
            "message_type": "comment",
            "body": "Forged",
            "is_internal": True,
        }
        administrator = self.new_user("d_administrator", "administrator")
        for way in ("context", "saved"):
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                context = {}
                if way == "saved":
                    self.save("mail.message", administrator, **forged)
                else:
                    context = {f"default_{name}": v for name, v in forged.items()}
                self.flush_tracking()
                settings = self.env["g2p.fa.settings"].current()
                settings = settings.with_user(administrator).with_context(**context)
                said = settings.message_ids
                settings.write({"send_name": True})
                self.flush_tracking()
                settings.invalidate_recordset()
                message = settings.message_ids - said
                self.assertEqual(len(message), 1)
                self.assertEqual(message.author_id, administrator.partner_id)
                self.assertEqual(message.date.date(), fields.Date.today())
                self.assertNotIn("Forged", message.body or "")
                savepoint.rollback()
                self.env.invalidate_all()

    def flush_tracking(self):
        self.env.flush_all()
        self.env.cr.precommit.run()

    # === WHAT THE REGISTRY KEEPS OF A RECORD === #

    def test_what_only_the_registry_writes_has_no_default_of_users(self):
        """All fields that clients cannot write, of all models."""
        user = self.contacts
        tried = 0
        for model in self.env.values():
            if model._abstract or model._transient or not model._auto:
                continue
            forged = {
                name: field
                for name, field in model._fields.items()
                if field.store
                and not field.inherited
                and (field.readonly or field.groups == fields.NO_ACCESS)
                and any(module.startswith("g2p_") for module in field._modules)
                and field.type in ("char", "text", "boolean", "integer", "datetime")
            }
            for name, field in forged.items():
                value = {"integer": 7, "boolean": True}.get(field.type, "x")
                if field.type == "datetime":
                    value = "2020-01-01 00:00:00"
                for su in (False, True):
                    env = self.env(user=user, su=su, context={f"default_{name}": value})
                    found = env[model._name].default_get([name]).get(name)
                    tried += 1
                    if model.default_get([name]).get(name) != value:
                        self.assertNotEqual(found, value, f"{model._name}.{name}")
        self.assertGreater(tried, 50)

    def test_a_contact_manager_plants_nothing_of_payments(self):
        for way in ("context", "saved"):
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                forged = {
                    "spar_id_kept": "SR-7",
                    "spar_id_likeness": "sr-7",
                    "payment_removal_date": "2020-01-01 00:00:00",
                }
                Partner = self.env["res.partner"].with_user(self.contacts)
                if way == "saved":
                    self.save("res.partner", self.contacts, **forged)
                else:
                    Partner = Partner.with_context(
                        **{f"default_{name}": v for name, v in forged.items()}
                    )
                with suppress(AccessError), self.env.cr.savepoint():
                    planted = Partner.create({"name": "Planted"}).sudo()
                    for name in forged:
                        self.assertFalse(planted[name], name)
                savepoint.rollback()
                self.env.invalidate_all()
