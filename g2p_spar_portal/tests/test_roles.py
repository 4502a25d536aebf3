from odoo import Command
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import trusted

from .common import PORTAL, PortalCase, text_of


@tagged("post_install", "-at_install")
class TestRoles(PortalCase):
    """Who may open which page, and who decides whose registrants are whose."""

    def paths(self, partner_id):
        return [f"/my/people/{partner_id}", f"/my/people/{partner_id}/payment"]

    def test_who_does_not_sign_in_gets_to_no_page(self):
        for path in ("/my/people", *self.paths(self.registrant.id)):
            response = self.url_open(path, allow_redirects=False)
            with self.subTest(path):
                self.assertEqual(response.status_code, 303)
                self.assertIn("/web/login", response.headers["Location"])

    def test_who_is_no_field_agent_gets_to_no_page(self):
        users = [
            self.new_user("portal_user", "base.group_portal"),
            self.new_user("office", "administrator"),
        ]
        self.assign(self.registrant, *users)
        for user in users:
            self.sign_in(user)
            for path in ("/my/people", *self.paths(self.registrant.id)):
                with self.subTest(user.login, path=path):
                    self.get(path, 403)

    def test_whoever_is_not_theirs_does_not_exist_for_an_agent(self):
        other = self.new_registrant("Other", "O-1", user_id=self.agent_b.id)
        self.agent.partner_id.phone = "+255 754 900 001"
        mine = {"user_id": self.agent.id}
        hidden = [
            other,
            self.new_registrant("Nobody's", "N-1"),
            self.new_registrant("Archived", "N-2", active=False, **mine),
            self.env["res.partner"].create({"name": "No registrant", **mine}),
            self.agent.partner_id,
            self.env.company.partner_id,
        ]
        self.sign_in()
        form = self.form(
            f"{self.payment_path}?type=mobile_wallet",
            dfsp_id=str(self.operator.id),
            mobile_number="0754 200 001",
        )
        told = set()
        missing = max(self.env["res.partner"].search([]).ids) + 1000
        for id_ in (missing, 0, 2**31, 2**70, *(partner.id for partner in hidden)):
            for path in self.paths(id_):
                with self.subTest(path):
                    told.add(main_text(self.get(path, 404)))
            told.add(main_text(self.send(self.paths(id_)[1], form, 404)))
        self.assertEqual(len(told), 1, "a page told that somebody exists")
        self.env.invalidate_all()
        for partner in hidden:
            self.assertFalse(partner.financial_address_ids)

    def test_who_loses_a_registrant_loses_their_pages_at_once(self):
        self.assign(self.registrant, self.agent_b)
        self.sign_in(self.agent_b)
        self.get(self.person_path)
        self.assign(self.registrant)
        self.get(self.person_path, 404)

    def test_a_rule_too_wide_does_not_open_the_pages(self):
        self.env.ref(f"{PORTAL}.rule_partner_agent").domain_force = "[(1, '=', 1)]"
        Partner = type(self.env["res.partner"])
        everybody = [("is_registrant", "=", True)]
        self.patch(
            Partner, "_spar_agent_domain", lambda _self, _user: Domain(everybody)
        )
        self.sign_in(self.agent_b)
        self.get(self.person_path, 404)
        self.assertNotIn("Asha", self.get("/my/people").text_content())

    def test_a_registry_says_in_one_method_who_the_agent_is(self):
        Partner = type(self.env["res.partner"])
        self.patch(Partner, "_spar_get_agent", lambda _self: self.agent_b)
        self.assertTrue(self.registrant._spar_is_agent(self.agent_b))
        self.assertFalse(self.registrant._spar_is_agent(self.agent))
        nobody = self.env["res.users"]
        self.assertFalse(self.registrant._spar_is_agent(nobody))

    def test_agents_follow_nobody(self):
        Partner = trusted(self.env(user=self.agent, su=True)["res.partner"], "portal")
        made = Partner.create(
            {"name": "New", "is_registrant": True, "user_id": self.agent.id}
        )
        self.registrant.user_id = self.agent_b
        agents = (self.agent | self.agent_b).partner_id
        self.assertFalse((made | self.registrant).message_partner_ids & agents)
        clerk = self.new_user("clerk", "viewer")
        self.registrant.user_id = clerk
        self.assertIn(clerk.partner_id, self.registrant.message_partner_ids)

    # === WHO DECIDES === #

    def test_a_tick_on_the_user_makes_a_field_agent(self):
        user = self.new_user("portal_user", "base.group_portal")
        user.is_field_agent = True
        self.assertTrue(user.has_group(f"{PORTAL}.group_field_agent"))
        self.assertTrue(user.share)
        user.is_field_agent = False
        self.assertFalse(user.has_group(f"{PORTAL}.group_field_agent"))
        self.assertTrue(user.has_group("base.group_portal"))
        with self.assertRaises(AccessError):
            user.with_user(user).is_field_agent = True

    def test_only_an_editor_hands_registrants_to_a_field_agent(self):
        clerk = self.new_user("clerk", "viewer", "base.group_partner_manager")
        editor = self.new_user("edo", "editor", "base.group_partner_manager")
        seen = self.registrant.with_user(clerk)
        with self.assertRaisesRegex(AccessError, "choose the field agent"):
            seen.user_id = self.agent_b
        with self.assertRaisesRegex(AccessError, "choose the field agent"):
            seen.create(
                {"name": "X", "is_registrant": True, "user_id": self.agent_b.id}
            )
        seen.user_id = clerk
        seen.name = "Asha J."
        self.registrant.with_user(editor).user_id = self.agent_b
        self.assertEqual(self.registrant.user_id, self.agent_b)

    def test_nor_by_putting_them_below_a_contact_of_the_agent(self):
        """Odoo gives people without a salesperson that of their parent."""
        clerk = self.new_user("r_parent", "viewer", "base.group_partner_manager")
        parent = self.env["res.partner"].create(
            {"name": "Household", "user_id": self.agent_b.id}
        )
        self.registrant.user_id = False
        self.env.flush_all()
        seen = self.registrant.with_user(clerk)
        for partner, values in (
            (seen, {"parent_id": parent.id}),
            (parent.with_user(clerk), {"child_ids": [Command.link(seen.id)]}),
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                partner.write(values)
                self.assertEqual(self.registrant.parent_id, parent)
                self.assertFalse(self.registrant._spar_is_agent(self.agent_b))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_only_an_administrator_assigns_agents(self):
        manager = "base.group_partner_manager"
        editor = self.new_user("edo", "editor", manager)
        boss = self.new_user("boss", "administrator", manager)
        for method in ("read", "write"):
            with self.subTest(method), self.assertRaises(AccessError):
                seen = self.registrant.with_user(editor)
                if method == "read":
                    seen.read(["agent_ids"])
                else:
                    self.assign(seen, self.agent_b)
        self.assign(self.registrant.with_user(boss), self.agent_b)
        self.assertTrue(self.registrant._spar_is_agent(self.agent_b))


def main_text(page):
    """Return what a page says besides its frame."""
    (main,) = page.xpath("//main")
    return text_of(main)
