"""A setting reads what it may read, and an error tells nothing of other files."""

import os
import tempfile
from pathlib import Path

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from odoo.addons.g2p_spar_financial_address.tests.fifo import nobody_waits

from ..spar.keys import KeyProblem
from .key_case import KeyCase
from .key_material import certificate_pem, private_pem, rsa_key


@tagged("post_install", "-at_install")
class TestKeyPlaces(KeyCase):
    def setUp(self):
        super().setUp()
        key = rsa_key()
        self.good = self.file("good.pem", private_pem(key) + certificate_pem(key))
        outside = tempfile.TemporaryDirectory(dir=Path.home())
        self.addCleanup(outside.cleanup)
        self.outside = Path(outside.name) / "key.pem"
        self.outside.write_bytes(Path(self.good).read_bytes())

    def values(self, **values):
        return {"connection_id": self.connection.id, "source": "file", **values}

    def fifo(self, name="fifo"):
        path = str(self.folder / name)
        os.mkfifo(path)
        return path

    def refusal(self, **values):
        """Return the error a manager sees who names these places."""
        try:
            with self.env.cr.savepoint():
                self.Key.create(self.values(**values))
        except Exception as error:
            return str(error)
        return "taken"

    def test_an_unsaved_record_reads_nothing(self):
        self.set_environment(SPAR_T_GOOD=Path(self.good).read_text())
        for values in (
            self.values(key_path=self.good),
            self.values(source="environment", key_variable="SPAR_T_GOOD"),
        ):
            for origin in (None, self.key):
                for expression in ("key._load_pair()", "key._read_location()"):
                    with self.subTest(expression), self.assertRaises(Exception) as seen:
                        unsaved = self.Key.sudo().new(values, origin=origin)
                        safe_eval(expression, {"key": unsaved})
                    self.assertIn("KeyProblem", repr(seen.exception))
        stored = self.upload_pair(2)
        unsaved = self.Key.sudo().new({"source": "stored"}, origin=stored)
        with self.assertRaises(KeyProblem):
            unsaved._load_pair()

    def test_errors_do_not_tell_what_there_is(self):
        large = self.file("large", b"x" * 200_000)
        told = {
            self.refusal(key_path=path)
            for path in (
                "/nowhere/key.pem",
                str(self.folder / "missing"),
                str(self.folder),
                str(self.outside),
                f"{self.folder}/../../../{self.outside}",
                "/etc/passwd",
                "/dev/null",
                large,
            )
        }
        self.assertEqual(len(told), 1, told)
        self.assertIn("cannot be read", told.pop())
        self.set_environment(T_OTHER="x", **{"SPAR_T_NOT_KEY": "x"})
        told = {
            self.refusal(source="environment", key_variable=name)
            for name in ("SPAR_T_NONE", "T_OTHER", "PATH", "SPAR_KEY_SECRET")
        }
        self.assertEqual(len(told), 1, told)

    def test_the_servers_own_secret_is_no_password(self):
        locked = private_pem(rsa_key(), self.secret.encode())
        path = self.file("locked.pem", locked + certificate_pem(rsa_key()))
        answer = self.refusal(key_path=path, password_variable="SPAR_KEY_SECRET")
        self.assertIn("variable cannot be read", answer)

    def test_a_fifo_keeps_no_key_waiting(self):
        for field in ("key_path", "certificate_path", "password_path"):
            fifo = self.fifo(field)
            with self.subTest(field), nobody_waits(fifo):
                self.assertIn(
                    "cannot be read",
                    self.refusal(**{"key_path": self.good, field: fifo}),
                )

    def test_a_fifo_keeps_no_connection_waiting(self):
        fifos = self.fifo("tls_certificate"), self.fifo("tls_key")
        told = set()
        for certificate, key in (
            fifos,
            ("/nowhere.pem", "/nowhere.pem"),
            (str(self.outside), str(self.outside)),
            ("/dev/zero", "/dev/zero"),
        ):
            self.set_up(tls_certificate_path=certificate, tls_key_path=key)
            with (
                self.subTest(certificate),
                nobody_waits(*fifos),
                self.assertRaises(KeyProblem) as caught,
            ):
                self.connection._client().close()
            told.add(self.connection._key_problem_text(caught.exception))
        self.assertEqual(len(told), 1, told)
