from odoo.tests import tagged

from .common import PartnerApiCase, SparCase
from .spar_stand_in import faults


class MergeOrder:
    """What SPAR holds after a merge and after its undoing, also if workers die."""

    def setUp(self):
        super().setUp()
        self.twin = self.new_registrant("Asha Jumaa", "SR-2")
        self.first = self.enter_address("0754 200 001")
        self.second = self.enter_address("0754 200 002", partner_id=self.twin.id)
        self.run_engine()
        self.before = dict(self.mapper.rows)
        self.assertEqual(set(self.before), {"SR-1", "SR-2"})
        self.mapper.forget()

    @property
    def mapping(self):
        return (self.registrant | self.twin).spar_mapping_ids

    def merge(self, keep_spar_id, keep_address):
        merge = self.env["g2p.fa.merge"].create(
            {
                "kept_id": self.registrant.id,
                "duplicate_id": self.twin.id,
                "keep_spar_id": keep_spar_id,
                "keep_address": keep_address,
                "reason": "One person",
            }
        )
        merge.action_ask()
        self.assertEqual(merge.state, "done")
        self.next_transaction()
        return merge

    def undo(self, merge):
        merge.action_undo()
        self.assertEqual(merge.state, "undone")
        self.next_transaction()

    def next_transaction(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def settle(self, *faults):
        """Run the engine until nothing is due, with these faults first."""
        self.run_engine(*faults)
        for _round in range(10):
            if set(self.mapping.mapped("state")) <= {"in_sync", "ended"}:
                return
            self.time_passes()
            self.run_engine()
        self.fail(self.mapping.mapped(lambda one: (one.state, one.reason_code)))

    def assertMerged(self, spar_id, address):
        self.assertEqual(self.mapper.rows, {spar_id: self.written(address)})
        self.assertInSync(self.registrant.spar_mapping_ids)
        self.assertEqual(self.twin.spar_mapping_ids.state, "ended")

    def test_each_choice_and_its_undoing(self):
        for keep_spar_id, keep_address, spar_id, address in (
            ("kept", "kept", "SR-1", self.first),
            ("kept", "duplicate", "SR-1", self.second),
            ("duplicate", "kept", "SR-2", self.first),
            ("duplicate", "duplicate", "SR-2", self.second),
        ):
            with self.subTest(keep_spar_id=keep_spar_id, keep_address=keep_address):
                merge = self.merge(keep_spar_id, keep_address)
                self.settle()
                self.assertMerged(spar_id, address)
                self.undo(merge)
                self.settle()
                self.assertEqual(self.mapper.rows, self.before)
                self.assertInSync()

    def test_what_was_undone_is_not_sent_under_the_id_of_the_other(self):
        """Also where each value is sent in turn."""
        self.connection.send_every_value = True
        self.undo(self.merge("duplicate", "duplicate"))
        self.settle()
        self.assertEqual(self.mapper.rows, self.before)
        self.assertInSync()
        for spar_id, address in (("SR-1", self.first), ("SR-2", self.second)):
            with self.subTest(spar_id=spar_id):
                stored = self.mapper.stored_under(spar_id) - {None}
                self.assertLessEqual(stored, {self.written(address)})

    def test_the_id_of_the_other_never_holds_what_was_replaced(self):
        """A merge gives the ID first, then the address; each is captured."""
        self.connection.send_every_value = True
        self.apart()
        self.merge("duplicate", "duplicate")
        self.settle()
        self.assertMerged("SR-2", self.second)
        stored = self.mapper.stored_under("SR-2") - {None}
        self.assertEqual(stored, {self.written(self.second)})

    def test_what_was_taken_up_before_the_id_changed_is_not_sent_either(self):
        self.connection.send_every_value = True
        merge = self.merge("duplicate", "duplicate")
        self.run_engine(faults.status(503))
        self.undo(merge)
        self.time_passes()
        self.settle()
        self.assertInSync()
        stored = self.mapper.stored_under("SR-1") - {None}
        self.assertLessEqual(stored, {self.written(self.first)})

    def test_the_row_of_the_other_leaves_before_its_id_is_linked(self):
        merge = self.merge("duplicate", "kept")
        # The duplicate's unlink fails, all else works.
        twins = self.twin.spar_mapping_ids
        self.run_engine(faults.cut_before, mappings=twins)
        self.run_engine(mappings=self.registrant.spar_mapping_ids)
        self.assertEqual(self.registrant.spar_mapping_ids.reason_code, "id.taken")
        self.assertEqual(self.mapper.rows, {"SR-2": self.before["SR-2"]})
        self.settle()
        self.assertMerged("SR-2", self.first)
        self.undo(merge)
        # The registrant's own ID is not linked while the twin's row is under another.
        self.run_engine(mappings=twins)
        self.assertEqual(twins.reason_code, "id.taken")
        self.settle()
        self.assertEqual(self.mapper.rows, self.before)

    def test_a_worker_that_dies_at_any_request(self):
        for fault in (faults.cut_before, faults.cut_after, faults.status(503)):
            for requests in range(4):
                with self.subTest(fault, requests=requests):
                    merge = self.merge("duplicate", "duplicate")
                    fine = [lambda *args: False] * requests
                    self.settle_with(fine, fault)
                    self.assertMerged("SR-2", self.second)
                    self.undo(merge)
                    self.settle_with(fine, fault)
                    self.assertEqual(self.mapper.rows, self.before)

    def settle_with(self, fine, fault):
        self.mapper.faults = [*fine, fault]
        for _round in range(20):
            self.mapping.job_sync()
            if set(self.mapping.mapped("state")) <= {"in_sync", "ended"}:
                break
            self.time_passes()
        self.mapper.faults = []
        self.settle()

    def test_killed_while_spar_works(self):
        merge = self.merge("duplicate", "duplicate")
        self.die_sending()
        self.time_passes()
        self.settle()
        self.assertMerged("SR-2", self.second)
        self.undo(merge)
        self.die_sending()
        self.time_passes()
        self.settle()
        self.assertEqual(self.mapper.rows, self.before)

    def test_undone_before_spar_heard_of_the_merge(self):
        merge = self.merge("duplicate", "duplicate")
        self.undo(merge)
        self.settle()
        self.assertEqual(self.mapper.rows, self.before)

    def test_payment_data_of_both_is_removed_together(self):
        merge = self.merge("duplicate", "kept")
        self.settle()
        self.registrant.action_remove_payment_data()
        self.settle()
        self.registrant._remove_payment_data()
        self.twin._remove_payment_data()
        self.assertFalse(self.mapper.rows)
        self.assertEqual(self.tables_with(["754200001", "754200002"]), [])
        self.assertFalse((self.registrant | self.twin).mapped("spar_id")[0])
        self.assertFalse(merge.kept_spar_id or merge.duplicate_spar_id)


@tagged("post_install", "-at_install")
class TestMergeOrder(MergeOrder, SparCase):
    """With SPAR 1.x."""


@tagged("post_install", "-at_install")
class TestMergeOrder2(MergeOrder, PartnerApiCase):
    """With SPAR 2.x."""
