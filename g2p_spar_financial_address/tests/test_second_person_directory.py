from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..imports.directory_csv import COLUMNS
from ..imports.directory_plan import DirectoryPlan
from .test_second_person_redirects import SecondPersonCase


@tagged("post_install", "-at_install")
class TestSecondPersonDirectory(SecondPersonCase):
    """An administrator alone gives no address another meaning."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.new_user("d_admin", "administrator")
        cls.branch = cls.bank.branch_ids
        cls.strategy = cls.bank.strategy_id
        cls.unused = cls.env["g2p.dfsp"].create({"name": "Unused", "code": "UN"})

    def test_what_is_in_use_waits_and_says_how_many_it_touches(self):
        other = self.strategy.copy({"strategy_number": 91})
        template = (
            "account_number:{account_number}.bank_code:{bank_code}.fa_type:{fa_type}"
        )
        for record, name, value in [
            (self.branch, "name", "South"),
            (self.branch, "code", "SB"),
            (self.strategy, "template", template),
            (self.strategy, "strategy_number", 92),
            (self.strategy, "fa_type_code", "BANK"),
            (self.bank, "name", "Bank of the admin"),
            (self.bank, "code", "BA"),
            (self.bank, "strategy_id", other.id),
        ]:
            with self.subTest(name, of=record._name):
                written = self.account._spar_value()
                record.with_user(self.admin).write({name: value})
                self.env.invalidate_all()
                self.assertEqual(self.account._spar_value(), written)
                proposal = self.proposals()
                self.assertEqual(proposal.people_count, 1)
                self.assertIn(name, proposal.line_ids.mapped("field_name"))
                self.assertTrue(record.with_user(self.admin).waiting_changes)
                told = []
                with patch.object(
                    type(self.registrant),
                    "_financial_address_changed",
                    lambda people, channel, told=told: told.append(people),
                ):
                    self.approve(proposal)
                self.assertEqual(told, [self.registrant])
                self.assertEqual(record._decisive_value(name), value)

    def test_the_waiting_change_is_shown_old_beside_new(self):
        changes = [
            (self.bank, "code", "FB", "BA"),
            (self.branch, "name", "North", "South"),
            (self.strategy, "fa_type_code", "bank", "BANK"),
        ]
        for record, name, old, new in changes:
            with self.subTest(name, of=record._name):
                seen = record.with_user(self.admin)
                self.assertFalse(seen.waiting_comparison["cells"])
                seen[name] = new
                self.env.flush_all()
                self.env.invalidate_all()
                shown = {
                    "name": name,
                    "label": record._fields[name].string,
                    "was": old,
                    "becomes": new,
                    "changed": True,
                    "note": "",
                }
                self.assertEqual(
                    seen.waiting_comparison,
                    {"cells": [shown], "people": 1, "note": ""},
                )
                # The approver sees the same on the proposal.
                proposal = self.proposals()
                self.assertEqual(proposal.comparison, {"cells": [shown], "people": 1})
                self.approve(proposal)
                self.assertFalse(seen.waiting_comparison["cells"])

    def test_another_strategy_is_shown_with_what_it_writes(self):
        other = self.strategy.copy({"strategy_number": 91})
        self.bank.with_user(self.admin).strategy_id = other
        seen = self.bank.with_user(self.admin)
        cells = {c["name"]: c for c in seen.waiting_comparison["cells"]}
        self.assertEqual(set(cells), {"strategy_id", "strategy_summary"})
        self.assertTrue(cells["strategy_summary"]["becomes"].startswith("91: "))
        self.assertTrue(cells["strategy_summary"]["changed"])

    def test_what_is_archived_is_in_use_all_the_same(self):
        for record in (self.bank, self.registrant, self.branch):
            record.active = False
        self.env.flush_all()
        for record, name in [
            (self.branch, "code"),
            (self.bank, "code"),
            (self.strategy, "fa_type_code"),
        ]:
            with self.subTest(name, of=record._name):
                before = record[name]
                record.with_user(self.admin)[name] = "X"
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual(record[name], before)

    def test_another_strategy_is_approved_as_it_was_shown(self):
        other = self.strategy.copy({"strategy_number": 91})
        self.bank.with_user(self.admin).strategy_id = other
        proposal = self.proposals()
        self.assertIn("Written as: 91: account_number:{account_number}", proposal.after)
        # No person is paid by it yet, so this takes effect at once.
        other.with_user(
            self.admin
        ).template = "x:{account_number}.bank_code:{bank_code}."
        with self.assertRefused("First Bank has been changed since"):
            self.approve(proposal)
        self.bank.with_user(self.admin).strategy_id = other
        self.assertIn("Written as: 91: x:{account_number}", self.proposals().after)
        self.approve(self.proposals())
        self.assertEqual(self.bank.strategy_id, other)

    def test_records_without_payments_are_edited_freely(self):
        seen = self.unused.with_user(self.admin)
        seen.write({"name": "Renamed", "code": "RE"})
        seen.branch_ids = [(0, 0, {"name": "B", "code": "B"})]
        seen.branch_ids.name = "C"
        self.operator.with_user(self.admin).code = "XX"
        self.assertEqual(seen.name, "Renamed")
        self.assertEqual(seen.branch_ids.name, "C")
        self.assertFalse(self.proposals("to_approve", "at_once"))

    def test_the_rest_is_written(self):
        self.bank.with_user(self.admin).write(
            {"name": "Mine", "account_hint": "Ten digits"}
        )
        self.assertEqual(self.bank.account_hint, "Ten digits")
        self.assertEqual(self.bank.name, "First Bank")

    def test_the_country_that_numbers_are_read_as_of_waits(self):
        other = self.new_registrant("Baraka")
        self.enter_address("0754 200 009", partner_id=other.id)
        kenya = self.env.ref("base.ke")
        wallet = self.operator.with_user(self.admin)
        for country in (kenya.id, False):
            with self.subTest(country):
                wallet.country_id = country
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual(self.operator.country_id.code, "TZ")
        wallet.country_id = kenya
        proposal = self.proposals()
        self.assertEqual(proposal.before, "Country: Tanzania")
        self.assertEqual(proposal.after, "Country: Kenya")
        typed = {"partner_id": other.id, "reason": "New phone"}
        newer = self.enter_address("0754 200 010", **typed)
        self.assertEqual(newer.mobile_number, "+255754200010")
        told = []
        with patch.object(
            type(self.registrant),
            "_financial_address_changed",
            lambda people, channel: told.append(people),
        ):
            self.approve(proposal)
        self.assertEqual(self.operator.country_id, kenya)
        self.assertFalse(told, "no text at SPAR depends on it")
        newest = self.enter_address("0754 200 011", **typed)
        self.assertEqual(newest.mobile_number, "+254754200011")

    def test_the_country_of_a_provider_without_payments_is_written(self):
        self.unused.with_user(self.admin).country_id = self.env.ref("base.ke")
        self.assertEqual(self.unused.country_id.code, "KE")
        self.assertFalse(self.proposals())

    def test_branches_in_the_form_of_their_bank_wait_too(self):
        form = Form(self.bank.with_user(self.admin))
        with form.branch_ids.edit(0) as branch:
            branch.code = "ZZ"
        form.save()
        self.assertEqual(self.branch.code, "NB01")
        self.assertEqual(self.proposals().after, "Code: ZZ")

    def test_what_cannot_be_written_is_not_proposed(self):
        with self.assertRefused("would take for the beginning"):
            self.bank.with_user(self.admin).name = "X.bank_code:Y"
        with self.assertRefused("lacks {account_number}"):
            self.strategy.with_user(self.admin).template = "bank:{bank_code}."

    def test_it_waits_whatever_the_policy(self):
        channels = ("admin", "portal", "odk", "api", "import")
        self.set_policy(
            "bank_account", **{f"approve_{name}": False for name in channels}
        )
        for user in (self.admin, self.env.user):
            for record, name, value in [
                (self.bank, "code", "BA"),
                (self.branch, "name", "South"),
                (self.strategy, "strategy_number", 92),
            ]:
                with self.subTest(name, user=user.login):
                    before = record[name]
                    record.with_user(user)[name] = value
                    self.env.flush_all()
                    self.env.invalidate_all()
                    self.assertEqual(record[name], before)
                    self.assertEqual(self.proposals()[:1].line_ids.new, value)
        plan = self.plan(("bank", "FB", "Bank of the admin", "NB01", "South"))
        plan.apply()
        self.assertEqual(plan.held, 2)
        self.assertEqual(self.bank.name, "First Bank")
        self.approve(self.proposals()[:1])
        self.assertEqual(self.bank.name, "Bank of the admin")

    def test_without_an_approver_it_waits_and_says_so(self):
        note = "No other user has the role of an approver"
        group = self.env.ref("g2p_spar_financial_address.group_approver")
        self.bank.with_user(self.admin).code = "BA"
        self.assertNotIn(note, self.bank.with_user(self.admin).waiting_changes)
        group.all_user_ids.active = False
        self.env.invalidate_all()
        self.assertIn(note, self.bank.with_user(self.admin).waiting_changes)
        self.assertIn(note, self.proposals().with_user(self.admin).approver_note)
        self.assertEqual(self.bank.code, "FB")
        # Who proposed it is no second person.
        group.user_ids += self.admin
        self.env.invalidate_all()
        self.assertIn(note, self.bank.with_user(self.admin).waiting_changes)
        group.user_ids += self.new_user("r_second", "viewer")
        self.env.invalidate_all()
        self.assertNotIn(note, self.bank.with_user(self.admin).waiting_changes)

    def test_a_directory_import_is_one_approval(self):
        other = self.new_registrant("B", "SR-B")
        self.enter_address(partner_id=other.id)
        self.set_policy(approve_portal=True)
        plan = self.plan(
            ("bank", "FB", "Bank of the admin", "NB01", "South"),
            ("mobile wallet", "MC", "Wallet of the admin", "", ""),
            ("bank", "UN", "Renamed", "", ""),
            ("bank", "NEW", "New bank", "", ""),
        )
        plan.apply()
        self.assertEqual(plan.held, 3)
        self.assertEqual(self.unused.name, "Renamed")
        self.assertTrue(self.env["g2p.dfsp"].search([("code", "=", "NEW")]))
        names = (self.bank | self.operator).mapped("name")
        self.assertEqual(names, ["First Bank", "M-Cash"])
        proposal = self.proposals()
        self.assertEqual(len(proposal), 1)
        self.assertEqual(proposal.people_count, 2)
        self.assertEqual(proposal.channel, "import")
        self.assertEqual(len(proposal.line_ids), 3)
        self.assertIn("First Bank, Name: Bank of the admin", proposal.after)
        told = []
        with patch.object(
            type(self.registrant),
            "_financial_address_changed",
            lambda people, channel: told.append(people),
        ):
            self.approve(proposal)
        self.assertEqual(told, [self.registrant | other])
        self.assertEqual(self.bank.name, "Bank of the admin")
        self.assertEqual(self.branch.name, "South")

    def test_a_newer_change_withdraws_only_what_it_changes_anew(self):
        self.set_policy(approve_portal=True)
        self.enter_address(partner_id=self.new_registrant("B", "SR-B").id)
        self.plan(
            ("bank", "FB", "Bank of the admin", "NB01", "South"),
            ("mobile wallet", "MC", "Wallet of the admin", "", ""),
        ).apply()
        imported = self.proposals()
        self.bank.with_user(self.admin).name = "Newer name"
        self.assertEqual(imported.state, "to_approve")
        self.assertEqual(imported.decision_note, "A part is replaced by a newer one.")
        self.assertIn("Name: withdrawn, as it was changed anew", imported.after)
        cells = {cell["label"]: cell for cell in imported.comparison["cells"]}
        gone = cells["First Bank, Name"]
        self.assertEqual(
            (gone["changed"], gone["note"]),
            (False, "withdrawn, as it was changed anew"),
        )
        self.assertTrue(cells["M-Cash, Name"]["changed"])
        newer = self.proposals() - imported
        waiting = self.bank.with_user(self.admin).waiting_changes
        self.assertNotIn("Bank of the admin", waiting)
        self.assertFalse(newer.also_withdrawn)
        self.approve(newer)
        self.approve(imported)
        self.assertEqual(self.bank.name, "Newer name")
        self.assertEqual(self.branch.name, "South")
        self.assertEqual(self.operator.name, "Wallet of the admin")

    def test_what_is_withdrawn_piece_by_piece_is_withdrawn_in_the_end(self):
        seen = self.bank.with_user(self.admin)
        seen.write({"name": "A", "code": "AA"})
        older = self.proposals()
        seen.name = "B"
        self.assertEqual(older.state, "to_approve")
        seen.code = "BB"
        self.assertEqual(older.state, "withdrawn")
        self.assertFalse(older.activity_ids)

    def test_where_an_effect_was_shown_both_say_what_is_withdrawn_as_well(self):
        other = self.strategy.copy({"strategy_number": 91})
        seen = self.bank.with_user(self.admin)
        seen.write({"name": "A", "strategy_id": other.id})
        older = self.proposals()
        seen.name = "B"
        newer = self.proposals()
        self.assertEqual(older.state, "withdrawn")
        label = self.bank._fields["strategy_id"].string
        self.assertEqual((older.also_withdrawn, newer.also_withdrawn), (label, label))
        self.approve(newer)
        self.assertEqual(self.bank.name, "B")
        self.assertNotEqual(self.bank.strategy_id, other)

    def plan(self, *rows):
        names = (
            "type",
            "provider_code",
            "provider_name",
            "branch_code",
            "branch_name",
        )
        cells = [
            {**dict.fromkeys(COLUMNS, ""), **dict(zip(names, row, strict=True))}
            for row in rows
        ]
        return DirectoryPlan(self.env(user=self.admin), list(enumerate(cells, 2)))

    # === A STRATEGY WRITES WHAT IT IS FOR === #

    def test_a_constant_is_no_strategy(self):
        for xmlid, template in [
            ("bank_account", "account_number:0123456789.bank_code:{bank_code}."),
            ("mobile_wallet", "mobile_number:+255754200666.fa_type:{fa_type}"),
            ("email_wallet", "email_address:me@mpay.example.fa_type:{fa_type}"),
            ("bank_account", "{branch_name}.x:{bank_name}"),
        ]:
            strategy = self.env.ref(f"g2p_spar_financial_address.strategy_{xmlid}")
            copy = strategy.copy({"strategy_number": 93})
            with self.subTest(template), self.assertRefused("The template lacks"):
                copy.template = template
            copy.unlink()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.env["g2p.fa.strategy"].create(
                {
                    "name": "All as one",
                    "strategy_number": 94,
                    "kind": "id",
                    "template": "token:8871@nationalId",
                }
            )
