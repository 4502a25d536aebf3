import os
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock, patch

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from ..controllers import g2p_spar_key as controller
from ..models.g2p_spar_key_store import SECRET, unseal
from ..spar import keys
from ..spar.keys import KeyProblem
from .common import SparCase
from .key_material import (
    PASSWORD,
    certificate,
    certificate_pem,
    ec_key,
    encoded,
    p12,
    private_pem,
    rsa_key,
)

SYNC = "g2p_spar_sync_queue"


class KeyCase(SparCase):
    """A server with a secret, a manager, and files to name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "k_manager", f"{SYNC}.group_manager")
        cls.operator_user = new_test_user(
            cls.env, "k_operator", f"{SYNC}.group_operator"
        )
        cls.Key = cls.env["g2p.spar.key"].with_user(cls.manager)

    def setUp(self):
        super().setUp()
        self.secret = Fernet.generate_key().decode()
        self.set_environment(**{SECRET: self.secret})
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def set_environment(self, **values):
        """Set these variables during the test."""
        patcher = patch.dict(os.environ, values)
        patcher.start()
        self.addCleanup(patcher.stop)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def upload(self, key=None, cert=None, password=None, **values):
        """Upload a key as a manager's browser does."""
        return self.Key.create(
            {
                "name": "Uploaded",
                "connection_id": self.connection.id,
                "source": "stored",
                "upload_key": key and encoded(key),
                "upload_certificate": cert and encoded(cert),
                "upload_password": password and password.decode(),
                **values,
            }
        )

    def upload_pair(self, number=0, **values):
        key = rsa_key(number)
        return self.upload(private_pem(key), certificate_pem(key), **values)

    def generate(self, **values):
        values = {
            "connection_id": self.connection.id,
            "bits": "2048",
            "organisation": "Registry",
            "country_id": self.env.ref("base.tz").id,
            **values,
        }
        wizard = self.env["g2p.spar.key.generate"].with_user(self.manager)
        action = wizard.create(values).action_generate()
        return self.Key.browse(action["res_id"])

    @contextmanager
    def assertRefusedAt(self, field, message):
        """The block is refused with the name of a field, and says this."""
        label = self.env["g2p.spar.key"]._fields[field].string
        with (
            self.assertRaisesRegex(ValidationError, f"^{label}: .*{message}"),
            self.env.cr.savepoint(),
        ):
            yield

    def download(self, key, what, user):
        """Return what a browser gets, None for a page that is not there."""
        request = Mock(env=self.env(user=user))
        request.not_found.return_value = None
        request.make_response.side_effect = lambda text, headers: text
        with patch.object(controller, "request", request):
            handler = controller.G2pSparKeyController.download
            return handler.original_endpoint(None, key.id, what)

    def raw(self, table, key):
        column = "key_id" if table.endswith("_store") else "id"
        self.env.cr.execute(
            f"SELECT t::text FROM {table} t WHERE {column} = %s",  # noqa: S608
            [key.id],
        )
        return [text for (text,) in self.env.cr.fetchall()]


