"""Keys and certificates for tests, made once and kept while the tests run."""

import base64
from datetime import datetime, timedelta, timezone
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

PASSWORD = b"correct horse"


def rsa_key(number=0, bits=2048):
    """Return an RSA key; another one for each number."""
    return _rsa_key(number, bits)


@cache
def _rsa_key(_number, bits):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def private_pem(key, password=None):
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def certificate(key, first=-1, last=365):
    """Return a certificate of a key, valid between these days from now."""
    return _certificate(key, first, last)


@cache
def _certificate(key, first, last):
    now = datetime.now(timezone.utc).replace(microsecond=0)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "social-registry")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=first))
        .not_valid_after(now + timedelta(days=last))
        .sign(key, hashes.SHA256())
    )


@cache
def issued(key):
    """Return a chain: the root's certificate, the issuer's, and that of the key."""
    holders = [rsa_key(100), rsa_key(101), key]
    return [
        _issued(holder, issuer)
        for holder, issuer in zip(holders, [holders[0], *holders[:2]], strict=True)
    ]


def _issued(holder, issuer):
    now = datetime.now(timezone.utc).replace(microsecond=0)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chain")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(holder.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(issuer, hashes.SHA256())
    )


def certificate_pem(key, first=-1, last=365):
    return certificate(key, first, last).public_bytes(Encoding.PEM)


def p12(key, password=PASSWORD, **dates):
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(
        b"partner", key, certificate(key, **dates), None, lock
    )


def encoded(content):
    """Return bytes as a browser uploads them."""
    return base64.b64encode(content).decode()
