from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import SparCase
from .spar_stand_in import faults
from .test_spar_vectors import VECTORS

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"


@tagged("post_install", "-at_install")
class TestRoles(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            "none": new_test_user(cls.env, "s_none", "base.group_user"),
            "editor": new_test_user(cls.env, "s_editor", f"{FA}.group_editor"),
            "operator": new_test_user(cls.env, "s_operator", f"{SYNC}.group_operator"),
            "manager": new_test_user(cls.env, "s_manager", f"{SYNC}.group_manager"),
        }

    def test_an_editor_needs_no_right_on_the_engine_to_save(self):
        address = self.env["g2p.financial.address"].with_user(self.users["editor"])
        address.create(
            {
                "partner_id": self.registrant.id,
                "dfsp_id": self.operator.id,
                "mobile_number": "0754 200 001",
            }
        )
        self.assertEqual(self.mapping.change_ids.create_uid, self.users["editor"])
        self.run_engine()
        seen = self.registrant.with_user(self.users["editor"])
        self.assertEqual(seen.spar_state, "in_sync")

    def test_no_role_writes_mappings_or_changes(self):
        self.enter_address()
        for role in self.users:
            for record in (self.mapping, self.mapping.change_ids):
                with self.subTest(role, model=record._name):
                    with self.assertRaises(AccessError):
                        record.with_user(self.users[role]).write({"state": "held"})
                    with self.assertRaises(AccessError):
                        record.with_user(self.users[role]).unlink()
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            self.mapping.change_ids.unlink()

    def test_operators_see_no_numbers_and_not_where_keys_are(self):
        self.enter_address()
        self.run_engine()
        operator = self.users["operator"]
        for field in ("key_path", "certificate_path", "key_variable"):
            with self.subTest(field), self.assertRaises(AccessError):
                self.key.with_user(operator).read([field])
        for user in self.users.values():
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.mapping.with_user(user).read(["held_digest"])
        text = str(self.mapping.with_user(operator).read())
        self.assertNotIn("754200001", text)

    def test_an_operator_sends_again_and_others_do_not(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        for role in ("none", "editor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.mapping.with_user(self.users[role]).action_resend()
        self.mapping.with_user(self.users["operator"]).action_resend()
        self.assertEqual(self.mapping.change_ids[0].create_uid, self.users["operator"])
        self.run_engine()
        self.assertInSync()

    def test_only_a_manager_runs_the_connection(self):
        for role in ("none", "editor", "operator"):
            connection = self.connection.with_user(self.users[role])
            for action in ("action_pause", "action_resume", "action_test"):
                with (
                    self.subTest(role, action=action),
                    self.assertRaises(AccessError),
                ):
                    getattr(connection, action)()
        connection = self.connection.with_user(self.users["manager"])
        connection.action_pause()
        self.assertIn("s_manager", self.connection.pause_reason)
        connection.action_resume()
        connection.action_test()
        self.assertTrue(connection.tested_at)
        self.assertFalse(connection.test_problem)

    def test_the_test_says_what_is_wrong(self):
        self.mapper.faults = [faults.signature_refused, faults.status(503)]
        for message in ("refused the signature", "could not be asked"):
            with self.subTest(message):
                self.connection.action_test()
                self.assertIn(message, self.connection.test_problem)
        self.certificate_path.write_text(self.key_path.read_text())
        self.addCleanup(self.certificate_path.write_text, VECTORS["certificate_pem"])
        self.connection.action_test()
        self.assertIn("not a readable certificate", self.connection.test_problem)
