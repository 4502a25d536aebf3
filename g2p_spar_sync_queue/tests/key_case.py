"""What tests of signing keys have in common."""

import os
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock, patch

from cryptography.fernet import Fernet

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import new_test_user

from ..controllers import g2p_spar_key as controller
from ..models.g2p_spar_key_store import SECRET
from .common import SparCase
from .key_material import (
    certificate_pem,
    encoded,
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

    def later(self, **time):
        """Let everybody believe it is later."""
        now = fields.Datetime.now() + timedelta(**time)
        patcher = patch.object(fields.Datetime, "now", lambda *args: now)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.env.invalidate_all()
