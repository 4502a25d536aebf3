from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.common import FinancialAddressCase
from odoo.addons.g2p_spar_financial_address.tests.registrant_adapter_case import (
    RegistrantAdapterCase,
)


@tagged("post_install", "-at_install")
class TestExample(RegistrantAdapterCase, FinancialAddressCase):
    id_source = "card"
    tellings = 2

    def set_id(self, person, card):
        person.card_ids.lost = True
        self.env["example.card"].with_user(self.clerk).create(
            {"partner_id": person.id, "number": card}
        )

    def invalidate_id(self, person):
        person.card_ids.lost = True

    def stop(self, person):
        person.left_on = "2026-01-31"

    def resume(self, person):
        person.left_on = False
