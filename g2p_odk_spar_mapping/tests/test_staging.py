from odoo.tests import BaseCase

from ..central.rows import Row
from ..pipeline.staging import Known, gone, next_step


def row(content="a", review=None, status=None, deleted=None):
    values = dict.fromkeys(Row.__dataclass_fields__)
    values.update(
        instance_id="uuid:1",
        submitted="2026-05-03T10:00:00.000Z",
        review=review,
        status=status,
        deleted=deleted,
        content_hash=content,
    )
    return Row(**values)


def known(state="staged", kind=None, content="a", version=1, applied=0):
    return Known(state, kind, content, version, applied)


class TestStaging(BaseCase):
    def step(self, before, now, policy="not_refused"):
        step = next_step(before, now, policy)
        return step and (step.event, step.state, step.error_kind, step.withdrawn)

    def test_what_is_new(self):
        self.assertEqual(self.step(None, row()), ("new", "staged", None, False))
        self.assertEqual(
            self.step(None, row(status="notDecrypted")),
            ("new", "set_aside", "encrypted", False),
        )
        self.assertIsNone(next_step(None, row(deleted="x"), "any"))
        self.assertIsNone(gone(None))

    def test_what_people_decided_stays_until_the_answers_change(self):
        for state, kind in (("ignored", None), ("set_aside", "refused")):
            before = known(state, kind)
            self.assertEqual(
                self.step(before, row()), ("unchanged", state, kind, False)
            )
            self.assertEqual(
                self.step(before, row("b")), ("changed", "staged", None, False)
            )

    def test_what_waits_for_an_earlier_one_goes_on_waiting(self):
        before = known("waiting", "held")
        self.assertEqual(self.step(before, row())[1:3], ("waiting", "held"))

    def test_an_approval_is_no_edit(self):
        before = known("applied", applied=1)
        self.assertEqual(
            self.step(before, row(review="approved")),
            ("unchanged", "applied", None, False),
        )

    def test_rejected_and_approved_again_is_as_applied_as_before(self):
        before = known("applied", applied=1)
        self.assertEqual(
            self.step(before, row(review="rejected")),
            ("changed", "ignored", "rejected", True),
        )
        rejected = known("ignored", "rejected", applied=1)
        self.assertEqual(
            self.step(rejected, row(review="rejected")),
            ("unchanged", "ignored", "rejected", False),
        )
        self.assertEqual(
            self.step(rejected, row(review="approved")),
            ("changed", "applied", None, False),
        )

    def test_rejected_while_an_edit_of_what_was_applied_waits(self):
        before = known("waiting", "not_reviewed", version=2, applied=1)
        self.assertEqual(
            self.step(before, row(review="rejected"), "approved"),
            ("changed", "ignored", "rejected", True),
        )

    def test_deleted_once_and_restored(self):
        before = known("applied", applied=1)
        deleted = row(deleted="2026-05-04T10:00:00.000Z")
        self.assertEqual(self.step(before, deleted), ("deleted", "removed", None, True))
        removed = known("removed", applied=1)
        self.assertEqual(
            self.step(removed, deleted), ("unchanged", "removed", None, False)
        )
        self.assertEqual(
            self.step(removed, row()), ("restored", "applied", None, False)
        )
        self.assertEqual(
            self.step(removed, row("b")), ("restored", "staged", None, False)
        )

    def test_versions_count_changed_answers(self):
        self.assertEqual(next_step(known(version=3), row("b"), "any").version, 4)
        self.assertEqual(next_step(known(version=3), row("a"), "any").version, 3)
