"""Attacks on alarms, trails and notes, with other effects and contexts."""

from contextlib import suppress

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.g2p_fa_reveal import ALARM
from ..models.g2p_financial_address_workflow import CHANGE_RATE_ALERT
from ..values.checks import clean_note, mask_note
from ..values.invalid import InvalidValue
from .common import FinancialAddressCase

LIMIT = 5


@tagged("post_install", "-at_install")
class TestAttackAlarms(FinancialAddressCase):
    """What redirects or stops the payments of many people is noticed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("a_editor", "editor", "base.group_partner_manager")
        cls.approver = cls.new_user("a_approver", "approver")
        cls.people = cls.env["res.partner"].create(
            [
                {"name": f"P{n}", "is_registrant": True, "spar_id": f"AT-{n}"}
                for n in range(LIMIT + 1)
            ]
        )
        for n, person in enumerate(cls.people):
            cls.enter_address(f"0754 300 {n:03}", partner_id=person.id)
        cls.env["g2p.fa.settings"].current().write({"burst_limit": LIMIT})
        cls.env.flush_all()
        # They have been paid for long.
        cls.env.cr.execute(
            """UPDATE g2p_financial_address SET create_date = '2020-01-01',
                      effective_date = '2020-01-01'"""
        )
        cls.env.invalidate_all()

    def alarms(self):
        self.env["g2p.financial.address"]._cron_watch_bursts()
        return self.env["mail.activity"].search(
            [("activity_type_id", "=", self.env.ref(CHANGE_RATE_ALERT).id)]
        )

    def ways(self):
        mine = self.people.with_user(self.editor)

        def each(values):
            for n, person in enumerate(mine):
                person.write({k: v(n) if callable(v) else v for k, v in values.items()})

        return {
            "other IDs": lambda: each({"spar_id": lambda n: f"OTHER-{n}"}),
            "IDs removed": lambda: each({"spar_id": False}),
            "no registrants": lambda: mine.write({"is_registrant": False}),
            "archived": lambda: mine.action_archive(),
            "archived again": lambda: mine.write({"active": False}),
            "moved": lambda: mine.write({"company_id": self.env.company.id}),
        }

    def test_each_effect_is_counted(self):
        for way, act in self.ways().items():
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                act()
                self.env.flush_all()
                alarm = self.alarms()
                self.assertEqual(len(alarm), 1)
                self.assertIn(self.editor.name, alarm.summary)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_registering_people_is_no_change(self):
        fresh = self.env["res.partner"].with_user(self.editor)
        for n in range(LIMIT + 1):
            person = fresh.create({"name": f"New {n}"})
            person.write({"is_registrant": True})
            person.write({"spar_id": f"NEW-{n}"})
        self.assertFalse(self.alarms())

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_an_alarm_is_not_kept_away_by_a_forged_one(self):
        kinds = [self.env.ref(name).id for name in (ALARM, CHANGE_RATE_ALERT)]
        mine = self.env["mail.activity"].with_user(self.editor)
        values = {
            "res_model_id": self.env["ir.model"]._get_id("res.partner"),
            "res_id": self.editor.partner_id.id,
            "user_id": self.editor.id,
        }
        forged = {"watched_id": self.editor.id}
        for kind in kinds:
            ways = {
                "create": lambda k=kind: mine.create(
                    {**values, **forged, "activity_type_id": k}
                ),
                "default": lambda k=kind: mine.with_context(
                    default_watched_id=self.editor.id
                ).create({**values, "activity_type_id": k}),
                "write": lambda k=kind: mine.create(
                    {**values, "activity_type_id": k}
                ).write(forged),
                "schedule": lambda k=kind: self.editor.partner_id.with_user(
                    self.editor
                ).activity_schedule(activity_type_id=k, **forged),
                "schedule by default": lambda k=kind: (
                    self.editor.partner_id.with_user(self.editor)
                    .with_context(default_watched_id=self.editor.id)
                    .activity_schedule(activity_type_id=k)
                ),
                "import": lambda k=kind: mine.load(
                    [
                        "res_model_id/.id",
                        "res_id",
                        "activity_type_id/.id",
                        "watched_id/.id",
                    ],
                    [
                        [
                            str(values["res_model_id"]),
                            str(values["res_id"]),
                            str(k),
                            str(self.editor.id),
                        ]
                    ],
                ),
            }
            for way, act in ways.items():
                with self.subTest(kind, way=way), self.env.cr.savepoint() as savepoint:
                    with (
                        suppress(AccessError, UserError),
                        self.env.cr.savepoint(),
                    ):
                        act()
                        self.env.flush_all()
                    found = (
                        self.env["mail.activity"]
                        .sudo()
                        .search([("watched_id", "=", self.editor.id)])
                    )
                    self.assertFalse(found)
                    savepoint.rollback()
                    self.env.invalidate_all()

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_an_alarm_is_not_hidden_with_its_record(self):
        for n, person in enumerate(self.people):
            self.enter_address(
                f"0754 301 {n:03}", partner_id=person.id, user=self.editor
            )
        alarm = self.alarms()
        self.assertEqual(len(alarm), 1)
        address = self.env["g2p.financial.address"].browse(alarm.res_id)
        person = address.partner_id
        mine = address.with_user(self.editor)
        for way, act in {
            "unlink": lambda: mine.unlink(),
            "contact unlink": lambda: person.with_user(self.editor).unlink(),
            "unsubscribe": lambda: mine.message_unsubscribe(
                address.message_partner_ids.ids
            ),
            "archive": lambda: person.with_user(self.editor).action_archive(),
            "other commands": lambda: mine.write({"activity_ids": [(3, alarm.id, 0)]}),
            "batch": lambda: mine.env["mail.activity"].browse(alarm.id).action_done(),
            "dashboard": lambda: (
                mine.env["mail.activity"].browse(alarm.id).action_snooze()
            ),
        }.items():
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                with suppress(Exception), self.env.cr.savepoint():
                    act()
                    self.env.flush_all()
                self.env.invalidate_all()
                self.assertTrue(alarm.exists().active)
                self.assertNotEqual(alarm.user_id, self.editor)
                self.assertLessEqual(alarm.date_deadline, fields.Date.today())
                savepoint.rollback()
                self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestAttackTrail(FinancialAddressCase):
    """What a client says in its context leaves the trail as it is."""

    def test_a_context_does_not_switch_tracking_off(self):
        administrator = self.new_user("a_administrator", "administrator", "approver")
        editor = self.new_user("a_writes", "editor")
        self.set_policy(approve_admin=True)
        contexts = (
            {},
            {"tracking_disable": True},
            {"mail_notrack": True},
            {"mail_create_nolog": True, "tracking_disable": True},
            {"tracking_disable": 1, "mail_notrack": "x"},
        )
        for n, context in enumerate(contexts):
            person = self.new_registrant(f"T{n}")
            address = self.enter_address(
                f"0754 310 {n:03}", partner_id=person.id, user=editor
            )
            self.env.flush_all()
            self.env.cr.precommit.run()
            before = len(address.message_ids)
            decided = address.with_user(administrator).with_context(**context)
            decided.action_approve()
            self.env.flush_all()
            self.env.cr.precommit.run()
            address.invalidate_recordset()
            with self.subTest(**context):
                self.assertGreater(len(address.message_ids), before)


NUMBERS = (
    "0754200001",
    "0754 200 001",
    "0754-200-001",
    "0754.200.001",
    "07.54.20.00.01",
    "07-54-20-00-01",
    "07/54/20/00/01",
    "075-420-00-01",
    "(0754) 200001",
    "0754_200_001",
    "٠٧٥٤٢٠٠٠٠١",
    "०७५४२००००१",
    "０７５４２００００１",
    "0754\u00a0200\u00a0001",
    "0754\u200b200\u200b001",
    "0754\u2011200\u2011001",
    "0754 – 200 – 001",
    "0 7 5 4 2 0 0 0 0 1",
    "GB29NWBK60161331926819",
    "GB29-NWBK-6016-1331-9268-19",
    "TZ12 0123 4567 89",
    "asha@paymail.example",
    "asha＠paymail.example",
)
TEXTS = (
    "Moved on 2024-01-15",
    "Moved on 15.01.2024, came back 16.02.2024",
    "Letter 12/2024, page 3 of 14",
    "Case 2024-0051",
    "At 14:30 on 2024-01-15",
)


@tagged("post_install", "-at_install")
class TestAttackNotes(FinancialAddressCase):
    def test_numbers_in_other_notations(self):
        for text in NUMBERS:
            with self.subTest(text):
                said = f"He said {text} today"
                with self.assertRaises(InvalidValue):
                    clean_note(said, "Reason")
                self.assertIn("••••", mask_note(said))

    def test_what_is_no_number(self):
        for text in TEXTS:
            with self.subTest(text):
                self.assertEqual(clean_note(text, "Reason"), text)
                self.assertEqual(mask_note(text), text)
