from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import FinancialAddressCase

ADDON = "g2p_spar_financial_address"
NUMBERS = ("account_number", "mobile_number", "email_address")


@tagged("post_install", "-at_install")
class TestRoles(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.address = cls.enter_address()
        cls.users = {
            "none": new_test_user(cls.env, "r_none", groups="base.group_user"),
            "portal": new_test_user(cls.env, "r_portal", groups="base.group_portal"),
            "viewer": new_test_user(
                cls.env, "r_viewer", f"{ADDON}.group_viewer,base.group_allow_export"
            ),
            "editor": new_test_user(cls.env, "r_editor", f"{ADDON}.group_editor"),
        }

    def as_user(self, role):
        return self.address.with_user(self.users[role])

    def test_without_a_role_nothing_is_read(self):
        for role in ("none", "portal"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.as_user(role).read(["masked"])
            partner = self.registrant.with_user(self.users[role])
            with self.subTest(role), self.assertRaises(AccessError):
                partner.read(["financial_address_id"])

    def test_a_viewer_sees_the_number_masked(self):
        self.env.invalidate_all()
        row = self.as_user("viewer").read(["masked", "display_name"])[0]
        self.assertEqual(row["masked"], "+2557••••001")
        self.assertNotIn("754200001", str(row))

    def test_a_viewer_cannot_get_at_numbers(self):
        Address = self.as_user("viewer").browse()
        for field in NUMBERS:
            with self.subTest(field, way="read"), self.assertRaises(AccessError):
                self.as_user("viewer").read([field])
            with self.subTest(field, way="search"), self.assertRaises(AccessError):
                Address.search([(field, "like", "754")])
            with self.subTest(field, way="group"), self.assertRaises(AccessError):
                Address.formatted_read_group([], [field], ["__count"])
            with self.subTest(field, way="order"), self.assertRaises(AccessError):
                Address.search([], order=field)
            with self.subTest(field, way="export"), self.assertRaises(AccessError):
                self.as_user("viewer").export_data([field])
            with self.subTest(field, way="partner"), self.assertRaises(AccessError):
                self.registrant.with_user(self.users["viewer"]).search(
                    [(f"financial_address_ids.{field}", "like", "754")]
                )

    def test_a_viewer_changes_nothing(self):
        with self.assertRaises(AccessError):
            self.as_user("viewer").action_end()
        with self.assertRaises(AccessError):
            self.as_user("viewer").copy()
        with self.assertRaises(AccessError):
            self.as_user("viewer").write({"reason": "x"})

    def test_an_editor_enters_and_ends(self):
        self.as_user("editor").create(
            {
                "partner_id": self.registrant.id,
                "dfsp_id": self.operator.id,
                "mobile_number": "0754 200 002",
                "reason": "Lost the SIM card",
            }
        )
        self.assertEqual(self.address.state, "ended")
        self.registrant.with_user(
            self.users["editor"]
        ).financial_address_id.action_end()
        self.assertFalse(self.registrant.financial_address_id)

    def test_an_editor_cannot_write_history(self):
        for values in (
            {"state": "ended"},
            {"channel": "api"},
            {"effective_date": "2020-01-01"},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                self.as_user("editor").write(values)
            with self.subTest(values, way="create"), self.assertRaises(AccessError):
                self.as_user("editor").create(
                    {"partner_id": self.registrant.id, "mobile_number": "1", **values}
                )

    def test_an_editors_context_does_not_write_history_either(self):
        address = (
            self.as_user("editor")
            .with_context(
                default_state="effective",
                default_channel="odk",
                default_effective_date="2020-01-01",
            )
            .create(
                {"partner_id": self.registrant.id, "mobile_number": "+255754200009"}
            )
        )
        self.assertEqual(address.state, "draft")
        self.assertEqual(address.channel, "admin")
        self.assertFalse(address.effective_date)

    def test_editing_contacts_does_not_redirect_money(self):
        clerk = new_test_user(
            self.env, "r_clerk", groups="base.group_user,base.group_partner_manager"
        )
        viewer = self.users["viewer"]
        viewer.group_ids += self.env.ref("base.group_partner_manager")
        for user in (clerk, viewer):
            partner = self.registrant.with_user(user)
            partner.comment = "may be written"
            for values in (
                {"spar_id": "SR-9"},
                {"spar_id": False},
                {"is_registrant": False},
            ):
                with self.subTest(user.login, v=values), self.assertRaises(AccessError):
                    partner.write(values)
            with self.subTest(user.login), self.assertRaises(AccessError):
                partner.create({"name": "Eve", "spar_id": "SR-9"})
            with self.subTest(user.login, way="default"):
                eve = partner.with_context(default_spar_id="SR-9")
                with self.assertRaises(AccessError):
                    eve.create({"name": "Eve"})
            self.assertTrue(partner.create({"name": "An ordinary contact"}))
        for way in (
            lambda: self.registrant.with_user(clerk).read(["spar_id"]),
            lambda: self.registrant.with_user(clerk).search([("spar_id", "=", "SR-1")]),
        ):
            with self.assertRaises(AccessError):
                way()

    def test_only_an_administrator_keeps_the_directory(self):
        with self.assertRaises(AccessError):
            self.operator.with_user(self.users["editor"]).write({"name": "Mine"})
