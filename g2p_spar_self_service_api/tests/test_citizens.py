import json
import time

import jwt

from odoo.tests import new_test_user

from odoo.addons.g2p_spar_financial_address.tests.common import FinancialAddressCase

from .common import (
    AUDIENCE,
    ISSUER,
    ApiCase,
    Keys,
    claims,
    jwk,
    key_server,
    pem,
    signed,
    telling,
)


class CitizenCase(ApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer = cls.new_issuer()

    @classmethod
    def new_issuer(cls, **values):
        return cls.env["g2p.api.issuer"].create(
            {
                "name": "National ID",
                "url": ISSUER,
                "audience": AUDIENCE,
                "algorithms": "RS256 ES256",
                "jwks_source": "pasted",
                "jwks": json.dumps(
                    {"keys": [jwk(Keys.RSA, "one"), jwk(Keys.EC, "curve")]}
                ),
                "id_template": "{id}",
                **values,
            }
        )

    def show(self, token):
        return self.ask("/v1/probe/person", token=token)

    def assertShut(self, tokens):
        """None of these tokens, by name, proves anything."""
        for name, token in tokens.items():
            with self.subTest(name):
                # Each as if it came from somewhere else.
                self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
                self.assertProblem(self.show(token), 401, "unauthenticated")


class TestCitizensTokens(CitizenCase):
    """What a citizen's token proves, and all the ways in which it does not."""

    def test_a_token_says_who_somebody_is(self):
        for token in [
            signed(),
            signed(key=Keys.EC, algorithm="ES256", kid="curve"),
            signed(claims(aud=["other", AUDIENCE])),
        ]:
            response = self.show(token)
            self.assertEqual(response.status_code, 200, response.text)
            told = response.json()
            self.assertEqual((told["kind"], told["name"]), ("citizen", "National ID"))
            self.assertEqual(told["key"], f"citizen:{self.issuer.id}")
            self.assertEqual(told["partner"], self.asha.id)
            self.assertEqual(told["spar_id"], "SR-1")

    def test_tokens_that_prove_nothing(self):
        now = int(time.time())
        head, payload, signature = signed().split(".")
        other = jwt.utils.base64url_encode(json.dumps(claims(sub="SR-2")).encode())
        self.assertShut(
            {
                "expired": signed(claims(exp=now - 60)),
                "not yet valid": signed(claims(nbf=now + 600)),
                "from the future": signed(claims(iat=now + 600, exp=now + 900)),
                "another audience": signed(claims(aud="elsewhere")),
                "no audience": signed(claims(aud=None)),
                "another issuer": signed(claims(iss="https://evil.example")),
                "issuer with a slash": signed(claims(iss=ISSUER + "/")),
                "no issuer": signed(claims(iss=None)),
                "issuer is a list": _unsigned(b'{"iss": ["x"]}') + "AAAA",
                "issuer with a NUL": signed(claims(iss=ISSUER + "\0")),
                "no expiry": signed(claims(exp=None)),
                "endless": signed(claims(exp=1e400)),
                "expiry is no number": signed(claims(exp=float("nan"))),
                "expiry is a text": signed(claims(exp=str(now + 300))),
                "expiry is true": signed(claims(exp=True)),
                "expiry is a list": signed(claims(exp=[now + 300])),
                "time of issue is a text": signed(claims(iat=str(now))),
                "time of issue is false": signed(claims(iat=False)),
                "time of issue is no number": signed(claims(iat=float("nan"))),
                "valid from a text": signed(claims(nbf=str(now))),
                "audience is a number": signed(claims(aud=7)),
                "audiences are numbers": signed(claims(aud=[AUDIENCE, 7])),
                "audience holds ours": signed(claims(aud=AUDIENCE + "-2")),
                "no audiences": signed(claims(aud=[])),
                "digits without end": _unsigned(b'{"exp": ' + b"9" * 5000 + b"}"),
                "issuer is half a character": signed(claims(iss="\ud800")),
                "ID is half a character": signed(claims(sub="\ud800")),
                "kid with a NUL": signed(kid="\0"),
                "kid is half a character": signed(kid="\ud800"),
                "kid without end": signed(kid="x" * 2**14),
                "two issuers": _unsigned(
                    b'{"iss": "%s", "iss": "\\ud800"}' % ISSUER.encode()
                ),
                "no algorithm": _unsigned(b"{}", b'{"kid": "one"}'),
                "algorithm is a list": _unsigned(b"{}", b'{"alg": ["RS256"]}'),
                "no time of issue": signed(claims(iat=None)),
                "no ID": signed(claims(sub=None)),
                "empty ID": signed(claims(sub=" ")),
                "ID is a list": signed(claims(sub=["SR-1"])),
                "unknown kid": signed(kid="two"),
                "kid of another key": signed(kid="curve"),
                "kid is a path": signed(kid="../../dev/null"),
                "two keys and no kid": signed(kid=None, key=Keys.OTHER),
                "signed by another": signed(key=Keys.OTHER),
                "algorithm not agreed on": signed(algorithm="PS256"),
                "tampered payload": f"{head}.{other.decode()}.{signature}",
                "tampered signature": f"{head}.{payload}.{signature[:-4]}AAAA",
                "no signature": f"{head}.{payload}.",
                "critical header": signed(crit=["exp"]),
                "oversized": signed(claims(more="x" * 9000)),
                "two parts": f"{head}.{payload}",
                "no parts": "garbage",
                "not ASCII": "ä.ö.ü",
                "deep": _unsigned(b"[" * 3000 + b"]" * 3000),
                "list": _unsigned(b"[]"),
            }
        )
        self.assertEqual(self.show(signed()).status_code, 200)

    def test_an_id_that_is_a_number_must_be_clear(self):
        """Neither one whose zeros are lost nor one that may have been rounded."""

        def show(number):
            self.env.cr.execute("DELETE FROM g2p_fa_rate_taken")
            return self.show(signed(claims(individual_id=number)))

        self.issuer.claim = "individual_id"
        self.asha.spar_id = str(2**53 + 2)
        self.assertEqual(show(str(2**53 + 2)).status_code, 200)
        self.assertProblem(show(2**53 + 2), 401, "unauthenticated")
        self.asha.spar_id = "70123"
        self.assertEqual(show(70123).json()["partner"], self.asha.id)
        other = self.env["res.partner"].create(
            {"name": "Neema", "is_registrant": True, "spar_id": "0070123"}
        )
        self.assertProblem(show(70123), 401, "unauthenticated")
        self.assertEqual(show("70123").json()["partner"], self.asha.id)
        self.assertEqual(show("0070123").json().get("spar_id"), other.spar_id)

    def test_none_is_no_algorithm(self):
        for name in ("none", "None", "NONE", "nOnE"):
            header = json.dumps({"alg": name, "kid": "one"}).encode()
            with self.subTest(name):
                token = _unsigned(json.dumps(claims()).encode(), header)
                self.assertProblem(self.show(token), 401, "unauthenticated")

    def test_a_public_key_is_no_secret(self):
        tokens = {}
        set_text = self.issuer.jwks
        for name, secret in [
            ("PEM", pem(Keys.RSA)),
            ("PEM, trimmed", pem(Keys.RSA).strip()),
            ("JWKS", set_text),
            ("nothing", ""),
        ]:
            for algorithm in ("HS256", "HS384", "HS512"):
                tokens[f"{name}, {algorithm}"] = _with_hmac(algorithm, secret.encode())
        self.assertShut(tokens)

    def test_a_key_that_comes_with_the_token_is_not_looked_at(self):
        with key_server(telling([jwk(Keys.OTHER, "one")])) as (url, asked):
            self.assertShut(
                {
                    "jku": signed(key=Keys.OTHER, jku=url),
                    "x5u": signed(key=Keys.OTHER, x5u=url),
                    "jwk": signed(key=Keys.OTHER, jwk=jwk(Keys.OTHER, "one")),
                    "jku, unknown kid": signed(key=Keys.OTHER, kid="two", jku=url),
                }
            )
        self.assertEqual(asked, [])

    def test_the_clocks_may_differ_a_little(self):
        now = int(time.time())
        self.issuer.leeway = 60
        self.assertEqual(self.show(signed(claims(exp=now - 30))).status_code, 200)
        self.issuer.leeway = 0
        self.assertShut({"over": signed(claims(exp=now - 30))})

    def test_what_else_a_token_must_say(self):
        self.issuer.write({"required_scope": "spar", "required_acr": "mfa hsm"})
        self.assertShut(
            {
                "neither": signed(),
                "scope only": signed(claims(scope="openid spar")),
                "log-in only": signed(claims(acr="mfa")),
                "part of a word": signed(claims(scope="sparse", acr="mfa")),
                "weaker": signed(claims(scope="spar", acr="password")),
                "scope is a number": signed(claims(scope=7, acr="mfa")),
            }
        )
        for scope in ("openid spar", ["openid", "spar"]):
            token = signed(claims(scope=scope, acr="mfa"))
            self.assertEqual(self.show(token).status_code, 200)

    def test_a_disabled_issuer_proves_nothing(self):
        self.issuer.action_disable()
        self.assertShut({"disabled": signed()})
        self.issuer.action_enable()
        self.assertEqual(self.show(signed()).status_code, 200)

    def test_the_id_is_made_of_the_claim_by_the_template(self):
        self.asha.spar_id = "token:4711@nationalId"
        self.issuer.write(
            {"claim": "individual_id", "id_template": "token:{id}@nationalId"}
        )
        for value in ("4711", 4711, " 4711 "):
            response = self.show(signed(claims(individual_id=value)))
            self.assertEqual(response.json()["partner"], self.asha.id, response.text)
        self.assertShut({"another claim": signed()})

    def test_who_chooses_an_issuers_keys_can_prove_to_be_anybody(self):
        group = "g2p_spar_financial_address.group_administrator"
        one, other, third = (
            new_test_user(self.env, f"c_{number}", group) for number in range(3)
        )
        self.issuer.with_user(one).jwks = self.issuer.jwks + " "
        self.issuer.with_user(other).claim = "individual_id"
        self.issuer.with_user(third).rate = 10
        self.env.invalidate_all()
        self.assertEqual(self.issuer.proved_by_ids, one | other)
        # Of those set up before the upgrade it is known who did it last.
        addon = "g2p_spar_self_service_api"
        self.env.cr.execute("DELETE FROM g2p_api_issuer_res_users_rel")
        FinancialAddressCase.upgrade(self, addon, "19.0.1.1.0", topic="provers")
        self.assertEqual(self.issuer.proved_by_ids, third)

    def test_an_id_told_as_a_number_is_of_one_person(self):
        create = self.env["res.partner"].create
        other = create({"name": "B", "is_registrant": True, "spar_id": "70123"})
        self.issuer.claim = "individual_id"
        self.assertEqual(
            self.show(signed(claims(individual_id=70123))).json()["partner"], other.id
        )
        # Of this person a number tells no more than of the other.
        person = create({"name": "C", "is_registrant": True, "spar_id": "0070123"})
        self.assertShut({"a number": signed(claims(individual_id=70123))})
        for value, partner in (("70123", other), ("0070123", person)):
            response = self.show(signed(claims(individual_id=value)))
            self.assertEqual(response.json()["partner"], partner.id)

    def test_who_is_not_paid_is_unknown_like_everybody_else(self):
        create = self.env["res.partner"].create
        create({"name": "B", "is_registrant": True, "spar_id": "SR-2", "active": False})
        create({"name": "C", "is_registrant": False, "spar_id": "SR-3"})
        answers = []
        for spar_id in ("SR-2", "SR-3", "SR-4", "sr-1", "SR%1", "x" * 300, "a\0b"):
            response = self.show(signed(claims(sub=spar_id)))
            said = self.assertProblem(response, 404, "unknown-person")
            del said["request_id"]
            answers.append(said)
        self.assertEqual([answers[0]] * len(answers), answers)

    def test_a_login_that_looks_the_same_is_another_login(self):
        """Where people choose their login, one such would act for another person."""
        for login in (
            "SR-1\u200b",
            "SR\u20101",
            "\u2003SR-1",
            "S\u00adR-1",
            "SR-1\ufe0f",
        ):
            with self.subTest(ascii(login)):
                response = self.show(signed(claims(sub=login)))
                self.assertProblem(response, 404, "unknown-person")

    def test_a_citizen_names_nobody_else(self):
        self.env["res.partner"].create(
            {"name": "Baraka", "is_registrant": True, "spar_id": "SR-2"}
        )
        for person in ("SR-2", "SR-1"):
            response = self.ask("/v1/probe/person", token=signed(), person=person)
            self.assertProblem(response, 403, "person-given")
            self.assertEqual(self.calls()[-1].issuer_id, self.issuer)

    def test_a_citizen_may_what_the_issuers_record_says(self):
        body = {"number": "x"}
        response = self.ask("/v1/probe/person", "POST", signed(), body=body)
        self.assertProblem(response, 403, "forbidden")
        self.issuer.may_propose = True
        response = self.ask("/v1/probe/person", "POST", signed(), body=body)
        self.assertEqual(response.status_code, 200, response.text)
        self.issuer.may_read = False
        self.assertProblem(self.show(signed()), 403, "forbidden")


def _unsigned(payload, header=b'{"alg":"RS256","kid":"one"}'):
    parts = (jwt.utils.base64url_encode(part).decode() for part in (header, payload))
    return ".".join(parts) + "."


def _with_hmac(algorithm, secret):
    """Return a citizen's token signed with a text that everybody knows."""
    header = json.dumps({"alg": algorithm, "kid": "one"}).encode()
    token = _unsigned(json.dumps(claims()).encode(), header)
    kind = jwt.algorithms.HMACAlgorithm
    hashes = {"HS256": kind.SHA256, "HS384": kind.SHA384, "HS512": kind.SHA512}
    signature = kind(hashes[algorithm]).sign(token[:-1].encode(), secret)
    return token + jwt.utils.base64url_encode(signature).decode()


class TestCitizensLimits(CitizenCase):
    """No citizen uses up what the others of their issuer may do."""

    def setUp(self):
        super().setUp()
        self.env["res.partner"].create(
            {"name": "Baraka", "is_registrant": True, "spar_id": "SR-2"}
        )
        self.issuer.write({"rate": 4, "person_rate": 2})

    def statuses(self, path, person, times, **said):
        token = signed(claims(sub=person, **said))
        return [self.ask(path, token=token).status_code for _call in range(times)]

    def test_by_what_is_about_them(self):
        with self.counted_apart():
            first = self.statuses("/v1/probe/person", "SR-1", 8)
            other = self.statuses("/v1/probe/person", "SR-2", 1)
        self.assertEqual((first, other), ([200, 200, *[429] * 6], [200]))

    def test_by_what_is_about_nobody(self):
        with self.counted_apart():
            first = self.statuses("/v1/probe/nobody", "SR-1", 8)
            other = self.statuses("/v1/probe/nobody", "SR-2", 1)
        self.assertEqual((first, other), ([200, 200, *[429] * 6], [200]))

    def test_by_an_id_that_nobody_has(self):
        with self.counted_apart():
            first = self.statuses("/v1/probe/person", "none of ours", 8)
            other = self.statuses("/v1/probe/person", "SR-2", 1)
        self.assertEqual((first, other), ([404, 404, *[429] * 6], [200]))

    def test_by_an_id_that_is_none(self):
        with self.counted_apart():
            first = self.statuses("/v1/probe/person", "\u200b-", 8)
            other = self.statuses("/v1/probe/person", "SR-2", 1)
        self.assertEqual(first[2:], [429] * 6)
        self.assertEqual(other, [200])
