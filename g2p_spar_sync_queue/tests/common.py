import tempfile
from datetime import timedelta
from pathlib import Path

from odoo import Command, fields

from odoo.addons.g2p_spar_financial_address.tests.common import FinancialAddressCase

from ..engine import claim, journal, restore_guard
from ..transactions import AutonomousTransaction
from .spar_stand_in.in_process import SparStandIn
from .test_spar_vectors import VECTORS


class SparCase(FinancialAddressCase):
    """A running connection to a stand-in mapper, and helpers to run the engine.

    Inside a test the engine's commits are flushes; what needs real commits and real
    processes is in ``tests/system``.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.classPatch(AutonomousTransaction, "same_by_default", True)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.key_path = Path(folder.name) / "key.pem"
        cls.key_path.write_text(VECTORS["private_key_pem"])
        cls.certificate_path = Path(folder.name) / "certificate.pem"
        cls.certificate_path.write_text(VECTORS["certificate_pem"])
        cls.connection = cls.env["g2p.spar.connection"].create(
            {
                "name": "Test",
                "base_url": "http://127.0.0.1:1",
                "answer_timeout": 5,
                "key_ids": [
                    # A refusal says more about a key that has signed for long.
                    Command.create(
                        cls.file_key_values(
                            use_from=fields.Datetime.now() - timedelta(days=2)
                        )
                    )
                ],
            }
        )
        cls.key = cls.connection.key_ids
        cls.connection.state = "running"

    #: Version of the stand-in for SPAR.
    spar_version = "1.1.0"

    @classmethod
    def file_key_values(cls, **values):
        """Return the fields of a key in files on the server."""
        return {
            "name": "Key in files",
            "source": "file",
            "key_path": str(cls.key_path),
            "certificate_path": str(cls.certificate_path),
            **values,
        }

    def setUp(self):
        super().setUp()
        self.mapper = SparStandIn(self.spar_version)
        self.addCleanup(self.mapper.stop)
        self.set_up(base_url=self.mapper.url, dialect=self.mapper.dialect)
        # Databases are rolled back after a test, files are not.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch(restore_guard, "witness_folder", lambda: Path(folder.name))

    def set_up(self, **values):
        """Change settings that take a second manager once it was started."""
        state = self.connection.state
        self.connection.state = "draft"
        self.connection.write(values)
        self.connection.state = state

    @property
    def mapping(self):
        return self.registrant.spar_mapping_ids

    def run_engine(self, *faults, mappings=None):
        """Do what a wake-up does; each fault must fire."""
        self.mapper.faults = list(faults)
        (mappings or self.mapping).job_sync()
        self.assertFalse(self.mapper.faults, "a fault never fired")

    def die_sending(self, mappings=None):
        """Do what a worker does that is killed while SPAR works on its request."""
        claimed = claim.claim_mappings(mappings or self.mapping)
        request = journal.write_intent(self.env, self.connection.id, claimed.request)
        self.assertTrue(request.parts, "nothing was about to be sent")
        # The transaction of a test began long ago.
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE g2p_spar_sending
                  SET create_date = clock_timestamp() AT TIME ZONE 'UTC'
                WHERE id = %s""",
            [request.number],
        )
        # What it had changed in memory and was going to record.
        self.env.invalidate_all()
        return request

    def apart(self):
        """Have each change be of a transaction of its own; a test has only one."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE g2p_spar_change SET create_date = create_date + id * interval '1ms'"
        )
        self.env.invalidate_all()

    def time_passes(self, mappings=None):
        """Let every waiting time end."""
        moment = fields.Datetime.now() - timedelta(seconds=1)
        (mappings or self.mapping).next_attempt_at = moment
        self.env.flush_all()

    def make_registrants(self, number):
        """Return registrants with an address each, not yet at SPAR."""
        partners = self.env["res.partner"].create(
            [
                {"name": f"R {n}", "is_registrant": True, "spar_id": f"B-{n}"}
                for n in range(number)
            ]
        )
        for n, partner in enumerate(partners):
            self.enter_address(f"0754{200_100 + n}", partner_id=partner.id)
        return partners

    def written(self, address):
        """Return the text SPAR stores for an address."""
        return address._spar_value()[0]

    def assertInSync(self, mappings=None):
        mappings = mappings or self.mapping
        self.assertTrue(mappings)
        for mapping in mappings:
            self.assertEqual(mapping.state, "in_sync")
            address = mapping.partner_id.financial_address_id
            self.assertEqual(
                self.mapper.rows.get(mapping.partner_id.spar_id),
                self.written(address),
            )
            self.assertEqual(mapping.change_ids[0].state, "sent")
            self.assertFalse(
                {"queued", "taken", "held"} & set(mapping.change_ids.mapped("state"))
            )


class PartnerApiCase(SparCase):
    """The same with a SPAR 2.x; goes before a test class that is for both."""

    spar_version = "2.1"

    def written(self, address):
        # It has words of its own for the types.
        words = {"mobile_wallet_provider": "MOBILE_WALLET", "bank": "BANK"}
        text, _comma, word = super().written(address).rpartition("fa_type:")
        return f"{text}fa_type:{words[word]}"
