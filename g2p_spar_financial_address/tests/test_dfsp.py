import base64
import io

from PIL import Image

from odoo.tests import Form, new_test_user, tagged

from .common import FinancialAddressCase

ADDON = "g2p_spar_financial_address"


@tagged("post_install", "-at_install")
class TestDfsp(FinancialAddressCase):
    def test_pattern_example_and_hint_of_a_bank(self):
        self.bank.write(
            {
                "account_pattern": r"\d{10}",
                "account_example": "01234 56789",
                "account_hint": "Ten digits.",
            }
        )
        self.assertEqual(self.bank.account_pattern, r"\d{10}")

    def test_broken_and_hostile_patterns_are_not_stored(self):
        for pattern, message in (
            ("(", "not a valid regular expression"),
            ("(a+)+", "too complicated"),
            ("1" * 201, "too long"),
        ):
            with self.subTest(pattern), self.assertRefused(message):
                self.bank.account_pattern = pattern

    def test_the_example_matches_the_pattern(self):
        self.bank.account_pattern = r"\d{10}"
        with self.assertRefused("First Bank does not match the pattern"):
            self.bank.account_example = "123"
        self.bank.account_example = "1234567890"
        with self.assertRefused("First Bank does not match the pattern"):
            self.bank.account_pattern = r"\d{4}"

    def test_the_example_is_an_iban_where_ibans_are_used(self):
        self.bank.account_example = "1234567890"
        with self.assertRefused("First Bank is an IBAN: it begins with FR"):
            self.bank.country_id = self.env.ref("base.fr")

    def test_only_banks_have_account_numbers(self):
        for field, value in (
            ("account_pattern", r"\d{10}"),
            ("account_example", "1234567890"),
            ("account_hint", "Ten digits"),
        ):
            for provider in (self.operator, self.mail_operator):
                with self.subTest(field), self.assertRefused("Only banks"):
                    provider[field] = value

    def test_a_strategy_is_for_what_the_provider_offers(self):
        with self.assertRefused("is for another type of address than M-Cash offers"):
            self.operator.strategy_id = self.bank.strategy_id

    def test_the_form_forgets_account_numbers_of_what_is_no_bank(self):
        form = Form(self.env["g2p.dfsp"])
        form.name = "Corrected"
        form.code = "CO"
        form.account_pattern = r"\d{10}"
        form.account_example = "1234567890"
        form.fa_type = "mobile_wallet"
        provider = form.save()
        self.assertFalse(provider.account_pattern)
        self.assertEqual(provider.strategy_id.fa_type, "mobile_wallet")

    def test_the_form_takes_branches(self):
        with Form(self.bank) as form, form.branch_ids.new() as branch:
            branch.name = "South"
            branch.code = "SB02"
        self.assertEqual(self.bank.branch_ids.mapped("code"), ["NB01", "SB02"])

    def test_a_logo_is_kept_small(self):
        picture = io.BytesIO()
        Image.new("RGB", (1200, 600)).save(picture, "PNG")
        self.bank.logo = base64.b64encode(picture.getvalue())
        stored = Image.open(io.BytesIO(base64.b64decode(self.bank.logo)))
        self.assertEqual(stored.size, (256, 128))
        attachment = self.env["ir.attachment"].search(
            [
                ("res_model", "=", "g2p.dfsp"),
                ("res_id", "=", self.bank.id),
                ("res_field", "=", "logo"),
            ]
        )
        self.assertEqual(len(attachment), 1)

    def test_the_list_is_searched_and_grouped(self):
        views = self.env["g2p.dfsp"].get_views(
            [(False, "list"), (False, "kanban"), (False, "search")]
        )["views"]
        self.assertIn('name="logo"', views["kanban"]["arch"])
        for name in ("bank_account", "archived", "group_fa_type", "group_country"):
            self.assertIn(f'name="{name}"', views["search"]["arch"])

    def test_everybody_with_a_role_reads_and_only_administrators_write(self):
        for role in ("viewer", "editor"):
            user = new_test_user(self.env, f"d_{role}", f"{ADDON}.group_{role}")
            bank = self.bank.with_user(user)
            with self.subTest(role):
                self.assertEqual(bank.branch_ids.name, "North")
                for record in (bank, bank.branch_ids):
                    with self.assertRefused("not allowed to modify"):
                        record.name = "Mine"
        administrator = new_test_user(
            self.env, "d_administrator", f"{ADDON}.group_administrator"
        )
        self.bank.with_user(administrator).account_hint = "Ten digits"

    def test_what_addresses_refer_to_does_not_become_something_else(self):
        self.enter_bank_account()
        with self.assertRefused("There are payment addresses at this provider"):
            self.bank.fa_type = "email_wallet"
        other = self.env["g2p.dfsp"].create({"name": "Other", "code": "OB"})
        with self.assertRefused("There are payment addresses at this branch"):
            self.bank.branch_ids.dfsp_id = other
        other.fa_type = "email_wallet"
