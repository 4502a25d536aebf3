"""Attacks by staff of a branch, to whom Odoo shows the contacts of its parent."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import SparCase


@tagged("post_install", "-at_install")
class TestAttackThirdCompanies(SparCase):
    def test_staff_of_a_branch_learn_nothing_of_registrants_of_its_parent(self):
        home = self.env["res.company"].create({"name": "Head office"})
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": home.id}
        )
        person = self.new_registrant("Victim", "SR-700", company_id=home.id)
        self.enter_address("0754 266 666", partner_id=person.id)
        mappings = person.spar_mapping_ids
        self.run_engine(mappings=mappings)
        # What one who may ask has seen, which is kept.
        person.refresh_spar_status(ask=True)
        tried = 0
        for role in ("viewer", "editor", "approver", "administrator"):
            user = self.new_user(f"b_{role}", role, "base.group_partner_manager")
            operator = self.new_user(
                f"b_{role}_operator", role, "g2p_spar_sync_queue.group_manager"
            )
            for one in (user, operator):
                one.write(
                    {
                        "company_ids": [Command.set(branch.ids)],
                        "company_id": branch.id,
                    }
                )
                mine = person.with_user(one)
                theirs = mappings.with_user(one)
                for way, act in {
                    "status": mine.refresh_spar_status,
                    "status, asked": lambda m=mine: m.refresh_spar_status(ask=True),
                    "mapping": lambda m=theirs: m.read(["display_state"]),
                    "changes": lambda m=theirs: (
                        m.change_ids.read(["state"]) or m.read(["state"])
                    ),
                    "pause": lambda m=theirs: m._check_operator() or m.read(["state"]),
                    "readings": lambda m=mine: (
                        m.env["g2p.spar.reading"]
                        .search([("partner_id", "=", m.id)])
                        .read(["masked"])
                        or m.refresh_spar_status()
                    ),
                    "list": lambda m=mine: (
                        m.search([("id", "=", m.id), ("spar_state", "in", ["in_sync"])])
                        or m.read(["spar_state"])[0]["spar_state"]
                        or m.refresh_spar_status()
                    ),
                    "page": lambda m=mine: (
                        m.web_read(
                            {
                                "spar_mapping_ids": {"fields": {"sentence": {}}},
                                "spar_sentence": {},
                                "financial_address_id": {"fields": {"masked": {}}},
                            }
                        )[0]["financial_address_id"]
                        or m.refresh_spar_status()
                    ),
                }.items():
                    with self.subTest(role, login=one.login, way=way):
                        with self.assertRaises(AccessError), self.env.cr.savepoint():
                            act()
                        self.env.invalidate_all()
                        tried += 1
        self.assertEqual(tried, 4 * 2 * 8)
