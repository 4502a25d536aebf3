from datetime import datetime, timedelta, timezone

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    serialize_key_and_certificates,
)

from odoo.tests import BaseCase, tagged

from ..spar import keys
from .key_material import (
    PASSWORD,
    certificate,
    certificate_pem,
    ec_key,
    issued,
    p12,
    private_pem,
    rsa_key,
)


def utf16(pem):
    return pem.decode().encode("utf-16")


@tagged("post_install", "-at_install")
class TestKeys(BaseCase):
    """Reading, judging and making keys, without Odoo."""

    def test_every_form_a_key_comes_in_is_read(self):
        key = rsa_key()
        pem, cert = private_pem(key), certificate_pem(key)
        chain = issued(key)
        pems = [one.public_bytes(Encoding.PEM) for one in chain]
        der = key.private_bytes(
            Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        pkcs8 = key.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD)
        )
        serialized = pkcs7.serialize_certificates
        with_root_first = serialize_key_and_certificates(
            None, key, chain[-1], chain[:-1], BestAvailableEncryption(PASSWORD)
        )
        cases = {
            "chain, root first": (pem, b"".join(pems), None),
            "chain, issuer first": (pem, pems[1] + pems[2] + pems[0], None),
            "chain, own first": (pem, b"".join(reversed(pems)), None),
            "chain with the key": (b"".join(pems) + pem, None, None),
            "chain in PKCS#12": (with_root_first, None, PASSWORD),
            "key as DER": (der, cert, None),
            "key as DER, locked": (pkcs8, cert, PASSWORD),
            ".p7b": (pem, serialized(chain, Encoding.DER), None),
            ".p7b as PEM": (pem, serialized(chain, Encoding.PEM), None),
            "UTF-16": (utf16(pem), utf16(cert), None),
            "UTF-16, big end first": (
                b"\xfe\xff" + pem.decode().encode("utf-16-be"),
                cert,
                None,
            ),
            "UTF-16 without mark": (pem.decode().encode("utf-16-le"), cert, None),
            "UTF-8 with mark": (b"\xef\xbb\xbf" + pem, b"\xef\xbb\xbf" + cert, None),
            "PEM": (pem, cert, None),
            "PEM with a password nobody needs": (pem, cert, b"x"),
            "PEM, both in one file": (pem + cert, None, None),
            "PEM, certificate first": (cert + pem, None, None),
            "PEM, locked": (private_pem(key, PASSWORD), cert, PASSWORD),
            "certificate as DER": (
                pem,
                certificate(key).public_bytes(Encoding.DER),
                None,
            ),
            "PKCS#12": (p12(key), None, PASSWORD),
            "PKCS#12, open": (p12(key, None), None, None),
            "PKCS#12, newer certificate": (p12(key, last=1), cert, PASSWORD),
        }
        for name, (content, cert, password) in cases.items():
            with self.subTest(name):
                pair = keys.load_pair(content, cert, password)
                own = (
                    chain[-1] if "chain" in name or "p7b" in name else certificate(key)
                )
                self.assertEqual(pair.kid, keys.thumbprint(own))
                token = pair.encode(b"text", {})
                read = jwt.PyJWS().decode(token, key.public_key(), ["RS256"])
                self.assertEqual(read, b"text")

    def test_each_unusable_key_has_its_message_without_a_quote(self):
        key, other = rsa_key(), rsa_key(1)
        pem, cert = private_pem(key), certificate_pem(key)
        small = rsa_key(bits=1024)
        only_certificate = serialize_key_and_certificates(
            None, None, certificate(key), None, keys.serialization.NoEncryption()
        )
        chain = issued(key)
        pems = [one.public_bytes(Encoding.PEM) for one in chain]
        openssh = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        locked_der = key.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD)
        )
        cases = [
            ((b"not a key", cert), keys.NOT_A_KEY),
            ((b"", cert), keys.NOT_A_KEY),
            ((b"0" * (keys.MAX_BYTES + 1), cert), keys.NOT_A_KEY),
            ((cert, cert), keys.NOT_A_KEY),
            ((pkcs7.serialize_certificates(chain, Encoding.DER), cert), keys.NOT_A_KEY),
            ((b"\xfe\xed\xfe\xed\0\0\0\x02", cert), keys.JAVA_KEYSTORE),
            ((b"PuTTY-User-Key-File-3: ssh-rsa\n", cert), keys.OTHER_PROGRAM),
            ((openssh, cert), keys.OTHER_PROGRAM),
            ((locked_der, cert), keys.PASSWORD_MISSING),
            ((locked_der, cert, b"wrong"), keys.PASSWORD_WRONG),
            ((pem, b"".join(pems[:-1])), keys.OF_ANOTHER_KEY),
            ((only_certificate, None), keys.NOT_A_KEY),
            ((private_pem(ec_key()), cert), keys.NOT_RSA),
            ((p12(ec_key()), None, PASSWORD), keys.NOT_RSA),
            ((private_pem(small), certificate_pem(small)), keys.TOO_SHORT),
            ((p12(small), None, PASSWORD), keys.TOO_SHORT),
            ((private_pem(key, PASSWORD), cert), keys.PASSWORD_MISSING),
            ((private_pem(key, PASSWORD), cert, b"wrong"), keys.PASSWORD_WRONG),
            ((p12(key), None), keys.PASSWORD_MISSING),
            ((p12(key), None, b"wrong"), keys.PASSWORD_WRONG),
            ((pem, None), keys.NO_CERTIFICATE),
            ((pem, b"not a certificate"), keys.NOT_A_CERTIFICATE),
            ((pem, pem), keys.NOT_A_CERTIFICATE),
            ((pem, certificate_pem(other)), keys.OF_ANOTHER_KEY),
        ]
        for arguments, code in cases:
            with self.subTest(code, arguments=[len(a or b"") for a in arguments]):
                with self.assertRaises(keys.KeyProblem) as caught:
                    keys.load_pair(*arguments)
                self.assertEqual(caught.exception.code, code)
                self.assertEqual(str(caught.exception), code)
                self.assertIsNone(caught.exception.__cause__)

    def test_a_certificate_is_valid_between_its_dates(self):
        pair = keys.make_pair(rsa_key(), certificate(rsa_key()))
        first, last = keys.validity(pair.certificate)
        pair.check_dates(first)
        pair.check_dates(last)
        for moment, code in [
            (first - timedelta(seconds=1), keys.NOT_YET_VALID),
            (last + timedelta(seconds=1), keys.EXPIRED),
        ]:
            with self.subTest(code), self.assertRaises(keys.KeyProblem) as caught:
                pair.check_dates(moment)
            self.assertEqual(caught.exception.code, code)

    def test_a_pair_signs_and_does_not_show_its_key(self):
        pair = keys.make_pair(rsa_key(), certificate(rsa_key()))
        self.assertEqual(repr(pair), f"<KeyPair kid={pair.kid}>")
        for name, value in vars(pair).items():
            self.assertFalse(hasattr(value, "private_numbers"), name)

    def test_a_generated_key_certifies_itself(self):
        private_key = keys.make_key(2048)
        name = keys.partner_name("social-registry", "Registry, Ltd", "TZ")
        made = keys.self_signed(private_key, name, 30)
        pair = keys.make_pair(private_key, made)
        pair.check_dates(datetime.now(timezone.utc).replace(tzinfo=None))
        made.verify_directly_issued_by(made)
        self.assertEqual(
            made.subject.rfc4514_string(), "CN=social-registry,O=Registry\\, Ltd,C=TZ"
        )
        days = made.not_valid_after_utc - datetime.now(timezone.utc)
        self.assertAlmostEqual(days / timedelta(days=1), 30, places=2)
        usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
        self.assertTrue(usage.digital_signature)
        self.assertFalse(usage.key_cert_sign)
        self.assertEqual(
            keys.to_der(keys.from_der(keys.to_der(private_key))),
            keys.to_der(private_key),
        )

    def test_a_request_for_a_certificate_is_signed_by_the_key(self):
        private_key = keys.make_key(2048)
        made = keys.signing_request(private_key, keys.partner_name("social-registry"))
        read = keys.load_request(keys.certificate_pem(made).encode())
        self.assertTrue(read.is_signature_valid)
        self.assertEqual(read.public_key(), private_key.public_key())
        self.assertEqual(read.subject.rfc4514_string(), "CN=social-registry")
        self.assertIn("BEGIN PUBLIC KEY", keys.public_key_pem(read))

    def test_names_too_long_for_a_certificate_are_refused(self):
        for arguments in (("x" * 65,), ("x", "y" * 65), ("x", "y", "TZA")):
            with self.subTest(arguments), self.assertRaises(ValueError):
                keys.partner_name(*arguments)
