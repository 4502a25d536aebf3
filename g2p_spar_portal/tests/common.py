import re

from lxml import html

from odoo import Command
from odoo.http import Request
from odoo.tests import HttpCase

from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase

PORTAL = "g2p_spar_portal"


class PortalCase(SparCase, HttpCase):
    """Two field agents who sign in, and a registrant of the first one.

    Addresses entered here are on their way to a stand-in of SPAR's mapper.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls.new_user("agent_a", f"{PORTAL}.group_field_agent")
        cls.agent_b = cls.new_user("agent_b", f"{PORTAL}.group_field_agent")
        cls.registrant.user_id = cls.agent

    @classmethod
    def new_people(cls, number, agent=None, **values):
        """Return registrants of an agent, by default the first one."""
        return cls.env["res.partner"].create(
            [
                {
                    "name": f"Person {n:03}",
                    "is_registrant": True,
                    "spar_id": f"P-{n:03}",
                    "user_id": (agent or cls.agent).id,
                    **values,
                }
                for n in range(number)
            ]
        )

    @classmethod
    def assign(cls, partner, *agents):
        partner.agent_ids = [Command.set([agent.id for agent in agents])]

    @classmethod
    def enter_on_portal(cls, number="0754 200 001", **values):
        """Enter an address as the portal does, for the first agent."""
        Address = cls.env(user=cls.agent, su=True)["g2p.financial.address"]
        return Address.create(
            {
                "partner_id": cls.registrant.id,
                "fa_type": "mobile_wallet",
                "dfsp_id": cls.operator.id,
                "mobile_number": number,
                "channel": "portal",
                **values,
            }
        )

    # === PAGES === #

    def sign_in(self, user=None):
        user = user or self.agent
        self.authenticate(user.login, user.login)

    def get(self, path, status=200):
        """Open a page of a signed-in user; return it as parsed HTML."""
        self.response = self.url_open(path, allow_redirects=False)
        self.assertEqual(self.response.status_code, status)
        return html.fromstring(self.response.content)

    def form(self, path, **typed):
        """Return what the form on a page sends: its values, and what is typed."""
        (form,) = self.get(path).xpath("//form[@method='post']")
        return {**dict(form.form_values()), **typed}

    def send(self, path, form, status):
        """Post a form; return the page that answers."""
        self.response = self.url_open(path, data=form, allow_redirects=False)
        self.assertEqual(self.response.status_code, status)
        if status != 303:
            return html.fromstring(self.response.content)
        return None

    def token(self):
        """Return a CSRF token for a form that no page has offered."""
        return Request.csrf_token(self)

    def errors(self, page):
        """Return the errors of a page, by the field each of them stands at.

        Also asserts that each one is announced with its field, and told at the top.
        """
        errors = {}
        for field in page.xpath("//*[@aria-invalid='true']"):
            ids = field.get("aria-describedby").split()
            texts = [text_of(page.get_element_by_id(id_)) for id_ in ids]
            errors[field.get("name")] = " ".join(texts)
            self.assertTrue(
                page.xpath(f"//*[@id='errors']//a[@href='#{field.get('id')}']")
            )
        return errors

    @property
    def person_path(self):
        return f"/my/people/{self.registrant.id}"

    @property
    def payment_path(self):
        return f"{self.person_path}/payment"

    @property
    def addresses(self):
        return self.registrant.financial_address_ids

    def people_pages(self):
        """Yield the pages about people, and where they are paid, with their names."""
        for path in (
            "/my/people",
            self.person_path,
            self.payment_path,
            f"{self.payment_path}?type=other",
            f"{self.payment_path}?type=bank_account",
            f"{self.payment_path}?type=bank_account&provider={self.bank.id}",
            f"{self.payment_path}?type=email_wallet",
        ):
            yield path, self.get(path)
        form = self.form(self.payment_path, mobile_number="1", reason="")
        yield "with errors", self.send(self.payment_path, form, 422)

    def assertNothingEntered(self):
        self.env.invalidate_all()
        self.assertFalse(self.addresses)


def text_of(element):
    """Return the text of an element as people read it."""
    return re.sub(r"\s+", " ", element.text_content()).strip()
