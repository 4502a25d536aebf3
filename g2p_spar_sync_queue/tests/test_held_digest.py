import hashlib
import json

from odoo.tests import tagged

from .common import SparCase


def hashed(text):
    return hashlib.sha256(text.encode()).hexdigest()


@tagged("post_install", "-at_install")
class TestHeldDigest(SparCase):
    """SPAR's address is recognised by a hash that cannot be made without the key."""

    def setUp(self):
        super().setUp()
        self.env["g2p.fa.settings"].current().send_name = True
        self.enter_address()
        self.run_engine()
        self.entry = self.mapping.sudo()

    def plain(self):
        """Return the hashes without a key of what was sent."""
        text, strategy = self.address()._spar_value()[:2]
        settings = self.env["g2p.fa.settings"]._read_values()
        details = self.registrant._spar_details(settings)
        parts = [f"{strategy}:{text}"]
        if details:
            parts.append(json.dumps(details, sort_keys=True))
        return ":".join(map(hashed, parts))

    def address(self):
        return self.registrant.financial_address_id

    def test_it_cannot_be_found_by_trying_numbers(self):
        self.assertTrue(self.entry.held_digest)
        for part in self.plain().split(":"):
            self.assertNotIn(part, self.entry.held_digest)

    def test_those_stored_before_are_the_same_after_the_upgrade(self):
        expected = self.entry.held_digest
        others = self.make_registrants(3).spar_mapping_ids
        others.sudo().held_digest = False
        self.entry.held_digest = self.plain()
        self.env.flush_all()
        self.upgrade("g2p_spar_sync_queue", "19.0.1.4.0", "post", "held-digest")
        self.assertEqual(self.entry.held_digest, expected)
        self.assertFalse(any(others.sudo().mapped("held_digest")))
        self.mapper.forget()
        self.run_engine()
        sent = [ids for _operation, ids in self.mapper.log if "SR-1" in ids]
        self.assertFalse(sent, "nothing is sent again")
