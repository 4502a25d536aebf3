import base64
import hashlib
import json
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..spar.canonical import ASCII, FORMS, UTF8, canonical_bytes
from ..spar.jws import Signer
from ..spar.keys import load_pair

VECTORS = json.loads((Path(__file__).parent / "vectors" / "jws.json").read_text())
#: Private key and certificate.
PAIR = VECTORS["private_key_pem"].encode(), VECTORS["certificate_pem"].encode()


@tagged("post_install", "-at_install")
class TestSparVectors(BaseCase):
    """Known answers: the bytes and signatures real SPAR servers accept."""

    def setUp(self):
        super().setUp()
        self.pair = load_pair(*PAIR)
        self.signer = Signer(self.pair)

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
        for options, rest in [
            ({}, f',"kid":"{VECTORS["kid_x5t_s256"]}"'),
            ({"kid": "ours"}, ',"kid":"ours"'),
            ({"send_kid": False, "kid": "ours"}, ""),
        ]:
            with self.subTest(options):
                header = Signer(self.pair, **options).detached(b"{}").split(".")[0]
                # Nothing else is ever in there: no x5c, no jwk, no jku.
                self.assertEqual(
                    base64.urlsafe_b64decode(header + "==").decode(),
                    f'{{"alg":"RS256"{rest}}}',
                )

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
