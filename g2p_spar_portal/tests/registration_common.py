from unittest.mock import patch
from urllib.parse import urlsplit

from ..const import LIMITS
from .common import PortalCase

NEEMA = {"name": "Neema Mushi", "id_number": "N-1"}
PHONE = "+255 754 100 009"
WALLET = "+255754300001"


class RegistrationCase(PortalCase):
    """An agent who registers somebody on the portal."""

    def setUp(self):
        super().setUp()
        # What is tested here is pressed faster than people press it.
        many = dict.fromkeys(LIMITS, (1000, 60))
        self.enterContext(patch.dict(LIMITS, many))
        self.sign_in()
        self.begin()

    def begin(self):
        """Begin to register somebody."""
        forms = self.get("/my/register").forms
        (form,) = (form for form in forms if form.action == "/my/register/new")
        self.send("/my/register/new", dict(form.form_values()), 303)
        self.path = self.location.rpartition("/")[0]
        return self.path

    @property
    def location(self):
        """Where the last answer leads."""
        return urlsplit(self.response.headers["Location"]).path

    @property
    def registration(self):
        """What is kept of the registration."""
        self.env.invalidate_all()
        return self.env["g2p.portal.registration"].search(
            [("reference", "=", self.path.rpartition("/")[2])]
        )

    def shown(self, step):
        """Return what the form of a step shows, by field."""
        (form,) = self.get(f"{self.path}/{step}").forms
        return dict(form.form_values())

    def press(self, button, step, **typed):
        """Fill in what a step shows, and press a button.

        :param typed: by field; ``None`` takes a tick away
        :return: the step it leads to
        """
        form = {**self.shown(step), **typed, "action": button}
        form = {name: text for name, text in form.items() if text is not None}
        self.send(f"{self.path}/{step}", form, 303)
        return self.location.rpartition("/")[2]

    def fill(self, step, **typed):
        """Fill in a step and go on; return the step it leads to."""
        return self.press("next", step, **typed)

    def fill_wallet(self, **typed):
        """Fill in everything, with a wallet at M-Cash."""
        self.fill("identity", **NEEMA)
        self.fill("contact", phone=PHONE)
        self.fill("payment", fa_type="mobile_wallet")
        values = {"dfsp_id": self.operator.id, "mobile_number": WALLET}
        return self.fill("payment", **{**values, **typed})

    def submit(self):
        """Press the last button; return where it leads."""
        self.press("submit", "review")
        return self.location

    def problems(self, step):
        """Return what a step says is wrong, by field."""
        return self.errors(self.get(f"{self.path}/{step}"))

    @property
    def made(self):
        """The registrants that were made with the ID of the tests."""
        self.env.invalidate_all()
        return self.env["res.partner"].search([("spar_id", "=", "N-1")])

    def registration_pages(self):
        """Yield every page on the way, empty, wrong and filled in."""

        def page(step):
            return step, self.get(f"{self.path}/{step}")

        yield page("identity")
        self.new_registrant("Neema", "N-1", user_id=self.agent.id)
        self.fill("identity", id_number="N-1")
        yield page("identity")
        self.fill("identity", **{**NEEMA, "id_number": "N-2"})
        yield page("contact")
        self.fill("contact", phone="0754x", email="neema@")
        yield page("contact")
        self.fill("contact", phone="+255 754 100 009", email="")
        yield page("payment")
        self.fill("payment")
        yield page("payment")
        self.fill("payment", fa_type="bank_account")
        yield page("payment")
        self.fill("payment", dfsp_id=self.bank.id)
        yield page("payment")
        self.fill("payment")
        yield page("payment")
        self.press("type", "payment")
        yield "type", self.get(f"{self.path}/payment?ask=type")
        for fa_type in ("email_wallet", "mobile_wallet"):
            form = {**self.shown("payment"), "fa_type": fa_type, "part": "type"}
            form = {
                name: form[name]
                for name in ("csrf_token", "form_token", "fa_type", "part")
            }
            self.send(f"{self.path}/payment", form, 303)
            yield page("payment")
            self.fill("payment")
            yield page("payment")
        values = {"dfsp_id": self.operator.id, "mobile_number": "0754300001"}
        self.fill("payment", **values)
        yield page("review")
        yield "list", self.get("/my/register")
