"""Attacks with proofs that are good for something else, or were good before."""

import json
import time
import unicodedata

import jwt

from odoo.tests import tagged

from .. import signing
from ..models.g2p_api_client import _hashed
from .common import AUDIENCE, BASE, ISSUER, Keys, claims, jwk, pem, signed
from .routes_case import NUMBER, PROPOSALS, WALLET, RoutesCase

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECOND = "https://second.example.org"


@tagged("post_install", "-at_install")
class TestAttackTokens(RoutesCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer = cls.new_issuer("National ID", ISSUER, jwk(Keys.RSA, "one"))
        cls.client.write({"public_key": pem(Keys.EC)})
        cls.own = signing.audience(cls.env)

    @classmethod
    def new_issuer(cls, name, url, key, **values):
        rights = dict.fromkeys(
            ("may_read", "may_propose", "may_end", "may_read_directory"), True
        )
        return cls.env["g2p.api.issuer"].create(
            {
                "name": name,
                "url": url,
                "audience": AUDIENCE,
                "jwks_source": "pasted",
                "jwks": json.dumps({"keys": [key]}),
                "id_template": "{id}",
                **rights,
                **values,
            }
        )

    def assertion(self, key=Keys.EC, algorithm="ES256", **changes):
        now = int(time.time())
        said = {
            "iss": self.client.client_id,
            "sub": self.client.client_id,
            "aud": self.own,
            "iat": now,
            "exp": now + 60,
            "jti": f"{self.id()} {len(changes)} {now}",
            **changes,
        }
        return jwt.encode(said, key, algorithm)

    def show(self, token, person=None):
        self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
        return self.ask("/v1/address", token=token, person=person)

    def exchange(self, assertion, **form):
        self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
        return self.ask_token(
            client_assertion_type=ASSERTION, client_assertion=assertion, **form
        )

    # === ONE PROOF FOR ANOTHER === #

    def test_a_proof_is_good_for_one_thing(self):
        # An administrator may have named an issuer like the registry, or a client.
        self.new_issuer("Like us", self.own, jwk(Keys.OTHER, "one"))
        self.new_issuer("Like a client", self.client.client_id, jwk(Keys.OTHER, "one"))
        self.new_issuer("Second", SECOND, jwk(Keys.OTHER, "one"))
        header = jwt.get_unverified_header(self.token)
        said = jwt.decode(self.token, options={"verify_signature": False})
        kid = header["kid"]
        aud = [AUDIENCE, self.own]

        def by_issuer(key=Keys.RSA, **changes):
            return signed(claims(**changes), key=key)

        bearers = {
            "an assertion": self.assertion(),
            "an assertion for citizens": self.assertion(aud=AUDIENCE),
            "ours by another": jwt.encode(
                said, Keys.RSA, "RS256", headers={"kid": kid, "typ": "at+jwt"}
            ),
            "ours by one named like us": signed(
                claims(iss=self.own, aud=aud, scope=said["scope"], sub=said["sub"]),
                key=Keys.OTHER,
                typ="at+jwt",
            ),
            "a citizen of one named like us": signed(
                claims(iss=self.own, aud=aud), key=Keys.OTHER
            ),
            "the first issuer's by the second": by_issuer(Keys.OTHER),
            "the second's by the first": by_issuer(Keys.RSA, iss=SECOND),
            "for the client only": by_issuer(aud=self.client.client_id),
            "for the registry only": by_issuer(aud=self.own),
            "with a secret named by a path": jwt.encode(
                said, "x" * 32, headers={"kid": "../../../dev/null", "typ": "at+jwt"}
            ),
            "with a secret named by SQL": jwt.encode(
                said, "x", headers={"kid": "x' UNION SELECT 'x'", "typ": "at+jwt"}
            ),
            "typ in capitals": jwt.encode(
                said,
                signing._secret(self.env.cr, kid),
                headers={"kid": kid, "typ": "JWT"},
            ),
        }
        for name, token in bearers.items():
            for person in (None, "SR-1"):
                with self.subTest(name, person=person):
                    self.assertIn(self.show(token, person).status_code, (401,))
        forms = {
            "an access token": self.token,
            "a citizen's token": signed(),
            "of another client's key": self.assertion(Keys.OTHER, "RS256"),
            "signed with the public key": jwt.encode(
                {"iss": self.client.client_id}, _hashed("x"), "HS256"
            ),
            "for a citizen's audience": self.assertion(aud=AUDIENCE),
            "for the address of tokens of others": self.assertion(
                aud="https://evil.example/v1/token"
            ),
            "in the name of another": self.assertion(sub="SR-1"),
            "without an end": self.assertion(exp=2**53),
            "issued in the future": self.assertion(iat=2**40, exp=2**40 + 1),
            "jti is a list": self.assertion(jti=["x"]),
            "jti is empty": self.assertion(jti=""),
        }
        for name, assertion in forms.items():
            with self.subTest(name):
                self.assertIn(self.exchange(assertion).status_code, (400, 401))
        # The right one is good once, whatever it is sent beside.
        right = self.assertion()
        self.assertEqual(self.exchange(right).status_code, 200)
        self.env.cr.execute("SELECT 1")
        again = self.ask_token(client_assertion_type=ASSERTION, client_assertion=right)
        self.assertEqual(again.status_code, 401)

    def test_a_login_in_other_characters_is_another_login(self):
        told = self.propose().json()
        self.assertIn("id", told)
        looks = {
            "full width": "ＳＲ－１",
            "Cyrillic": "ЅR-1",
            "another digit": "SR-١",
            "another dash": "SR\u20111",
            "no width": "S\u200bR-1",
            "a mark": "SR-1\u034f",
            "a tag": "SR-1\U000e0001",
            "small": "sr-1",
            "a NUL": "SR-1\0",
            "a line": "SR-1\n",
            "a tab": "\tSR-1",
            "no break": "\u00a0SR-1",
            "zeros": "SR-01",
            "wildcards": "SR-_",
            "all": "%",
            "a list of SQL": "SR-1') OR ('1'='1",
            "a template": "{id}",
            "accents": unicodedata.normalize("NFD", "SR-1\u0301"),
            "backwards": "\u202e1-RS",
        }
        for name, text in looks.items():
            with self.subTest(name):
                response = self.show(signed(claims(sub=text)))
                self.assertIn(response.status_code, (401, 404), response.text)
                self.assertNotIn("M-Cash", response.text)
        self.assertEqual(self.show(signed()).status_code, 200)

    # === WHAT WAS ONE PERSON'S IS NOT THAT OF THE NEXT WITH THEIR ID === #

    def test_an_id_that_changed_hands_takes_nothing_along(self):
        key = "a key of mine"
        first = self.propose(WALLET, key).json()
        self.asha.spar_id = False
        self.env.flush_all()
        self.bahati.spar_id = "SR-1"
        self.env.flush_all()
        own = f"{PROPOSALS}/{first['id']}"
        for token, person in ((self.token, "SR-1"), (signed(), None)):
            with self.subTest(person=person):
                self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
                self.assertEqual(
                    self.ask(own, token=token, person=person).status_code, 404
                )
                listed = self.ask(PROPOSALS, token=token, person=person)
                self.assertEqual(listed.json()["items"], [])
                self.assertNotIn("200••••" + NUMBER[-3:], listed.text)
        again = self.propose({**WALLET, "mobile_number": "+255754200099"}, key)
        self.assertEqual(again.status_code, 201, again.text)
        self.assertNotEqual(again.json()["id"], first["id"])
        self.assertNotIn("Idempotent-Replayed", again.headers)
        # The address of the first one is theirs, as it was.
        self.env.invalidate_all()
        self.assertEqual(
            self.asha.financial_address_ids.filtered(
                lambda a: a.state == "effective"
            ).masked[-3:],
            NUMBER[-3:],
        )

    # === WHOSE NUMBER IT IS === #

    def test_where_all_of_a_channel_waits_an_answer_does_not_tell_of_others(self):
        self.propose(person="SR-2")
        for policy in ("approve", "refuse", "warn", "allow"):
            self.set_policy(shared=policy, approve_api=True)
            told = []
            for number in (NUMBER, "+255754200998"):
                self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
                answer = self.propose(mobile_number=number)
                self.assertEqual(answer.status_code, 201, answer.text)
                said = answer.json()
                progress = self.get(f"{PROPOSALS}/{said['id']}").json()
                address = self.get("/v1/address").json()
                waiting = address["waiting"]
                for one in (said, progress, waiting):
                    for name in ("id", "proposed_at", "entered_at", "number"):
                        one.pop(name, None)
                told.append((said, progress, address))
            with self.subTest(policy):
                self.assertEqual(*told)

    # === HEADERS OF ANSWERS === #

    def test_no_answer_may_be_kept_framed_or_read_by_a_page_of_another_site(self):
        personal = {
            "read": lambda: self.get("/v1/address", Origin="https://evil.example"),
            "list": lambda: self.get(PROPOSALS),
            "propose": lambda: self.propose(),
            "end": lambda: self.end(),
            "token": lambda: self.ask_token(self.client),
        }
        others = {
            "directory": lambda: self.get("/v1/dfsps", person=None),
            "nothing there": lambda: self.get("/v1/none"),
            "stranger": lambda: self.ask("/v1/address"),
            "refused": lambda: self.propose(mobile_number="1"),
            "preflight": lambda: self.ask(
                "/v1/address",
                "OPTIONS",
                Origin="https://evil.example",
                Access_Control_Request_Method="POST",
            ),
            "health": lambda: self.ask("/v1/health"),
            "description": lambda: self.ask("/openapi.json"),
            "too large": lambda: self.propose(b"x" * 70_000),
            "an odd path": lambda: self.ask("/v1//address%00"),
        }
        for name, call in {**personal, **others}.items():
            with self.subTest(name):
                response = call()
                headers = response.headers
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                allowed = [h for h in headers if h.startswith("Access-Control-")]
                self.assertEqual(allowed, [])
                self.assertNotIn("Set-Cookie", headers)
                self.assertTrue(headers["X-Request-Id"])
                if name in personal:
                    self.assertEqual(headers["Cache-Control"], "no-store")
                if name == "token":
                    continue
                self.assertNotIn("html", headers.get("Content-Type", ""))
        self.assertTrue(self.base_url() and BASE)
