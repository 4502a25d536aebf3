from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import SparCase
from .spar_stand_in import faults


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

    def test_archiving_a_paid_registrant_takes_an_editor(self):
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
        with self.assertRefused("(?i)remove the payment data first"):
            registrant.unlink()
        registrant.action_end_financial_address()
        self.run_engine()
        with self.assertRefused("(?i)remove the payment data first"):
            registrant.unlink()

    def test_name_and_phone_are_sent_only_if_the_settings_say_so(self):
        self.assertEqual(self.mapper.sent_details, (None, None))
        settings = self.env["g2p.fa.settings"].current()
        for number, values, told in (
            ("0754 200 101", {"send_name": True}, ("Asha Juma", None)),
            ("0754 200 102", {"send_phone": True}, ("Asha Juma", "+255 754 100 001")),
            ("0754 200 103", {"send_name": False, "send_phone": False}, (None, None)),
        ):
            settings.write(values)
            self.enter_address(number)
            self.run_engine()
            with self.subTest(values):
                self.assertEqual(self.mapper.sent_details, told)

    def test_payment_data_leaves_spar_before_it_leaves_the_registry(self):
        address = self.registrant.financial_address_id
        self.registrant.action_remove_payment_data()
        self.assertTrue(address.mobile_number, "SPAR has not let go yet")
        self.assertEqual(self.registrant.spar_id, "SR-1")
        with self.assertRefused("remove the payment data first"):
            self.registrant.unlink()
        self.run_engine()
        self.assertFalse(self.mapper.rows)
        self.registrant._remove_payment_data()
        self.assertFalse(address.mobile_number)
        self.assertFalse(self.registrant.spar_id)
        self.run_engine()
        self.registrant.unlink()
        self.assertFalse(address.exists())
        self.assertFalse(self.env["g2p.spar.change"].search([]))
        self.assertFalse(self.env["g2p.spar.mapping"].search([]))

    def test_what_was_seen_at_spar_leaves_with_it(self):
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        fingerprint = "5eed" * 16
        self.env["g2p.spar.reconciliation.line"].create(
            {
                "reconciliation_id": run.id,
                "mapping_id": self.mapping.id,
                "kind": "spar_newer",
                "state": "ignored",
                "spar_id": "SR-1",
                "seen": fingerprint,
            }
        )
        self.env["g2p.spar.reading"].sudo().create(
            {
                "partner_id": self.registrant.id,
                "connection_id": self.connection.id,
                "spar_id": "SR-1",
                "seen": fingerprint,
                "tried_at": "2026-01-01",
            }
        )
        texts = [fingerprint, "754200001", self.mapping.sudo().held_digest]
        self.assertEqual(len(self.tables_with(texts)), 4)
        self.registrant.action_remove_payment_data()
        self.run_engine()
        self.registrant._remove_payment_data()
        self.assertFalse(self.registrant.payment_removal_date)
        self.assertEqual(self.tables_with(texts), [])

    def test_while_the_answer_to_the_unlink_is_unknown_nothing_is_erased(self):
        address = self.registrant.financial_address_id
        self.registrant.action_remove_payment_data()
        self.run_engine(faults.cut_before)
        self.registrant._remove_payment_data()
        self.assertTrue(address.mobile_number)
        self.assertTrue(self.registrant.payment_removal_date)

    def test_who_never_had_an_address_is_deleted(self):
        visitor = self.env["res.partner"].create({"name": "V", "is_registrant": True})
        visitor.spar_id = "SR-77"
        self.assertTrue(visitor.spar_mapping_ids)
        visitor.unlink()
        self.assertFalse(visitor.exists())

    def test_a_changed_id_survives_a_failure_at_each_step(self):
        for number, (fault, expected) in enumerate(
            [
                (faults.cut_before, ["unlink", "resolve", "unlink", "link"]),
                (faults.cut_after, ["unlink", "resolve", "link"]),
                (faults.status(500), ["unlink", "unlink", "link"]),
            ]
        ):
            with self.subTest(fault):
                self.mapper.forget()
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
        self.run_engine(lambda *args: False, faults.cut_after)
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
