from unittest.mock import patch

from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestFaStrategy(FinancialAddressCase):
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

    def test_renaming_a_provider_is_told_to_whoever_keeps_spar(self):
        self.enter_address()
        changed = []
        with patch.object(
            type(self.registrant),
            "_financial_address_changed",
            lambda partners, channel: changed.append((partners, channel)),
        ):
            self.operator.code = "MC2"
            self.operator.strategy_id.fa_type_code = "MOBILE"
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
        ]:
            with self.subTest(template), self.assertRefused(message):
                self.env["g2p.fa.strategy"].create(
                    {
                        "name": "Bad",
                        "strategy_number": 99,
                        "fa_type": "mobile_wallet",
                        "fa_type_code": "MOBILE",
                        "template": template,
                    }
                )
