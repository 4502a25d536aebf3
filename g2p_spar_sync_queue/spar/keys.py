"""Signing keys and their certificates: read, check and generate them.

A private key is never returned as text (:func:`to_der` is for the sealed store), and no
message quotes the content of a file.
"""

import base64
from datetime import datetime, timedelta, timezone

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from cryptography.x509.oid import NameOID

ALGORITHM = "RS256"
MINIMUM_BITS = 2048
#: A key with its certificates is a few kilobytes.
MAX_BYTES = 100_000
#: Letters in each part of a partner's name.
MAX_NAME = 64

# Codes of problems with a key or its certificate.
UNREADABLE = "unreadable"
NOT_A_KEY = "not_a_key"
JAVA_KEYSTORE = "java_keystore"
OTHER_PROGRAM = "other_program"
NOT_RSA = "not_rsa"
TOO_SHORT = "too_short"
PASSWORD_MISSING = "password_missing"  # nosec B105  # a code
PASSWORD_WRONG = "password_wrong"  # nosec B105  # a code
NO_CERTIFICATE = "no_certificate"
NOT_A_CERTIFICATE = "not_a_certificate"
OF_ANOTHER_KEY = "of_another_key"
EXPIRED = "expired"
NOT_YET_VALID = "not_yet_valid"
CANNOT_SIGN = "cannot_sign"

# The part that has the problem.
KEY, CERTIFICATE, PASSWORD = "key", "certificate", "password"
_PARTS = {
    PASSWORD_MISSING: PASSWORD,
    PASSWORD_WRONG: PASSWORD,
    NO_CERTIFICATE: CERTIFICATE,
    NOT_A_CERTIFICATE: CERTIFICATE,
    OF_ANOTHER_KEY: CERTIFICATE,
    EXPIRED: CERTIFICATE,
    NOT_YET_VALID: CERTIFICATE,
}


class KeyProblem(Exception):
    """The signing key or its certificate cannot be used.

    :param str code: the problem, such as one of the constants of this module
    :param detail: a value for the text, such as the moment it expired
    :param str part: which part has it: ``key``, ``certificate`` or ``password``
    :param str text: the text for people; the code while there is none
    """

    def __init__(self, code, detail=None, part=None, text=None):
        super().__init__(text or code)
        self.code = code
        self.detail = detail
        self.part = part or _PARTS.get(code, KEY)


class KeyPair:
    """A private key, and the certificate by which SPAR knows it.

    It signs without an attribute for the key: administrators can write code for
    templates and server actions, which can read every attribute.

    :param private_key: RSA, 2048 bits or more
    :param certificate: an X.509 certificate of this very key
    :raise KeyProblem: when they are too weak, or do not belong together
    """

    def __init__(self, private_key, certificate):
        check_strength(private_key)
        if certificate.public_key() != private_key.public_key():
            raise KeyProblem(OF_ANOTHER_KEY)
        self.certificate = certificate
        self.kid = thumbprint(certificate)
        self._encode = lambda payload, headers: jwt.PyJWS().encode(
            payload, private_key, algorithm=ALGORITHM, headers=headers
        )

    def encode(self, payload, headers):
        """Return a compact JWS of a payload.

        :param bytes payload: what is signed
        :param dict headers: what its header holds besides the algorithm
        :rtype: str
        """
        return self._encode(payload, headers)

    def check_dates(self, moment):
        """Refuse a certificate that is not valid at a moment.

        :param datetime moment: in UTC, without a time zone
        :raise KeyProblem: when it is not valid yet, or no longer
        """
        first, last = validity(self.certificate)
        if moment < first:
            raise KeyProblem(NOT_YET_VALID, first)
        if moment > last:
            raise KeyProblem(EXPIRED, last)

    def __repr__(self):
        return f"<KeyPair kid={self.kid}>"


# === READING === #


