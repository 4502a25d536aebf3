import base64
import json
import time
import uuid
from unittest.mock import patch

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from .. import signing
from ..routers.token import ASSERTION
from ..tokens import BadToken
from .common import ApiCase, Keys, pem


class TestClients(ApiCase):
    """Programs that call for people: who they are, and for how long."""

    def test_a_secret_gets_a_token_and_the_token_gets_in(self):
        response = self.ask_token(self.client)
        said = response.json()
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(
            (said["token_type"], said["expires_in"]), ("Bearer", signing.LIFETIME)
        )
        everything = [
            "address:end",
            "address:propose",
            "address:read",
            "directory:read",
        ]
        self.assertEqual(said["scope"].split(), everything)
        told = self.ask("/v1/probe/nobody", token=said["access_token"]).json()
        self.assertEqual(told["kind"], "client")
        self.assertEqual(told["name"], "Portal")
        self.assertEqual(told["key"], f"client:{self.client.id}")
        self.assertEqual(told["scopes"], everything)
        self.assertIsNone(told["partner"])

    def test_the_secret_may_come_as_http_basic(self):
        pair = f"{self.client.client_id}:a+secret+of%20the+tests".encode()
        response = self.url_open(
            "/spar/self-service/v1/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"},
        )
        self.assertEqual(response.status_code, 200, response.text)

    def test_who_cannot_prove_who_they_are_gets_no_token(self):
        disabled = self.new_client("Old portal", state="disabled")
        without = self.new_client("New portal", secret_hash=False)
        for client, secret in [
            (self.client, "another secret"),
            (self.client, ""),
            (disabled, "a secret of the tests"),
            (without, ""),
            (without, "a secret of the tests"),
        ]:
            response = self.ask_token(client, secret)
            said = self.assertProblem(response, 401, "unauthenticated")
            self.assertEqual(said["error"], "invalid_client")
            self.assertNotIn("access_token", said)
        nobody = self.ask_token(client_id="x\0y", client_secret="x")
        self.assertProblem(nobody, 401, "unauthenticated")
        for basic in [
            "Basic !",
            "Basic " + base64.b64encode(b"\xff").decode(),
            "Negotiate x",
        ]:
            response = self.url_open(
                "/spar/self-service/v1/token",
                data={"grant_type": "client_credentials"},
                headers={"Authorization": basic},
            )
            self.assertProblem(response, 401, "unauthenticated")

    def test_what_is_no_request_for_a_token_is_refused(self):
        for form, error in [
            ({"grant_type": ""}, "invalid_request"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"scope": "address:read address:everything"}, "invalid_scope"),
            ({"client_assertion": "x"}, "invalid_request"),
            ({"client_assertion_type": ASSERTION}, "invalid_request"),
        ]:
            said = self.assertProblem(
                self.ask_token(self.client, **form), 400, "bad-token-request"
            )
            self.assertEqual(said["error"], error)
        as_json = self.ask(
            "/v1/token", "POST", body={"grant_type": "client_credentials"}
        )
        self.assertProblem(as_json, 415, "unsupported-type")

    def test_a_token_may_be_good_for_less(self):
        said = self.ask_token(self.client, scope="address:read").json()
        self.assertEqual(said["scope"], "address:read")
        response = self.ask("/v1/probe/nobody", token=said["access_token"])
        self.assertProblem(response, 403, "forbidden")

    def test_rights_taken_away_are_gone_at_once(self):
        token = self.token_of(self.client)
        self.assertEqual(self.ask("/v1/probe/nobody", token=token).status_code, 200)
        self.client.may_read_directory = False
        response = self.ask("/v1/probe/nobody", token=token)
        self.assertProblem(response, 403, "forbidden")
        self.client.action_disable()
        response = self.ask("/v1/probe/nobody", token=token)
        self.assertProblem(response, 401, "unauthenticated")
        self.assertIn("invalid_token", response.headers["WWW-Authenticate"])

    def test_a_new_secret_ends_the_old_one(self):
        action = self.client.action_new_secret()
        secret = action["context"]["default_client_secret"]
        self.assertGreaterEqual(len(secret), 43)
        old = self.ask_token(self.client)
        self.assertProblem(old, 401, "unauthenticated")
        self.assertEqual(self.ask_token(self.client, secret).status_code, 200)

    # === FOR WHOM === #

    def test_a_client_names_the_person_it_acts_for(self):
        people = {
            spar_id: self.env["res.partner"].create(
                {"name": spar_id, "is_registrant": True, "spar_id": spar_id}
            )
            for spar_id in ("Île-7/ü", "token:4711@nationalId")
        }
        token = self.token_of(self.client)
        for spar_id, partner in {"SR-1": self.asha, **people}.items():
            header = spar_id.encode().decode("latin-1")
            told = self.ask("/v1/probe/person", token=token, person=header).json()
            self.assertEqual(told["partner"], partner.id, told)
            self.assertEqual(told["spar_id"], spar_id)
        self.client.id_template = "token:{id}@nationalId"
        told = self.ask("/v1/probe/person", token=token, person="4711").json()
        self.assertEqual(told["spar_id"], "token:4711@nationalId")

    def test_a_client_that_names_nobody_gets_nobody(self):
        token = self.token_of(self.client)
        nobody = self.ask("/v1/probe/person", token=token)
        self.assertProblem(nobody, 400, "person-missing")
        not_utf8 = self.ask("/v1/probe/person", token=token, person="\xff")
        self.assertProblem(not_utf8, 400, "person-missing")
        in_url = self.ask("/v1/probe/person?Person-Id=SR-1&person_id=SR-1", token=token)
        self.assertProblem(in_url, 400, "person-missing")

    def test_who_is_not_paid_is_unknown_like_everybody_else(self):
        create = self.env["res.partner"].create
        create({"name": "B", "is_registrant": True, "spar_id": "SR-2", "active": False})
        create({"name": "C", "is_registrant": False, "spar_id": "SR-3"})
        token = self.token_of(self.client)
        answers = []
        for person in ("SR-2", "SR-3", "SR-4", "sr-1", "SR_1", "%", "x" * 300):
            response = self.ask("/v1/probe/person", token=token, person=person)
            said = self.assertProblem(response, 404, "unknown-person")
            del said["request_id"]
            answers.append(said)
        self.assertEqual([answers[0]] * len(answers), answers)

    # === OUR TOKENS === #

    def test_our_own_tokens_cannot_be_made_or_stretched_by_others(self):
        token = self.token_of(self.client)
        header = jwt.get_unverified_header(token)
        said = jwt.decode(token, options={"verify_signature": False})
        kid, typ = header["kid"], {"typ": "at+jwt"}
        head, payload, signature = token.split(".")
        secret = signing._secret(self.env.cr, kid)
        now = int(time.time())

        def ours(**changes):
            return jwt.encode(
                {**said, **changes}, secret, "HS256", headers={"kid": kid, **typ}
            )

        self.assertEqual(self.ask("/v1/probe/nobody", token=ours()).status_code, 200)
        swapped = jwt.utils.base64url_encode(
            jwt.utils.base64url_decode(payload).replace(b"directory", b"addresses")
        ).decode()
        forged = {
            "signature": f"{head}.{payload}.{signature[:-3]}AAA",
            "payload": f"{head}.{swapped}.{signature}",
            "other secret": jwt.encode(said, "x" * 32, headers={"kid": kid, **typ}),
            "none": jwt.encode(said, None, "none", headers={"kid": kid, **typ}),
            "RS256": jwt.encode(said, Keys.RSA, "RS256", headers={"kid": kid, **typ}),
            "HS512": jwt.encode(said, secret * 2, "HS512", headers={"kid": kid, **typ}),
            "no kid": jwt.encode(said, secret, headers=typ),
            "unknown kid": jwt.encode(said, secret, headers={"kid": "x", **typ}),
            "kid with a NUL": jwt.encode(said, secret, headers={"kid": "\0", **typ}),
            "kid is half a character": jwt.encode(
                said, secret, headers={"kid": "\ud800", **typ}
            ),
            "kid is a list": _with_header(token, {"kid": [kid], "alg": "HS256", **typ}),
            "no algorithm": _with_header(token, {"kid": kid, **typ}),
            "no typ": jwt.encode(said, secret, headers={"kid": kid}),
            "over": ours(exp=now - 1),
            "future": ours(iat=now + 3600),
            "not yet": ours(nbf=now + 3600),
            "audience": ours(aud="somebody else"),
            "nobody": ours(sub="nobody"),
            "without exp": jwt.encode(
                {key: value for key, value in said.items() if key != "exp"},
                secret,
                headers={"kid": kid, **typ},
            ),
        }
        for name, bad in forged.items():
            with self.subTest(name):
                response = self.ask("/v1/probe/nobody", token=bad)
                self.assertProblem(response, 401, "unauthenticated")

    def test_keys_that_sign_are_changed_every_day_and_old_ones_forgotten(self):
        token = self.token_of(self.client)
        kid = jwt.get_unverified_header(token)["kid"]
        self.env.cr.execute(
            "UPDATE g2p_api_signing_store"
            " SET made_at = made_at - interval '24 hours 5 minutes'"
        )
        signing._remembered.clear()
        newer = jwt.get_unverified_header(self.token_of(self.client))["kid"]
        self.assertNotEqual(newer, kid)
        self.assertEqual(self.ask("/v1/probe/nobody", token=token).status_code, 200)
        self.env.cr.execute(
            "UPDATE g2p_api_signing_store SET made_at = made_at - interval '24 hours'"
        )
        self.env["g2p.api.client"]._gc_signing()
        self.env.cr.execute("SELECT kid FROM g2p_api_signing_store")
        self.assertEqual(self.env.cr.fetchall(), [(newer,)])

    def test_a_key_of_an_old_backup_signs_nothing_that_is_taken(self):
        """Not even by a process that has known the key since it was in use."""
        token = self.token_of(self.client)
        kid = jwt.get_unverified_header(token)["kid"]
        secret, now = signing._secret(self.env.cr, kid), time.time()
        with patch.object(signing.time, "time") as clock:
            clock.return_value = now + 24 * 3600
            self.assertEqual(signing._secret(self.env.cr, kid), secret)
            clock.return_value = now + 24 * 3600 + 2 * signing.LIFETIME
            with self.assertRaises(BadToken):
                signing._secret(self.env.cr, kid)
            signing._remembered.clear()
            with self.assertRaises(BadToken):
                signing._secret(self.env.cr, kid)
        self.assertEqual(self.ask("/v1/probe/nobody", token=token).status_code, 200)

    # === ASSERTIONS === #

    def assertion(self, key=Keys.EC, algorithm="ES256", client=None, **changes):
        client = client or self.client
        now = int(time.time())
        said = {
            "iss": client.client_id,
            "sub": client.client_id,
            "aud": signing.audience(self.env),
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
            **changes,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, key, algorithm)

    def ask_with(self, assertion, **form):
        return self.ask_token(
            client_assertion_type=ASSERTION, client_assertion=assertion, **form
        )

    def test_an_assertion_gets_a_token_once(self):
        for key, algorithm in [(Keys.EC, "ES256"), (Keys.RSA, "RS256")]:
            self.client.public_key = pem(key)
            assertion = self.assertion(key, algorithm)
            first = self.ask_with(assertion, client_id=self.client.client_id)
            self.assertEqual(first.status_code, 200, first.text)
            token = first.json()["access_token"]
            self.assertEqual(self.ask("/v1/probe/nobody", token=token).status_code, 200)
            again = self.ask_with(assertion)
            self.assertProblem(again, 401, "unauthenticated")
        causes = self.calls().mapped("problem")
        self.assertEqual(causes.count("unauthenticated: replayed"), 2)

    def test_an_assertion_that_proves_nothing_is_refused(self):
        self.client.public_key = pem(Keys.EC)
        now = int(time.time())
        other = self.new_client("Other", public_key=pem(Keys.RSA))
        disabled = self.new_client("Old", public_key=pem(Keys.EC), state="disabled")
        public = pem(Keys.EC).encode()
        bad = {
            "signed by another": self.assertion(Keys.RSA, "RS256"),
            "another's": self.assertion(client=other),
            "disabled": self.assertion(client=disabled),
            "audience": self.assertion(aud="https://elsewhere.example"),
            "no audience": self.assertion(aud=None),
            "over": self.assertion(iat=now - 400, exp=now - 100),
            "too long": self.assertion(exp=now + 3600),
            "future": self.assertion(iat=now + 200, exp=now + 400),
            "no jti": self.assertion(jti=None),
            "empty jti": self.assertion(jti=""),
            "no exp": self.assertion(exp=None),
            "subject": self.assertion(sub="somebody"),
            "nobody": self.assertion(iss="nobody"),
            "none": jwt.encode({"iss": self.client.client_id}, None, "none"),
            "public key as a secret": _with_hmac(self.assertion(), public),
            "garbage": "x.y.z",
            "issuer is half a character": self.assertion(iss="\ud800"),
            "issuer with a NUL": self.assertion(iss="\0"),
            "issuer is a list": _with_claims(self.assertion(), {"iss": ["x"]}),
            "jti is half a character": self.assertion(jti="\ud800"),
            "jti is a list": self.assertion(jti=["x"]),
            "no algorithm": _with_header(self.assertion(), {"typ": "JWT"}),
            "algorithm is a list": _with_header(self.assertion(), {"alg": ["ES256"]}),
            "exp is a text": self.assertion(exp=str(now + 100), iat=str(now)),
            "exp is huge": self.assertion(exp=10**400, iat=now - 0.5),
            "exp is no number": self.assertion(exp=float("nan")),
            "iat is no number": self.assertion(iat=float("nan")),
            "iat is long ago": self.assertion(iat=-(10**400)),
            "iat is false": self.assertion(iat=False),
        }
        for name, assertion in bad.items():
            with self.subTest(name):
                # Each as if it came from somewhere else.
                self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
                self.assertProblem(self.ask_with(assertion), 401, "unauthenticated")
        mixed = self.ask_with(self.assertion(), client_id=other.client_id)
        self.assertProblem(mixed, 401, "unauthenticated")
        good = self.ask_with(self.assertion())
        self.assertEqual(good.status_code, 200, good.text)

    def test_only_public_keys_that_can_be_used_are_taken(self):
        for text in [
            "x",
            pem(Keys.RSA).replace("A", "B"),
            pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
            pem(ec.generate_private_key(ec.SECP256K1())),
            "-----BEGIN PUBLIC KEY-----",
        ]:
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.client.public_key = text

    def test_a_client_stays_in_the_records(self):
        with self.assertRaises(UserError):
            self.client.unlink()

    def test_only_administrators_keep_clients(self):
        editor = new_test_user(
            self.env, "editor", groups="g2p_spar_financial_address.group_editor"
        )
        client = self.client.with_user(editor)
        for attempt in [
            client.action_new_secret,
            client.action_disable,
            lambda: client.read(["name"]),
            lambda: client.create({"name": "Mine"}),
        ]:
            with self.assertRaises(AccessError):
                attempt()


def _with_header(token, header):
    """Return a token with another header, and the signature of its own."""
    head = jwt.utils.base64url_encode(json.dumps(header).encode()).decode()
    return ".".join([head, *token.split(".")[1:]])


def _with_claims(token, said):
    """Return a token with other claims, and the signature of its own."""
    head, _payload, signature = token.split(".")
    payload = jwt.utils.base64url_encode(json.dumps(said).encode()).decode()
    return f"{head}.{payload}.{signature}"


def _with_hmac(token, key):
    """Return a token's claims, signed with a text that everybody knows."""
    payload = token.split(".")[1]
    header = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT"}').decode()
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = algorithm.sign(f"{header}.{payload}".encode(), key)
    return f"{header}.{payload}.{jwt.utils.base64url_encode(signature).decode()}"
