from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from . import stand_in
from .common import SparCase


@tagged("post_install", "-at_install")
class TestLeaving(SparCase):
    """How registrants leave SPAR: ended, archived, deleted, under another ID."""

    def setUp(self):
        super().setUp()
        self.enter_address()
        self.run_engine()

    def test_who_is_archived_leaves_spar_and_comes_back(self):
        self.registrant.action_archive()
        self.run_engine()
        self.assertEqual(self.mapping.state, "ended")
        self.assertFalse(self.mapper.rows)
        self.registrant.action_unarchive()
        self.run_engine()
        self.assertInSync()

    def test_archiving_whoever_is_paid_takes_an_editor(self):
        user = new_test_user(
            self.env, "l_user", "base.group_user,base.group_partner_manager"
        )
        with self.assertRaises(AccessError):
            self.registrant.with_user(user).action_archive()
        plain = self.env["res.partner"].create({"name": "Plain contact"})
        plain.with_user(user).action_archive()
        self.assertFalse(plain.spar_mapping_ids)

    def test_who_is_or_was_at_spar_is_not_deleted(self):
        registrant = self.registrant
        with self.assertRefused("Archive this registrant"):
            registrant.unlink()
        registrant.action_end_financial_address()
        self.run_engine()
        with self.assertRefused("Archive this registrant"):
            registrant.unlink()

    def test_who_never_had_an_address_is_deleted(self):
        visitor = self.env["res.partner"].create({"name": "V", "is_registrant": True})
        visitor.spar_id = "SR-77"
        self.assertTrue(visitor.spar_mapping_ids)
        visitor.unlink()
        self.assertFalse(visitor.exists())

    def test_a_changed_id_survives_a_failure_at_each_step(self):
        for number, (fault, expected) in enumerate(
            [
                (stand_in.cut_before, ["unlink", "resolve", "unlink", "link"]),
                (stand_in.cut_after, ["unlink", "resolve", "link"]),
                (stand_in.status(500), ["unlink", "unlink", "link"]),
            ]
        ):
            with self.subTest(fault):
                self.mapper.log.clear()
                old, new = self.registrant.spar_id, f"SR-new-{number}"
                self.registrant.spar_id = new
                self.run_engine(fault)
                self.assertNotIn(new, self.mapper.rows, "paid under two IDs")
                self.time_passes()
                self.run_engine()
                self.assertInSync()
                self.assertNotIn(old, self.mapper.rows)
                self.assertEqual(self.mapper.operations, expected)

    def test_a_changed_id_survives_a_lost_link(self):
        self.registrant.spar_id = "SR-2"
        self.run_engine(lambda *args: False, stand_in.cut_after)
        self.registrant.spar_id = "SR-3"
        self.time_passes()
        self.run_engine()
        self.assertInSync()
        self.assertEqual(list(self.mapper.rows), ["SR-3"])
        self.assertEqual(
            self.mapper.operations[1:], ["unlink", "link", "resolve", "unlink", "link"]
        )

    def test_an_id_that_is_taken_away_leaves_spar(self):
        self.registrant.spar_id = False
        self.run_engine()
        self.assertFalse(self.mapper.rows)
        self.assertEqual(self.mapping.state, "waiting_id")

    def test_merging_registrants_is_refused(self):
        other = self.env["res.partner"].create({"name": "Other"})
        wizard = self.env["base.partner.merge.automatic.wizard"]
        with self.assertRaises(UserError):
            wizard._merge((self.registrant | other).ids)
