"""Attacks by what an entry is refused for: a refusal stores nothing of the entry.

A text may not contain the number of an address. If the refusal depends on the number
that is in use, candidates can be tried in texts, many of them in one. So either the
answer does not depend on it, or the question is recorded and counted.
"""

from contextlib import contextmanager

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import FinancialAddressCase

RIGHT, WRONG = "0754 200 001", "0754 209 001"
#: An account number too short to be found in a text without knowing it.
SHORT, OTHER_SHORT = "71-0042", "71-0043"


@tagged("post_install", "-at_install")
class TestAttackThirdOracles(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("o_editor", "editor", "base.group_partner_manager")
        cls.both = cls.new_user(
            "o_both", "editor", "approver", "base.group_partner_manager"
        )
        cls.approver = cls.new_user("o_approver", "approver")
        cls.clerk = cls.new_registrant("Clerk", "O-1")
        cls.account_of = cls.new_registrant("Account", "O-2")
        cls.wallet = cls.enter_address(RIGHT)
        cls.account = cls.enter_bank_account(SHORT, partner_id=cls.account_of.id)

    def answer(self, act):
        """Return what a call says; what it stored is undone."""
        try:
            with self.env.cr.savepoint() as savepoint:
                said = act()
                savepoint.rollback()
        except UserError as error:
            said = str(error)
        self.env.invalidate_all()
        return said

    def assertSame(self, ask, candidates):
        """Each candidate gets the same answer, or it is recorded who asked."""
        with self.recorded_questions() as recorded:
            answers = {
                str(self.answer(lambda text=text: ask(text))).replace(text, "…")
                for text in candidates
            }
        if not any(recorded):
            self.assertEqual(len(answers), 1, answers)

    @contextmanager
    def cases(self, *ways):
        for way in ways:
            with self.subTest(way):
                yield way

    def entry(self, **values):
        # Refused for another cause, so that nothing of it is stored.
        return {
            "partner_id": self.registrant.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": "0754 300 300",
            "reason": "New phone",
            "payee_name": "Neema",
            "payee_until": "2020-01-01",
            **values,
        }

    def many(self, number):
        """Return a text of candidates, of which this is the last."""
        return " ".join([*(f"75420{n}001" for n in range(20, 29)), number])

    # === TEXTS OF AN ENTRY === #

    def test_a_text_does_not_tell_the_number_in_use(self):
        texts = ("holder_name", "payee_name", "reason", "proof_name", "mandate_name")
        for name in texts:
            for people, right, wrong in (
                (self.registrant, RIGHT, WRONG),
                (self.registrant, self.many(RIGHT), self.many(WRONG)),
                (self.registrant, "+255.754.200.001", "+255.754.209.001"),
                (self.registrant, "754x200x001", "754x209x001"),
                (self.account_of, f"No {SHORT}", f"No {OTHER_SHORT}"),
                (self.account_of, "A 710042 B", "A 710043 B"),
            ):
                for way, ask in self.ways(name, people).items():
                    with self.subTest(name, text=right, way=way):
                        self.assertSame(ask, (right, wrong))

    def ways(self, name, people):
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        entry = {"partner_id": people.id}
        return {
            "check": lambda text: [
                problems
                for _values, problems in Address.check_entries(
                    [self.entry(**{**entry, name: text})]
                )
            ],
            "check as the system": lambda text: [
                problems
                for _values, problems in Address.sudo().check_entries(
                    [self.entry(**{**entry, name: text})]
                )
            ],
            "create": lambda text: (
                Address.create(self.entry(**{**entry, name: text})) and "stored"
            ),
            "submit": lambda text: (
                Address.submit([self.entry(**{**entry, name: text})], "portal")
                and "stored"
            ),
            "draft": lambda text: Address.create(
                {
                    "partner_id": people.id,
                    "fa_type": "mobile_wallet",
                    "mobile_number": "0754 300 300",
                }
            ).write({name: text, "payee_until": "2020-01-01"}),
        }

    def test_a_file_does_not_tell_it(self):
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        for name in ("holder_name", "payee_name", "reason"):

            def load(text, name=name):
                row = {
                    "spar_id": "SR-1",
                    "dfsp_id": "M-Cash",
                    "mobile_number": "0754300300",
                    "payee_name": "Neema",
                    "payee_until": "2020-01-01",
                    name: text,
                }
                result = Address.with_context(import_file=True).load(
                    list(row), [list(row.values())]
                )
                return [message["message"] for message in result["messages"]]

            with self.subTest(name):
                self.assertSame(load, (RIGHT, WRONG))
                self.assertSame(load, (self.many(RIGHT), self.many(WRONG)))

    # === REASONS OF DECISIONS === #

    def test_a_reason_does_not_tell_it(self):
        self.set_policy(approve_admin=True)
        waiting = self.enter_address("0754 200 777", user=self.editor)
        waiting = waiting.with_user(self.approver)
        wallet = self.wallet.with_user(self.editor)
        account = self.account.with_user(self.editor)
        Decision = self.env["g2p.fa.decision"]

        def dialog(user, address, decision, text):
            return (
                Decision.with_user(user)
                .create(
                    {
                        "address_ids": [(6, 0, address.ids)],
                        "decision": decision,
                        "reason": text,
                    }
                )
                .action_decide()
            )

        ways = {
            "end": (lambda text: wallet.action_end(text), RIGHT, WRONG),
            "end an account": (
                lambda text: account.action_end(text) or "ended",
                f"was {SHORT}",
                f"was {OTHER_SHORT}",
            ),
            "end of the contact": (
                lambda text: self.registrant.with_user(
                    self.editor
                ).action_end_financial_address(text),
                RIGHT,
                WRONG,
            ),
            "end as the API does": (
                lambda text: wallet.sudo().end(self.registrant, text, "api"),
                RIGHT,
                WRONG,
            ),
            "end in the dialog": (
                lambda text: dialog(self.editor, wallet, "end", text),
                RIGHT,
                WRONG,
            ),
            "refuse": (
                lambda text: waiting.action_refuse(text),
                "0754 200 777",
                "0754 209 777",
            ),
            "mark": (lambda text: wallet.mark_to_confirm(text), RIGHT, WRONG),
            "mark with words between": (
                lambda text: wallet.mark_to_confirm(text) or "marked",
                "754x200x001",
                "754x209x001",
            ),
            "end with words between": (
                lambda text: wallet.action_end(text) or "ended",
                "754x200x001",
                "754x209x001",
            ),
        }
        for way, (ask, right, wrong) in ways.items():
            with self.subTest(way):
                self.assertSame(ask, (right, wrong))

    def test_a_merge_does_not_tell_it(self):
        twin = self.new_registrant("Twin", "O-3")
        self.enter_address("0754 200 333", partner_id=twin.id)

        def ask(text, user=self.editor):
            merge = (
                self.env["g2p.fa.merge"]
                .with_user(user)
                .create(
                    {
                        "kept_id": self.registrant.id,
                        "duplicate_id": twin.id,
                        "reason": text,
                    }
                )
            )
            merge.action_ask()
            return "asked"

        for right, wrong in (
            ("0754 200 333", "0754 209 333"),
            ("754x200x333", "754x209x333"),
        ):
            with self.subTest(right):
                self.assertSame(ask, (right, wrong))
        self.set_policy(approve_admin=True)

        def refuse(text):
            merge = (
                self.env["g2p.fa.merge"]
                .with_user(self.editor)
                .create(
                    {
                        "kept_id": self.registrant.id,
                        "duplicate_id": twin.id,
                        "reason": "Twice",
                    }
                )
            )
            merge.action_ask()
            merge.with_user(self.approver).action_refuse(text)
            return "refused"

        self.assertSame(refuse, ("0754 200 333", "0754 209 333"))
        self.assertSame(refuse, ("754x200x333", "754x209x333"))

    # === WHAT STAYS REFUSED === #

    def test_the_number_that_is_entered_is_refused_in_texts_all_the_same(self):
        for name, text in (
            ("holder_name", "Asha 0754 300 300"),
            ("holder_name", "Asha 754x300x300"),
            ("payee_name", "Neema 0754-300-300"),
            ("reason", "Call 0754 200 001"),
            ("reason", "new: 754x300x300"),
            ("proof_name", "0754300300.pdf"),
        ):
            with self.subTest(name, text=text):
                values = {"payee_name": "Neema", name: text}
                _values, problems = self.env["g2p.financial.address"].check_entry(
                    self.entry(payee_until=False, **values)
                )
                self.assertEqual(list(problems), [name])

    # === THE BRANCH THAT IS KEPT === #

    def test_a_check_that_stores_nothing_tells_no_account_by_its_branch(self):
        self.bank.branch_required = True
        Address = self.env["g2p.financial.address"]

        def ask(number):
            entry = {
                "partner_id": self.account_of.id,
                "fa_type": "bank_account",
                "dfsp_id": self.bank.id,
                "account_number": number,
            }
            return Address.check_entry(entry)[1]

        self.assertSame(ask, (SHORT, OTHER_SHORT))
