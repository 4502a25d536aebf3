import os
import tempfile
from functools import partial
from pathlib import Path

from odoo.addons.g2p_spar_financial_address.tests.common import FinancialAddressCase

from .. import asking
from ..central.client import CentralClient
from .central_stand_in.server import CentralStandIn
from .central_stand_in.store import Store, answers


class OdkCase(FinancialAddressCase):
    """A stand-in Central, and a form that is fetched from it.

    Inside a test a run's commits are flushes; what needs real commits and real
    processes is in ``tests/chaos``.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.password_path = Path(folder.name) / "127.0.0.1.odk-password"
        cls.password_path.write_text(Store.PASSWORD + "\n")
        os.chmod(cls.password_path, 0o600)
        cls.server = cls.env["g2p.odk.server"].create(
            {
                "name": "Central",
                "base_url": "http://127.0.0.1:1",
                "email": Store.EMAIL,
                "password_path": str(cls.password_path),
                "answer_timeout": 5,
                "page_size": 3,
            }
        )
        cls.form = cls.env["g2p.odk.form"].create(
            {
                "name": "Addresses",
                "server_id": cls.server.id,
                "project_id": Store.PROJECT,
                "xml_form_id": "addresses",
            }
        )

    def setUp(self):
        super().setUp()
        self.central = CentralStandIn()
        self.addCleanup(self.central.stop)
        self.store = self.central.store
        self.server.base_url = self.central.url
        self.make_impatient()

    def make_impatient(self):
        """Let a second try come at once."""
        self.patch(asking, "CentralClient", partial(CentralClient, backoff=0))

    def pull(self):
        """Do one run that must end well; return it."""
        run = self.form._pull()
        self.assertEqual(run.state, "done", run.message)
        return run

    def staged(self, instance_id):
        """Return what is staged of one submission."""
        return self.env["g2p.odk.submission"].search(
            [("form_id", "=", self.form.id), ("instance_id", "=", instance_id)]
        )

    def submit(self, number=1, **options):
        """Let an agent send a submission about a registrant; return its ID."""
        return self.store.submit(answers(number), **options)

    def assertCounts(self, run, **counts):
        """This is what the run counted, and nothing else."""
        names = ("new", "changed", "unchanged", "deleted", "restored", "set_aside")
        found = {name: run[f"{name}_count"] for name in names if run[f"{name}_count"]}
        self.assertEqual(found, counts)
