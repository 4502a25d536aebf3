from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestUpgrade(FinancialAddressCase):
    def test_addresses_entered_before_are_masked_and_found_as_new_ones(self):
        addresses = self.enter_address() | self.enter_bank_account()
        expected = [(a.masked, a.sudo().fingerprint) for a in addresses]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE g2p_financial_address"
            "   SET masked = NULL, fingerprint = NULL, entered_by_id = NULL"
        )
        self.env.invalidate_all()
        self.upgrade("g2p_spar_financial_address", "19.0.1.1.0")
        found = [(a.masked, a.sudo().fingerprint) for a in addresses]
        self.assertEqual(found, expected)
        self.assertEqual(addresses.entered_by_id, addresses.create_uid)
