"""Everybody who may call, and everybody they may call for."""

import json
import time
import warnings
from collections import namedtuple
from unittest.mock import patch

import jwt

from odoo.addons.g2p_spar_financial_address.tests.matrix import MatrixMixin

from .. import rate_limits, signing
from ..models.g2p_api_rights import SCOPES
from .common import ISSUER, Keys, claims, jwk, pem, signed
from .routes_case import RoutesCase
from .test_citizens import CitizenCase

ALL = frozenset(SCOPES.values())
#: Who calls: what they show, what they may, and whom their token is of.
Who = namedtuple("Who", "name token scopes citizen_of", defaults=(None, None))

#: Those a client may name, and whether they are paid.
PEOPLE = {
    "SR-1": True,
    "SR-2": True,
    "SR-NOBODY": False,
    "SR-ARCHIVED": False,
    "SR-CONTACT": False,
}
NUMBERS = ("754200001", "754200002", "754200999")


class MatrixCase(MatrixMixin, RoutesCase, CitizenCase):
    """Callers of every kind; nothing of numbers or tokens is written down of any."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        people = cls.env["res.partner"]
        people.create(
            [
                {
                    "name": "Archived",
                    "is_registrant": True,
                    "spar_id": "SR-ARCHIVED",
                    "active": False,
                },
                {"name": "Contact", "is_registrant": False, "spar_id": "SR-CONTACT"},
            ]
        )
        many = {"rate": 1_000_000, "person_rate": 1_000_000}
        cls.issuer.write({**dict.fromkeys(SCOPES, True), **many})
        cls.weak_issuer = cls.new_issuer(
            name="Another", url=f"{ISSUER}/weak", **dict.fromkeys(SCOPES, False), **many
        )
        cls.client.write(many)
        cls.clients = {
            scope: cls.client_for(scope, **many) for scope in SCOPES.values()
        }
        cls.clients[None] = cls.client_for(None, **many)
        cls.disabled = cls.new_client("Disabled", **many)

    @classmethod
    def client_for(cls, scope, **values):
        """Return a client with one right."""
        rights = {name: one == scope for name, one in SCOPES.items()}
        return cls.new_client(f"Only {scope}", **rights, **values)

    def setUp(self):
        super().setUp()
        # None of these calls is one too many.
        for name in ("FAILURES", "TOKENS"):
            self.enterContext(patch.object(rate_limits, name, 1_000_000))
        disabled = self.token_of(self.disabled)
        self.disabled.state = "disabled"
        self.env.flush_all()
        self.callers = [
            Who("client with all rights", self.token, ALL),
            *(
                Who(f"client with {scope}", self.token_of(client), {scope} - {None})
                for scope, client in self.clients.items()
            ),
            Who("client with less in its token", self.narrow_token(), {"address:read"}),
            Who("citizen A", signed(), ALL, "SR-1"),
            Who("citizen B", signed(claims(sub="SR-2")), ALL, "SR-2"),
            Who("citizen unknown", signed(claims(sub="SR-NOBODY")), ALL, "SR-NOBODY"),
            Who(
                "citizen archived",
                signed(claims(sub="SR-ARCHIVED")),
                ALL,
                "SR-ARCHIVED",
            ),
            Who(
                "citizen without rights",
                signed(claims(iss=self.weak_issuer.url)),
                frozenset(),
                "SR-1",
            ),
            Who("disabled client", disabled),
            *(Who(name, token) for name, token in self.forged().items()),
        ]

    def narrow_token(self):
        response = self.ask_token(self.client, scope="address:read")
        return response.json()["access_token"]

    def forged(self):
        """Return what proves nothing, by what is wrong with it."""
        now = int(time.time())
        head, payload, signature = signed().split(".")
        own_head, own_payload, own_signature = self.token.split(".")
        own = jwt.decode(self.token, options={"verify_signature": False})
        others = written(claims(sub="SR-2"))
        more = written({**own, "sub": self.clients[None].client_id})
        kid = jwt.get_unverified_header(self.token)["kid"]
        at = {"kid": kid, "typ": "at+jwt"}

        def made(said, key=b"x" * 32, algorithm="HS256", **headers):
            return jwt.encode(
                {**own, **said}, key, algorithm, headers={**at, **headers}
            )

        def unsigned(said, alg):
            header = {"alg": alg, "typ": "at+jwt", "kid": "one"}
            return f"{written(header)}.{written(said)}."

        with patch.object(signing.time, "time", lambda: now - signing.LIFETIME - 5):
            expired = signing.issue(self.env, self.client.client_id, ALL)
        with patch.object(signing, "audience", lambda _env: "urn:uuid:another"):
            foreign = signing.issue(self.env, self.client.client_id, ALL)
        return {
            "nobody": None,
            "garbage": "garbage",
            "empty token": " ",
            "citizen, expired": signed(claims(exp=now - 600)),
            "citizen, not yet": signed(claims(nbf=now + 600)),
            "citizen, another audience": signed(claims(aud="elsewhere")),
            "citizen, another issuer": signed(claims(iss="https://evil.example")),
            "citizen, none": unsigned(claims(), "none"),
            "citizen, NONE": unsigned(claims(), "NONE"),
            "citizen, unknown kid": signed(kid="two"),
            "citizen, key of another": signed(key=Keys.OTHER),
            "citizen, jku": signed(key=Keys.OTHER, jku="http://127.0.0.1:1/jwks"),
            "citizen, jwk": signed(key=Keys.OTHER, jwk=jwk(Keys.OTHER, "one")),
            "citizen, tampered": f"{head}.{others}.{signature}",
            "citizen, cut off": f"{head}.{payload}.",
            "own, expired": expired,
            "own, of another registry": foreign,
            "own, another secret": made({}),
            "own, empty secret": hmac_token(own, "", kid),
            "own, none": unsigned(own, "none"),
            "own, signed by an issuer": made({}, Keys.RSA, "RS256", kid="one"),
            "own, of another client": f"{own_head}.{more}.{own_signature}",
            "own, cut off": f"{own_head}.{own_payload}.",
            "own, unknown kid": made({}, kid="x"),
            "public key as a secret": hmac_token(own, pem(Keys.RSA)),
        }

    def assertQuiet(self, response, one):
        """No number is told, and nothing that was sent is written down."""
        said = f"{response.text}\n{response.headers}"
        self.env.cr.execute(
            """SELECT string_agg(c::text, ' ') FROM g2p_api_call c
                WHERE request_id = %s""",
            [response.headers.get("X-Request-Id")],
        )
        [written] = self.env.cr.fetchone()
        secrets = [*NUMBERS, *filter(None, [one.token and one.token.strip()])]
        for secret in secrets:
            self.assertNotIn(secret, said)
            self.assertNotIn(secret, written or "")


def written(said):
    """Return a part of a token."""
    return jwt.utils.base64url_encode(json.dumps(said).encode()).decode()


def hmac_token(said, key, kid="one"):
    """Return a token with any key for its secret: PyJWT itself refuses to."""
    headers = {"typ": "at+jwt", "kid": kid}
    with (
        patch.object(
            jwt.algorithms.HMACAlgorithm, "prepare_key", lambda _self, key: key
        ),
        warnings.catch_warnings(),
    ):
        # It warns of one that is too short.
        warnings.simplefilter("ignore")
        return jwt.encode(said, key.encode(), "HS256", headers=headers)
