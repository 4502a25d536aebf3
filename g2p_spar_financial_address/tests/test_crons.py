"""One registrant's error keeps no other waiting, and stops no scheduled action."""

from datetime import timedelta

from odoo import fields
from odoo.tests import new_test_user, tagged

from .common import FinancialAddressCase
from .crons import CronsMixin

ADDON = "g2p_spar_financial_address"


@tagged("post_install", "-at_install")
class TestCrons(CronsMixin, FinancialAddressCase):
    def setUp(self):
        super().setUp()
        # A test commits nothing.
        Cron = type(self.env["ir.cron"])
        self.patch(Cron, "_commit_progress", lambda *_args, **_values: 1)

    def make_addresses(self, count, same=False):
        partners = self.env["res.partner"].create(
            [
                {"name": f"C {n}", "is_registrant": True, "spar_id": f"C-{n}"}
                for n in range(count)
            ]
        )
        addresses = self.env["g2p.financial.address"]
        for n, partner in enumerate(partners):
            number = 754_200_300 + (n // 2 if same else n)
            addresses |= self.enter_address(f"0{number}", partner_id=partner.id)
        return addresses

    def test_all_are_looked_at_here(self):
        names = {
            "ask_to_confirm",
            "find_shared",
            "watch_bursts",
            "end_mandates",
            "erase",
            "forget_files",
            "import_directory",
            "remove_payment_data",
        }
        self.assertEqual(self.crons_of(ADDON), {f"cron_{name}" for name in names})

    def test_the_next_shared_number_is_found(self):
        self.set_policy(shared="allow")
        addresses = self.make_addresses(4, same=True)
        self.set_policy(shared="approve")
        addresses.sharing_id = False
        Address = type(addresses)
        calls = self.run_with_error(
            f"{ADDON}.cron_find_shared", Address, "_link_sharings"
        )
        self.assertEqual(calls, 2)
        self.assertEqual(len(addresses.filtered("sharing_id")), 2)

    def test_the_next_person_with_many_changes_is_noticed(self):
        self.env["g2p.fa.settings"].current().burst_limit = 1
        for name in ("c_one", "c_two"):
            user = new_test_user(self.env, name, f"{ADDON}.group_editor")
            for number in range(3):
                address = self.enter_address(f"075420040{number}")
                address.sudo().entered_by_id = user
        Address = type(self.env["g2p.financial.address"])
        calls = self.run_with_error(
            f"{ADDON}.cron_watch_bursts", Address, "_alert_change_rate"
        )
        self.assertEqual(calls, 2)

    def test_the_next_mandate_is_ended(self):
        addresses = self.make_addresses(3)
        today = fields.Date.today()
        addresses._trusted_write().write(
            {"payee_name": "Neema", "payee_until": today - timedelta(days=1)}
        )
        self.run_with_error(
            f"{ADDON}.cron_end_mandates", type(addresses), "_end_mandates"
        )
        states = sorted(addresses.mapped("state"))
        self.assertEqual(states, ["effective", "ended", "ended"])

    def test_the_next_end_is_announced(self):
        addresses = self.make_addresses(3)
        addresses._trusted_write().write({"payee_until": fields.Date.today()})
        self.run_with_error(f"{ADDON}.cron_end_mandates", type(addresses), "_announce")
        self.assertEqual(len(addresses.filtered("activity_ids")), 2)

    def test_the_others_are_erased(self):
        self.env["g2p.fa.settings"].current().retention_days = 30
        addresses = self.make_addresses(3)
        for partner in addresses.partner_id:
            partner.action_end_financial_address()
        before = fields.Datetime.now() - timedelta(days=60)
        addresses._trusted_write().write({"end_date": before})
        self.run_with_error(f"{ADDON}.cron_erase", type(addresses), "_erase")
        self.assertEqual(len(addresses.filtered("erased_date")), 2)

    def test_the_others_are_to_be_confirmed(self):
        self.set_policy(confirm_months=6)
        addresses = self.make_addresses(3)
        before = fields.Datetime.now() - timedelta(days=365)
        addresses._trusted_write().write({"confirmed_on": before})
        self.run_with_error(
            f"{ADDON}.cron_ask_to_confirm", type(addresses), "_grow_old"
        )
        self.assertEqual(len(addresses.filtered("to_confirm_reason")), 2)

    def test_the_data_of_the_others_is_removed(self):
        partners = self.make_addresses(3).partner_id
        Partner = type(partners)
        self.patch(Partner, "_payment_data_may_leave", lambda self: self.browse())
        for partner in partners:
            partner.action_remove_payment_data()
        self.patch(Partner, "_payment_data_may_leave", lambda self: self)
        self.run_with_error(
            f"{ADDON}.cron_remove_payment_data", Partner, "_remove_payment_data"
        )
        self.assertEqual(len(partners.filtered("payment_removal_date")), 1)
