"""Tokens: looking at one, and verifying it. Plain Python."""

import json

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

#: Letters of a token. Those of a national ID system have some hundreds.
MAX_TOKEN = 8192
MINIMUM_BITS = 2048
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_RSA = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
#: Algorithms with which others sign: whoever can verify cannot sign.
ALGORITHMS = frozenset({*_RSA, *_CURVES, "EdDSA"})
_TIMES = ("exp", "iat", "nbf")

_UNREADABLE = (
    jwt.PyJWTError,
    ValueError,
    TypeError,
    OverflowError,
    RecursionError,
    UnsupportedAlgorithm,
)


class BadToken(Exception):
    """A token that proves nothing. Why, only the registry's own records say."""


def look(token):
    """Return what a token says of itself, before anything of it is believed.

    Of its header only the algorithm and the name of the key are ever used, and both
    only to choose among what the registry knows. A key it brings along, or points to,
    is not looked at.

    :param str token: as it was sent
    :return: its header and its claims
    :rtype: tuple
    :raise BadToken: when it is none, or demands what is not understood here
    """
    if len(token) > MAX_TOKEN:
        raise BadToken("too long")
    try:
        said = jwt.decode_complete(token, options={"verify_signature": False})
        header, claims = said["header"], said["payload"]
        # Half a character is valid JSON, and text that no database takes.
        json.dumps([header, claims], ensure_ascii=False).encode()
    except _UNREADABLE:
        raise BadToken("unreadable") from None
    if "crit" in header:
        raise BadToken("critical header")
    if not isinstance(header.get("alg"), str):
        raise BadToken("alg")
    kid = header.get("kid", "")
    if not isinstance(kid, str) or "\0" in kid:
        raise BadToken("kid")
    return header, claims


def verify(token, key, algorithm, *, issuer, audience, leeway, required=()):
    """Return the claims of a token, proved.

    :param str token: as it was sent
    :param key: that this issuer's tokens are verified with, and no other's
    :param str algorithm: that goes with this key; the one the token names must be it
    :param str issuer: whose token it has to be
    :param audience: for whom it has to be, one or a list
    :param int leeway: seconds the two clocks may differ
    :param required: names of claims it must have besides the usual ones
    :raise BadToken: when anything is wrong with it
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            leeway=leeway,
            options={"require": ["iss", "aud", "exp", "iat", *required]},
        )
    except _UNREADABLE as problem:
        raise BadToken(type(problem).__name__) from None
    for name in _TIMES:
        # The library takes whatever can be made a number: texts, true and false.
        if type(claims.get(name, 0)) not in (int, float):
            raise BadToken(name)
    return claims


def fits(key, algorithm):
    """Return whether a key is one for an algorithm, and strong enough.

    :param key: a public key of ``cryptography``
    :param str algorithm: one of :data:`ALGORITHMS`
    """
    if isinstance(key, RSAPublicKey):
        return algorithm in _RSA and key.key_size >= MINIMUM_BITS
    if isinstance(key, EllipticCurvePublicKey):
        return _CURVES.get(algorithm) == key.curve.name
    return isinstance(key, Ed25519PublicKey) and algorithm == "EdDSA"


def read_public_key(pem):
    """Return a public key of those that fit some algorithm.

    :param str pem: the key as text
    :raise ValueError: when it is none
    """
    try:
        key = load_pem_public_key(pem.strip().encode())
    except UnsupportedAlgorithm:
        raise ValueError("unsupported") from None
    if not any(fits(key, algorithm) for algorithm in ALGORITHMS):
        raise ValueError("unfit")
    return key
