"""Attacks by users of a third company: what the trail of others tells them."""

import json

from odoo.fields import Command
from odoo.tests import tagged

from .test_merge import MergeCase


@tagged("post_install", "-at_install")
class TestAttackFourthCompanies(MergeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Company = cls.env["res.company"]
        cls.home, cls.far, cls.third = Company.create(
            [{"name": "Home"}, {"name": "Far"}, {"name": "Third"}]
        )
        cls.approved(cls.registrant).company_id = cls.home
        cls.approved(cls.twin).company_id = cls.far
        cls.viewers = {}
        for company in (cls.home, cls.far, cls.third):
            user = cls.new_user(
                f"v_{company.id}", "viewer", "base.group_partner_manager"
            )
            user.write(
                {"company_ids": [Command.set(company.ids)], "company_id": company.id}
            )
            cls.viewers[company] = user
        for user in (cls.editor, cls.approver):
            user.company_ids = [Command.link(cls.home.id), Command.link(cls.far.id)]

    def trail(self, company):
        """Return all that a viewer of a company reads of changes of who is paid."""
        self.settle()
        env = self.env(user=self.viewers[company])
        rows = env["g2p.fa.proposal"].search_read([])
        rows += env["g2p.fa.proposal.line"].search_read([])
        return json.dumps(rows, default=str)

    def test_attack_fourth_a_merge_of_two_companies(self):
        merge = self.ask("duplicate")
        self.assertEqual(merge.state, "done")
        self.assertNotIn("SR-", self.trail(self.third))
        self.assertNotIn("Asha", self.trail(self.third))
        self.assertIn("SR-", self.trail(self.home))
        self.assertIn("SR-", self.trail(self.far))

    def test_attack_fourth_ids_given_up_to_a_new_rule(self):
        self.registrant.ref, self.twin.ref = "HOME-1", "FAR-2"
        self.make_ids_from("ref")
        self.make_ids_from("ref", "X-{id}")
        self.assertEqual(self.registrant.spar_id, "X-HOME-1")
        for company, own in ((self.home, "HOME-1"), (self.far, "FAR-2")):
            self.assertIn(own, self.trail(company))
        self.assertNotIn("FAR-2", self.trail(self.home))
        self.assertNotIn("HOME-1", self.trail(self.far))
        self.assertNotIn("Asha", self.trail(self.third))
