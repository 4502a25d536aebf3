from odoo.tests import tagged

from .common import PortalCase, text_of


@tagged("post_install", "-at_install")
class TestReceipt(PortalCase):
    """The receipt that a person gets after a change."""

    def setUp(self):
        super().setUp()
        self.enter_on_portal("0754 200 001")
        self.sign_in()

    def receipt(self):
        return text_of(self.get(f"{self.person_path}/receipt").xpath("//main")[0])

    def test_it_says_what_was_entered_masked_and_what_happens_next(self):
        (link,) = self.get(self.person_path).xpath("//a[text()='Receipt']/@href")
        self.assertEqual(link, f"{self.person_path}/receipt")
        text = self.receipt()
        self.assertIn(self.addresses.display_name, text)
        self.assertIn("Asha Juma", text)
        self.assertIn(self.env.company.name, text)
        self.assertIn("On its way. ", text)
        self.assertIn("At the office of the registry", text)
        for secret in ("754200001", "754 200 001", self.registrant.spar_id):
            self.assertNotIn(secret, self.response.text)
        self.assertEqual(self.response.headers["Cache-Control"], "no-store")

    def test_it_says_where_to_complain(self):
        settings = self.env["g2p.fa.settings"].current()
        settings.complaints = "Call 0800 123 456"
        self.assertIn("Complaints Call 0800 123 456", self.receipt())

    def test_what_waits_for_a_second_person_is_what_it_is_about(self):
        self.set_policy(approve_portal=True)
        self.enter_on_portal("0754 200 009", reason="Lost the phone")
        text = self.receipt()
        self.assertIn("009", text)
        self.assertNotIn("•001", text)
        self.assertIn("second person", text)

    def test_it_is_of_ones_own_people_only(self):
        self.sign_in(self.agent_b)
        self.get(f"{self.person_path}/receipt", 404)
