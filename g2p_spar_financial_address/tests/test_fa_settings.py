from contextlib import contextmanager

from psycopg2.errors import CheckViolation, LockNotAvailable, UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.sql_db import db_connect
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import frozendict, mute_logger

from .common import FinancialAddressCase

ADDON = "g2p_spar_financial_address"


@tagged("post_install", "-at_install")
class TestFaSettings(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Settings = cls.env["g2p.fa.settings"]
        cls.settings = cls.Settings.current()

    def test_defaults_send_and_change_least(self):
        defaults = {
            "id_source": "spar_id",
            "id_template": "{id}",
            "send_name": False,
            "send_phone": False,
            "retention_days": 0,
            "burst_limit": 50,
        }
        values = self.Settings.cached_values()
        # Other addons have settings of their own here.
        self.assertEqual({name: values[name] for name in defaults}, defaults)
        self.assertEqual(self.Settings._id_rule(), ((), "{id}"))

    def test_reading_a_setting_costs_no_query(self):
        self.Settings.cached_values()
        user = new_test_user(self.env, "f_none", groups="base.group_user")
        self.env.flush_all()
        with self.assertQueryCount(0):
            values = self.Settings.with_user(user).cached_values()
            self.Settings.with_user(user)._id_rule()
        self.assertIsInstance(values, frozendict)

    def test_a_changed_setting_is_read_at_once(self):
        self.assertFalse(self.Settings.cached_values()["send_name"])
        self.settings.send_name = True
        self.assertTrue(self.Settings.cached_values()["send_name"])
        self.assertTrue(self.settings.send_name)

    @mute_logger("odoo.sql_db")
    def test_there_is_one_set_of_settings(self):
        for way in (lambda: self.Settings.create({}), lambda: self.settings.copy()):
            with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
                way()
        with self.assertRefused("cannot be deleted"):
            self.settings.unlink()
        self.assertEqual(self.Settings.search([]), self.settings)

    def test_only_an_administrator_sees_and_changes_them(self):
        for group in ("base.group_user", f"{ADDON}.group_editor", "base.group_portal"):
            user = new_test_user(self.env, f"f_{group}", groups=group)
            theirs = self.settings.with_user(user).sudo(False)
            with self.subTest(group), self.assertRaises(AccessError):
                theirs.read(["send_name"])
            with self.subTest(group), self.assertRaises(AccessError):
                theirs.write({"send_name": True})
            with self.subTest(group), self.assertRaises(AccessError):
                theirs.write({"id_source": "ref"})
        admin = new_test_user(
            self.env, "f_admin", groups=f"{ADDON}.group_administrator"
        )
        mine = self.settings.with_user(admin).sudo(False)
        mine.send_name = True
        for way in (mine.unlink, lambda: mine.create({})):
            with self.assertRaises(AccessError):
                way()

    def test_an_administrator_uses_the_form(self):
        admin = new_test_user(
            self.env, "f_admin", groups=f"{ADDON}.group_administrator"
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"{ADDON}.g2p_fa_settings_action"
        )
        self.assertEqual(action["res_id"], self.settings.id)
        self.registrant.ref = "8871"
        form = Form(self.settings.with_user(admin).sudo(False))
        self.assertEqual(form.id_example, "Asha Juma: SR-1")
        form.id_source = "ref, function"
        form.id_template = "token:{id}@nationalId"
        self.assertEqual(form.id_example, "Asha Juma: token:8871@nationalId")
        self.assertEqual(form.relink_count, 1)
        with self.assertRefused("1 registrants would get another SPAR ID"):
            form.save()
        form.confirm_relink = True
        form.save()
        self.assertEqual(self.registrant.spar_id, "token:8871@nationalId")
        self.assertFalse(self.settings.confirm_relink)

    def test_what_people_write_on_the_portal_holds_no_id(self):
        partners = type(self.registrant)
        fields = getattr(partners, "_get_frontend_writable_fields", None)
        if not fields:
            self.skipTest("without the portal")
        for name in {"vat", "street", "city", "zip", "company_name"}:
            with self.subTest(name), self.assertRefused("people write it themselves"):
                self.settings.id_source = name

    def test_what_does_not_relink_needs_no_confirmation(self):
        self.settings.write({"retention_days": 30, "id_source": " spar_id "})
        self.registrant.write({"spar_id": False, "ref": False})
        self.settings.write({"id_source": "ref"})
        self.assertEqual(self.Settings._id_rule().sources, ("ref",))

    def test_sources_and_templates_that_cannot_work_are_refused(self):
        for source, template, message in [
            ("", "{id}", "Name the field"),
            (" , ", "{id}", "Name the field"),
            ("nonsense", "{id}", "have no field “nonsense”"),
            ("ref, ref", "{id}", "named twice"),
            ("email", "{id}", "“email” cannot hold an ID: people write it themselves"),
            ("ref, phone", "{id}", "“phone” cannot hold an ID: people write it"),
            ("ref, spar_id", "{id}", "stands alone"),
            ("spar_id", "token:{id}@nationalId", "exactly as it is typed"),
            ("comment", "{id}", "“comment” cannot hold an ID"),
            ("color", "{id}", "“color” cannot hold an ID"),
            ("barcode", "{id}", "“barcode” cannot hold an ID"),
            ("user_id", "{id}", "“user_id” cannot hold an ID"),
            ("contact_address", "{id}", "“contact_address” cannot hold an ID"),
            ("complete_name", "{id}", "filled in by the system"),
            ("ref", "", "{id} exactly once"),
            ("ref", "token", "{id} exactly once"),
            ("ref", "{id}{id}", "{id} exactly once"),
            ("ref", "{id}{sub}", "no other braces"),
            ("ref", "{{id}}", "no other braces"),
            ("ref", "{id}\n", "begins or ends with a blank"),
            ("ref", "a\n{id}", "invisible control"),
            ("ref", " {id}", "begins or ends with a blank"),
        ]:
            values = {"id_source": source, "id_template": template}
            with self.subTest(values), self.assertRefused(message):
                self.settings.write({**values, "confirm_relink": True})
        self.assertFalse(self.Settings._id_rule().sources)
        self.assertEqual(self.registrant.spar_id, "SR-1")

    @mute_logger("odoo.sql_db")
    def test_days_are_not_negative(self):
        with self.assertRaises(CheckViolation) as caught, self.env.cr.savepoint():
            self.settings.retention_days = -1
        message = self.Settings._sql_error_to_message(caught.exception)
        self.assertIn("cannot be negative", message)


@tagged("post_install", "-at_install")
class TestFaSettingsAtTheSameTime(TransactionCase):
    """Two transactions; nothing here stores an ID before the other one is there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.settings = cls.env["g2p.fa.settings"].current()
        cls.registrant = cls.env["res.partner"].create(
            {"name": "Asha Juma", "is_registrant": True}
        )
        cls.env.flush_all()
        cls.env.cr.execute("SET LOCAL lock_timeout = '100ms'")

    @contextmanager
    def another_transaction(self, query):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '5s'")
            cr.execute(query)
            yield
            cr.rollback()

    def test_the_rule_does_not_change_while_an_id_is_stored(self):
        message = "being saved or imported right now"
        with (
            self.another_transaction("SELECT FROM g2p_fa_settings FOR SHARE"),
            self.assertRaisesRegex(UserError, message),
        ):
            self.settings.id_source = "ref"
        self.settings.write({"id_source": "ref", "confirm_relink": True})
        self.assertEqual(self.settings._id_rule().sources, ("ref",))

    @mute_logger("odoo.sql_db")
    def test_no_id_is_stored_while_the_rule_changes(self):
        with self.another_transaction("SELECT FROM g2p_fa_settings FOR UPDATE"):
            self.registrant.comment = "may be written"
            for way in (self.registrant.write, self.registrant.create):
                with self.assertRaises(LockNotAvailable), self.env.cr.savepoint():
                    way({"name": "Asha", "spar_id": "SR-2"})
        self.registrant.spar_id = "SR-2"
        self.assertEqual(self.registrant.spar_id, "SR-2")
