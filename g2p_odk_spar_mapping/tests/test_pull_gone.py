"""Nothing counts as deleted that Central still has, whatever its ID looks like."""

from datetime import timedelta
from unittest.mock import ANY

from odoo import fields
from odoo.tests import tagged

from .central_stand_in import odata
from .central_stand_in.store import answers
from .common import OdkCase

#: IDs that Central accepts and lists, and whose single read it answers with 404.
ODD = (
    "a.b",
    "a b",
    "uuid:1_2",
    "o'neill",
    *("é", "e\u0301", "ሀ", "地址", "x" * 255),
    *("a/b", "a%20b", "%", "#1", "a?b=c", "a+b", "a\\b", '"', "a,b", "a;b", "--", "''"),
    *("a&b", "a&amp;b", "a<b"),
    # They differ from others in blanks or capitals only.
    *(" ", "  ", "\u00a0", " a b", "a b ", "A B", "UUID:1_2"),
)


@tagged("post_install", "-at_install")
class TestPullGone(OdkCase):
    def sweep(self):
        self.form.swept_at = False
        run = self.pull()
        self.assertTrue(run.swept)
        return run

    def an_hour_passes_at_central(self):
        """Let the cursor move on, so that what was before is not read again."""
        self.store.skew += 3600
        self.submit(99)
        self.pull()

    def test_odd_ids_are_still_there_after_a_comparison(self):
        ids = [
            self.submit(number, instance_id=one, expected=1)
            for number, one in enumerate(ODD)
        ]
        self.assertNotIn(None, ids)
        self.assertEqual(self.pull().new_count, len(ODD))
        self.an_hour_passes_at_central()
        for one in ids:
            # Moves no date, so that the comparison asks about it again.
            self.store.attach(one)
        self.sweep()
        for number, one in enumerate(ids):
            with self.subTest(one):
                staged = self.staged(one)
                self.assertEqual((staged.state, staged.version), ("staged", 1))
                self.assertEqual(staged.attachments_present, 1)
                payload = staged.sudo().payload
                self.assertEqual(payload["registrant"]["id"], f"SR-{number}")

    def test_odd_ids_are_deleted_restored_and_purged_like_others(self):
        ids = [self.submit(1, instance_id=one) for one in (*ODD, "uuid:1")]
        self.pull()
        self.an_hour_passes_at_central()
        purged, deleted, kept = ids[::3], ids[1::3], ids[2::3]
        for one in purged:
            self.store.purge(one)
        for one in deleted:
            self.store.delete(one)
            self.store._of(one)["deleted"] = "2026-01-01T00:00:00.000Z"
        self.sweep()
        for one in (*purged, *deleted):
            self.assertEqual(self.staged(one).state, "removed", one)
        for one in deleted:
            self.store.restore(one)
        self.sweep()
        for one in (*deleted, *kept):
            self.assertEqual(self.staged(one).state, "staged", one)

    def test_ids_that_differ_in_little_are_two_submissions(self):
        """In pages of one, so that each is a place to go on from."""
        self.server.page_size = 1
        pairs = [("é", "e\u0301"), ("A b", "a b"), ("a", "a "), ("a&b", "a&amp;b")]
        for first, second in pairs:
            with self.subTest(first):
                one = self.submit(1, instance_id=first)
                other = self.submit(2, instance_id=second)
                self.pull()
                self.store.edit(other, answers(3))
                self.assertCounts(self.pull(), changed=1, unchanged=ANY)
                self.assertEqual(self.staged(one).version, 1)
                self.assertEqual(self.staged(other).version, 2)

    def test_the_same_id_in_another_form_is_another_submission(self):
        self.store.add_form("wallets")
        other = self.form.copy({"xml_form_id": "wallets", "name": "Wallets"})
        for form in ("addresses", "wallets"):
            self.submit(1, instance_id="a&b", form=form)
        self.pull()
        other._pull()
        self.store.purge("a&amp;b")
        self.an_hour_passes_at_central()
        self.sweep()
        self.assertEqual(self.staged("a&amp;b").state, "removed")
        self.assertEqual(other.submission_ids.state, "staged")

    def test_an_id_that_cannot_be_kept_hides_no_deletion(self):
        gone = self.submit(1)
        self.submit(2, instance_id="z" * 300)
        self.pull()
        self.an_hour_passes_at_central()
        self.store.purge(gone)
        self.sweep()
        self.assertEqual(self.staged(gone).state, "removed")

    def test_what_the_overview_lists_is_never_gone(self):
        one = self.submit(expected=1)
        self.pull()
        self.an_hour_passes_at_central()
        self.store.attach(one)
        original = odata.table

        def forgetful(form, parameters, path):
            answer = original(form, parameters, path)
            if "$select" not in parameters:
                answer["value"], answer["@odata.count"] = [], 0
            return answer

        self.patch(odata, "table", forgetful)
        self.patch(odata, "single", lambda *_arguments: {"value": []})
        self.sweep()
        self.assertEqual(self.staged(one).state, "staged")
        self.assertTrue(self.staged(one).sudo().payload)

    def test_a_form_that_is_gone_deletes_nothing(self):
        one = self.submit(1)
        self.pull()
        self.store.attach(one)
        for path in ("select", "submissionDate%20eq", "('"):
            self.form.swept_at = False
            self.central.arm({"kind": "status", "code": 404, "path": path})
            self.form._pull()
        self.assertEqual(self.staged(one).state, "staged")

    def test_many_differences_take_few_questions(self):
        ids = [self.submit(number, expected=1, late=60) for number in range(50)]
        self.server.page_size = 100
        self.pull()
        self.an_hour_passes_at_central()
        for one in ids:
            self.store.attach(one)
        self.store.log.clear()
        self.sweep()
        present = {self.staged(one).attachments_present for one in ids}
        self.assertEqual(present, {1})
        self.assertLess(len(self.store.log), 10)

    # === ERASING === #

    def test_answers_are_erased_some_time_after_the_deletion(self):
        one, other = self.submit(1), self.submit(2)
        self.pull()
        self.store.delete(one)
        self.pull()
        staged = self.staged(one)
        Submission = self.env["g2p.odk.submission"]
        self.assertEqual(staged.state, "removed")
        Submission._erase_removed()
        self.assertTrue(staged.sudo().payload, "it may be restored")
        days = self.form.erase_days
        staged.removed_at = fields.Datetime.now() - timedelta(days=days, minutes=-5)
        Submission._erase_removed()
        self.assertTrue(staged.sudo().payload)
        staged.removed_at -= timedelta(minutes=10)
        Submission._erase_removed()
        self.assertFalse(staged.sudo().payload)
        self.assertTrue(self.staged(other).sudo().payload)

    def test_answers_can_be_erased_at_once(self):
        self.form.erase_days = 0
        one = self.submit(1)
        self.pull()
        self.store.delete(one)
        self.pull()
        self.env["g2p.odk.submission"]._erase_removed()
        self.assertFalse(self.staged(one).sudo().payload)
        self.store.restore(one)
        self.sweep()
        staged = self.staged(one)
        self.assertEqual(staged.sudo().payload["registrant"], answers(1)["registrant"])
        self.assertFalse(staged.removed_at)
