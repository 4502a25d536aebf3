from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from odoo import fields
from odoo.tests import tagged
from odoo.tools.sql import table_exists

from .. import uninstall_hook
from ..spar import keys
from ..spar.keys import KeyProblem
from .key_case import KeyCase
from .key_material import (
    certificate,
    certificate_pem,
    encoded,
    p12,
    private_pem,
    rsa_key,
)


@tagged("post_install", "-at_install")
class TestKeyUses(KeyCase):
    """Making keys, handing out what is public, and keys of a connection."""

    # === GENERATING === #

    def test_a_generated_key_signs_as_soon_as_it_is_the_first(self):
        key = self.generate()
        self.assertEqual(key.state, "idle")
        self.assertEqual(key.subject, "CN=social-registry,O=Registry,C=TZ")
        self.assertEqual(key._load_pair().kid, key.thumbprint)
        second = self.connection.copy()
        first = self.generate(connection_id=second.id)
        self.assertEqual(first.state, "current")

    def test_a_generated_key_is_as_long_as_asked_for(self):
        wizard = self.env["g2p.spar.key.generate"].new()
        self.assertEqual(wizard.bits, "3072")
        self.assertEqual(self.generate(bits="3072").bits, 3072)

    def test_a_request_is_signed_elsewhere_and_its_certificate_brought_back(self):
        key = self.generate(kind="request")
        self.assertEqual(key.state, "waiting")
        request = keys.load_request(key.request.encode())
        self.assertTrue(request.is_signature_valid)
        self.assertEqual(
            request.subject.rfc4514_string(), "CN=social-registry,O=Registry,C=TZ"
        )
        with self.assertRefused("no certificate"):
            key.action_switch_now()
        with self.assertRefusedAt("upload_certificate", "another key"):
            key.upload_certificate = encoded(certificate_pem(rsa_key()))
        issued = self.issue(request)
        key.upload_certificate = encoded(issued)
        self.assertEqual(key.state, "idle")
        self.assertEqual(key.certificate.encode(), issued)
        key.action_switch_now()
        self.assertEqual(self.connection._signer().kid, key.thumbprint)

    def issue(self, request):
        """Be a certificate authority."""
        authority = rsa_key(9)
        about = certificate(authority)
        made = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(about.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(about.not_valid_before_utc)
            .not_valid_after(about.not_valid_after_utc)
            .sign(authority, hashes.SHA256())
        )
        return keys.certificate_pem(made).encode()

    def test_a_name_too_long_for_a_certificate_is_refused(self):
        with self.assertRefused("64 letters"):
            self.generate(organisation="x" * 65)
        with self.assertRefused("3,650 days"):
            self.generate(days=0)

    # === HANDING OUT === #

    def test_managers_download_what_is_public(self):
        key, asked = self.upload_pair(), self.generate(kind="request")
        for record, what, beginning in [
            (key, "certificate", "-----BEGIN CERTIFICATE-----"),
            (key, "public", "-----BEGIN PUBLIC KEY-----"),
            (key, "request", None),
            (asked, "request", "-----BEGIN CERTIFICATE REQUEST-----"),
            (asked, "public", "-----BEGIN PUBLIC KEY-----"),
            (asked, "certificate", None),
            (key, "private", None),
            (key, "upload_key", None),
            (self.Key.browse(99999999), "public", None),
        ]:
            with self.subTest(what):
                text = self.download(record, what, self.manager)
                if beginning:
                    self.assertTrue(text.startswith(beginning), text[:40])
                else:
                    self.assertFalse(text)
                self.assertIsNone(self.download(record, what, self.operator_user))
        for action in ("certificate", "public_key", "request"):
            url = getattr(key, f"action_download_{action}")()["url"]
            self.assertEqual(url, f"/spar/key/{key.id}/{action.split('_')[0]}")

    # === ON THE CONNECTION === #

    def test_a_connection_is_made_together_with_its_key(self):
        connection = (
            self.env["g2p.spar.connection"]
            .with_user(self.manager)
            .create(
                {
                    "base_url": self.mapper.url,
                    "key_ids": [
                        (0, 0, {"upload_key": encoded(p12(rsa_key(), None))}),
                    ],
                }
            )
        )
        self.assertEqual(connection.key_id.state, "current")
        connection.action_test()
        self.assertTrue(connection.tested_at)
        self.assertFalse(connection.test_problem)

    def test_a_connection_without_a_key_says_so(self):
        connection = self.connection.copy()
        connection.action_test()
        self.assertIn("Add one to the connection", connection.test_problem)

    def test_neutralised_copies_have_no_keys(self):
        key = self.upload_pair()
        sql = Path(__file__).parents[1] / "data" / "neutralize.sql"
        self.env.flush_all()
        self.env.cr.execute(sql.read_text())
        self.env.invalidate_all()
        for record in (key, self.key):
            with self.subTest(record.source), self.assertRaises(KeyProblem):
                record._load_pair()

    def test_uninstalling_leaves_no_sealed_keys_behind(self):
        self.upload_pair()
        uninstall_hook(self.env)
        self.assertFalse(table_exists(self.env.cr, "g2p_spar_key_store"))

    def test_files_named_by_connections_before_become_keys(self):
        connections = self.connection | self.connection.copy() | self.connection.copy()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM g2p_spar_key")
        self.env.cr.execute(
            """ALTER TABLE g2p_spar_connection
                 ADD private_key_path varchar, ADD certificate_path varchar"""
        )
        for connection, path in zip(
            connections, (self.key_path, "/nowhere/key.pem", None), strict=True
        ):
            self.env.cr.execute(
                """UPDATE g2p_spar_connection
                      SET private_key_path = %s, certificate_path = %s WHERE id = %s""",
                [
                    path and str(path),
                    path and str(self.certificate_path),
                    connection.id,
                ],
            )
        self.env.invalidate_all()
        for _time in range(2):
            self.upgrade("g2p_spar_sync_queue", "19.0.1.2.0")
            here, away, none = connections
            self.assertEqual(here.key_id.state, "current")
            self.assertEqual(here._signer().kid, here.key_id.thumbprint)
            self.assertEqual(away.key_ids.key_path, "/nowhere/key.pem")
            with self.assertRaisesRegex(KeyProblem, "cannot be read"):
                away._signer()
            self.assertFalse(none.key_ids)

    # === DATES === #

    def test_a_certificate_of_the_future_is_taken_in_but_does_not_sign_yet(self):
        key = rsa_key()
        coming = self.upload(private_pem(key), certificate_pem(key, 2, 30))
        self.assertEqual(coming.validity, "early")
        with self.assertRefused("not valid before"):
            coming.use_from = fields.Datetime.now()
        with self.assertRefused("not valid before"):
            coming.action_switch_now()
        with self.assertRefused("expired by then"):
            coming.use_from = fields.Datetime.now() + timedelta(days=31)
        coming.use_from = fields.Datetime.now() + timedelta(days=3)
        self.assertEqual(coming.state, "next")
