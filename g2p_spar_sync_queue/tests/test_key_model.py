from datetime import timedelta
from unittest.mock import patch

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import config

from ..models.g2p_spar_key_store import SECRET, _store_sealed, sealed_of, unseal
from ..spar import keys
from ..spar.keys import KeyProblem
from .key_case import KeyCase
from .key_material import (
    PASSWORD,
    certificate,
    certificate_pem,
    ec_key,
    encoded,
    issued,
    p12,
    private_pem,
    rsa_key,
)


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

    def test_what_departments_send_is_uploaded_and_read_from_files(self):
        """Chains in any order, DER, PKCS#7, and UTF-16 of a Windows editor."""
        key = rsa_key()
        pem, chain = private_pem(key), issued(key)
        pems = [one.public_bytes(Encoding.PEM) for one in chain]
        der = key.private_bytes(
            Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        p7b = pkcs7.serialize_certificates
        for name, (content, cert) in {
            "root first": (pem, b"".join(pems)),
            "issuer first": (pem, pems[1] + pems[2] + pems[0]),
            "DER": (der, b"".join(pems)),
            ".p7b": (pem, p7b(chain, Encoding.DER)),
            ".p7b as PEM": (pem, p7b(chain, Encoding.PEM)),
            "UTF-16": [
                text.decode().encode("utf-16") for text in (pem, b"".join(pems))
            ],
        }.items():
            with self.subTest(name):
                record = self.upload(content, cert)
                self.assertEqual(record.thumbprint, keys.thumbprint(chain[-1]))
                record = self.Key.create(
                    {
                        "connection_id": self.connection.id,
                        "source": "file",
                        "key_path": self.file("key", content),
                        "certificate_path": self.file("cert", cert),
                    }
                )
                self.assertEqual(record._load_pair().kid, keys.thumbprint(chain[-1]))

    def test_other_forms_are_named_with_the_command_that_converts_them(self):
        key = rsa_key()
        cert = certificate_pem(key)
        openssh = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        for content, said in (
            (
                b"\xfe\xed\xfe\xed\0\0\0\x02",
                "This is a Java keystore. Convert it: keytool -importkeystore "
                "-srckeystore FILE -destkeystore key.p12 -deststoretype PKCS12",
            ),
            (
                openssh,
                "This key is in the form of SSH. Convert it: ssh-keygen -p -m PKCS8 -f "
                "FILE; one of PuTTY first: puttygen FILE -O private-openssh -o NEW",
            ),
        ):
            with self.subTest(said), self.assertRaises(UserError) as caught:
                self.upload(content, cert)
            self.assertIn(said, str(caught.exception))

    def test_a_key_in_files_or_variables_is_read_where_it_is(self):
        key = rsa_key()
        pem, cert = private_pem(key), certificate_pem(key)
        self.set_environment(
            SPAR_T_KEY=pem.decode(),
            SPAR_T_CERT=cert.decode(),
            SPAR_T_P12=encoded(p12(key)),
            SPAR_T_PASSWORD=PASSWORD.decode(),
        )
        locked = self.file("key.p12", p12(key))
        for values in (
            {
                "source": "file",
                "key_path": self.file("key.pem", pem),
                "certificate_path": self.file("cert.pem", cert),
            },
            {
                "source": "file",
                "key_path": locked,
                "password_variable": "SPAR_T_PASSWORD",
            },
            {
                "source": "file",
                "key_path": locked,
                "password_path": self.file("word", PASSWORD + b"\n"),
            },
            {
                "source": "environment",
                "key_variable": "SPAR_T_KEY",
                "certificate_variable": "SPAR_T_CERT",
            },
            {
                "source": "environment",
                "key_variable": "SPAR_T_P12",
                "password_variable": "SPAR_T_PASSWORD",
            },
        ):
            with self.subTest(values):
                record = self.Key.create(
                    {"connection_id": self.connection.id, **values}
                )
                self.assertEqual(record.thumbprint, keys.thumbprint(certificate(key)))
                self.assertEqual(record._load_pair().kid, record.thumbprint)
                self.assertFalse(sealed_of(record))

    def sealed_keys(self):
        self.env.cr.execute("SELECT count(*) FROM g2p_spar_key_store")
        return self.env.cr.fetchone()[0]

    def test_a_bad_upload_is_refused_at_its_field(self):
        before = self.sealed_keys()
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
        self.assertEqual(self.connection.key_ids, self.key)
        self.assertEqual(self.sealed_keys(), before)

    def test_a_bad_place_is_refused_at_its_field(self):
        key = rsa_key()
        pem = self.file("key.pem", private_pem(key))
        cert = self.file("cert.pem", certificate_pem(key))
        other = self.file("other.pem", certificate_pem(rsa_key(1)))
        old = self.file("old.pem", certificate_pem(key, -10, -1))
        locked = self.file("key.p12", p12(key))
        self.set_environment(
            SPAR_T_KEY="nonsense", SPAR_T_GOOD=private_pem(key).decode()
        )
        for values, field, message in [
            ({"key_path": "/nowhere/k"}, "key_path", "cannot be read"),
            ({"key_path": str(self.folder)}, "key_path", "cannot be read"),
            ({"key_path": "/dev/zero"}, "key_path", "cannot be read"),
            ({"key_path": False}, "key_path", "Say which"),
            ({"key_path": cert}, "key_path", "not a readable private key"),
            ({"key_path": pem}, "certificate_path", "no certificate"),
            (
                {"key_path": pem, "certificate_path": "/nowhere/c"},
                "certificate_path",
                "cannot be read",
            ),
            ({"key_path": pem, "certificate_path": other}, "certificate_path", "ano"),
            ({"key_path": pem, "certificate_path": old}, "certificate_path", "expired"),
            ({"key_path": locked}, "password_path", "protected by a password"),
            ({"key_path": locked, "password_path": cert}, "password_path", "not open"),
            (
                {"key_path": locked, "password_path": "/nowhere/p"},
                "password_path",
                "cannot be read",
            ),
            (
                {"key_variable": "SPAR_T_NONE"},
                "key_variable",
                "variable cannot be read",
            ),
            (
                {"key_variable": "SPAR_T_KEY"},
                "key_variable",
                "not a readable private key",
            ),
            (
                {"key_variable": "SPAR_T_GOOD", "certificate_variable": "SPAR_T_NONE"},
                "certificate_variable",
                "variable cannot be read",
            ),
            (
                {"key_variable": "SPAR_T_GOOD", "password_variable": "SPAR_T_NONE"},
                "password_variable",
                "variable cannot be read",
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
            Fernet(self.secret).decrypt(sealed_of(key)), der, "the sealed key is there"
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

    def test_a_key_signs_only_while_its_certificate_is_valid(self):
        """Also where the date was chosen before the certificate was known."""
        now = fields.Datetime.now()
        pem = private_pem(rsa_key())
        short = certificate_pem(rsa_key(), last=30)
        with self.assertRefused("has expired by then"):
            self.upload(pem, short, use_from=now + timedelta(days=60))
        path = self.file("both.pem", pem + short)
        with self.assertRefused("has expired by then"):
            self.Key.create(
                {
                    "connection_id": self.connection.id,
                    "source": "file",
                    "key_path": path,
                    "use_from": now + timedelta(days=60),
                }
            )
        waiting = self.generate(kind="request")
        waiting.use_from = now + timedelta(days=1)
        late = certificate(unseal(waiting), first=9).public_bytes(Encoding.PEM)
        with self.assertRefused("is not valid before"):
            waiting.upload_certificate = encoded(late)

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

    def test_a_secret_key_opens_only_with_its_own_row(self):
        first, second = self.upload_pair(), self.upload_pair(1)
        _store_sealed(second, sealed_of(first))
        self.assertEqual(keys.to_der(unseal(second)), keys.to_der(rsa_key()))
        with self.assertRaisesRegex(KeyProblem, "another key"):
            second._load_pair()
