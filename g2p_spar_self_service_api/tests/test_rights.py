from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .common import SECRET, ApiCase, Keys, pem

ROLES = {
    "employee": "base.group_user",
    "viewer": "g2p_spar_financial_address.group_viewer",
    "editor": "g2p_spar_financial_address.group_editor",
    "approver": "g2p_spar_financial_address.group_approver",
    "operator": "g2p_spar_sync_queue.group_operator",
    "manager": "g2p_spar_sync_queue.group_manager",
    "technician": "fastapi.group_fastapi_manager",
    "portal": "base.group_portal",
    "administrator": "g2p_spar_financial_address.group_administrator",
    "system": "base.group_system,g2p_spar_financial_address.group_administrator",
}
MODELS = ("g2p.api.client", "g2p.api.issuer", "g2p.api.call", "g2p.api.client.secret")


class TestRights(ApiCase):
    """Who of the registry gets at what of the API."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(cls.env, f"api_{role}", groups=groups)
            for role, groups in ROLES.items()
        }
        cls.users["the API's own user"] = cls.env.ref(
            "g2p_spar_self_service_api.user_api"
        )
        cls.users["public"] = cls.env.ref("base.public_user")

    def test_only_administrators_see_who_calls(self):
        seeing = {"administrator", "system"}
        for role, user in self.users.items():
            for name in MODELS:
                for mode in ("read", "write", "create", "unlink"):
                    with self.subTest(role=role, model=name, mode=mode):
                        may = self.env[name].with_user(user).has_access(mode)
                        expected = role in seeing and (
                            mode == "read"
                            or name != "g2p.api.call"
                            and mode != "unlink"
                        )
                        self.assertEqual(may, expected)

    def test_the_hash_of_a_secret_is_out_of_reach_for_everybody(self):
        attempts = {
            "read": lambda clients: clients.read(["secret_hash"]),
            "search": lambda clients: clients.search([("secret_hash", "!=", False)]),
            "like": lambda clients: clients.search([("secret_hash", "=like", "a%")]),
            "order": lambda clients: clients.search([], order="secret_hash"),
            "group": lambda clients: clients.formatted_read_group([], ["secret_hash"]),
            "export": lambda clients: clients.export_data(["secret_hash"]),
            "write": lambda clients: clients.write({"secret_hash": "x"}),
            "create": lambda clients: clients.create({"name": "x", "secret_hash": "x"}),
        }
        for role, user in self.users.items():
            client = self.client.with_user(user)
            for name, attempt in attempts.items():
                with (
                    self.subTest(role=role, attempt=name),
                    self.assertRaises(UserError),
                    self.env.cr.savepoint(),
                ):
                    attempt(client)

    def test_a_secret_is_shown_once_and_kept_nowhere(self):
        administrator = self.users["administrator"]
        action = self.client.with_user(administrator).action_new_secret()
        secret = action["context"]["default_client_secret"]
        Wizard = self.env[action["res_model"]].with_user(administrator)
        with Form(Wizard.with_context(**action["context"])) as form:
            self.assertEqual(form.client_secret, secret)
            self.assertEqual(form.client_id, self.client.client_id)
        self.env.flush_all()
        wizard = self.env[action["res_model"]].search([])
        self.env.invalidate_all()
        self.assertFalse(wizard.with_user(administrator)[-1:].client_secret)
        self.env.cr.execute(
            """SELECT string_agg(t::text, ' ') FROM (
                   SELECT c::text FROM g2p_api_client c
                   UNION ALL SELECT w::text FROM g2p_api_client_secret w
                   UNION ALL SELECT m::text FROM mail_message m
                   UNION ALL SELECT v::text FROM mail_tracking_value v) t"""
        )
        [stored] = self.env.cr.fetchone()
        self.assertNotIn(secret, stored)
        self.assertNotIn(SECRET, stored)
        self.assertEqual(self.ask_token(self.client, secret).status_code, 200)

    def test_keys_that_sign_have_no_model(self):
        self.token_of(self.client)
        self.env.cr.execute("SELECT count(*) FROM g2p_api_signing_store")
        self.assertTrue(self.env.cr.fetchone()[0])
        tables = {model._table for model in self.env.values()}
        self.assertFalse({"g2p_api_signing_store", "g2p_fa_rate_taken"} & tables)

    def test_an_administrator_keeps_clients_and_issuers(self):
        administrator = self.users["administrator"]
        client = self.env["g2p.api.client"].with_user(administrator)
        with Form(client) as form:
            form.name = "Portal of the ministry"
            form.public_key = pem(Keys.RSA)
        client = form.record
        self.assertTrue(client.client_id)
        self.assertEqual(client._scopes(), {"address:read", "directory:read"})
        client.action_new_secret()
        client.action_disable()
        self.assertEqual(client.state, "disabled")
        client.action_enable()
        copy = client.copy()
        self.assertNotEqual(copy.client_id, client.client_id)
        self.assertFalse(copy.sudo().secret_hash or copy.public_key)
        with Form(self.env["g2p.api.issuer"].with_user(administrator)) as form:
            form.name = "National ID"
            form.url = "https://id.example.org"
            form.audience = "self-service"
            form.jwks_url = "https://id.example.org/jwks"
        self.assertEqual(form.record.state, "active")

    def test_nobody_logs_in_as_the_apis_own_user(self):
        user = self.env.ref("g2p_spar_self_service_api.user_api")
        self.assertTrue(user.share)
        self.env.cr.execute("SELECT password FROM res_users WHERE id = %s", [user.id])
        self.assertEqual(self.env.cr.fetchone(), (None,))
        seen = self.env["res.partner"].with_user(user).search([])
        self.assertEqual(seen.sudo(), user.partner_id)
        for name in ("g2p.financial.address", "g2p.spar.mapping"):
            with self.subTest(name), self.assertRaises(AccessError):
                self.env[name].with_user(user).search([])
