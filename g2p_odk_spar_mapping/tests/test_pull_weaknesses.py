"""The importer in use today loses and repeats submissions. Each way has its test.

Those of mapping and applying are in ``test_apply_weaknesses.py``.
"""

from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..central import client as client_module
from ..central.feed import Feed, Page
from ..models.g2p_odk_form_pull import LOCK
from .central_stand_in.store import answers
from .common import OdkCase

PULL_LOG = "odoo.addons.g2p_odk_spar_mapping.models.g2p_odk_form_pull"


@tagged("post_install", "-at_install")
class TestPullWeaknesses(OdkCase):
    # === 1: THE WATERMARK === #

    def test_weakness_1_submitted_between_fetch_and_end_of_run(self):
        self.submit(1)
        original = type(self.form)._apply_staged
        arrived = []

        def apply_slowly(form, *arguments):
            arrived.append(self.submit(2))
            return original(form, *arguments)

        self.patch(type(self.form), "_apply_staged", apply_slowly)
        self.pull()
        self.assertFalse(self.staged(arrived[0]), "it came too late for the first run")
        self.pull()
        self.assertTrue(self.staged(arrived[0]))

    def test_weakness_1_clocks_that_differ_by_five_minutes(self):
        for skew in (-300, 300, -300, 0):
            with self.subTest(skew):
                self.store.skew = skew
                new = self.submit()
                self.pull()
                self.assertEqual(self.staged(new).state, "staged")

    def test_weakness_1_shown_late_by_central(self):
        self.submit(1)
        self.pull()
        late = self.submit(2, late=9 * 60)
        self.pull()
        self.assertTrue(self.staged(late))

    def test_weakness_1_a_clock_that_was_a_year_ahead_once(self):
        self.store.skew = 365 * 86400
        self.submit(1)
        self.pull()
        self.store.skew = 0
        # The day it is put right, everything is compared.
        self.submit(2)
        self.a_day_passes_here()
        self.pull()
        new = self.submit(3)
        self.pull()
        self.assertTrue(self.staged(new), "the cursor waits for next year")

    def test_weakness_1_the_cursor_is_what_central_said_to_the_millisecond(self):
        new = self.submit()
        self.pull()
        self.assertEqual(self.form.cursor, self.store._of(new)["submitted"])
        self.assertRegex(self.form.cursor, r"\.\d{3}Z$")

    # === 2: WHAT ELSE HAPPENS TO A SUBMISSION === #

    def test_weakness_2_edits_arrive(self):
        one = self.submit(1)
        self.pull()
        self.store.edit(one, answers(2))
        self.assertCounts(self.pull(), changed=1)
        staged = self.staged(one)
        self.assertEqual((staged.version, staged.edits), (2, 1))
        payload = staged.sudo().payload
        self.assertEqual(payload["registrant"]["id"], "SR-2")

    def test_weakness_2_approvals_arrive(self):
        self.form.review_policy = "approved"
        one = self.submit()
        self.pull()
        self.assertEqual(self.staged(one).state, "waiting")
        self.store.review(one, "approved")
        self.assertCounts(self.pull(), changed=1)
        self.assertEqual(self.staged(one).state, "staged")

    def test_weakness_2_deletions_arrive(self):
        one = self.submit()
        self.pull()
        self.store.delete(one)
        self.assertCounts(self.pull(), deleted=1)
        staged = self.staged(one)
        self.assertEqual(staged.state, "removed")
        self.assertTrue(staged.deleted_at)
        self.assertTrue(staged.removed_at, "from here on counts when it is erased")

    def test_weakness_2_restorations_arrive(self):
        one = self.submit(5)
        self.pull()
        self.store.delete(one)
        self.pull()
        self.an_hour_passes_at_central()
        self.store.restore(one)
        self.assertCounts(self.pull(), unchanged=1)
        self.a_day_passes_here()
        run = self.pull()
        self.assertTrue(run.swept)
        self.assertCounts(run, unchanged=1, restored=1)
        staged = self.staged(one)
        self.assertEqual(staged.state, "staged")
        self.assertEqual(staged.sudo().payload["registrant"]["id"], "SR-5")
        self.assertFalse(staged.deleted_at)

    def test_weakness_2_late_attachments_arrive(self):
        one = self.submit(expected=1)
        self.pull()
        self.an_hour_passes_at_central()
        self.store.attach(one)
        self.pull()
        self.assertEqual(self.staged(one).attachments_present, 0)
        self.a_day_passes_here()
        self.pull()
        staged = self.staged(one)
        self.assertEqual(
            (staged.attachments_expected, staged.attachments_present), (1, 1)
        )
        self.assertEqual(staged.version, 1, "its answers are the same")

    def test_weakness_2_what_was_purged_unseen_is_noticed(self):
        one = self.submit()
        self.pull()
        self.an_hour_passes_at_central()
        self.store.purge(one)
        self.a_day_passes_here()
        self.assertCounts(self.pull(), unchanged=1, deleted=1)
        self.assertEqual(self.staged(one).state, "removed")

    def an_hour_passes_at_central(self):
        """Let the cursor move on, so that what was before is not read again."""
        self.store.skew += 3600
        self.submit(99)
        self.pull()

    def a_day_passes_here(self):
        self.form.swept_at = fields.Datetime.now() - timedelta(days=2)

    # === 3: EACH ONCE === #

    def test_weakness_3_running_again_stores_nothing_twice(self):
        for number in range(7):
            self.submit(number)
        self.assertCounts(self.pull(), new=7)
        self.assertCounts(self.pull(), unchanged=7)
        self.form.cursor = False
        self.assertCounts(self.pull(), unchanged=7)
        self.assertEqual(len(self.form.submission_ids), 7)

    def test_weakness_3_two_runs_never_overlap(self):
        self.submit()
        # A connection of its own, as another worker has.
        with db_connect(self.env.cr.dbname).cursor() as other:
            lock = "SELECT pg_advisory_lock(%s, %s)"
            other.execute(lock, [LOCK, self.form.id])
            self.assertFalse(self.form._pull())
            unlock = "SELECT pg_advisory_unlock(%s, %s)"
            other.execute(unlock, [LOCK, self.form.id])
        self.assertFalse(self.form.run_ids)
        self.assertCounts(self.pull(), new=1)

    # === 4: ONE BAD ROW === #

    @mute_logger(PULL_LOG)
    def test_weakness_4_one_bad_row_holds_back_no_other(self):
        ids = [self.submit(number) for number in range(5)]
        self.store.edit(ids[2], {"name": "a\x00b"})
        self.store.edit(ids[3], {"name": "\ud800"})
        run = self.pull()
        self.assertCounts(run, new=3, set_aside=2)
        self.assertCounts(self.pull(), unchanged=5)
        for bad in ids[2:4]:
            staged = self.staged(bad)
            self.assertEqual(
                (staged.state, staged.error_kind), ("set_aside", "unreadable")
            )
        self.store.edit(ids[2], answers(2))
        self.pull()
        self.assertEqual(self.staged(ids[2]).state, "staged")

    @mute_logger(PULL_LOG)
    def test_weakness_4_applying_that_fails_for_one_goes_on_with_the_others(self):
        ids = [self.submit(number) for number in range(4)]
        poison = ids[1]

        def apply_(submissions):
            for one in submissions:
                if one.instance_id == poison:
                    raise ZeroDivisionError
                one.write({"state": "applied", "applied_version": one.version})

        self.patch(type(self.env["g2p.odk.submission"]), "_apply", apply_)
        self.pull()
        states = {one: self.staged(one).state for one in ids}
        self.assertEqual(states.pop(poison), "set_aside")
        self.assertEqual(set(states.values()), {"applied"})
        self.assertEqual(self.staged(poison).error_kind, "unexpected")

    # === 6: ORDER === #

    def test_weakness_6_the_oldest_is_applied_first(self):
        ids = [self.submit(number) for number in range(8)]
        for number, one in enumerate(ids):
            self.store._of(one)["submitted"] = f"2026-05-03T10:00:00.{number:03}Z"
        applied = []

        def apply_(submissions):
            applied.extend(submissions.mapped("instance_id"))
            submissions.state = "applied"

        self.patch(type(self.env["g2p.odk.submission"]), "_apply", apply_)
        with patch.object(type(self.form), "_apply_chunk", _in_twos):
            self.pull()
        self.assertEqual(applied, ids)

    # === 7: THE REQUESTS === #

    def test_weakness_7_many_pages_in_answers_of_limited_size(self):
        for number in range(10):
            self.submit(number)
        self.pull()
        pages = [path for _verb, path in self.central.requests if ".svc" in path]
        self.assertEqual(len(pages), 4)
        asked = [url for _verb, url in self.store.log if ".svc" in url]
        self.assertGreaterEqual(len(asked), 4)
        self.assertFalse([url for url in asked if "%24top=3" not in url])

    def test_weakness_7_a_passing_error_is_tried_again(self):
        self.submit()
        for fault in ({"kind": "status", "code": 503}, {"kind": "cut"}):
            with self.subTest(fault["kind"]):
                self.central.arm({**fault, "path": ".svc", "count": 2})
                self.pull()
                self.assertEqual(self.store.fired[fault["kind"]], 2)

    def test_weakness_7_a_refused_login_is_told(self):
        self.password_path.write_text("wrong")
        self.addCleanup(self.password_path.write_text, self.store.PASSWORD)
        run = self.form._pull()
        self.assertEqual(run.state, "failed")
        self.assertIn("refused the user or the password", run.message)

    def test_weakness_7_sessions_do_not_pile_up(self):
        self.pull()
        self.pull()
        self.assertEqual((self.store.logins, len(self.store.tokens)), (2, 0))

    def test_weakness_7_a_page_that_is_empty_without_a_word(self):
        ids = [self.submit(number) for number in range(9)]
        anchor = ids[6]
        # Purged between two pages: the next one is empty, as if all had been read.
        self.store.delete(anchor)
        purge = {"kind": "act", "action": ["purge", {"instance_id": anchor}]}
        self.central.arm({**purge, "path": "Submissions"})
        self.pull()
        self.assertTrue(all(self.staged(one) for one in ids if one != anchor))

    def test_weakness_7_what_is_never_complete_moves_no_cursor(self):
        self.submit()

        def incomplete(_feed, _since, _place):
            yield Page([], [None, None, 0], None, 1)
            raise client_module.CentralError(client_module.errors.INCOMPLETE)

        with patch.object(Feed, "changes", incomplete):
            run = self.form._pull()
        self.assertEqual(run.state, "failed")
        self.assertFalse(self.form.cursor)

    # === 8: FILES === #

    def test_weakness_8_of_several_files_none_takes_the_place_of_another(self):
        one = self.submit(expected=3)
        for present in (1, 2, 3):
            self.store.attach(one)
            self.a_day_passes_here()
            self.pull()
            staged = self.staged(one)
            self.assertEqual(
                (staged.attachments_expected, staged.attachments_present), (3, present)
            )
        self.assertEqual(staged.version, 1, "its answers are the same")

    # === 9: REVIEW STATE, ENCRYPTION, FORM VERSION === #

    def test_weakness_9_review_states_count_as_the_policy_says(self):
        expected = {
            "any": {None: "staged", "hasIssues": "staged", "rejected": "staged"},
            "not_refused": {None: "staged", "hasIssues": "waiting"}
            | {"rejected": "ignored", "edited": "staged", "approved": "staged"},
            "approved": {None: "waiting", "edited": "waiting", "approved": "staged"},
        }
        for policy, states in expected.items():
            self.form.review_policy = policy
            for review, state in states.items():
                with self.subTest(policy, review=review):
                    one = self.submit()
                    self.store.review(one, review)
                    self.pull()
                    self.assertEqual(self.staged(one).state, state)

    def test_weakness_9_another_policy_is_for_what_is_here_already_too(self):
        one = self.submit()
        self.store.skew = 86400
        self.submit(2)
        self.pull()
        self.form.review_policy = "approved"
        self.pull()
        self.assertEqual(self.staged(one).state, "waiting")

    def test_weakness_9_encrypted_ones_are_told(self):
        one = self.submit(encrypted=True)
        self.assertCounts(self.pull(), new=1, set_aside=1)
        staged = self.staged(one)
        self.assertEqual((staged.state, staged.error_kind), ("set_aside", "encrypted"))
        self.assertIn("encrypted", staged.error_text)

    def test_weakness_9_the_form_version_is_kept(self):
        one = self.submit()
        self.pull()
        self.assertEqual(self.staged(one).form_version, "1")

    # === 10: WHAT IS SEEN === #

    def test_weakness_10_no_answer_and_no_password_in_the_log(self):
        self.submit(1)
        secret = answers(1)["payment"]["phone"]

        def fail(_submissions):
            raise ValueError(f"key (phone)=({secret}) {self.store.PASSWORD}")

        self.patch(type(self.env["g2p.odk.submission"]), "_apply", fail)
        with (
            self.assertLogs("odoo", "INFO") as ours,
            self.assertLogs("urllib3", "DEBUG") as theirs,
        ):
            self.pull()
        text = "\n".join(ours.output + theirs.output)
        self.assertIn("ValueError", text)
        self.assertNotIn(secret, text)
        self.assertNotIn(self.store.PASSWORD, text)

    def test_weakness_10_the_password_is_in_no_field(self):
        self.pull()
        values = self.server.sudo().read()
        self.assertNotIn(self.store.PASSWORD, str(values))

    # === 14: WHERE IT COMES FROM === #

    def test_weakness_14_who_collected_it_where_and_which_version(self):
        one = self.submit(submitter=("42", "Neema"), device="collect:abc")
        self.store.edit(one, answers(3))
        self.pull()
        staged = self.staged(one)
        self.assertEqual(
            (staged.submitter_id, staged.submitter, staged.device),
            ("42", "Neema", "collect:abc"),
        )
        self.assertEqual(staged.version_id, self.store._of(one)["version_id"])


def _in_twos(form, chunk):
    for start in range(0, len(chunk), 2):
        chunk[start : start + 2]._apply()

    # === 15: ITS TESTS === #

    def test_weakness_15_pages_filters_failures_and_repeats_are_really_tested(self):
        """A server answers all of it: nothing of HTTP is replaced in these tests."""
        for number in range(7):
            self.submit(number)
        self.central.arm({"kind": "status", "code": 503, "path": ".svc", "count": 1})
        self.assertCounts(self.pull(), new=7)
        self.assertEqual(self.store.fired["status"], 1)
        self.pull()
        self.assertEqual(self.env["g2p.odk.submission"].search_count([]), 7)
        asked = [path for _verb, path in self.store.log if ".svc" in path]
        self.assertIn("%24filter=", asked[-1])
        for path in Path(__file__).parent.rglob("*.py"):
            # Put together, so that this line is not found.
            for replaced in ("requests.", "Session", "urllib3"):
                self.assertNotIn(f'patch("{replaced}', path.read_text(), path.name)
