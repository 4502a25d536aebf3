"""The control room tells an operator of another company nothing of people."""

import json

from odoo.fields import Command
from odoo.tests import tagged

from .test_overview import MonitorCase


@tagged("post_install", "-at_install")
class TestAttackFourthOverview(MonitorCase):
    def test_attack_fourth_an_operator_of_another_company(self):
        home, far = self.env["res.company"].create([{"name": "Home"}, {"name": "Far"}])
        self.registrant.company_id = home
        self.set_policy(approve_admin=True)
        self.enter_address("0754 200 001")
        self.set_policy(approve_admin=False)
        other = self.new_registrant("Neema Mushi", "SR-9", company_id=home.id)
        self.enter_address("0754 200 002", partner_id=other.id)
        self.operator_user.write(
            {"company_ids": [Command.set(far.ids)], "company_id": far.id}
        )
        overview = self.overview()
        said = json.dumps(overview, default=str)
        for secret in ("Asha", "Neema", "SR-", "••••"):
            self.assertNotIn(secret, said)
        self.assertEqual(
            dict(self.numbers(overview))
            and {
                name: count for name, count in self.numbers(overview).items() if count
            },
            {},
        )
