"""The stand-in for a login service: any OpenID Connect client can verify its tokens."""

import threading

import jwt
import pytest
import requests

from tests.standin_oidc.server import DISCOVERY, make_server


@pytest.fixture
def issuer():
    server = make_server()
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield server.issuer
    server.shutdown()
    server.server_close()


def ask(issuer, path):
    with requests.Session() as session:
        session.trust_env = False
        return session.get(issuer.url + path, timeout=5)


def sign(issuer, seconds=60, header=None, **claims):
    return issuer.sign("u-1", "registry", seconds, header or {}, claims)


def verify(issuer, token):
    """Verify a token as a stranger does, with nothing but the issuer's name."""
    uri = ask(issuer, DISCOVERY).json()["jwks_uri"]
    keys = jwt.PyJWKSet(ask(issuer, uri.removeprefix(issuer.url)).json()["keys"])
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(
        token, key, ["RS256"], audience="registry", issuer=issuer.url, leeway=0
    )


def test_token_can_be_verified(issuer):
    claims = verify(issuer, sign(issuer, spar_id="SR-1"))
    assert claims["sub"] == "u-1"
    assert claims["spar_id"] == "SR-1"


def test_claims_can_be_others_and_missing(issuer):
    token = sign(issuer, iss="http://elsewhere", exp=None)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == "http://elsewhere"
    assert "exp" not in claims


def test_expired_token(issuer):
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(issuer, sign(issuer, seconds=-5))


@pytest.mark.parametrize("keep", [True, False])
def test_rotation(issuer, keep):
    older = sign(issuer)
    issuer.rotate(keep)
    assert verify(issuer, sign(issuer))
    if keep:
        assert verify(issuer, older)
    else:
        with pytest.raises(KeyError):
            verify(issuer, older)


def test_requests_are_counted_and_can_fail(issuer):
    verify(issuer, sign(issuer))
    assert issuer.requests == {DISCOVERY: 1, "/jwks": 1}
    issuer.status = 503
    assert ask(issuer, "/jwks").status_code == 503
    assert ask(issuer, "/nowhere").status_code == 404
