from odoo.exceptions import AccessError
from odoo.tests import tagged

from .registration_common import NEEMA, WALLET, RegistrationCase


@tagged("post_install", "-at_install")
class TestRegistrationOffice(RegistrationCase):
    """The office sees what is unfinished, and not what was typed."""

    def test_the_list_says_what_is_missing(self):
        action = self.env.ref("g2p_spar_portal.g2p_portal_registration_action")
        domain = action._get_action_dict()["domain"]
        self.assertEqual(domain, "[('state', '=', 'open')]")
        self.assertEqual(self.lacks(), (False, False))
        self.fill("identity", **NEEMA)
        self.assertEqual(self.lacks(), (True, False))
        self.fill("contact")
        self.fill("payment", fa_type="mobile_wallet")
        self.assertEqual(self.lacks(), (True, False))
        self.fill("payment", dfsp_id=self.operator.id, mobile_number=WALLET)
        self.assertEqual(self.lacks(), (True, True))
        self.submit()
        self.assertEqual(self.registration.state, "finished")
        self.assertFalse(self.registration.erased_on)

    def lacks(self):
        """Return what the list says of the ID and of the address."""
        one = self.registration.with_user(self.office)
        self.assertEqual((one.erased_on - one.last_activity.date()).days, 30)
        return one.has_id, one.has_address

    @property
    def office(self):
        found = self.env["res.users"].search([("login", "=", "office")])
        return found or self.new_user("office", "administrator")

    def test_what_was_typed_is_for_the_agent(self):
        self.fill_wallet()
        one = self.registration.with_user(self.office)
        for name in ("typed", "problems", "reference"):
            with self.assertRaises(AccessError):
                one.read([name])
        rows = one.read()
        self.assertNotIn("Neema", str(rows))
        self.assertNotIn("754300001", str(rows))
        editor = self.new_user("an_editor", "editor")
        with self.assertRaises(AccessError):
            one.with_user(editor).read(["has_id"])
