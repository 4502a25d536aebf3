"""Staff of a branch, to whom Odoo shows the contacts of its parent."""

import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import FinancialAddressCase

SECRETS = ("Zawadi", "Zuberi", "266", "277", "288", "Lost card", "Wrong person")
ROLES = ("viewer", "editor", "approver", "administrator")


@tagged("post_install", "-at_install")
class TestAttackFifthBranches(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Company = cls.env["res.company"]
        cls.home = Company.create({"name": "Head office"})
        cls.branch = Company.create({"name": "Branch", "parent_id": cls.home.id})
        cls.staff = cls.env["res.users"]
        for role in ROLES:
            user = cls.new_user(f"fifth_{role}", role, "base.group_partner_manager")
            user.write(
                {"company_ids": [Command.set(cls.branch.ids)], "company_id": cls.branch}
            )
            cls.staff |= user
        cls.victim = cls.new_registrant("Victim", "SR-700", company_id=cls.home.id)
        cls.enter("0754 266 666")
        cls.refused = cls.new_registrant("Refused", "SR-702", company_id=cls.home.id)
        cls.set_policy(approve_admin=True)
        cls.enter("0754 277 777", payee_name="Payee Zuberi", payee_relation="guardian")
        waits = cls.enter("0754 288 888", partner_id=cls.refused.id)
        judge = cls.new_user("fifth_judge", "approver", "base.group_partner_manager")
        judge.company_ids = [Command.link(cls.home.id)]
        cls.settle_all()
        waits.with_user(judge).with_context(
            allowed_company_ids=judge.company_ids.ids
        ).action_refuse("Wrong person")
        cls.in_use = cls.victim.financial_address_ids.filtered(
            lambda one: one.state == "effective"
        )
        cls.in_use.sudo().write(
            {"to_confirm_reason": "marked", "to_confirm_note": "Lost card"}
        )
        cls.settle_all()

    @classmethod
    def settle_all(cls):
        cls.env.flush_all()
        cls.env.invalidate_all()

    @classmethod
    def enter(cls, number, **values):
        values = {"partner_id": cls.victim.id, "holder_name": "Zawadi", **values}
        return cls.enter_address(number, **values)

    def test_no_field_of_a_contact_tells_them_of_its_addresses(self):
        tried = 0
        people = self.victim | self.refused
        for user in self.staff:
            mine = people.with_user(user)
            for name in mine._fields:
                if name in ("id", "avatar_1920") or not mine._has_field_access(
                    mine._fields[name], "read"
                ):
                    continue
                self.env.invalidate_all()
                with self.subTest(name, user=user.login):
                    try:
                        said = json.dumps(mine.read([name]), default=str)
                    except AccessError as error:
                        said = str(error)
                    for secret in SECRETS:
                        self.assertNotIn(secret, said)
                    tried += 1
        self.assertGreater(tried, 400)

    def test_what_a_save_has_read_with_all_rights_is_not_told(self):
        self.env["g2p.fa.settings"].current().write(
            {"send_name": True, "send_phone": True}
        )
        names = [
            "financial_address_id",
            "financial_address_state",
            "pending_address_id",
            "pending_comparison",
            "payee_note",
            "to_confirm_reason",
            "to_confirm_note",
            "returned_note",
            "returned_address_id",
            "spar_id_alike",
            "waiting_changes",
            "merged_address_ids",
        ]
        told = 0
        for user in self.staff:
            for name in names:
                self.settle_all()
                with self.subTest(name, user=user.login):
                    mine = self.victim.with_user(user)
                    try:
                        with self.env.cr.savepoint():
                            said = mine.web_save(
                                {"name": f"{user.login} {name}"}, {name: {}}
                            )[0][name]
                    except AccessError:
                        continue
                    told += 1
                    self.assertFalse(said)
        self.assertGreater(told, 0)
