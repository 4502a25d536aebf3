import base64
import hashlib
import json
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..spar.canonical import ASCII, FORMS, UTF8, canonical_bytes
from ..spar.jws import KeyProblem, Signer

VECTORS = json.loads((Path(__file__).parent / "vectors" / "jws.json").read_text())


@tagged("post_install", "-at_install")
class TestSparVectors(BaseCase):
    """Known answers: the bytes and signatures real SPAR servers accept."""

    def setUp(self):
        super().setUp()
        self.key = VECTORS["private_key_pem"].encode()
        self.certificate = VECTORS["certificate_pem"].encode()
        self.signer = Signer(self.key, self.certificate)

    def test_every_vector_in_both_canonical_forms(self):
        self.assertEqual({v["form"] for v in VECTORS["vectors"]}, set(FORMS))
        for vector in VECTORS["vectors"]:
            with self.subTest(vector["name"], form=vector["form"]):
                body = canonical_bytes(vector["object"], vector["form"])
                encoded = base64.urlsafe_b64encode(body).rstrip(b"=").decode()
                self.assertEqual(encoded, vector["body_b64url"])
                self.assertEqual(
                    hashlib.sha256(body).hexdigest(), vector["body_sha256"]
                )
                self.assertEqual(self.signer.detached(body), vector["detached_jws"])

    def test_the_key_is_named_by_its_certificates_thumbprint(self):
        self.assertEqual(self.signer.kid, VECTORS["kid_x5t_s256"])
        unnamed = Signer(self.key, self.certificate, send_kid=False)
        header = unnamed.detached(b"{}").split(".")[0]
        self.assertEqual(base64.urlsafe_b64decode(header + "=="), b'{"alg":"RS256"}')

    def test_what_spar_would_rewrite_is_not_signed(self):
        for body in ({"a": 1.5}, {"a": 2**63}, {"a": [float("nan")]}, {1: "a"}):
            for form in FORMS:
                with self.subTest(body, form=form), self.assertRaises(ValueError):
                    canonical_bytes(body, form)
        with self.assertRaises(ValueError):
            canonical_bytes({"a": "\ud800"}, UTF8)
        with self.assertRaises(ValueError):
            canonical_bytes({}, "latin1")

    def test_both_forms_agree_on_ascii(self):
        body = {"b": [1, None, True, "x/y"], "a": {"d": "", "c": "\t"}}
        self.assertEqual(canonical_bytes(body, ASCII), canonical_bytes(body, UTF8))

    def test_unusable_keys_say_why_and_quote_nothing(self):
        cases = [
            (b"not a key", self.certificate, "not a readable private key"),
            (self.key, b"not a certificate", "not a readable certificate"),
            (SMALL_KEY, self.certificate, "2048 bits or more"),
        ]
        for key, certificate, message in cases:
            with self.subTest(message):
                with self.assertRaisesRegex(KeyProblem, message) as caught:
                    Signer(key, certificate)
                self.assertIsNone(caught.exception.__cause__)
                self.assertNotIn("PRIVATE", str(caught.exception))
        self.assertNotIn("PRIVATE", repr(self.signer))


def _small_key():
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    # Too small on purpose: it must be refused.
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


SMALL_KEY = _small_key()
