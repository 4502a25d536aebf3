import json

from odoo.tests import new_test_user, tagged

from odoo.addons.g2p_spar_financial_address.tests.trail_case import TrailCase

from .common import AUDIENCE, ISSUER, ApiCase, Keys, jwk

ADMINISTRATOR = "g2p_spar_financial_address.group_administrator"


@tagged("post_install", "-at_install")
class TestApiTrail(ApiCase, TrailCase):
    def test_the_trails_of_client_and_issuer_stay(self):
        administrator = new_test_user(self.env, "a_admin", ADMINISTRATOR)
        issuer = self.env["g2p.api.issuer"].create(
            {
                "name": "Issuer",
                "url": ISSUER,
                "audience": AUDIENCE,
                "algorithms": "RS256",
                "jwks_source": "pasted",
                "jwks": json.dumps({"keys": [jwk(Keys.RSA, "one")]}),
                "id_template": "{id}",
            }
        )
        for record in (self.client, issuer):
            self.assertTrailKept(record, administrator)
