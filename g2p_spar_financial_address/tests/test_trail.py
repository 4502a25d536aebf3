from odoo.tests import tagged

from .common import FinancialAddressCase
from .trail_case import TrailCase


@tagged("post_install", "-at_install")
class TestTrail(FinancialAddressCase, TrailCase):
    def test_the_trail_of_an_address_stays(self):
        editor = self.new_user("t_editor", "editor")
        self.assertTrailKept(self.enter_address(), editor)

    def test_also_for_who_may_only_read_it(self):
        self.registrant.spar_id = "SR-9"
        viewer = self.new_user("t_viewer", "viewer")
        address = self.enter_address()
        self._assert_not_forged(address, viewer)

    def test_the_trail_of_settings_stays(self):
        administrator = self.new_user("t_admin", "administrator")
        for record in (
            self.env["g2p.fa.settings"].current(),
            self.env["g2p.fa.policy"].search([], limit=1),
            self.bank,
        ):
            self.assertTrailKept(record, administrator)
