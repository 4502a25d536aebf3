"""Everybody who may come, and everything they may come for."""

import json
import secrets
from collections import namedtuple
from itertools import count
from unittest.mock import patch

from odoo.addons.g2p_spar_financial_address.tests.matrix import MatrixMixin

from ..const import LIMITS
from .common import PORTAL, PortalCase

AGENTS = ("agent A", "agent B", "agent assigned")
SIGNED_OUT = ("nobody", "archived agent")
#: Groups of those who are no field agents.
OTHERS = {
    "portal user": "base.group_portal",
    "former agent": f"{PORTAL}.group_field_agent",
    "employee": "base.group_user",
    "viewer": "viewer",
    "editor": "editor",
    "approver": "approver",
    "administrator": "administrator",
}

#: Something to come for: whose it is, and what nobody else may read of it.
Thing = namedtuple("Thing", "name key owners secrets")

#: No registration has it.
UNKNOWN = "A" * 32


class MatrixCase(MatrixMixin, PortalCase):
    """Roles by name, and registrants and registrations of several of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        agent = f"{PORTAL}.group_field_agent"
        cls.assigned = cls.new_user("agent_c", agent)
        cls.users = {
            "agent A": cls.agent,
            "agent B": cls.agent_b,
            "agent assigned": cls.assigned,
            "archived agent": cls.new_user("agent_gone", agent),
            **{
                role: cls.new_user(role.replace(" ", "_"), group)
                for role, group in OTHERS.items()
            },
        }
        cls.make_people()
        cls.make_registrations()
        cls.tokens = count(10_000_000)

    @classmethod
    def make_people(cls):
        cls.registrant.name = "Zuhura Ownperson"
        cls.registrant.spar_id = "SECRET-OWN"
        cls.assign(cls.registrant, cls.assigned)
        cls.enter_on_portal("+255754200001")
        cls.other = cls._person("Baraka Otherperson", "SECRET-OTHER", cls.agent_b)
        cls.enter_on_portal("+255754200777", partner_id=cls.other.id)
        archived = cls._person("Gone Goneperson", "SECRET-GONE", active=False)
        contact = cls._person("Con Tactperson", "SECRET-NONE", is_registrant=False)
        own = {"agent A", "agent assigned"}
        missing = max(
            cls.env["res.partner"].with_context(active_test=False).search([]).ids
        )
        secrets = ("Ownperson", "SECRET-OWN")
        cls.people = [
            Thing("person of A", cls.registrant.id, own, secrets),
            Thing("no such person", missing + 999, (), ()),
            Thing(
                "person of B",
                cls.other.id,
                {"agent B"},
                ("Otherperson", "SECRET-OTHER"),
            ),
            Thing("archived person of A", archived.id, (), ("Goneperson",)),
            Thing("contact of A", contact.id, (), ("Tactperson",)),
            Thing("the agent's own contact", cls.agent.partner_id.id, (), ()),
        ]

    @classmethod
    def _person(cls, name, spar_id, agent=None, **values):
        agent = agent or cls.agent
        return cls.new_registrant(name, spar_id, user_id=agent.id, **values)

    @classmethod
    def make_registrations(cls):
        own = cls._registration(cls.agent, "Rukia Ownsaved", "+255754300001")
        other = cls._registration(cls.agent_b, "Musa Othersaved", "+255754300777")
        finished = cls._registration(cls.agent, "Done Donesaved")
        finished._close("finished", cls.registrant)
        discarded = cls._registration(cls.agent, "Lost Lostsaved")
        discarded._close("discarded")
        cls.unfinished = own
        mine = {"agent A"}
        theirs = ("Othersaved", "754300777")
        cls.registrations = [
            Thing("unfinished of A", own.reference, mine, ("Ownsaved", "754300001")),
            Thing("no such registration", UNKNOWN, (), ()),
            Thing("unfinished of B", other.reference, {"agent B"}, theirs),
            Thing("finished of A", finished.reference, mine, ()),
            Thing("discarded of A", discarded.reference, mine, ()),
        ]

    @classmethod
    def _registration(cls, agent, name, number="+255754300555"):
        """Return a registration with everything typed."""
        registration = cls.env(user=agent)["g2p.portal.registration"]
        registration = registration._begin(secrets.token_urlsafe(24))
        registration._save("identity", {"name": name, "id_number": ""})
        contact = dict.fromkeys(("phone", "city", "street", "email"), "")
        registration._save("contact", contact)
        registration._save("payment", cls._wallet(number))
        registration._go_to("review")
        return registration

    @classmethod
    def _wallet(cls, number):
        return {
            "fa_type": "mobile_wallet",
            "dfsp_id": str(cls.operator.id),
            "mobile_number": number,
            "holder_name": "Somebody",
        }

    def setUp(self):
        super().setUp()
        # Nobody is that fast, and what is shown here is not the limit.
        many = dict.fromkeys(LIMITS, (100_000, 60))
        self.enterContext(patch.dict(LIMITS, many))

    def sign_in_as(self, role):
        """Sign somebody in; whoever is no longer something was when they came."""
        if role == "nobody":
            self.authenticate(None, None)
            return
        user = self.users[role]
        user.active = True
        if role == "former agent":
            user.is_field_agent = True
        self.sign_in(user)
        if role == "archived agent":
            user.active = False
        if role == "former agent":
            user.is_field_agent = False
        self.env.flush_all()

    def posted(self, page):
        """Return what the form of a page sends, filled in right.

        :param str page: the last part of its path
        """
        forms = {
            "payment of a person": {**self._wallet("+255754200999"), "reason": "New"},
            "identity": {"action": "leave", "name": "Changed", "id_number": "N-9"},
            "contact": {"action": "leave", "city": "Mwanza"},
            "payment": {
                "action": "leave",
                "part": "details",
                **self._wallet("+255754300999"),
            },
            "language": {"lang": "en_US"},
            "send": {"typed": json.dumps({"identity": {"name": "Changed"}})},
            "review": {
                "action": "submit",
                "revision": str(self.unfinished.revision),
            },
        }
        tokens = {
            "csrf_token": self.token(),
            "form_token": f"matrix{next(self.tokens):026}",
        }
        return {**forms.get(page, {}), **tokens}

    def assertKeepsQuiet(self, response, role):
        """Nothing of others is in an answer, and no number of anybody's address."""
        said = f"{response.text}\n{response.headers}"
        hidden = ["754200001", "754200777"]
        for thing in (*self.people, *self.registrations):
            if role not in thing.owners:
                hidden += thing.secrets
        told = [secret for secret in hidden if secret in said]
        self.assertEqual(told, [])
