from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.trail_case import TrailCase

from .common import OdkCase


@tagged("post_install", "-at_install")
class TestOdkTrail(OdkCase, TrailCase):
    def test_the_trails_of_server_and_form_stay(self):
        administrator = self.new_user("o_admin", "administrator")
        for record in (self.server, self.form):
            self.assertTrailKept(record, administrator)
