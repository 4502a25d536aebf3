"""A run applies each page when it has it, and goes on at the page where it stopped."""

import math
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models import g2p_odk_form_pull
from .central_stand_in import odata
from .central_stand_in.store import answers
from .pages_common import PagesCase


@tagged("post_install", "-at_install")
class TestPullPages(PagesCase):
    # === KILLED === #

    def test_runs_that_are_each_killed_after_a_page_come_to_the_end(self):
        ids = self.submit_in_order(10, apart=3600)
        for number in range(1, 4):
            run = self.run_killed_at(1)
            self.assertEqual(self.applied, ids[: 3 * number])
            self.assertEqual((run.new_count, run.unread_count), (3, 10 - 3 * number))
            self.assertFalse(self.form.cursor, "not all is read")
        # The last is read again with what may have happened behind the reading.
        self.assertCounts(self.pull(), new=1, unchanged=1)
        self.assertEqual(self.applied, ids, "each once, the oldest first")
        self.assertTrue(self.form.cursor)
        self.assertCounts(self.pull(), unchanged=1)

    def test_killed_at_any_page_the_next_run_asks_for_no_page_again(self):
        for pages in range(4):
            with self.subTest(pages):
                self.store.__init__()
                self.form = self.form.copy({"xml_form_id": f"form{pages}"})
                self.store.add_form(f"form{pages}")
                self.submit_in_order(10, apart=3600, form=f"form{pages}")
                self.run_killed_at(pages)
                self.store.log.clear()
                self.pull()
                asked = [p for _v, p in self.central.requests if "Submissions" in p]
                # And one for what happened behind the reading.
                self.assertEqual(len(asked), 4 - pages + bool(pages))

    def test_what_is_edited_behind_a_reading_that_goes_on_is_read_after_it(self):
        ids = self.submit_in_order(7)
        self.run_killed_at(1)
        self.store.skew = 3600
        self.store.edit(ids[0], answers(42))
        self.store.skew = 7200
        ids.append(self.submit(8))
        self.pull()
        self.assertEqual(self.staged(ids[0]).version, 2)
        self.assertEqual(self.applied, [*ids, ids[0]])

    def test_what_is_edited_behind_a_long_reading_is_read_by_the_next_run(self):
        ids = self.submit_in_order(7)

        def much_later():
            self.store.skew = 3600
            self.store.edit(ids[0], answers(42))
            self.store.skew = 7200
            ids.append(self.submit(8))

        self.before_page(2, much_later)
        self.pull()
        self.assertEqual(self.applied, ids)
        self.pull()
        self.assertEqual(self.applied, [*ids, ids[0]])

    def test_what_was_staged_before_the_kill_is_applied_before_later_ones(self):
        ids = self.submit_in_order(4)
        with (
            patch.object(
                type(self.form), "_apply_staged", side_effect=KeyboardInterrupt
            ),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.form._pull()
        self.assertEqual(self.applied, [])
        self.pull()
        self.assertEqual(self.applied, ids)

    def test_a_comparison_goes_on_where_it_was_killed(self):
        ids = self.submit_in_order(9, apart=3600)
        self.pull()
        for one in (ids[0], ids[8]):
            self.store.purge(one)
        self.store.attach(ids[1])
        self.form.swept_at = False
        # What is new, the first page of all, what differs in it.
        self.run_killed_at(3)
        self.assertEqual(self.staged(ids[0]).state, "removed")
        self.assertEqual(self.staged(ids[1]).attachments_present, 1)
        self.assertFalse(self.form.swept_at)
        self.store.log.clear()
        run = self.pull()
        self.assertTrue(run.swept)
        self.assertTrue(self.form.swept_at)
        self.assertEqual(self.staged(ids[8]).state, "removed")
        overviews = [path for _verb, path in self.store.log if "select" in path]
        self.assertEqual(len(overviews), 2, "of three pages one was compared before")

    # === OUT OF TIME === #

    def test_a_scheduled_run_stops_at_a_page_when_its_time_is_up(self):
        ids = self.submit_in_order(7, apart=3600)
        other = self.form.copy({"xml_form_id": "other", "name": "Other"})
        self.store.add_form("other")
        self.form.next_pull_at = fields.Datetime.now() - timedelta(minutes=2)
        other.next_pull_at = self.form.next_pull_at + timedelta(minutes=1)
        cron = self.env.ref("g2p_odk_spar_mapping.cron_pull")
        with patch.object(g2p_odk_form_pull, "CRON_SECONDS", -1):
            cron_pull = self.env["g2p.odk.form"]._cron_pull
            triggers = self.env["ir.cron.trigger"].search_count
            before = triggers([("cron_id", "=", cron.id)])
            cron_pull()
            run = self.form.run_ids
            self.assertEqual((run.state, run.unread_count), ("cut", 4))
            self.assertIn("4 left to read", run.message)
            self.assertEqual(self.applied, ids[:3])
            self.assertFalse(self.form.trouble)
            self.assertEqual(triggers([("cron_id", "=", cron.id)]), before + 1)
            for _time in range(3):
                cron_pull()
        self.assertEqual(self.applied, ids)
        self.assertEqual(other.run_ids.state, "done", "another form has its turn")
        self.assertEqual(self.form.run_ids[0].state, "done")

    def test_how_far_a_run_has_come_is_shown(self):
        self.submit_in_order(8)
        shown = []

        def look():
            run = self.form.run_ids
            shown.append((run.state, run.unread_count, round(run.progress)))

        self.before_page(1, look)
        self.pull()
        self.assertEqual(shown, [("running", 5, 38)])

    # === WHAT COUNTS CHANGES === #

    def test_a_policy_that_changes_during_a_run_is_not_overwritten_by_its_end(self):
        self.form.review_policy = "any"
        ids = self.submit_in_order(7)
        self.before_page(1, lambda: self.form.write({"review_policy": "approved"}))
        self.pull()
        states = {self.staged(one).state for one in ids}
        self.assertEqual(states, {"waiting"})
        self.assertEqual(self.applied, ids[:3], "what came before the change")

    def test_a_form_whose_reading_has_begun_does_not_become_another(self):
        self.submit_in_order(4)
        self.run_killed_at(1)
        with self.assertRaisesRegex(UserError, "another form"):
            self.form.xml_form_id = "other"
        self.pull()
        self.form.review_policy = "any"
        with self.assertRaisesRegex(UserError, "another form"):
            self.form.xml_form_id = "other"

    # === WHERE A PAGE CAN END === #

    def test_any_ids_and_equal_dates_at_the_end_of_a_page(self):
        ids = [
            "o'neill",
            "x" * 255,
            "a b",
            "é",
            "uuid:1",
            "'",
            "''",
            "%",
            "ሀ",
            "z" * 300,
        ]
        for size in (1, 2, 3, 4):
            for equal in (True, False):
                with self.subTest(size=size, equal=equal):
                    name = f"form{size}{equal}"
                    self.store.add_form(name)
                    self.form = self.form.copy({"xml_form_id": name})
                    self.server.page_size = size
                    self.store.frozen = None
                    for number, one in enumerate(ids):
                        self.store.submit(answers(number), instance_id=one, form=name)
                        kept = self.store._of(one, name)
                        stamp = "10:00:00.000" if equal else f"10:00:00.{number:03}"
                        kept["submitted"] = f"2026-05-03T{stamp}Z"
                    self.pull()
                    found = set(self.form.submission_ids.mapped("instance_id"))
                    self.assertEqual(found, set(ids[:-1]), "the last has no ID to keep")
                    for one in ids[:-1]:
                        self.store.edit(one, answers(77), form=name)
                    self.pull()
                    self.assertEqual(
                        set(self.form.submission_ids.mapped("version")), {2}
                    )

    def test_a_central_that_does_not_sort_is_noticed(self):
        self.submit_in_order(4)
        original = odata.table

        def unsorted(form, parameters, path):
            kept = {k: v for k, v in parameters.items() if k != "$orderby"}
            return original(form, kept, path)

        self.patch(odata, "table", unsorted)
        run = self.form._pull(math.inf)
        self.assertEqual(run.state, "failed")
        self.assertIn("does not answer like ODK Central", run.message)
        self.assertFalse(self.form.cursor)
