from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.service.model import get_public_method
from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestEntering(FinancialAddressCase):
    """What channels enter for a registrant, one address at a time."""

    def setUp(self):
        super().setUp()
        self.Address = self.env["g2p.financial.address"].sudo()
        self.changed = []
        self.patch(
            type(self.registrant),
            "_financial_address_changed",
            lambda partners, channel: self.changed.append((partners, channel)),
        )

    def entry(self, number, partner=None, **values):
        return {
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": number,
            "holder_name": "Asha Juma",
            "reason": "A new phone",
            "partner_id": (partner or self.registrant).id,
            **values,
        }

    def enter(self, number, partner=None, **values):
        entered = self.Address.submit([self.entry(number, partner, **values)], "api")
        self.env.flush_all()
        return entered

    def test_a_first_address(self):
        address = self.enter("0754200001")
        self.assertEqual(address.state, "effective")
        self.assertEqual(self.changed, [(self.registrant, "api")])
        self.assertEqual(self.registrant.financial_address_id, address)
        self.assertFalse(address.message_ids)

    def test_a_newer_address_ends_the_one_in_use(self):
        before = self.enter("0754200001")
        after = self.enter("0754200002")
        self.assertEqual(before.state, "ended")
        self.assertEqual(after.previous_id, before)
        self.assertEqual(len(self.changed), 2)

    def test_a_bank_account_with_its_branch(self):
        branch = self.bank.branch_ids
        bank = {"fa_type": "bank_account", "dfsp_id": self.bank.id}
        account = {"account_number": "120000000001", "branch_id": branch.id}
        address = self.enter(False, **bank, **account)
        self.assertEqual(address.branch_id, branch)
        self.assertEqual(address.state, "effective")

    def test_what_is_there_already_is_not_entered_again(self):
        before = self.enter("0754200001")
        self.assertEqual(self.enter("0754200001"), before)
        self.assertEqual(len(self.changed), 1)

    def test_the_company_is_the_registrants(self):
        company = self.env["res.company"].create({"name": "North"})
        self.registrant.company_id = company
        self.assertEqual(self.enter("0754200001").company_id, company)

    def test_where_something_waits_the_newer_takes_its_place(self):
        self.set_policy(approve_api=True)
        waiting = self.enter("0754200001")
        self.assertEqual(waiting.state, "to_approve")
        self.set_policy(approve_api=False)
        self.assertEqual(self.enter("0754200002").state, "effective")
        self.assertEqual(waiting.state, "ended")

    def test_a_number_of_another_registrant_is_put_on_the_list(self):
        other = self.new_registrant("Chiku Omar", "SR-3")
        self.enter("0754200001", other)
        shared = self.enter("0754200001")
        both = other | self.registrant
        self.assertEqual(shared.sharing_id.address_ids.partner_id, both)

    def test_a_registrant_whose_payment_data_is_removed_gets_none(self):
        self.registrant.payment_removal_date = "2026-01-01"
        with self.assertRefused("is being removed"):
            self.enter("0754200001")

    def test_a_provider_that_is_archived_or_does_not_offer_this_is_refused(self):
        with self.assertRefused("does not offer this type"):
            self.enter("+255754200001", dfsp_id=self.bank.id)
        self.operator.active = False
        with self.assertRefused("is archived"):
            self.enter("0754200001")

    def test_what_spar_could_not_read_back_is_refused(self):
        wrong = "1.wallet_provider_code:MC"
        self.patch(type(self.Address), "_cleaned_value", lambda *_args: wrong)
        with self.assertRefused("SPAR uses to separate"):
            self.enter("0754200001")

    def test_it_takes_few_statements(self):
        self.enter("0754200001")
        entry = self.entry("0754200002")
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(13):
            self.Address.submit([entry], "api")
            self.env.flush_all()

    # === SEVERAL AT ONCE === #

    def test_each_entry_gets_its_address_in_order(self):
        others = [self.new_registrant(f"Chiku {n}", f"SR-{n + 3}") for n in range(2)]
        there = self.enter("0754200001")
        entered = self.Address.submit(
            [
                self.entry("0754200002", others[0]),
                self.entry("0754 200 001"),
                self.entry("0754200003", others[1]),
            ],
            "import",
        )
        self.assertEqual(
            list(entered.partner_id), [others[0], self.registrant, others[1]]
        )
        self.assertEqual(entered[1], there)

    def test_of_two_for_one_registrant_the_last_one_wins(self):
        entries = [self.entry("0754200001"), self.entry("0754200002")]
        first, last = self.Address.submit(entries, "import")
        self.assertEqual((first.state, last.state), ("ended", "effective"))

    def test_the_last_one_wins_also_where_it_is_in_use_already(self):
        in_use = self.enter("0754200001")
        other, last = self.Address.submit(
            [self.entry("0754200002"), self.entry("0754200001")], "import"
        )
        self.assertEqual(other.state, "ended")
        self.assertEqual(last.state, "effective")
        self.assertEqual(last.mobile_number, in_use.mobile_number)

    def test_many_take_no_query_each(self):
        self.bank.account_pattern = False
        self.assertNoQueryEach(
            lambda n, one: self.entry(
                False,
                one,
                fa_type="bank_account",
                dfsp_id=self.bank.id,
                account_number=f"0123{n:06}",
                mobile_number=False,
            )
        )

    def test_nor_do_wallets_of_no_country(self):
        """The companies' country is that of the numbers, where all have the same."""
        self.env["res.company"].search([]).country_id = self.env.ref("base.tz")
        self.operator.country_id = False
        self.assertNoQueryEach(lambda n, one: self.entry(f"0754 200 {n:03}", one))

    def assertNoQueryEach(self, entry_of):
        def queries(numbers):
            people = [self.new_registrant(f"Q {n}", f"Q-{n}") for n in numbers]
            entries = [entry_of(n, one) for n, one in zip(numbers, people, strict=True)]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.Address.check_entries(entries)
            self.Address.submit(entries, "import")
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(range(100, 103))
        few, many = queries(range(3)), queries(range(10, 40))
        self.assertLess(many - few, 27)

    # === WHO AND WHERE FROM === #

    def test_the_author_is_the_user_and_the_channel_the_servers(self):
        editor = self.new_user("e_editor", "editor")
        mine = self.env["g2p.financial.address"].with_user(editor)
        address = mine.submit([self.entry("0754200001")], "import")
        self.assertEqual((address.entered_by_id, address.channel), (editor, "import"))
        self.assertEqual(address.create_uid, editor)

    def test_an_entry_says_nothing_of_state_author_or_origin(self):
        for field, value in [
            ("state", "effective"),
            ("channel", "portal"),
            ("entered_by_id", self.env.uid),
            ("author_ids", []),
            ("fingerprint", "x"),
        ]:
            with self.subTest(field), self.assertRefused("not written by hand"):
                self.enter("0754200001", **{field: value})

    def test_facts_of_origin_are_the_servers_and_make_no_other_place(self):
        editor = self.new_user("e_editor", "editor")
        origin = {"author_ids": [Command.set(editor.ids)]}
        entry = self.entry("0754200001")
        address = self.Address.submit([entry], "odk", [origin])
        self.assertEqual(address.author_ids, editor)
        self.assertIn(editor, address._authors())
        self.assertEqual(self.Address.submit([entry], "odk"), address)

    def test_users_who_may_not_enter_or_end_are_refused(self):
        self.enter("0754200001")
        viewer = self.new_user("e_viewer", "viewer")
        theirs = self.env["g2p.financial.address"].with_user(viewer)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            theirs.submit([self.entry("0754200002")], "admin")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            theirs.end(self.registrant, "Moved", "admin")

    def test_no_rpc_client_reaches_the_service(self):
        offered = {
            "g2p.financial.address": (
                "check_entry",
                "check_entries",
                "submit",
                "end",
                "is_place",
                "whole_number",
                "find_sharing_refusals",
                "approvers",
            ),
            "g2p.fa.settings": ("current", "cached_values"),
            "g2p.fa.policy": ("asks_approval",),
            "g2p.fa.number.lock": ("lock_fingerprints",),
            "g2p.fa.rate": ("take", "take_all"),
        }
        for model, names in offered.items():
            for name in names:
                with self.subTest(name), self.assertRaises(AccessError):
                    get_public_method(self.env[model], name)

    # === CHECKING === #

    def test_all_that_is_wrong_is_said_at_its_field(self):
        self.bank.branch_required = True
        entry = self.entry(
            False,
            fa_type="bank_account",
            dfsp_id=self.bank.id,
            account_number="none",
            reason="Call 0754 200 001",
        )
        count = self.Address.search_count([])
        values, problems = self.Address.check_entry(entry)
        self.assertEqual(set(problems), {"account_number", "reason", "branch_id"})
        self.assertIn("at least one digit", problems["account_number"])
        self.assertIn("First Bank needs one", problems["branch_id"])
        self.assertEqual(values["holder_name"], "Asha Juma")
        self.assertEqual(self.Address.search_count([]), count)

    def test_what_is_checked_is_clean_and_stays_so(self):
        typed = self.entry(" 0754 200 001 ", holder_name=" Asha ", account_number="9")
        values, problems = self.Address.check_entry(typed)
        self.assertFalse(problems)
        self.assertEqual(values["mobile_number"], "+255754200001")
        self.assertEqual(values["holder_name"], "Asha")
        self.assertFalse(values["account_number"])
        self.assertEqual(self.Address.check_entry(values), (values, {}))
        self.assertTrue(self.Address.submit([values], "api").is_place(values))

    def checked(self, number="0754200001", **values):
        """Return an entry that was found right."""
        entry, problems = self.Address.check_entry(self.entry(number, **values))
        self.assertFalse(problems)
        return entry

    def checked_account(self):
        account = {"fa_type": "bank_account", "account_number": "0123456789"}
        return self.checked(False, dfsp_id=self.bank.id, **account)

    def test_what_was_checked_is_not_cleaned_again(self):
        cleaned = []
        original = type(self.Address)._cleaned_value

        def noted(addresses, fa_type, text, *more):
            cleaned.append(text)
            return original(addresses, fa_type, text, *more)

        self.patch(type(self.Address), "_cleaned_value", noted)
        for entry in (self.checked(), self.checked_account()):
            self.Address.submit([entry], "import")
        self.assertEqual(cleaned, ["0754200001", "0123456789"])

    def test_what_was_checked_cannot_be_changed(self):
        entry = self.checked()
        for change in (
            lambda: entry.update(mobile_number="12"),
            lambda: entry.__setitem__("mobile_number", "12"),
            lambda: entry.pop("reason"),
        ):
            with self.assertRaises(NotImplementedError):
                change()
        merged = entry
        merged |= {"mobile_number": "12"}
        self.assertEqual(entry["mobile_number"], "+255754200001")
        for changed in (merged, {**entry, "mobile_number": "12"}):
            with self.assertRefused("This mobile number cannot exist"):
                self.Address.submit([changed], "import")
        with self.assertRefused("not written by hand"):
            self.Address.submit([{**entry, "state": "effective"}], "import")

    def test_what_was_found_wrong_is_refused_when_it_is_submitted(self):
        typed = self.entry("0754200001", holder_name="A\nB")
        values, problems = self.Address.check_entry(typed)
        self.assertTrue(problems)
        with self.assertRefused("control character"):
            self.Address.submit([{**values, "holder_name": "A\nB"}], "import")
        values, problems = self.Address.check_entry(self.entry("12"))
        self.assertTrue(problems)
        with self.assertRefused("Enter the mobile number"):
            self.Address.submit([values], "import")

    def test_what_changes_after_a_check_is_seen_when_it_is_submitted(self):
        def since(change, message, entry):
            with self.subTest(message), self.env.cr.savepoint() as point:
                change()
                with self.assertRefused(message):
                    self.Address.submit([entry], "import")
                point.rollback()
                self.env.invalidate_all(flush=False)

        wallet, account = self.checked(), self.checked_account()
        operator, bank, partner = self.operator, self.bank, self.registrant
        since(lambda: operator.write({"active": False}), "is archived", wallet)
        since(
            lambda: self.approved(bank).write({"account_pattern": r"\d{4}"}),
            "no such account numbers",
            account,
        )
        since(
            lambda: self.approved(bank).write(
                {"country_id": self.env.ref("base.de").id}
            ),
            "is an IBAN",
            account,
        )
        since(lambda: bank.write({"branch_required": True}), "needs one", account)
        since(
            lambda: partner.write({"is_registrant": False}), "not a registrant", wallet
        )
        since(
            lambda: partner.write({"payment_removal_date": "2026-01-01"}),
            "is being removed",
            wallet,
        )
        self.enter("0754200001", self.new_registrant("Chiku Omar", "SR-3"))
        since(lambda: self.set_policy(shared="refuse"), "already paid", wallet)
        self.set_policy(approve_import=True)
        self.assertEqual(self.Address.submit([wallet], "import").state, "to_approve")

    def test_what_was_checked_is_not_entered_without_the_right_to(self):
        viewer = self.new_user("e_viewer", "viewer")
        theirs = self.env["g2p.financial.address"].with_user(viewer)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            theirs.submit([self.checked()], "import")

    def test_a_branch_that_is_kept_is_not_missing(self):
        self.enter_bank_account("0123456789")
        self.bank.branch_required = True
        account = {
            "fa_type": "bank_account",
            "dfsp_id": self.bank.id,
            "account_number": "01234-56789",
        }
        entry = self.entry(False, **account)
        without = {name: entry[name] for name in entry if name != "partner_id"}
        entries = [
            entry,
            {**entry, "account_number": "0123456780"},
            {**entry, "branch_id": False},
            without,
        ]
        for keeps_branch in (True, False):
            checked = self.Address.check_entries(entries, keeps_branch)
            self.assertEqual(
                ["branch_id" in problems for _values, problems in checked],
                [not keeps_branch, True, True, True],
            )

    def test_a_refusal_of_shared_numbers_is_seen_ahead(self):
        other = self.new_registrant("Chiku Omar", "SR-3")
        self.enter("0754200001", other)
        first, second = self.entry("0754200001"), self.entry("0754200002")
        without = {name: first[name] for name in first if name != "partner_id"}
        mine = {**first, "partner_id": other.id}
        again = {**second, "partner_id": other.id}
        entries = [first, second, without, mine, again]
        cleans = [values for values, _no in self.Address.check_entries(entries)]
        refusals = self.Address.find_sharing_refusals(cleans)
        self.assertEqual(refusals, [None] * 5)
        self.set_policy(shared="refuse")
        refusals = self.Address.find_sharing_refusals(cleans)
        self.assertEqual(
            [bool(one) for one in refusals], [True, False, True, False, True]
        )

    # === ENDING === #

    def test_ending_withdraws_what_waits_and_says_why(self):
        in_use = self.enter("0754200001")
        self.set_policy(approve_api=True)
        waiting = self.enter("0754200002")
        other = self.new_registrant("Chiku Omar", "SR-3")
        alone = self.enter("0754200003", other)
        idle = self.new_registrant("Neema Mushi", "SR-4")
        people = self.registrant | other | idle
        self.changed.clear()
        ended = self.Address.end(people, " Moved away ", "api")
        self.assertEqual(ended, in_use | waiting | alone)
        self.assertEqual(set(ended.mapped("state")), {"ended"})
        self.assertEqual(in_use.decision_note, "Moved away")
        self.assertEqual(alone.decision_note, "Moved away")
        self.assertEqual(waiting.decision_note, "The address in use was ended.")
        self.assertEqual(self.changed, [(self.registrant, "api")])
        self.assertFalse(self.Address.end(people, False, "api"))

    def test_a_reason_that_cannot_be_kept_ends_nothing(self):
        in_use = self.enter("0754200001")
        for reason, refusal in (
            ("Call 0754 200 002", "Leave numbers"),
            # The number in use, which nothing else tells from the other one.
            ("Call 0754 200 001", "Leave numbers"),
            ("Call 754x200x001", "contains the number of a payment address"),
        ):
            with self.assertRefused(refusal):
                self.Address.end(self.registrant, reason, "api")
        self.assertEqual(in_use.state, "effective")