@tagged("post_install", "-at_install")
class TestKeyModel(KeyCase):
    def test_a_key_is_uploaded_in_every_form(self):
        key = rsa_key()
        pem, cert = private_pem(key), certificate_pem(key)
        for name, upload in {
            "PEM": (pem, cert),
            "PEM in one file": (pem + cert,),
            "PEM, locked": (private_pem(key, PASSWORD), cert, PASSWORD),
            "PKCS#12": (p12(key), None, PASSWORD),
        }.items():
            with self.subTest(name):
                record = self.upload(*upload)
                self.assertEqual(record.thumbprint, keys.thumbprint(certificate(key)))
                self.assertEqual(record.bits, 2048)
                self.assertEqual(record.state, "idle")
                self.assertEqual(record._load_pair().kid, record.thumbprint)

    def test_a_key_in_files_or_variables_is_read_where_it_is(self):
        key = rsa_key()
        pem, cert = private_pem(key), certificate_pem(key)
        self.set_environment(
            T_KEY=pem.decode(),
            T_CERT=cert.decode(),
            T_P12=encoded(p12(key)),
            T_PASSWORD=PASSWORD.decode(),
        )
        locked = self.file("key.p12", p12(key))
        for values in (
            {
                "source": "file",
                "key_path": self.file("key.pem", pem),
                "certificate_path": self.file("cert.pem", cert),
            },
            {"source": "file", "key_path": locked, "password_variable": "T_PASSWORD"},
            {
                "source": "file",
                "key_path": locked,
                "password_path": self.file("word", PASSWORD + b"\n"),
            },
            {
                "source": "environment",
                "key_variable": "T_KEY",
                "certificate_variable": "T_CERT",
            },
            {
                "source": "environment",
                "key_variable": "T_P12",
                "password_variable": "T_PASSWORD",
            },
        ):
            with self.subTest(values):
                record = self.Key.create(
                    {"connection_id": self.connection.id, **values}
                )
                self.assertEqual(record.thumbprint, keys.thumbprint(certificate(key)))
                self.assertEqual(record._load_pair().kid, record.thumbprint)
                self.assertFalse(record._sealed())

    def test_a_bad_upload_is_refused_at_its_field(self):
        key, other, small = rsa_key(), rsa_key(1), rsa_key(bits=1024)
        pem, cert = private_pem(key), certificate_pem(key)
        for upload, field, message in [
            ((None, cert), "upload_key", "Say which"),
            ((b"nothing", cert), "upload_key", "not a readable private key"),
            ((cert, cert), "upload_key", "not a readable private key"),
            ((private_pem(ec_key()), cert), "upload_key", "RSA keys only"),
            ((private_pem(small), certificate_pem(small)), "upload_key", "2048 bits"),
            ((p12(key),), "upload_password", "protected by a password"),
            ((p12(key), None, b"wrong"), "upload_password", "does not open"),
            (
                (private_pem(key, PASSWORD), cert, b"wrong"),
                "upload_password",
                "does not open",
            ),
            ((pem,), "upload_certificate", "no certificate"),
            ((pem, b"nothing"), "upload_certificate", "not a readable certificate"),
            ((pem, certificate_pem(other)), "upload_certificate", "another key"),
            (
                (pem, certificate_pem(key, -10, -1)),
                "upload_certificate",
                "expired on",
            ),
            ((p12(key, first=-9, last=-1), None, PASSWORD), "upload_certificate", "ex"),
        ]:
            with (
                self.subTest(field, message=message),
                self.assertRefusedAt(field, message),
            ):
                self.upload(*upload)
        with self.assertRefusedAt("upload_key", "not a readable"):
            self.Key.create(
                {"connection_id": self.connection.id, "upload_key": "*not base64*"}
            )
        self.env.cr.execute("SELECT FROM g2p_spar_key_store")
        self.assertFalse(self.env.cr.fetchall())

    def test_a_bad_place_is_refused_at_its_field(self):
        key = rsa_key()
        pem = self.file("key.pem", private_pem(key))
        cert = self.file("cert.pem", certificate_pem(key))
        other = self.file("other.pem", certificate_pem(rsa_key(1)))
        old = self.file("old.pem", certificate_pem(key, -10, -1))
        locked = self.file("key.p12", p12(key))
        self.set_environment(T_KEY="nonsense", T_GOOD=private_pem(key).decode())
        for values, field, message in [
            ({"key_path": "/nowhere/k"}, "key_path", r"cannot be read \(No such file"),
            ({"key_path": str(self.folder)}, "key_path", "Is a directory"),
            ({"key_path": "/dev/zero"}, "key_path", "not a readable private key"),
            ({"key_path": False}, "key_path", "Say which"),
            ({"key_path": cert}, "key_path", "not a readable private key"),
            ({"key_path": pem}, "certificate_path", "no certificate"),
            (
                {"key_path": pem, "certificate_path": "/nowhere/c"},
                "certificate_path",
                "No such file",
            ),
            ({"key_path": pem, "certificate_path": other}, "certificate_path", "ano"),
            ({"key_path": pem, "certificate_path": old}, "certificate_path", "expired"),
            ({"key_path": locked}, "password_path", "protected by a password"),
            ({"key_path": locked, "password_path": cert}, "password_path", "not open"),
            (
                {"key_path": locked, "password_path": "/nowhere/p"},
                "password_path",
                "No such file",
            ),
            ({"key_variable": "T_NONE"}, "key_variable", "No such variable"),
            ({"key_variable": "T_KEY"}, "key_variable", "not a readable private key"),
            (
                {"key_variable": "T_GOOD", "certificate_variable": "T_NONE"},
                "certificate_variable",
                "No such variable",
            ),
            (
                {"key_variable": "T_GOOD", "password_variable": "T_NONE"},
                "password_variable",
                "No such variable",
            ),
        ]:
            source = "file" if "key_path" in values else "environment"
            with (
                self.subTest(values),
                self.assertRefusedAt(field, message),
            ):
                self.Key.create(
                    {"connection_id": self.connection.id, "source": source, **values}
                )

    def test_without_a_secret_no_key_is_stored(self):
        for secret, message in [
            ("", "file on the server"),
            ("too-short", "32 random bytes"),
            ("é" * 40, "32 random bytes"),
        ]:
            self.set_environment(**{SECRET: secret})
            for act in (self.upload_pair, self.generate):
                with self.subTest(secret), self.assertRefused(message):
                    act()
        self.assertEqual(self.connection.key_ids, self.key)

    def test_the_secret_may_be_in_odoos_configuration(self):
        self.set_environment(**{SECRET: ""})
        with patch.dict(config.options, {SECRET.lower(): self.secret}):
            key = self.upload_pair()
            self.assertTrue(key._load_pair())

    def test_what_is_stored_is_useless_without_the_secret(self):
        key = self.upload_pair()
        (stored,) = self.raw("g2p_spar_key_store", key)
        der = keys.to_der(rsa_key())
        self.assertEqual(
            Fernet(self.secret).decrypt(key._sealed()), der, "the sealed key is there"
        )
        self.assertNotIn(encoded(der)[40:80], stored)
        self.set_environment(**{SECRET: Fernet.generate_key().decode()})
        with self.assertRaisesRegex(KeyProblem, "another SPAR_KEY_SECRET"):
            key._load_pair()

    def test_the_secret_can_be_replaced(self):
        key = self.upload_pair()
        new = Fernet.generate_key().decode()
        self.set_environment(**{SECRET: f"{new},{self.secret}"})
        self.assertTrue(key._load_pair())
        self.Key.sudo()._cron_watch()
        self.set_environment(**{SECRET: new})
        self.assertTrue(key._load_pair())

    def test_deleting_a_key_deletes_what_was_stored(self):
        key = self.upload_pair()
        self.assertTrue(self.raw("g2p_spar_key_store", key))
        raw_id = key.id
        key.unlink()
        self.env.flush_all()
        self.assertFalse(
            self.raw("g2p_spar_key_store", self.Key.browse(raw_id)), "left behind"
        )

    def test_a_key_that_is_not_there_is_said_so(self):
        key = self.upload_pair()
        self.env.cr.execute("DELETE FROM g2p_spar_key_store")
        with self.assertRaisesRegex(KeyProblem, "not stored here any more"):
            key._load_pair()

    def test_what_is_known_of_a_key_is_not_typed_in(self):
        key = self.upload_pair()
        other = certificate_pem(rsa_key(1)).decode()
        for values in ({"certificate": other}, {"request": "x"}, {"warned_for": False}):
            with self.subTest(values), self.assertRaises(AccessError):
                key.write(values)
            with self.subTest(values), self.assertRaises(AccessError):
                self.upload_pair(**values)

    def test_a_key_is_never_made_another_one(self):
        key = self.upload_pair()
        pem = encoded(private_pem(rsa_key(1)))
        second = self.connection.copy()
        for values in (
            {"upload_key": pem},
            {"upload_key": pem, "upload_certificate": pem},
            {"source": "file", "key_path": str(self.key_path)},
            {"connection_id": second.id},
        ):
            with self.subTest(list(values)), self.assertRefused("Add another key"):
                key.write(values)
        self.assertTrue(key.write({"source": "stored", "name": "As before"}))
        with self.assertRefused("Say which"):
            key.copy()

    def test_only_managers_bring_in_keys_and_operators_see_what_is_public(self):
        key = self.upload_pair()
        seen = key.with_user(self.operator_user)
        self.assertEqual(
            seen.read(["state", "thumbprint"])[0]["thumbprint"], key.thumbprint
        )
        for act in (
            lambda: seen.write({"name": "x"}),
            lambda: seen.unlink(),
            lambda: seen.create({"connection_id": self.connection.id}),
            seen.action_switch_now,
            seen.action_set_aside,
            seen.action_read_again,
            lambda: seen.env["g2p.spar.key.generate"].create({}),
            lambda: seen.read(["key_path"]),
            seen.connection_id.action_previous_key,
        ):
            with self.assertRaises(AccessError):
                act()

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
        self.assertEqual(connection.action_test()["params"]["type"], "success")

    def test_a_connection_without_a_key_says_so(self):
        connection = self.connection.copy()
        with self.assertRaisesRegex(UserError, "Add one to the connection"):
            connection.action_test()

    def test_neutralised_copies_have_no_keys(self):
        key = self.upload_pair()
        sql = Path(__file__).parents[1] / "data" / "neutralize.sql"
        self.env.flush_all()
        self.env.cr.execute(sql.read_text())
        self.env.invalidate_all()
        for record in (key, self.key):
            with self.subTest(record.source), self.assertRaises(KeyProblem):
                record._load_pair()

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

    def test_a_secret_key_opens_only_with_its_own_row(self):
        first, second = self.upload_pair(), self.upload_pair(1)
        second._put(first._sealed())
        self.assertEqual(keys.to_der(unseal(second)), keys.to_der(rsa_key()))
        with self.assertRaisesRegex(KeyProblem, "another key"):
            second._load_pair()
