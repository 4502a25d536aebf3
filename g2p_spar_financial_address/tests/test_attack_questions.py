"""Attacks that ask whether a number is right, without the search for whole numbers."""

from contextlib import suppress

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.g2p_fa_reveal import ALARM, QUESTIONS
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

    # === REASONS AND NOTES THAT HOLD A NUMBER IN USE === #

    #: The number of the victim's wallet, with letters between, and another one.
    RIGHT, WRONG = "was 754x200x777", "was 754x200x778"

    def by_hand(self, text, **values):
        return self.Address.create(
            {
                "partner_id": self.victim.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator.id,
                "mobile_number": "0754 200 001",
                "reason": text,
                **values,
            }
        )

    def by_file(self, text):
        row = ["SR-9", "M-Cash", "0754 200 001", text]
        answer = self.try_file([row], dryrun=False)
        if answer["messages"][1:]:
            raise UserError(answer["messages"][1]["message"])

    def ways_to_say_why(self):
        """Return what takes a text about the wallet in use, by name."""
        approver = self.new_user("q_approver", "approver")
        manager = self.new_user("q_manager", "editor", "base.group_partner_manager")
        twin = self.new_registrant("Twin", "SR-10")
        merge = self.env["g2p.fa.merge"].with_user(manager)
        shared = self.env["g2p.fa.sharing"]._for_numbers(self.wallet)
        self.wallet.sudo().sharing_id = shared
        mine = self.wallet.with_user(self.editor)
        return {
            "create": self.by_hand,
            "holder": lambda text: self.by_hand("Why", holder_name=text),
            "payee": lambda text: self.by_hand("Why", payee_name=text),
            "proof": lambda text: self.by_hand("Why", proof_name=text),
            "mandate": lambda text: self.by_hand(
                "Why", payee_name="Neema Mushi", mandate_name=text
            ),
            "contact": lambda text: self.victim.with_user(manager).write(
                {
                    "financial_address_ids": [
                        (
                            0,
                            0,
                            {
                                "fa_type": "mobile_wallet",
                                "dfsp_id": self.operator.id,
                                "mobile_number": "0754 200 001",
                                "reason": text,
                            },
                        )
                    ]
                }
            ),
            "import": self.by_file,
            "end": lambda text: mine.action_end(text),
            "mark": lambda text: mine.mark_to_confirm(text),
            "merge": lambda text: merge.create(
                {
                    "kept_id": self.victim.id,
                    "duplicate_id": twin.id,
                    "keep_spar_id": "kept",
                    "keep_address": "kept",
                    "reason": text,
                }
            ).action_ask(),
            "accept": lambda text: shared.with_user(approver).action_accept(text),
        }

    def refused(self, ask, text):
        """Return the message of a refusal, with what is logged left in place."""
        # Not assertRaises: it would roll back the rows of the log.
        try:
            ask(text)
        except UserError as error:
            return str(error)
        return ""

    def test_a_number_in_a_reason_is_a_question(self):
        """A refusal tells that this number is in use: by each way it leaves a row."""
        for way, ask in self.ways_to_say_why().items():
            with self.subTest(way):
                rows = self.env["g2p.fa.reveal"].search([("way", "=", "search")])
                self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
                said = self.refused(ask, self.RIGHT)
                self.assertIn("contains the number of a payment address", said)
                more = self.env["g2p.fa.reveal"].search([("way", "=", "search")])
                more -= rows
                self.assertEqual(more.address_id, self.wallet)
                self.assertEqual(len(more), 1)
                self.assertEqual(self.counted(), 1)
                with self.env.cr.savepoint() as savepoint:
                    self.assertEqual(self.refused(ask, self.WRONG), "")
                    savepoint.rollback()
                self.env.invalidate_all()

    def test_a_plain_number_in_a_reason_has_one_answer(self):
        """Whether it is in use or not, and so it is no question."""
        ways = self.ways_to_say_why()
        for way in ("create", "import", "end", "mark", "merge", "accept"):
            with self.subTest(way), mute_logger("odoo.sql_db"):
                right = self.refused(ways[way], "was 0754 200 777")
                wrong = self.refused(ways[way], "was 0754 200 778")
                self.assertIn("Leave numbers", right)
                self.assertEqual(right, wrong)
        self.assertFalse(self.questions())
        self.assertFalse(self.counted())

    def test_many_numbers_in_reasons_are_looked_at_and_limited(self):
        limit, _seconds = QUESTIONS
        for _again in range(31):
            self.assertIn("contains the number", self.refused(self.by_hand, self.RIGHT))
        self.env["g2p.financial.address"]._cron_watch_bursts()
        kind = self.env.ref(ALARM)
        alarm = self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])
        self.assertIn(self.editor.name, alarm.summary)
        for _again in range(limit - 31):
            self.refused(self.by_hand, self.RIGHT)
        self.assertIn("many numbers", self.refused(self.by_hand, self.RIGHT))
        # The refusal is an answer all the same.
        self.assertEqual(len(self.questions()), limit + 1)

    def test_trying_a_file_does_not_compare_reasons(self):
        right, wrong = self.answers(
            lambda text: self.try_file([["SR-9", "M-Cash", "0754 200 001", text]]),
            self.RIGHT,
            self.WRONG,
        )
        self.assertEqual(right, wrong)
        self.assertFalse(self.questions())

    def test_trying_a_file_of_marks_does_not_compare_notes(self):
        fields = ("spar_id", "to_confirm_note")
        right, wrong = self.answers(
            lambda text: self.try_file([["SR-9", text]], fields), self.RIGHT, self.WRONG
        )
        self.assertEqual(right, wrong)
        self.assertFalse(self.questions())
        answer = self.try_file([["SR-9", self.RIGHT]], fields, dryrun=False)
        self.assertIn("contains the number", str(answer["messages"]))
        self.assertEqual(self.questions().address_id, self.wallet)

    def test_from_outside_what_is_not_refused_is_asked_as_well(self):
        """Agents and citizens cannot show a number: they try as often as they search.

        A text that may hold several numbers counts as so many questions.
        """
        limit, _seconds = QUESTIONS
        agent = self.new_user("q_agent", "base.group_portal")
        Address = self.env(user=agent, su=True)["g2p.financial.address"]

        def ask(text):
            entry = {
                "partner_id": self.victim.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator.id,
                "mobile_number": "0754 200 001",
                "reason": text,
            }
            return Address.check_entry(entry)[1].get("reason", "")

        several = "a 420001x420002x420003x420004x42000"
        for _again in range(limit // 4):
            self.assertEqual(ask(several), "")
        for text in (self.RIGHT, self.WRONG):
            self.assertIn("many numbers", ask(text))
        for text in ("Moved on 2026-11-30", "Household of 6, house 114"):
            self.assertEqual(ask(text), "")
