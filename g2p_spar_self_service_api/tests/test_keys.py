import json
import time
from contextlib import suppress
from unittest.mock import patch

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from odoo import fields
from odoo.exceptions import UserError, ValidationError

from odoo.addons.g2p_spar_financial_address.tests.raw_servers import DrippingServer

from .. import jwks
from .common import Keys, jwk, key_server, signed, telling
from .test_citizens import CitizenCase


class TestKeysOfIssuers(CitizenCase):
    """Where the keys come from, and what happens when they do not come."""

    def use(self, url):
        self.issuer.write({"jwks_source": "url", "jwks_url": url})

    def pass_time(self, seconds):
        self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
        self.env.cr.execute(
            """UPDATE g2p_api_issuer
                  SET jwks_date = jwks_date - make_interval(secs => %s)""",
            [seconds],
        )
        self.env.invalidate_all()

    def test_keys_are_fetched_once_and_kept(self):
        with key_server(telling([jwk(Keys.RSA, "one")])) as (url, asked):
            self.use(url)
            for _time in range(3):
                self.assertEqual(self.show(signed()).status_code, 200)
        self.assertEqual(len(asked), 1)

    def test_an_unknown_key_is_looked_for_once_a_minute(self):
        with key_server(telling([jwk(Keys.RSA, "one")])) as (url, asked):
            self.use(url)
            with self.counted_apart() as forget:
                self.show(signed())
                for expected in (1, 2, 3):
                    for _time in range(3):
                        shut = self.show(signed(kid="two"))
                        self.assertProblem(shut, 401, "unauthenticated")
                    self.assertEqual(len(asked), expected)
                    forget()

    def test_a_new_key_is_found(self):
        keys = [jwk(Keys.RSA, "one")]
        with key_server(lambda handler: telling(keys)(handler)) as (url, _asked):
            self.use(url)
            self.show(signed())
            keys[:] = [jwk(Keys.OTHER, "two")]
            self.pass_time(61)
            new = self.show(signed(key=Keys.OTHER, kid="two"))
            self.assertEqual(new.status_code, 200, new.text)
            self.assertProblem(self.show(signed()), 401, "unauthenticated")

    def test_keys_go_on_while_their_address_is_down_but_not_for_ever(self):
        with key_server(telling([jwk(Keys.RSA, "one")])) as (url, _asked):
            self.use(url)
            self.show(signed())
        self.pass_time(7200)
        with self.assertLogs("odoo.addons.g2p_spar_self_service_api", "WARNING") as log:
            self.assertEqual(self.show(signed()).status_code, 200)
        self.assertIn(jwks.UNREACHABLE, log.output[0])
        self.assertEqual(self.show(signed()).status_code, 200)
        self.pass_time(24 * 3600)
        with self.assertLogs("odoo.addons.g2p_spar_self_service_api", "WARNING"):
            response = self.show(signed())
        self.assertProblem(response, 503, "issuer-unavailable")
        self.assertEqual(response.headers["Retry-After"], "60")

    def test_without_any_keys_it_is_not_known_whose_token_it_is(self):
        self.use("http://127.0.0.1:9/jwks")
        with self.assertLogs("odoo.addons.g2p_spar_self_service_api", "WARNING"):
            self.assertProblem(self.show(signed()), 503, "issuer-unavailable")
        # The second one does not even try.
        self.assertProblem(self.show(signed()), 503, "issuer-unavailable")

    def test_bad_answers_are_no_keys(self):
        def redirecting(handler):
            handler.send_response(302)
            handler.send_header("Location", "https://evil.example/jwks")
            handler.end_headers()

        def failing(handler):
            handler.send_response(500)
            handler.end_headers()

        def dripping(handler):
            handler.send_response(200)
            handler.end_headers()
            drip(handler)

        def dripping_headers(handler):
            handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Endless: ")
            drip(handler)

        def drip(handler):
            with suppress(OSError):
                for _piece in range(60):
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
                    time.sleep(0.05)

        good = json.dumps({"keys": [jwk(Keys.RSA, "one")]}).encode()
        symmetric = {"kty": "oct", "kid": "one", "k": "c2VjcmV0", "alg": "HS256"}
        short = rsa.generate_private_key(public_exponent=65537, key_size=2040)
        bitcoin = ec.generate_private_key(ec.SECP256K1())
        private = jwt.algorithms.RSAAlgorithm.to_jwk(Keys.OTHER, as_dict=True)
        for code, answer in [
            (jwks.REDIRECTED, redirecting),
            (jwks.STATUS, failing),
            (jwks.TOO_SLOW, dripping),
            (jwks.TOO_SLOW, dripping_headers),
            (jwks.TOO_LARGE, telling(good + b" " * 100_000)),
            (jwks.GARBLED, telling(b"<html>")),
            (jwks.GARBLED, telling(b"\xff")),
            (jwks.GARBLED, telling(b"[" * 50_000)),
            (jwks.GARBLED, telling(b'{"keys": {}}')),
            (jwks.GARBLED, telling([jwk(Keys.RSA, str(n)) for n in range(60)])),
            (jwks.GARBLED, telling([{}] * 10_000)),
            (jwks.NO_KEY, telling([])),
            (jwks.NO_KEY, telling([symmetric, 7, {"kty": ["RSA"]}, {"kty": "RSA"}])),
            (jwks.NO_KEY, telling([jwk(Keys.RSA, "one", use="enc")])),
            (jwks.NO_KEY, telling([jwk(Keys.RSA, "one", alg="HS256")])),
            (jwks.NO_KEY, telling([jwk(Keys.RSA, "one", alg=["RS256"])])),
            (jwks.NO_KEY, telling([jwk(Keys.RSA, "one", alg="ES256")])),
            (jwks.NO_KEY, telling([jwk(Keys.RSA, "one", kty="EC")])),
            (jwks.NO_KEY, telling([jwk(Keys.EC, "one", kty="RSA")])),
            (jwks.NO_KEY, telling([jwk(Keys.EC, "one", crv="P-384")])),
            (jwks.NO_KEY, telling([jwk(Keys.EC, "one", alg="ES384")])),
            (jwks.NO_KEY, telling([jwk(Keys.EC, "one", x=7)])),
            (jwks.NO_KEY, telling([jwk(short, "one")])),
            (jwks.NO_KEY, telling([jwk(bitcoin, "one")])),
            (jwks.PRIVATE, telling([{**private, "kid": "one"}])),
        ]:
            with (
                self.subTest(code),
                key_server(answer) as (url, asked),
                patch.object(jwks, "TIMEOUT", 0.5),
            ):
                self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
                self.use(url)
                begun = time.monotonic()
                with self.assertLogs("odoo.addons.g2p_spar_self_service_api") as log:
                    self.assertProblem(self.show(signed()), 503, "issuer-unavailable")
                self.assertLess(time.monotonic() - begun, 2)
                self.assertIn(f": {code}", log.output[0])
                self.assertEqual(len(asked), 1)
                with self.assertRaises(UserError):
                    self.issuer.action_test()

    def test_an_address_that_drips_is_left_in_time(self):
        """Not only the caller stops waiting: so does the thread that asks."""
        server = DrippingServer()
        self.addCleanup(server.stop)
        with patch.object(jwks, "TIMEOUT", 0.5):
            for connections in (1, 2):
                with self.assertRaises(jwks.JwksError) as caught:
                    jwks.fetch(server.url)
                self.assertEqual(caught.exception.code, jwks.TOO_SLOW)
                self.assertTrue(server.hung_up.wait(5))
                jwks._late[server.url].join(5)
                self.assertEqual(server.connections, connections)

    def test_one_key_without_a_name_needs_none(self):
        key = jwk(Keys.RSA, "one")
        del key["kid"]
        self.issuer.jwks = json.dumps({"keys": [key]})
        self.assertEqual(self.show(signed(kid=None)).status_code, 200)
        self.assertShut({"named": signed(kid="one")})

    def test_the_key_says_what_it_is_for(self):
        self.issuer.write(
            {
                "algorithms": "RS256 RS512",
                "jwks": json.dumps({"keys": [jwk(Keys.RSA, "one", alg="RS512")]}),
            }
        )
        self.assertShut({"RS256": signed()})
        self.assertEqual(self.show(signed(algorithm="RS512")).status_code, 200)

    def test_another_address_forgets_the_keys(self):
        with key_server(telling([jwk(Keys.RSA, "one")])) as (url, _asked):
            self.use(url)
            self.show(signed())
            self.env.invalidate_all()
            self.assertTrue(self.issuer.jwks)
            self.issuer.jwks_url = url + "2"
            self.assertFalse(self.issuer.jwks)

    def test_keys_from_where_they_no_longer_are_are_not_kept(self):
        """The address was changed while they were fetched."""
        url = "https://id.example.org/jwks"
        self.use(url)
        for address, kept in [(url, "kept"), (url + "2", False)]:
            self.issuer.jwks_url = address
            self.issuer.flush_recordset()
            self.issuer._keep(url, "kept")
            self.env.invalidate_all()
            self.assertEqual(self.issuer.jwks, kept)

    def test_kept_keys_that_cannot_be_read_are_fetched_again(self):
        with key_server(telling([jwk(Keys.RSA, "one")])) as (url, asked):
            self.use(url)
            self.issuer.write({"jwks": "?", "jwks_date": fields.Datetime.now()})
            response = self.show(signed())
            self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(len(asked), 1)

    def test_the_administrator_sees_whether_keys_can_be_read(self):
        with key_server(telling([jwk(Keys.RSA, "one")])) as (url, _asked):
            self.use(url)
            action = self.issuer.action_test()
            self.assertEqual(action["params"]["type"], "success")
            self.assertIn("1", action["params"]["message"])
        with self.assertRaises(UserError):
            self.issuer.action_test()

    def test_settings_that_cannot_be_meant(self):
        for values in [
            {"algorithms": "HS256"},
            {"algorithms": "RS256 none"},
            {"algorithms": " "},
            {"jwks": "{}"},
            {"jwks": json.dumps({"keys": [jwk(Keys.RSA, "x")]}) + " " * 70_000},
            {"jwks_source": "url", "jwks_url": "http://id.example.org/jwks"},
            {"jwks_source": "url", "jwks_url": "https://user:x@id.example.org/jwks"},
            {"jwks_source": "url", "jwks_url": "file:///etc/passwd"},
            {"jwks_source": "url", "jwks_url": False},
            {"id_template": "x"},
            {"id_template": "{id}{id}"},
            {"id_template": "{id}{name}"},
            {"rate": 0},
            {"person_rate": -1},
        ]:
            with (
                self.subTest(values),
                self.assertRaises(ValidationError),
                self.env.cr.savepoint(),
            ):
                self.issuer.write(values)
        with self.assertRaises(UserError):
            self.issuer.unlink()
