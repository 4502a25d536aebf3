from collections import Counter
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .common import FinancialAddressCase

#: What people type and paste: any script, and what strings are built with.
PIECES = st.sampled_from(
    ["Asha", "አበበ", "محمد", "李小明", "🌻", "José", "{", "}", "{0}", "'", '"', "\\"]
    + [".", ":", "@", " ", "%s", "+255754", "0123456789", "\u200f", "\u2028"]
    + [".bank_code:", ".fa_type:", "bank_code:", ".branch", "_code:", "@nationalId"]
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=6).map("".join)
#: The same tests on every run; a failure prints how to repeat it.
EXAMPLES = settings(
    max_examples=300, derandomize=True, deadline=None, database=None, print_blob=True
)


@tagged("post_install", "-at_install")
class TestFaStrategy(FinancialAddressCase):
    def strategy(self, name):
        return self.env.ref(f"g2p_spar_financial_address.strategy_{name}")

    def make_strategy(self, template, **values):
        return self.env["g2p.fa.strategy"].create(
            {
                "name": "Test",
                "strategy_number": 99,
                "fa_type": "mobile_wallet",
                "fa_type_code": "MOBILE",
                "template": template,
                **values,
            }
        )

    def for_all(self, strategy, texts):
        """Try many combinations of values; return which came back unchanged."""
        names = sorted(strategy._placeholders() - {"fa_type"})
        outcomes = []
        EXAMPLES(
            given(st.fixed_dictionaries(dict.fromkeys(names, texts)))(
                lambda values: outcomes.append(
                    self.comes_back_unchanged(strategy, values)
                )
            )
        )()
        return outcomes

    def comes_back_unchanged(self, strategy, values):
        """Return False when refused; never is there a different split."""
        try:
            text = strategy._construct(values)
        except ValidationError:
            return False
        read = strategy._deconstruct(text)
        read.pop("fa_type", None)
        self.assertEqual(read, values)
        return True

    def test_strings_are_those_of_spars_own_strategies(self):
        wallet = self.enter_address()
        self.assertEqual(
            wallet._spar_value(),
            (
                "mobile_number:+255754200001.wallet_provider_name:M-Cash"
                ".wallet_provider_code:MC.fa_type:mobile_wallet_provider",
                4,
            ),
        )
        account = self.enter_bank_account()
        self.assertEqual(
            account._spar_value(),
            (
                "account_number:0123456789.branch_name:North.branch_code:NB01"
                ".bank_name:First Bank.bank_code:FB.fa_type:bank",
                2,
            ),
        )

    def test_what_is_written_can_be_read_back(self):
        strategy = self.env.ref("g2p_spar_financial_address.strategy_mobile_wallet")
        for name in ("M-Cash", "ኤም ካሽ", "Dot. Com", "a{b}c", "50 % more", ""):
            values = {
                "mobile_number": "+255754200001",
                "wallet_provider_name": name,
                "wallet_provider_code": "M.C",
                "fa_type": "mobile_wallet_provider",
            }
            with self.subTest(name):
                text = strategy._construct(values)
                self.assertEqual(strategy._deconstruct(text), values)

    def test_other_strings_are_not_read(self):
        strategy = self.env.ref("g2p_spar_financial_address.strategy_mobile_wallet")
        for text in ("", None, "account:5494@indigo.dfsp2.bank_acc"):
            self.assertIsNone(strategy._deconstruct(text))

    def test_providers_and_branches_named_like_a_label_are_refused(self):
        for name in ("X.wallet_provider_code:Y", "X.bank_code:", "a\nb"):
            for record in (self.operator, self.bank.branch_ids):
                for field in ("name", "code"):
                    message = "would take for the beginning|invisible control"
                    with self.subTest(name, f=field), self.assertRefused(message):
                        record[field] = name
        self.operator.name = "Dr. M: Cash"

    def test_a_value_with_a_label_in_it_is_refused(self):
        strategy = self.env.ref("g2p_spar_financial_address.strategy_mobile_wallet")
        with self.assertRefused("uses to separate the parts"):
            strategy._construct({"mobile_number": "1.wallet_provider_name:X"})

    def test_a_label_formed_by_two_adjacent_texts_is_refused(self):
        strategy = self.make_strategy("n:{mobile_number}.a:{wallet_provider_name}.a:")
        with self.assertRefused("told apart|to separate"):
            strategy._construct({"mobile_number": "1", "wallet_provider_name": "2.a:"})
        strategy.template = "{mobile_number}-{wallet_provider_name}"
        for first, second in [("1-", "2"), ("1", "-2"), ("1", "2-3")]:
            values = {"mobile_number": first, "wallet_provider_name": second}
            with self.subTest(values):
                try:
                    text = strategy._construct(values)
                except ValidationError:
                    continue
                self.assertEqual(strategy._deconstruct(text), values)
        with self.assertRefused("could not be told apart"):
            strategy._construct({"mobile_number": "1", "wallet_provider_name": "2-3"})

    def test_control_characters_are_refused(self):
        strategy = self.strategy("mobile_wallet")
        for character in "\n\r\t\0\x1b\x85":
            with self.subTest(repr(character)), self.assertRefused("invisible control"):
                strategy._construct({"mobile_number": f"1{character}2"})

    def test_seeds_are_spars_own_rows(self):
        rows = self.env["g2p.fa.strategy"].search([("strategy_number", "<=", 5)])
        self.assertEqual(
            [(row.strategy_number, row.kind, row.fa_type) for row in rows],
            [
                (1, "id", False),
                (2, "fa", "bank_account"),
                (3, "fa", "email_wallet"),
                (4, "fa", "mobile_wallet"),
                (5, "fa", "bank_account"),
            ],
        )
        bank = self.env["g2p.dfsp"].create({"name": "New Bank", "code": "NB"})
        self.assertEqual(bank.strategy_id.strategy_number, 2)

    def test_the_bridges_bank_strategy_writes_what_the_bridge_reads(self):
        self.bank.strategy_id = self.strategy("bank_account_bridge")
        self.assertEqual(
            self.enter_bank_account("9")._spar_value(),
            (
                "account_number:9.branch_code:NB01.bank_code:FB"
                ".mobile_number:.email_address:.fa_type:BANK_ACCOUNT",
                5,
            ),
        )
        for label in (".fa_type:", ".mobile_number:", ".email_address:"):
            with self.subTest(label), self.assertRefused("to separate the parts"):
                self.bank.strategy_id._construct({"bank_code": f"x{label}y"})

    def test_ids_are_written_and_read_as_spar_does(self):
        strategy = self.strategy("national_id")
        self.assertEqual(strategy._construct({"sub": "8871"}), "token:8871@nationalId")
        self.assertEqual(
            strategy._deconstruct("token:.8871@nationalId"), {"sub": ".8871"}
        )
        self.assertIsNone(strategy._deconstruct("token:8.871@nationalId"))
        self.assertIsNone(strategy._deconstruct("token:@nationalId"))
        for sub in ("8.871", "", None, "1@nationalId"):
            with self.subTest(sub), self.assertRefused("told apart|to separate"):
                strategy._construct({"sub": sub})

    def all_strategies(self):
        strategies = self.env["g2p.fa.strategy"].search([])
        # Those of SPAR's own seeds.
        self.assertLessEqual({1, 2, 3, 4, 5}, {*strategies.mapped("strategy_number")})
        return strategies

    def test_any_values_come_back_unchanged_or_are_refused(self):
        for strategy in self.all_strategies():
            with self.subTest(strategy.name):
                unchanged = Counter(self.for_all(strategy, TEXTS))
                self.assertGreater(unchanged[True], 10)
                self.assertGreater(unchanged[False], 10)

    def test_harmless_values_are_never_refused(self):
        harmless = st.text(
            st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=":@."),
            min_size=1,
            max_size=30,
        )
        for strategy in self.all_strategies():
            with self.subTest(strategy.name):
                unchanged = Counter(self.for_all(strategy, harmless))
                self.assertGreater(unchanged[True], 100)
                self.assertFalse(unchanged[False])

    def test_the_form_shows_what_the_template_does(self):
        form = Form(self.env["g2p.fa.strategy"])
        form.name, form.strategy_number = "Mine", 77
        form.fa_type, form.fa_type_code = "mobile_wallet", "MOBILE"
        form.template = "mobile:{mobile_number}.type:{fa_type}"
        self.assertEqual(form.example_written, "mobile:+255754200001.type:MOBILE")
        self.assertEqual(
            form.example_read, "mobile_number: +255754200001\nfa_type: MOBILE"
        )
        form.template = "mobile:{mobile_number}{nonsense}"
        self.assertIn("The template uses nonsense", form.example_written)
        form.kind = "id"
        form.template = "id:{sub}"
        self.assertEqual(form.example_written, "id:8871")
        strategy = form.save()
        self.assertFalse(strategy.fa_type or strategy.fa_type_code)

    def test_only_address_strategies_have_an_address_type(self):
        strategy = self.strategy("national_id")
        with self.assertRefused("has no address type"):
            strategy.fa_type = "bank_account"
        with self.assertRefused("needs an address type"):
            self.strategy("email_wallet").fa_type_code = False
        with self.assertRefused("Providers use this strategy"):
            self.operator.strategy_id.fa_type = "email_wallet"

    def test_renaming_a_provider_calls_the_hook_of_the_spar_engine(self):
        self.enter_address()
        changed = []
        with patch.object(
            type(self.registrant),
            "_financial_address_changed",
            lambda partners, channel: changed.append((partners, channel)),
        ):
            self.approved(self.operator).code = "MC2"
            self.approved(self.operator.strategy_id).fa_type_code = "MOBILE"
            self.operator.country_id = False
            self.bank.name = "Nobody is paid there"
        self.assertEqual(changed, [(self.registrant, "admin")] * 2)

    def test_templates_that_cannot_be_read_back_are_refused(self):
        for template, message in [
            ("{mobile_number}{wallet_provider_code}", "cannot be read back"),
            ("mobile_number:{account_number}", "does not have"),
            ("mobile_number:{mobile_number", "not valid"),
            ("n:{mobile_number!r}", "not valid"),
            ("n:{mobile_number:>9}", "not valid"),
            ("n:{mobile_number.__class__}", "does not have"),
            ("n:5", "holds no value"),
        ]:
            with self.subTest(template), self.assertRefused(message):
                self.make_strategy(template)