def load_pair(key, certificate=None, password=None, known=False):
    """Read a key and its certificate.

    :param bytes key: as for :func:`load_key`
    :param bytes certificate: as for :func:`load_certificate`; by default it is in the
        same file as the key
    :param bytes password: of the file with the key
    :param bool known: see :func:`load_key`
    :rtype: KeyPair
    :raise KeyProblem: when they cannot be used
    """
    private_key, found = load_key(key, password, known)
    if certificate:
        found = load_certificate(certificate, private_key)
    return make_pair(private_key, found)


def make_pair(private_key, certificate):
    """Put a key and its certificate together.

    :param certificate: None if there is none
    :rtype: KeyPair
    :raise KeyProblem: when they cannot be used
    """
    if certificate is None:
        raise KeyProblem(NO_CERTIFICATE)
    return KeyPair(private_key, certificate)


def load_key(content, password=None, known=False):
    """Read a private key.

    :param bytes content: PEM, DER, or PKCS#12
    :param bytes password: of the file, if it has one
    :param bool known: whether it was checked before; then the check that its numbers
        are prime is left out, which takes longer than all other steps before a request
    :return: the key, and its certificate in the same file or None
    :raise KeyProblem: when it is none, the password is missing or wrong, or it is too
        weak
    """
    if len(content) > MAX_BYTES:
        raise KeyProblem(NOT_A_KEY)
    content = _without_utf16(content)
    certificate = None
    if b"-----BEGIN" in content:
        private_key, certificate = _load_pem(content, password, known)
    elif _looks_like_pkcs12(content):
        private_key, certificate = _load_pkcs12(content, password)
    elif content.startswith((b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")):
        raise KeyProblem(JAVA_KEYSTORE)
    elif content.startswith(b"PuTTY-User-Key-File"):
        raise KeyProblem(OTHER_PROGRAM)
    else:
        private_key = _load_der(content, password, known)
    check_strength(private_key)
    return private_key, certificate


def _without_utf16(content):
    """Return a PEM file as ASCII, where Windows has saved it as UTF-16."""
    marks = (b"\xff\xfe", b"\xfe\xff")
    if not (content.startswith(marks) or b"-\0-\0" in content[:64]):
        return content
    encoding = "utf-16" if content.startswith(marks) else "utf-16-le"
    # A DER file may begin in any way, but has no such text.
    text = content.decode(encoding, "ignore")
    return text.encode("ascii", "ignore") if "-----BEGIN" in text else content


def _load_pem(content, password, known):
    if b"-----BEGIN OPENSSH" in content:
        raise KeyProblem(OTHER_PROGRAM)
    locked = b"ENCRYPTED" in content
    if locked and not password:
        raise KeyProblem(PASSWORD_MISSING)
    try:
        key = serialization.load_pem_private_key(
            content,
            password if locked else None,
            unsafe_skip_rsa_key_validation=known,
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the cause: its text may quote the file.
        raise KeyProblem(PASSWORD_WRONG if locked else NOT_A_KEY) from None
    both = b"-----BEGIN CERTIFICATE-----" in content
    return key, load_certificate(content, key) if both else None


def _load_der(content, password, known):
    def load(password):
        return serialization.load_der_private_key(
            content, password, unsafe_skip_rsa_key_validation=known
        )

    try:
        return load(None)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblem(NOT_A_KEY) from None
    except TypeError:
        # Only a locked one asks for its password.
        if not password:
            raise KeyProblem(PASSWORD_MISSING) from None
    try:
        return load(password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyProblem(PASSWORD_WRONG) from None


def _load_pkcs12(content, password):
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(
            content, password or None
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyProblem(PASSWORD_WRONG if password else PASSWORD_MISSING) from None
    if key is None:
        raise KeyProblem(NOT_A_KEY)
    return key, _own([*filter(None, [certificate]), *others], key)


def _looks_like_pkcs12(content):
    # A sequence that begins with version 3, after a length of up to five bytes.
    return content[:1] == b"\x30" and b"\x02\x01\x03" in content[:9]


def load_certificate(content, private_key=None):
    """Read a certificate.

    :param bytes content: PEM, DER or PKCS#7 (.p7b), also with those of its issuers, in
        any order
    :param private_key: whose certificate it is; by default that of the first one
    :return: of several, that of the key; the first one if none is
    :raise KeyProblem: when there is none
    """
    content = _without_utf16(content)
    if b"-----BEGIN PKCS7" in content or b"-----BEGIN CMS" in content:
        readers = [pkcs7.load_pem_pkcs7_certificates]
    elif b"-----BEGIN" in content:
        readers = [x509.load_pem_x509_certificates]
    else:
        readers = [
            lambda der: [x509.load_der_x509_certificate(der)],
            pkcs7.load_der_pkcs7_certificates,
        ]
    for read in readers:
        try:
            found = _own(read(content), private_key)
        except (ValueError, UnsupportedAlgorithm):
            continue
        if found:
            return found
    raise KeyProblem(NOT_A_CERTIFICATE)


def _own(certificates, private_key):
    """Return the certificate of a key; the first one if none is, None without any."""
    first = next(iter(certificates), None)
    if private_key is None:
        return first
    public_key = private_key.public_key()
    mine = (one for one in certificates if one.public_key() == public_key)
    return next(mine, first)


def load_request(content):
    """Read a request for a certificate.

    :param bytes content: PEM
    """
    return x509.load_pem_x509_csr(content)


def check_strength(private_key):
    """Refuse a key that SPAR does not accept.

    :raise KeyProblem: when it is no RSA key of 2048 bits or more
    """
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise KeyProblem(NOT_RSA)
    if private_key.key_size < MINIMUM_BITS:
        raise KeyProblem(TOO_SHORT)


# === WHAT IS PUBLIC === #


def thumbprint(certificate):
    """Return the ``x5t#S256`` of a certificate: base64url SHA-256 of its DER."""
    digest = certificate.fingerprint(hashes.SHA256())
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def validity(certificate):
    """Return the first and last moment of a certificate's validity, in naive UTC."""
    return (
        certificate.not_valid_before_utc.replace(tzinfo=None),
        certificate.not_valid_after_utc.replace(tzinfo=None),
    )


def certificate_pem(certificate):
    """Return a certificate, or a request for one, as text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def public_key_pem(certificate):
    """Return as text the public key a certificate, or a request for one, is about."""
    return (
        certificate.public_key()
        .public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        .decode()
    )


# === GENERATING === #


def make_key(bits):
    """Make an RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def self_signed(private_key, name, days):
    """Return a certificate that a key signs for itself.

    :param private_key: of the partner
    :param x509.Name name: of the partner, see :func:`partner_name`
    :param int days: from now until it expires
    """
    now = datetime.now(timezone.utc).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        # SPAR's clock may be behind this one.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )
    return _with_extensions(builder).sign(private_key, hashes.SHA256())


def signing_request(private_key, name):
    """Return a request for a certificate (PKCS#10).

    :param private_key: of the partner
    :param x509.Name name: of the partner, see :func:`partner_name`
    """
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return _with_extensions(builder).sign(private_key, hashes.SHA256())


def _with_extensions(builder):
    usage = dict.fromkeys(
        (
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    ).add_extension(
        x509.KeyUsage(digital_signature=True, content_commitment=True, **usage),
        critical=True,
    )


def partner_name(common_name, organisation=None, country=None):
    """Return a partner's name as certificates have it.

    :param str common_name: at most 64 characters
    :param str organisation: at most 64 characters
    :param str country: two letters
    :rtype: x509.Name
    :raise ValueError: when one of them is too long
    """
    if max(len(common_name), len(organisation or "")) > MAX_NAME:
        raise ValueError("too long for a certificate")
    parts = [
        (NameOID.COUNTRY_NAME, country),
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.COMMON_NAME, common_name),
    ]
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts if text])


# === STORING === #


def to_der(private_key):
    """Return a private key as bytes; the caller encrypts them at once."""
    return private_key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def from_der(content):
    """Return the private key of :func:`to_der`."""
    # It was checked before it was encrypted, and decryption verifies that it is intact.
    return serialization.load_der_private_key(
        content, None, unsafe_skip_rsa_key_validation=True
    )
