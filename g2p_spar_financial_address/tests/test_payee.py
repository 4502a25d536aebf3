import base64

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError
from odoo.fields import Date
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..const import PAYEE_DETAILS
from .common import FinancialAddressCase

NEEMA = {
    "payee": "other",
    "payee_name": "Neema Mushi",
    "payee_relation": "guardian",
    "payee_id_number": "19800101-1234",
    "payee_until": "2027-06-30",
}
COURT = base64.b64encode(b"Decision of the court")
OVER = "The mandate of the payee has ended"


@tagged("post_install", "-at_install")
class TestPayee(FinancialAddressCase):
    """Another person receives the money in the registrant's place."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2027-01-01"))
        cls.editor = cls.new_user("pay_editor", "editor")
        cls.approver = cls.new_user("pay_approver", "approver")

    def setUp(self):
        super().setUp()
        # A test commits nothing.
        Cron = type(self.env["ir.cron"])
        self.patch(Cron, "_commit_progress", lambda *_args, **_values: 1)

    def enter(self, number="0754 200 001", **values):
        return self.enter_address(number, user=self.editor, **{**NEEMA, **values})

    def said(self, number="0754 200 001", **values):
        return {
            "partner_id": self.registrant.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": number,
            **values,
        }

    def submit(self, *entry, channel="odk", **values):
        Address = self.env["g2p.financial.address"]
        return Address.submit([self.said(*entry, **values)], channel)

    def payee(self, address):
        values = address.sudo().read(list(NEEMA))[0]
        return {name: values[name] for name in NEEMA}

    def assertPayee(self, address, **others):
        until = Date.to_date(NEEMA["payee_until"])
        expected = {**NEEMA, "payee_until": until, **others}
        self.assertEqual(self.payee(address), expected)

    def assertNoPayee(self, address):
        expected = {**dict.fromkeys(NEEMA, False), "payee": "self"}
        self.assertEqual(self.payee(address), expected)
        self.assertFalse(address.sudo().mandate)

    # === WHAT IS SAID === #

    def test_without_a_word_the_registrant_receives_the_money(self):
        self.assertNoPayee(self.enter_address())
        self.assertNoPayee(self.submit("0754 200 002"))

    def test_another_person_has_a_name(self):
        for values in (
            {"payee": "other"},
            {"payee_until": "2027-06-30"},
            {"payee": "other", "payee_name": " "},
        ):
            with self.subTest(values), self.assertRefused("Enter the name"):
                self.enter_address(**values)
        with self.assertRefused("Choose one"):
            self.enter(payee="self")
        with self.assertRefused("Choose who receives"):
            self.enter(payee="both")
        with self.assertRefused("from the list"):
            self.enter(payee_relation="friend")

    def test_a_mandate_that_is_over_is_not_entered(self):
        for until in ("2026-12-31", "0001-01-01"):
            with self.subTest(until), self.assertRefused(OVER):
                self.enter(payee_until=until)
        for until in ("2027-02-30", "soon", 5):
            with self.subTest(until), self.assertRefused("as 2030-12-31"):
                self.enter(payee_until=until)
        self.assertEqual(self.enter(payee_until="2027-01-01").state, "effective")

    def test_nor_approved_nor_completed(self):
        self.set_policy(approve_admin=True)
        waiting = self.enter()
        draft = self.enter(
            "+255754200002",
            dfsp_id=False,
            partner_id=self.new_registrant("Baraka", "SR-2").id,
        )
        with freeze_time("2027-07-01"):
            with self.assertRefused(OVER):
                waiting.with_user(self.approver).action_approve()
            with self.assertRefused(OVER):
                draft.dfsp_id = self.operator
        self.assertEqual((waiting.state, draft.state), ("to_approve", "draft"))

    def test_a_draft_is_completed_with_its_payee(self):
        draft = self.enter("+255754200002", dfsp_id=False, mandate=COURT)
        with self.assertRefused("Enter the name"):
            draft.payee_name = False
        draft.payee_relation = "trustee"
        draft.dfsp_id = self.operator
        self.assertEqual(draft.state, "effective")
        self.assertPayee(draft, payee_relation="trustee")
        other = self.enter("+255754200003", dfsp_id=False, mandate=COURT)
        other.payee = "self"
        self.assertNoPayee(other)

    # === A CHANGE OF PAYEE DECIDES WHO IS PAID === #

    def test_another_payee_is_another_address(self):
        first = self.enter()
        same = self.said(**NEEMA)
        submit = self.env["g2p.financial.address"].submit
        self.assertEqual(submit([same], "import"), first)
        self.set_policy(approve_import=True)
        changes = {
            "payee_name": "Asha Mushi",
            "payee_relation": "trustee",
            "payee_id_number": "2",
            "payee_until": "2027-07-01",
        }
        for name, value in changes.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                [waiting] = submit([{**same, name: value}], "import")
                self.assertEqual(waiting.state, "to_approve")
                self.assertEqual(waiting.previous_id, first)
                self.assertEqual(first.state, "effective")
                savepoint.rollback()
            self.env.invalidate_all()
        alone = submit([self.said(payee="self")], "import")
        self.assertEqual(alone.state, "to_approve")
        alone.with_user(self.approver).action_approve()
        self.assertNoPayee(self.registrant.financial_address_id)
        self.assertPayee(first)

    def test_the_holder_is_compared_with_the_payee(self):
        for payee, holder, match in (
            ("Neema Mushi", "MUSHI Neema", "same"),
            ("Neema Mushi", "N. Mushi", "similar"),
            ("Neema Mushi", "Asha Juma", "different"),
            (False, "Asha Juma", "same"),
            (False, "Neema Mushi", "different"),
        ):
            said = {**NEEMA, "payee_name": payee} if payee else {"payee": "self"}
            address = self.enter_address(holder_name=holder, **said)
            with self.subTest(payee=payee, holder=holder):
                self.assertEqual(address.holder_match, match)

    # === WHAT A CHANNEL HAS NOT ASKED === #

    def test_a_channel_that_does_not_ask_keeps_the_payee(self):
        self.enter(mandate=COURT, mandate_name="court.pdf")
        ways = {
            "channel": lambda: self.submit("0754 200 002"),
            "empty cells": lambda: self.submit(
                "0754 200 002", **dict.fromkeys(NEEMA, False)
            ),
            "rpc": lambda: self.enter_address("0754 200 002"),
        }
        for way, enter in ways.items():
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                address = enter()
                self.assertEqual(address.state, "effective")
                self.assertPayee(address)
                self.assertEqual(address.sudo().mandate, COURT)
                self.assertEqual(address.sudo().mandate_name, "court.pdf")
                savepoint.rollback()
            self.env.invalidate_all()

    def test_of_the_same_payee_it_keeps_the_rest(self):
        self.enter(mandate=COURT)
        address = self.submit("0754 200 002", payee_name="Neema Mushi")
        self.assertPayee(address)
        self.assertEqual(address.sudo().mandate, COURT)
        renewed = self.submit(
            "0754 200 002", payee_name="Neema Mushi", payee_until="2028-06-30"
        )
        self.assertPayee(renewed, payee_until=Date.to_date("2028-06-30"))
        # The former document does not prove the new mandate.
        self.assertFalse(renewed.sudo().mandate)

    def test_an_empty_cell_of_a_file_says_nothing(self):
        self.enter(mandate=COURT)
        columns = ["spar_id", "dfsp_id", "mobile_number", "payee_name"]
        columns += ["payee_relation", "payee_id_number", "payee_until"]
        row = ["SR-1", "M-Cash", "0754 200 002", "Neema Mushi", "", "", ""]
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        result = Address.with_context(import_file=True).load(columns, [row])
        self.assertFalse(result["messages"])
        address = self.registrant.financial_address_id
        self.assertEqual(address.sudo().mobile_number, "+255754200002")
        self.assertPayee(address)
        self.assertEqual(address.sudo().mandate, COURT)

    def test_in_capitals_it_is_the_same_payee(self):
        self.enter(mandate=COURT)
        address = self.submit("0754 200 002", payee_name="NEEMA  MUSHI")
        self.assertPayee(address, payee_name=address.payee_name)
        self.assertEqual(address.sudo().mandate, COURT)

    def test_nothing_of_another_payee(self):
        self.enter(mandate=COURT)
        address = self.submit("0754 200 002", payee_name="Asha Mushi")
        nothing = dict.fromkeys(PAYEE_DETAILS, False)
        self.assertPayee(address, **{**nothing, "payee_name": "Asha Mushi"})
        self.assertFalse(address.sudo().mandate)

    def test_what_no_second_person_has_approved_is_not_kept(self):
        """An editor alone changes no payee by way of an entry that has not asked."""
        first = self.enter_address()
        self.set_policy(approve_admin=True)
        ways = {
            "waits": lambda: self.enter("0754 200 003"),
            "is incomplete": lambda: self.enter("+255 754 200 003", dfsp_id=False),
        }
        for way, prepare in ways.items():
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                self.assertNotEqual(prepare().state, "effective")
                address = self.submit("0754 200 002")
                self.assertEqual(address.state, "effective")
                self.assertEqual(address.previous_id, first)
                self.assertNoPayee(address)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_of_a_first_address_that_waits_it_is_kept_and_waits(self):
        self.set_policy(approve_admin=True)
        both = self.new_user("pay_both", "editor", "approver")
        ways = {
            "waits": {},
            "is incomplete": {"dfsp_id": False},
        }
        for way, values in ways.items():
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                self.enter_address("+255 754 200 003", user=both, **NEEMA, **values)
                address = self.submit("0754 200 002")
                self.assertEqual(address.state, "to_approve")
                self.assertPayee(address)
                with self.assertRefused("You entered this address yourself"):
                    address.with_user(both).action_approve()
                address.with_user(self.approver).action_approve()
                self.assertEqual(address.state, "effective")
                savepoint.rollback()
            self.env.invalidate_all()

    # === THE FORM === #

    def dialog(self, user=None):
        action = self.registrant.with_user(
            user or self.editor
        ).action_amend_financial_address()
        model = self.env[action["res_model"]].with_user(user or self.editor)
        return Form(model.with_context(**action["context"]), view=action["views"][0][0])

    def test_the_dialog_begins_with_the_payee(self):
        self.enter(mandate=COURT)
        dialog = self.dialog()
        dialog.mobile_number = "0754 200 002"
        dialog.reason = "A new number"
        address = dialog.save()
        self.assertPayee(address)
        self.assertEqual(address.sudo().mandate, COURT)
        dialog = self.dialog()
        dialog.mobile_number = "0754 200 002"
        dialog.reason = "Of age"
        dialog.payee = "self"
        self.assertNoPayee(dialog.save())

    def test_a_viewer_reads_the_name_and_no_id_number(self):
        address = self.enter(mandate=COURT)
        viewer = self.new_user("pay_viewer", "viewer")
        note = self.registrant.with_user(viewer).payee_note
        self.assertEqual(
            note, "Paid to Neema Mushi · Guardian · mandate until 06/30/2027."
        )
        seen = address.with_user(viewer)
        self.assertEqual(seen.read(["payee_name"])[0]["payee_name"], "Neema Mushi")
        self.assertNotIn(NEEMA["payee_id_number"], str(seen.comparison))
        for name in ("payee_id_number", "mandate"):
            with self.subTest(name), self.assertRaises(AccessError):
                seen.read([name])
        action = self.registrant.with_user(viewer).action_amend_financial_address()
        self.assertNotIn(NEEMA["payee_id_number"], str(action))

    # === THE END OF A MANDATE === #

    def run_cron(self, day):
        with freeze_time(day):
            self.env.ref(
                "g2p_spar_financial_address.cron_end_mandates"
            ).ir_actions_server_id.run()
        self.env.invalidate_all()

    def todos(self, address):
        kind = self.env.ref("g2p_spar_financial_address.activity_mandate")
        return address.activity_ids.filtered(lambda a: a.activity_type_id == kind)

    def test_an_editor_is_asked_before_and_then_the_address_ends(self):
        address = self.enter()
        self.run_cron("2027-05-30")
        self.assertFalse(self.todos(address))
        self.run_cron("2027-05-31")
        todo = self.todos(address)
        self.assertEqual(todo.user_id, self.editor)
        self.assertEqual(todo.date_deadline, Date.to_date("2027-06-30"))
        self.assertIn("renew it", todo.summary)
        self.run_cron("2027-06-30")
        self.assertEqual(self.todos(address), todo, "asked once")
        self.assertEqual(address.state, "effective")
        told = []
        self.patch(
            type(self.registrant),
            "_financial_address_changed",
            lambda partners, channel: told.append((partners, channel)),
        )
        self.run_cron("2027-07-01")
        self.assertEqual(address.state, "ended")
        self.assertEqual(address.decision_note, "The mandate of the payee has ended.")
        self.assertEqual(address.ended_by_id.id, SUPERUSER_ID)
        self.assertEqual(told, [(self.registrant, "admin")])
        last = self.todos(address)
        self.assertEqual(last.user_id, self.editor)
        self.assertIn("has ended", last.summary)
        self.run_cron("2027-07-02")
        self.assertEqual(self.todos(address), last)

    def test_without_days_the_todo_comes_with_the_end(self):
        self.env["g2p.fa.settings"].current().mandate_days = 0
        address = self.enter()
        self.run_cron("2027-06-30")
        self.assertFalse(self.todos(address))
        self.run_cron("2027-07-01")
        self.assertEqual(len(self.todos(address)), 1)
        settings = self.env["g2p.fa.settings"].current()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.env.cr.savepoint(),
        ):
            settings.mandate_days = -1
            self.env.flush_all()

    def test_without_an_end_nothing_ends(self):
        forever = self.enter(payee_until=False)
        alone = self.enter_address(partner_id=self.new_registrant("Baraka", "SR-2").id)
        self.run_cron("2099-01-01")
        self.assertEqual((forever | alone).mapped("state"), ["effective"] * 2)
        self.assertFalse(self.todos(forever | alone))

    def test_the_renewal_that_waits_stays(self):
        address = self.enter()
        self.set_policy(approve_admin=True)
        renewal = self.enter(payee_until="2028-06-30")
        self.assertEqual(renewal.state, "to_approve")
        self.run_cron("2027-07-01")
        self.assertEqual((address.state, renewal.state), ("ended", "to_approve"))
        with freeze_time("2027-07-01"):
            renewal.with_user(self.approver).action_approve()
        self.assertEqual(renewal.state, "effective")

    def test_the_todo_goes_with_the_address(self):
        address = self.enter()
        self.run_cron("2027-06-15")
        self.assertTrue(self.todos(address))
        self.enter("0754 200 002", payee_until="2028-06-30")
        self.assertEqual(address.state, "ended")
        self.assertFalse(self.todos(address))

    def test_the_todo_is_an_editors(self):
        Address = type(self.env["g2p.financial.address"])
        everybody = Address._all_editors
        self.patch(
            Address,
            "_all_editors",
            lambda self: everybody(self).filtered(lambda u: "pay_" in u.login),
        )
        address = self.enter()
        self.run_cron("2027-06-15")
        todo = self.todos(address)
        self.editor.action_archive()
        robot = self.env.ref("base.user_root")
        self.assertEqual(todo.user_id, robot, "there is no editor")
        heir = self.new_user("pay_heir", "editor")
        self.assertEqual(todo.user_id, heir)
        self.editor.action_unarchive()
        heir.action_archive()
        self.assertEqual(todo.user_id, self.editor)

    def test_many_ends_on_one_day_are_no_alarm(self):
        self.env["g2p.fa.settings"].current().burst_limit = 2
        for number in range(4):
            person = self.new_registrant(f"Ward {number}", f"W-{number}")
            self.enter(f"0754 200 1{number:02}", partner_id=person.id)
        self.run_cron("2027-07-01")
        with freeze_time("2027-07-01"):
            self.env["g2p.financial.address"]._cron_watch_bursts()
        self.assertFalse(
            self.env["mail.activity"].search([("summary", "like", "Many changes by")])
        )

    # === BEFORE THERE WERE PAYEES === #

    def test_addresses_before_are_the_registrants_own(self):
        address = self.enter_address()
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE g2p_financial_address DROP COLUMN payee")
        self.upgrade("g2p_spar_financial_address", "19.0.1.2.0", "pre", "payee")
        self.assertEqual(address.payee, "self")
