from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools import SQL

from .common import FinancialAddressCase
from .typed import xlsx_file

WHY = "The payment of October was returned"


@tagged("post_install", "-at_install")
class TestConfirmation(FinancialAddressCase):
    """Numbers change hands: addresses are confirmed again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("c_editor", "editor")
        cls.address = cls.enter_address()
        cls.others = cls.env["g2p.financial.address"].browse()
        for n in range(2, 5):
            person = cls.new_registrant(f"R{n}", f"SR-{n}")
            cls.others |= cls.enter_address(f"0754 200 00{n}", partner_id=person.id)
        cls.everybody = cls.address | cls.others

    def setUp(self):
        super().setUp()
        # A test commits nothing.
        Cron = type(self.env["ir.cron"])
        self.patch(Cron, "_commit_progress", lambda *_args, **_values: 1)

    def as_editor(self, addresses=None):
        return (addresses or self.address).with_user(self.editor)

    def age(self, addresses, days):
        moment = fields.Datetime.now() - timedelta(days=days)
        addresses._trusted_write().write({"confirmed_on": moment})
        return moment

    def look(self):
        self.env["g2p.financial.address"]._cron_ask_to_confirm()

    def listed(self):
        return self.env["g2p.financial.address"].search(
            [("to_confirm_reason", "!=", False), ("state", "=", "effective")]
        )

    # === ASKING === #

    def test_a_marked_address_is_listed_and_stays_in_use(self):
        self.as_editor(self.everybody[:2]).mark_to_confirm(WHY)
        self.assertEqual(self.listed(), self.everybody[:2])
        self.assertEqual(set(self.everybody.mapped("state")), {"effective"})
        self.assertEqual(self.address.to_confirm_note, WHY)
        asked = self.address.confirmation_ids
        self.assertEqual((asked.event, asked.note), ("asked", WHY))
        self.assertEqual((asked.channel, asked.create_uid), ("admin", self.editor))
        self.assertEqual(self.registrant.to_confirm_reason, "marked")
        self.assertEqual(self.registrant.to_confirm_note, WHY)
        to_confirm = [
            ("state", "=", "effective"),
            ("to_confirm_reason", "!=", False),
        ]
        found = self.env["res.partner"].search(
            [("financial_address_ids", "any", to_confirm)]
        )
        self.assertEqual(found, self.everybody[:2].partner_id)

    def test_it_says_why_and_holds_no_number(self):
        for reason, message in (
            ("", "Say why"),
            (" ", "Say why"),
            ("Returned by 0754 200 001", "Leave numbers"),
        ):
            with self.subTest(reason), self.assertRefused(message):
                self.as_editor().mark_to_confirm(reason)
        self.assertFalse(self.listed())

    def test_only_what_is_in_use(self):
        draft = self.enter_address("+255754200009", dfsp_id=False)
        for addresses in (draft, draft | self.address, draft.browse()):
            addresses = addresses.with_user(self.editor)
            with self.assertRefused("Only an address in use"):
                addresses.mark_to_confirm(WHY)
            with self.assertRefused("Only an address in use"):
                addresses.action_confirm()

    def test_only_editors_ask_and_confirm(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        person = self.new_registrant("Elsewhere", "SR-7", company_id=company.id)
        hidden = self.enter_address("0754 200 007", partner_id=person.id)
        for role in ("viewer", "approver"):
            user = self.new_user(f"c_{role}", role)
            for way in ("action_confirm", "mark_to_confirm"):
                args = [WHY] if way == "mark_to_confirm" else []
                with self.subTest(role, way=way), self.assertRaises(AccessError):
                    getattr(self.address.with_user(user), way)(*args)
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self.as_editor(hidden).mark_to_confirm(WHY)
        for values in (
            {"to_confirm_note": WHY},
            {"to_confirm_reason": False},
            {"confirmed_on": datetime(2020, 1, 1)},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                self.as_editor().write(values)
        trail = self.env["g2p.fa.confirmation"].with_user(self.editor)
        with self.assertRaises(AccessError):
            trail.create({"address_id": self.address.id, "event": "confirmed"})

    def test_the_dialog(self):
        action = self.as_editor(self.others).with_context(decision="mark")
        action = action.action_ask_reason()
        dialog = self.env["g2p.fa.decision"].with_user(self.editor)
        dialog = dialog.with_context(**action["context"]).create({"reason": WHY})
        dialog.action_decide()
        self.assertEqual(self.listed(), self.others)

    # === BY FILE === #

    def load(self, columns, rows, **values):
        # A test of a file is rolled back.
        self.env.flush_all()
        wizard = self.env["base_import.import"].with_user(self.editor)
        wizard = wizard.create(
            {"res_model": "g2p.financial.address", **xlsx_file([columns, *rows])}
        )
        options = {"has_headers": True, "quoting": '"', "skip": 0, "limit": None}
        result = wizard.execute_import(columns, columns, options, **values)
        return wizard, [message["message"] for message in result["messages"]]

    def test_a_file_of_failed_payments(self):
        self.new_registrant("Unpaid", "SR-8")
        columns = ["spar_id", "to_confirm_note", "mobile_number"]
        rows = [
            ["SR-1", WHY, ""],
            ["SR-2", "Returned", ""],
            ["SR-8", WHY, ""],
            ["SR-9", WHY, ""],
            ["SR-3", WHY, "0754 200 003"],
            ["SR-4", "Paid at 0754 200 004", ""],
        ]
        wizard, messages = self.load(columns, rows, dryrun=True)
        wizard.invalidate_recordset()
        self.assertFalse(self.listed())
        self.assertEqual((wizard.fa_right_count, wizard.fa_wrong_count), (2, 4))
        outcomes = wizard.fa_row_ids.filtered("before").mapped("outcome")
        self.assertEqual(outcomes, ["mark", "mark"])
        _wizard, messages = self.load(columns, rows)
        self.assertEqual(self.listed(), self.everybody[:2])
        self.assertEqual(self.others[0].to_confirm_note, "Returned")
        self.assertEqual(self.address.confirmation_ids.channel, "import")
        said = " ".join(messages)
        for part in (
            "Imported: 2.",
            "has no address in use",
            "No registrant has the SPAR ID",
            "Write the two in two files",
            "Leave numbers",
        ):
            self.assertIn(part, said)

    def test_an_empty_column_marks_no_address(self):
        columns = ["spar_id", "to_confirm_note", "dfsp_id", "mobile_number"]
        self.address.mark_to_confirm(WHY)
        _wizard, messages = self.load(columns, [["SR-1", "", "M-Cash", "0754 200 001"]])
        self.assertEqual(messages, [])
        self.assertFalse(self.listed())
        self.assertEqual(self.registrant.financial_address_id, self.address)

    # === CONFIRMING === #

    def test_an_editor_confirms_many(self):
        self.everybody.mark_to_confirm(WHY)
        self.age(self.everybody, 400)
        self.as_editor(self.others).action_confirm()
        self.assertEqual(self.listed(), self.address)
        for address in self.others:
            self.assertFalse(address.to_confirm_note or address.to_confirm_on)
            confirmed = address.confirmation_ids[0]
            self.assertEqual(confirmed.event, "confirmed")
            self.assertEqual(confirmed.create_uid, self.editor)
            self.assertGreater(
                address.confirmed_on, fields.Datetime.now() - timedelta(minutes=5)
            )
        self.registrant.with_user(self.editor).action_confirm_financial_address()
        self.assertFalse(self.listed())

    def test_what_was_said_before_the_payment_failed_does_not_answer_it(self):
        self.address.mark_to_confirm(WHY)
        entry = {
            "partner_id": self.registrant.id,
            "dfsp_id": self.operator.id,
            "fa_type": "mobile_wallet",
            "mobile_number": "0754 200 001",
        }
        Address = self.env["g2p.financial.address"]
        before = self.address.to_confirm_on - timedelta(days=1)
        Address.submit([entry], "odk", [{"confirmed_on": before}])
        self.assertEqual(self.listed(), self.address)
        after = self.address.to_confirm_on + timedelta(seconds=1)
        Address.submit([entry], "odk", [{"confirmed_on": after}])
        self.assertFalse(self.listed())
        self.assertEqual(self.address.confirmed_on, after)

    def test_entering_it_again_writes_nothing_where_none_is_asked_for(self):
        before = self.age(self.address, 400)
        entry = {
            "partner_id": self.registrant.id,
            "dfsp_id": self.operator.id,
            "fa_type": "mobile_wallet",
            "mobile_number": "0754 200 001",
        }
        Address = self.env["g2p.financial.address"]
        Address.submit([entry], "import")
        self.assertEqual(self.address.confirmed_on, before)
        self.assertFalse(self.address.confirmation_ids)
        self.set_policy(confirm_months=6)
        for _again in range(2):
            Address.submit([entry], "import")
        self.assertEqual(self.address.confirmation_ids.mapped("event"), ["confirmed"])

    def test_what_waits_is_not_confirmed(self):
        self.set_policy(approve_import=True)
        self.address.mark_to_confirm(WHY)
        entry = {
            "partner_id": self.registrant.id,
            "dfsp_id": self.operator.id,
            "fa_type": "mobile_wallet",
            "mobile_number": "0754 200 077",
        }
        for _again in range(2):
            self.env["g2p.financial.address"].submit([entry], "import")
        self.assertEqual(self.listed(), self.address)

    # === WITH TIME === #

    def test_addresses_grow_old_where_the_policy_says_so(self):
        self.age(self.others, 400)
        self.look()
        self.assertFalse(self.listed())
        self.set_policy("bank_account", confirm_months=6)
        self.look()
        self.assertFalse(self.listed())
        self.set_policy(confirm_months=6)
        self.address.mark_to_confirm(WHY)
        self.look()
        self.assertEqual(self.listed(), self.everybody)
        self.assertEqual(set(self.others.mapped("to_confirm_reason")), {"age"})
        self.assertEqual(self.address.to_confirm_reason, "marked")
        # Which address is old is no event: its date says it.
        self.assertFalse(self.others.confirmation_ids)
        self.as_editor(self.others[0]).action_confirm()
        self.look()
        self.assertEqual(self.listed(), self.everybody - self.others[0])

    def test_a_milder_policy_takes_back_what_only_the_time_asked_for(self):
        self.set_policy(confirm_months=6)
        self.age(self.others[0], 400)
        self.age(self.others[1], 200)
        self.address.mark_to_confirm(WHY)
        self.look()
        self.assertEqual(len(self.listed()), 3)
        self.set_policy(confirm_months=12)
        self.look()
        self.assertEqual(self.listed(), self.address | self.others[0])
        self.set_policy(confirm_months=0)
        self.look()
        self.assertEqual(self.listed(), self.address)

    def test_ended_addresses_are_left_alone(self):
        self.set_policy(confirm_months=6)
        self.age(self.everybody, 400)
        self.registrant.action_end_financial_address("Moved away")
        self.look()
        self.assertEqual(self.listed(), self.others)
        self.assertFalse(self.address.to_confirm_reason)

    def test_the_index_is_used(self):
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute("SET LOCAL enable_bitmapscan = off")
        Address = self.env["g2p.financial.address"]
        for reason, index in ((False, "to_grow_old"), ("age", "to_confirm")):
            domain = Address._in_use_because("mobile_wallet", reason)
            domain &= Domain("confirmed_on", "<", fields.Datetime.now())
            query = Address._search(domain).select()
            rows = self.env.execute_query(SQL("EXPLAIN %s", query))
            self.assertIn(index, "\n".join(row for (row,) in rows))

    def test_addresses_from_before_count_from_when_they_came_into_use(self):
        self.env.cr.execute("UPDATE g2p_financial_address SET confirmed_on = NULL")
        self.upgrade("g2p_spar_financial_address", "19.0.1.2.0", "pre", "confirmed-on")
        self.assertEqual(self.address.confirmed_on, self.address.effective_date)
