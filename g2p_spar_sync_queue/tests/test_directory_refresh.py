import base64
import json
import socket
import time
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..models import g2p_spar_connection_detect
from .common import SparCase
from .web_server import WebServer

BANK = {"id": 1, "bank_mnemonic": "H", "bank_name": "Harbour", "bank_code": "HB"}
BRANCH = {
    "id": 7,
    "branch_mnemonic": "Q",
    "branch_name": "ሰሜን Quay",
    "branch_code": "H1",
    "bank_id": 1,
}
WALLET = {
    "id": 3,
    "sp_mnemonic": "S",
    "sp_name": "SwiftMoney",
    "sp_code": "SW",
    "wallet_type": "MOBILE_WALLET",
}
MAIL = {**WALLET, "sp_name": "MailPay", "sp_code": "MP", "wallet_type": "EMAIL_WALLET"}
NAMES = ("banks", "branches", "wallet_service_providers")


@tagged("post_install", "-at_install")
class TestDirectoryRefresh(SparCase):
    """Providers from SPAR 2.x's directory: previewed, then added to ours."""

    def setUp(self):
        super().setUp()
        self.told = {"banks": [BANK], "branches": [BRANCH]}
        self.told["wallet_service_providers"] = [WALLET, MAIL]
        self.reply = None
        self.server = WebServer(self.answer)
        self.addCleanup(self.server.stop)

    def answer(self, path, _body):
        if self.reply:
            return self.reply
        name = path.removeprefix("/dfsp/fetch-").replace("-", "_")
        return 200, {}, self.body(**{name: self.told[name]})

    def body(self, status="SUCCESS", **payload):
        return json.dumps(
            {
                "response_header": {"response_status": status},
                "response_body": {"response_payload": payload},
            }
        ).encode()

    def refresh(self, url=None, user=None):
        """Open the dialog and fetch; return the import's wizard in its preview."""
        connection = self.connection.with_user(user or self.env.user)
        context = connection.action_refresh_directory()["context"]
        wizard = (
            self.env["g2p.spar.directory.refresh"]
            .with_user(user or self.env.user)
            .with_context(**context)
            .create({"directory_url": url or self.server.url})
        )
        action = wizard.action_fetch()
        return self.env[action["res_model"]].browse(action["res_id"])

    def outcomes(self, wizard):
        return wizard.line_ids.sorted("line").mapped("outcome")

    def provider(self, code):
        return self.env["g2p.dfsp"].search([("code", "=", code)])

    # === WHAT IT DOES === #

    def test_the_preview_stores_nothing_but_the_address(self):
        before = self.env["g2p.dfsp"].search([])
        wizard = self.refresh()
        self.assertEqual(wizard.state, "preview")
        self.assertEqual(
            self.outcomes(wizard),
            ["new_provider", "new_provider", "new_provider", "new_branch"],
        )
        self.assertEqual(self.env["g2p.dfsp"].search([]), before)
        self.assertEqual(self.connection.directory_url, self.server.url)

    def test_the_import_adds_what_spar_knows_and_leaves_the_rest(self):
        others = self.env["g2p.dfsp"].search([])
        kept = others.read(["name", "code", "active", "write_date", "strategy_id"])
        self.refresh().action_import()
        bank = self.provider("HB")
        self.assertEqual((bank.name, bank.fa_type), ("Harbour", "bank_account"))
        self.assertEqual(bank.strategy_id.strategy_number, 2)
        self.assertEqual(bank.branch_ids.mapped("name"), ["ሰሜን Quay"])
        self.assertEqual(bank.branch_ids.code, "H1")
        self.assertEqual(self.provider("SW").fa_type, "mobile_wallet")
        self.assertEqual(self.provider("MP").fa_type, "email_wallet")
        self.assertEqual(self.provider("MP").strategy_id.strategy_number, 3)
        self.assertEqual(
            others.read(["name", "code", "active", "write_date", "strategy_id"]), kept
        )

    def test_a_second_refresh_finds_nothing_to_do(self):
        self.refresh().action_import()
        wizard = self.refresh()
        self.assertEqual(self.outcomes(wizard), ["unchanged"] * 4)
        self.assertFalse(wizard.change_count)

    def test_what_spar_no_longer_knows_stays(self):
        self.refresh().action_import()
        self.told = {"banks": [BANK], "branches": [], "wallet_service_providers": []}
        self.refresh().action_import()
        self.assertTrue(self.provider("SW").active)
        self.assertEqual(self.provider("HB").branch_ids.mapped("code"), ["H1"])

    def test_a_provider_keeps_the_strategy_it_was_given(self):
        self.refresh().action_import()
        bridge = self.env["g2p.fa.strategy"].search([("strategy_number", "=", 5)])
        self.provider("HB").strategy_id = bridge
        self.told["banks"] = [{**BANK, "bank_name": "Harbour & Sons"}]
        wizard = self.refresh()
        self.assertIn("changed_provider", self.outcomes(wizard))
        wizard.action_import()
        self.assertEqual(self.provider("HB").name, "Harbour & Sons")
        self.assertEqual(self.provider("HB").strategy_id, bridge)

    def test_the_preview_tells_which_strategy_new_providers_get(self):
        notice = self.refresh().spar_notice
        for strategy in ("Bank account (2)", "E-mail wallet (3)", "Mobile wallet (4)"):
            self.assertIn(strategy, notice)
        self.assertNotIn("Left out", notice)

    def test_names_like_formulas_and_quotation_marks_arrive_as_they_are(self):
        names = ['=1+1,"x"', "-Bank;", "'quoted'", "@home", "ሐበሻ 李 🌻"]
        self.told["banks"] = [
            {"id": n, "bank_name": name, "bank_code": f"N{n}"}
            for n, name in enumerate(names)
        ]
        self.told["branches"] = []
        self.refresh().action_import()
        stored = [self.provider(f"N{n}").name for n in range(len(names))]
        self.assertEqual(stored, names)

    def test_the_request_is_in_spars_envelope_and_tells_nothing(self):
        self.refresh()
        self.assertEqual(
            [path for _method, path, _body in self.server.requests],
            [
                "/dfsp/fetch-banks",
                "/dfsp/fetch-branches",
                "/dfsp/fetch-wallet-service-providers",
            ],
        )
        for _method, _path, body in self.server.requests:
            body = json.loads(body)
            self.assertEqual(body["request_body"], {"request_payload": {}})
            self.assertEqual(
                body["request_header"]["sender_app_mnemonic"], "social-registry"
            )

    # === WHAT SPAR SHOULD NOT HAVE TOLD === #

    def test_contradicting_rows_are_left_out_and_named(self):
        other = {**BANK, "id": 2, "bank_name": "Other"}
        self.told["banks"] = [
            BANK,
            other,
            {"id": 9, "bank_name": "A", "bank_code": "A"},
        ]
        wizard = self.refresh()
        self.assertIn("more than once: Harbour (HB), Other (HB).", wizard.spar_notice)
        # Of which of the two the branch is, nobody can tell.
        self.assertIn("not taken over: ሰሜን Quay (H1).", wizard.spar_notice)
        wizard.action_import()
        self.assertFalse(self.provider("HB"))
        self.assertEqual(self.provider("A").name, "A")

    def test_a_branch_of_an_unknown_bank_is_left_out_and_named(self):
        self.told["branches"] = [BRANCH, {**BRANCH, "branch_code": "X", "bank_id": 99}]
        wizard = self.refresh()
        self.assertIn("not taken over: ሰሜን Quay (X).", wizard.spar_notice)
        wizard.action_import()
        self.assertEqual(self.provider("HB").branch_ids.mapped("code"), ["H1"])

    def test_a_branch_code_twice_at_one_bank_is_left_out_and_named(self):
        self.told["branches"] = [BRANCH, {**BRANCH, "branch_name": "Other"}]
        wizard = self.refresh()
        self.assertIn("Quay (H1), Other (H1)", wizard.spar_notice)
        wizard.action_import()
        self.assertFalse(self.provider("HB").branch_ids)

    def test_rows_without_what_is_needed_are_left_out_and_named(self):
        self.told["banks"] = [
            BANK,
            {"id": 2, "bank_name": "No code", "bank_code": None},
        ]
        self.told["wallet_service_providers"] = [
            WALLET,
            {**MAIL, "wallet_type": "CARD"},
            {**MAIL, "sp_name": "NUL\0"},
        ]
        notice = self.refresh().spar_notice
        self.assertIn("type we know: No code (?).", notice)
        self.assertIn("type we know: MailPay (MP), ? (MP).", notice)

    def test_many_mistakes_are_counted(self):
        self.told["banks"] = [BANK] * 25
        self.told["branches"] = []
        self.assertIn("Harbour (HB) and 15 more.", self.refresh().spar_notice)

    def test_what_the_registry_cannot_store_is_an_error_of_its_row(self):
        self.told["banks"] = [{**BANK, "bank_name": "line\nbreak"}]
        self.told["branches"] = []
        wizard = self.refresh()
        self.assertEqual(wizard.error_count, 1)
        self.assertIn("control character", wizard.line_ids[0].note)
        self.assertEqual(wizard.error_file_name, "SPAR directory - errors.csv")
        self.assertIn(b"line", base64.b64decode(wizard.error_file))

    # === WHAT CAN GO WRONG === #

    def assertRefused(self, text, **options):
        with self.assertRaises(UserError) as caught:
            self.refresh(**options)
        self.assertIn(text, str(caught.exception))
        self.assertFalse(self.provider("HB"))

    def test_nobody_there(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.assertRefused("could not be asked (connect.refused)", url=url)

    def test_no_directory_there(self):
        self.reply = 404, {}, b'{"errors": []}'
        self.assertRefused("There is no directory at this address")

    def test_trouble_at_spar(self):
        self.reply = 500, {}, b'{"errors": []}'
        self.assertRefused("could not be asked (http.500)")

    def test_redirects_are_not_followed(self):
        self.reply = 307, {"Location": f"{self.server.url}/elsewhere"}, b""
        self.assertRefused("could not be asked (http.307)")
        self.assertEqual(len(self.server.requests), 1)

    def test_spar_refuses(self):
        self.reply = 200, {}, self.body(status="ERROR")
        self.assertRefused("refused to tell its directory")

    def test_garbage(self):
        deep = b"[" * 100_000
        for content in (
            b"",
            b"<html>",
            b"null",
            b"\xff",
            deep,
            self.body(),
            self.body(banks={}),
            self.body(banks=["HB"]),
            self.body(banks=[{**BANK, "bank_name": 7}]),
            self.body(banks=[{**BANK, "id": [1]}]),
            b" " * (8 * 1024 * 1024 + 1),
        ):
            with self.subTest(content[:60]):
                self.reply = 200, {}, content
                self.assertRefused("not SPAR's directory")

    def test_an_empty_directory(self):
        self.told = dict.fromkeys(NAMES, [])
        self.assertRefused("directory is empty")

    def test_a_directory_of_mistakes_only(self):
        self.told = {**dict.fromkeys(NAMES, []), "branches": [BRANCH]}
        self.assertRefused("Branches of a bank that is not taken over")

    def test_an_unusable_certificate_has_a_plain_message(self):
        self.connection.write(
            {"tls_certificate_path": "/nowhere", "tls_key_path": "/nowhere"}
        )
        with self.assertRaisesRegex(UserError, "client certificate cannot be read"):
            self.refresh()

    def test_a_slow_server_is_given_up(self):
        def slow(path, body):
            time.sleep(2)
            return 200, {}, b"{}"

        server = WebServer(slow)
        self.addCleanup(server.stop)
        with patch.object(g2p_spar_connection_detect, "ANSWER_TIMEOUT", 0.5):
            self.assertRefused("did not answer", url=server.url)

    def test_only_addresses_of_servers_are_asked(self):
        for url in ("ftp://portal", "http://u:p@portal", "http://portal/?a=1", "x"):
            with self.subTest(url), self.assertRaises(ValidationError):
                self.refresh(url=url)

    def test_a_neutralised_copy_asks_nobody(self):
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "true")
        self.assertRefused("neutralised")
        self.assertFalse(self.server.requests)

    # === WHO MAY === #

    def test_operators_may_not(self):
        user = new_test_user(
            self.env, "op", groups="base.group_user,g2p_spar_sync_queue.group_operator"
        )
        with self.assertRaises(AccessError):
            self.refresh(user=user)
        self.assertFalse(self.server.requests)

    def test_a_manager_who_may_not_change_providers_gets_a_message(self):
        groups = "base.group_user,g2p_spar_sync_queue.group_manager"
        user = new_test_user(self.env, "manager", groups=groups)
        with self.assertRaisesRegex(AccessError, "administrators of payment addresses"):
            self.refresh(user=user)
        self.assertFalse(self.server.requests)
        administrator = "g2p_spar_financial_address.group_administrator"
        both = new_test_user(self.env, "both", groups=f"{groups},{administrator}")
        wizard = self.refresh(user=both)
        wizard.with_user(both).action_import()
        self.assertTrue(self.provider("HB"))
