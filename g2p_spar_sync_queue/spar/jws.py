"""The partner's signature: a detached compact JWS over the request body.

The HTTP header ``Signature`` carries ``<protected header>..<signature>``; SPAR puts
its canonical form of the body in the empty middle before it verifies. RS256 with the
header ``{"alg":"RS256","kid":<certificate thumbprint>}`` satisfies every SPAR version:
older ones ignore ``kid``, the newest insist that it is the thumbprint.
"""

import base64

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ALGORITHM = "RS256"
MINIMUM_KEY_BITS = 2048


class KeyProblem(Exception):
    """The signing key or certificate cannot be used; the text says why."""


class Signer:
    """Signs request bodies with one partner's private key.

    :param bytes private_key_pem: RSA private key, 2048 bits or more
    :param bytes certificate_pem: the X.509 certificate registered with SPAR
    :param bool send_kid: whether to name the key in the header
    :raise KeyProblem: when they cannot be read, are too weak, or do not belong together
    """

    def __init__(self, private_key_pem, certificate_pem, send_kid=True):
        self._key = _load_private_key(private_key_pem)
        certificate = _load_certificate(certificate_pem)
        if certificate.public_key() != self._key.public_key():
            raise KeyProblem("The certificate does not belong to the private key.")
        self.kid = thumbprint(certificate)
        # PyJWT adds "typ":"JWT" unless told not to; this is not a JWT.
        self._headers = {"typ": None, **({"kid": self.kid} if send_kid else {})}

    def detached(self, body):
        """Return the value of the ``Signature`` header for these bytes.

        :param bytes body: the HTTP body, exactly as it will be sent
        :rtype: str
        """
        token = jwt.PyJWS().encode(
            body, self._key, algorithm=ALGORITHM, headers=self._headers
        )
        header, _payload, signature = token.split(".")
        return f"{header}..{signature}"

    def __repr__(self):
        return f"<Signer kid={self.kid}>"


def thumbprint(certificate):
    """Return the ``x5t#S256`` of a certificate: base64url SHA-256 of its DER."""
    digest = certificate.fingerprint(hashes.SHA256())
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _load_private_key(pem):
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the cause: its text may quote what was in the file.
        raise KeyProblem("This is not a readable private key in PEM form.") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < MINIMUM_KEY_BITS:
        raise KeyProblem(f"SPAR needs an RSA key of {MINIMUM_KEY_BITS} bits or more.")
    return key


def _load_certificate(pem):
    try:
        return x509.load_pem_x509_certificate(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblem("This is not a readable certificate in PEM form.") from None
