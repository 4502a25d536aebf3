"""Attacks by way of a contact: that of the agent, of an invited person, of a merge."""

from contextlib import suppress

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import PortalCase

MANAGER = "base.group_partner_manager"


@tagged("post_install", "-at_install")
class TestAttackOwnContact(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contacts = cls.new_user("c_contacts", "base.group_user", MANAGER)
        cls.enter_on_portal()

    def facts(self, partner):
        """Return what decides who is paid, and who may see and change it."""
        self.env.flush_all()
        self.env.invalidate_all()
        partner = partner.sudo()
        return {
            "spar_id": partner.spar_id,
            "is_registrant": partner.is_registrant,
            "active": partner.active,
            "company": partner.company_id,
            "address": partner.financial_address_id,
            "agents": partner.agent_ids,
            "agent": partner.user_id,
        }

    def test_an_agent_who_is_a_registrant_changes_no_more_than_others(self):
        """Odoo writes the own contact of a portal user with all rights."""
        own = self.agent.partner_id
        own.write({"is_registrant": True, "spar_id": "SR-66", "user_id": False})
        self.enter_address("0754 200 066", partner_id=own.id)
        before = self.facts(own)
        self.sign_in()
        forged = {
            "spar_id": "SR-1",
            "is_registrant": "",
            "active": "",
            "user_id": str(self.agent.id),
            "agent_ids": str(self.agent.id),
            "company_id": "1",
            "financial_address_ids": "",
            "payment_removal_date": "2020-01-01",
        }
        usual = {
            "name": "Me",
            "email": "me@example.org",
            "phone": "+255754999999",
            "street": "x",
            "city": "x",
            "country_id": str(self.env.ref("base.tz").id),
        }
        for path in ("/my/account", "/my/address/submit", "/my/address"):
            for more in ({}, forged, *({name: forged[name]} for name in forged)):
                form = {"csrf_token": self.token(), **usual, **more}
                form["partner_id"] = str(own.id)
                with self.subTest(path, more=list(more)), mute_logger("odoo.http"):
                    self.url_open(path, data=form, allow_redirects=False)
                    self.assertEqual(self.facts(own), before)
        # Nor are they their own agent.
        self.assertFalse(own._spar_is_agent(self.agent))
        self.get(f"/my/people/{own.id}", 404)

    def test_an_invited_registrant_sees_and_changes_nothing_by_signing_up(self):
        person = self.new_registrant("Invited", "SR-55", email="in@example.org")
        self.enter_address("0754 200 055", partner_id=person.id)
        before = self.facts(person)
        person.signup_prepare()
        token = person.with_user(self.contacts).sudo()._generate_signup_token()
        values = {
            "login": "in@example.org",
            "password": "a long password of mine",
            "name": "Invited",
            "spar_id": "SR-1",
            "is_registrant": False,
            "company_id": self.env.company.id,
            "agent_ids": [Command.link(self.agent.id)],
        }
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                public = self.env.ref("base.public_user")
                users = self.env(user=public, su=True)["res.users"]
                users.signup(dict(values), token)
        except Exception:
            self.env.invalidate_all()
        after = self.facts(person)
        self.assertEqual(after, before)
        user = self.env["res.users"].search([("partner_id", "=", person.id)])
        user = user or self.env["res.users"].create(
            {
                "login": "in@example.org",
                "password": "a long password of mine",
                "partner_id": person.id,
                "group_ids": [Command.set([self.env.ref("base.group_portal").id])],
            }
        )
        mine = person.with_user(user)
        for name in ("spar_id", "spar_state", "financial_address_ids", "agent_ids"):
            with self.subTest(name), self.assertRaises(UserError):
                mine.read([name])
        with self.assertRaises(UserError):
            self.env["g2p.financial.address"].with_user(user).search([])

    def test_a_merge_assigns_no_agent(self):
        one = self.new_registrant("Twin", agent_ids=[Command.set(self.agent_b.ids)])
        other = self.new_registrant("Twin")
        for dst in (one, other):
            with self.subTest(dst.id), self.env.cr.savepoint() as savepoint:
                wizard = self.env["base.partner.merge.automatic.wizard"]
                wizard = wizard.with_user(self.contacts)
                try:
                    with self.env.cr.savepoint():
                        wizard._merge((one | other).ids, dst.with_user(self.contacts))
                        self.env.flush_all()
                except UserError:
                    self.env.invalidate_all()
                if other.exists():
                    self.assertFalse(other._spar_is_agent(self.agent_b))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_contact_manager_assigns_no_agent_by_defaults(self):
        Default = self.env["ir.default"].with_user(self.contacts)
        for way in ("context", "saved"):
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                Partner = self.env["res.partner"].with_user(self.contacts)
                if way == "saved":
                    Default.set("res.partner", "agent_ids", self.agent_b.ids, True)
                    Default.set("res.partner", "is_registrant", True, True)
                else:
                    Partner = Partner.with_context(
                        default_agent_ids=[Command.set(self.agent_b.ids)],
                        default_is_registrant=True,
                    )
                with suppress(AccessError), self.env.cr.savepoint():
                    made = Partner.create({"name": "Made"})
                    self.assertFalse(made.sudo()._spar_is_agent(self.agent_b))
                savepoint.rollback()
                self.env.invalidate_all()

    # === ACCOUNTS OF AGENTS === #

    def test_the_mails_of_an_agent_do_not_go_to_others(self):
        """A link for a new password is mailed to the address of the contact."""
        contact = self.agent.partner_id
        contact.email = "agent@example.org"
        mine = "mine@example.org"
        editor = self.new_user("c_editor", "editor", MANAGER)
        for user in (self.contacts, editor):
            theirs = contact.with_user(user)
            Wizard = self.env["portal.wizard"].with_user(user)

            def invite(partner=theirs, wizards=Wizard):
                wizard = wizards.with_context(
                    active_model="res.partner", active_ids=partner.ids
                ).create({"partner_ids": [Command.set(partner.ids)]})
                wizard.user_ids.email = mine
                wizard.user_ids.action_invite_again()

            ways = {
                "write": lambda p=theirs: p.write({"email": mine}),
                "save": lambda p=theirs: p.web_save({"email": mine}, {"id": {}}),
                "import": lambda p=theirs: p.load(
                    [".id", "email"], [[str(p.id), mine]]
                ),
                "invite": invite,
                "merge": lambda p=theirs: p.env[
                    "base.partner.merge.automatic.wizard"
                ]._merge((p | p.create({"name": "X", "email": mine})).ids),
            }
            for way, act in ways.items():
                with (
                    self.subTest(user.login, way=way),
                    self.env.cr.savepoint() as savepoint,
                    mute_logger("odoo.sql_db", "odoo.addons.base.models.ir_rule"),
                ):
                    with suppress(UserError), self.env.cr.savepoint():
                        act()
                        self.env.flush_all()
                    self.env.invalidate_all()
                    self.assertEqual(self.agent.email, "agent@example.org")
                    savepoint.rollback()
                    self.env.invalidate_all()

    def test_an_agent_and_who_keeps_accounts_change_it(self):
        contact = self.agent.partner_id
        keeper = self.new_user("c_keeper", "base.group_erp_manager", MANAGER)
        contact.with_user(keeper).email = "one@example.org"
        contact.with_user(self.agent).sudo().email = "two@example.org"
        self.assertEqual(self.agent.email, "two@example.org")
        other = self.env["res.partner"].create({"name": "No agent"})
        other.with_user(self.contacts).email = "three@example.org"
