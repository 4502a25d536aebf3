"""Attacks that ask whether a number is right, without the search for whole numbers."""

from contextlib import suppress

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import FinancialAddressCase

FIELDS = ("spar_id", "dfsp_id", "mobile_number", "reason")


@tagged("post_install", "-at_install")
class TestAttackQuestions(FinancialAddressCase):
    """Nothing tells a right guess from a wrong one, unless it is counted and logged."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("q_editor", "editor")
        cls.bank.branch_required = True
        cls.account = cls.enter_bank_account("0123456789")
        cls.victim = cls.new_registrant("Victim", "SR-9")
        cls.wallet = cls.enter_address("0754 200 777", partner_id=cls.victim.id)

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
        self.Address = self.env["g2p.financial.address"].with_user(self.editor)

    def try_file(self, rows, fields=FIELDS, dryrun=True):
        fields = list(fields)
        lines = [fields, *rows]
        wizard = (
            self.env["base_import.import"]
            .with_user(self.editor)
            .create(
                {
                    "res_model": "g2p.financial.address",
                    "file": "\n".join(",".join(line) for line in lines).encode(),
                    "file_type": "text/csv",
                    "file_name": "a.csv",
                }
            )
        )
        options = {"has_headers": True, "quoting": '"', "separator": ","}
        return wizard.execute_import(
            fields, fields, {**options, "skip": 0, "limit": None}, dryrun=dryrun
        )

    def questions(self):
        return self.env["g2p.fa.reveal"].search(
            [("user_id", "=", self.editor.id), ("way", "=", "search")]
        )

    def counted(self):
        self.env.cr.execute("SELECT count(*) FROM g2p_fa_rate_taken")
        return self.env.cr.fetchone()[0]

    def answers(self, ask, right, wrong):
        """Return what a right and a wrong guess are answered, as texts."""
        found = []
        for guess in (right, wrong):
            with self.env.cr.savepoint() as savepoint:
                try:
                    answer = ask(guess)
                except UserError as error:
                    answer = str(error)
                if isinstance(answer, dict):
                    # New ids differ from try to try.
                    newest = max(self.wallet.id, self.account.id)
                    answer["ids"] = [
                        id_ if id_ <= newest else "new" for id_ in answer["ids"] or []
                    ]
                found.append(str(answer))
                savepoint.rollback()
                self.env.invalidate_all()
        return found

    def test_trying_a_file_does_not_tell_a_registrants_number(self):
        right, wrong = self.answers(
            lambda guess: self.try_file([["SR-9", "M-Cash", guess, "Why"]]),
            "0754 200 777",
            "0754 200 778",
        )
        self.assertEqual(right, wrong)

    def test_trying_a_file_of_candidates_does_not_tell_which_is_right(self):
        rows = [["SR-9", "M-Cash", f"0754 200 {n}", "Why"] for n in range(700, 800)]
        with self.env.cr.savepoint() as savepoint:
            answer = self.try_file(rows)
            savepoint.rollback()
        self.assertNotIn(self.wallet.id, answer["ids"] or [])
        with self.env.cr.savepoint() as savepoint:
            wrong = self.try_file(rows[:77] + rows[78:] + [rows[0]])
            savepoint.rollback()
        self.assertEqual(answer["messages"], wrong["messages"])

    def test_trying_a_file_does_not_tell_whose_numbers_are_shared(self):
        for policy in ("approve", "refuse"):
            self.set_policy(shared=policy)
            for n in range(3):
                self.new_registrant(f"Scratch {policy} {n}", f"X-{policy}-{n}")
            with self.subTest(policy):
                before = len(self.questions())
                right, wrong = self.answers(
                    lambda guess, p=policy: self.try_file(
                        [[f"X-{p}-0", "M-Cash", guess, "Why"]]
                    ),
                    "0754 200 777",
                    "0754 200 778",
                )
                if right != wrong:
                    self.assertGreater(len(self.questions()), before)
                    self.assertTrue(self.counted())

    def test_a_file_of_candidates_asks_as_many_questions(self):
        self.set_policy(shared="refuse")
        for n in range(100):
            self.new_registrant(f"Scratch {n}", f"X-{n}")
        rows = [[f"X-{n}", "M-Cash", f"0754 200 {700 + n}", "Why"] for n in range(100)]
        self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
        heard = 0
        for _again in range(3):
            with suppress(UserError), self.env.cr.savepoint() as savepoint:
                answer = self.try_file(rows)
                heard += "Another registrant" in str(answer)
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertFalse(heard)

    def test_a_missing_branch_does_not_tell_the_account(self):
        values = {
            "partner_id": self.registrant.id,
            "fa_type": "bank_account",
            "dfsp_id": self.bank.id,
        }
        fields = ["spar_id", "fa_type", "dfsp_id", "account_number", "reason"]
        ways = {
            "create": lambda guess: self.Address.create(
                {**values, "account_number": guess}
            ),
            "contact": lambda guess: self.registrant.with_user(self.editor).write(
                {"financial_address_ids": [(0, 0, {**values, "account_number": guess})]}
            ),
            "import": lambda guess: self.try_file(
                [["SR-1", "Bank account", "First Bank", guess, "Why"]],
                fields,
                dryrun=False,
            ),
        }
        for way, ask in ways.items():
            with self.subTest(way), mute_logger("odoo.sql_db"):
                answers = {}
                for n in range(100):
                    guess = f"01234567{n:02}"
                    with self.env.cr.savepoint() as savepoint:
                        try:
                            answer = ask(guess)
                            answer = str(answer.get("messages") if answer else answer)
                        except UserError as error:
                            answer = str(error)
                        answers.setdefault(answer, []).append(guess)
                        savepoint.rollback()
                        self.env.invalidate_all()
                alone = [said[0] for said in answers.values() if len(said) == 1]
                self.assertNotIn("0123456789", alone)
