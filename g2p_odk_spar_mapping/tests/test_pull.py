import hashlib
import json
import os
from datetime import timedelta
from unittest.mock import ANY, patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import file_open, mute_logger

from odoo.addons.g2p_spar_financial_address.tests.crons import CronsMixin

from ..models.g2p_odk_form import keyed_content
from .central_stand_in.store import DEFAULT_FIELDS, Store, answers, question
from .common import OdkCase
from .xforms import XFORM


@tagged("post_install", "-at_install")
class TestPull(CronsMixin, OdkCase):
    def test_nothing_new_takes_three_requests(self):
        for number in range(3):
            self.submit(number)
        self.pull()
        self.store.log.clear()
        self.pull()
        self.assertEqual(len(self.store.log), 3, self.store.log)

    def test_a_run_says_what_it_found(self):
        one, two = self.submit(1), self.submit(2)
        self.assertEqual(self.pull().message, "2 new")
        self.store.edit(one, answers(3))
        self.store.delete(two)
        run = self.pull()
        self.assertEqual(run.message, "1 changed, 1 deleted at Central")
        self.store.log.clear()
        self.assertEqual(self.pull().message, "Nothing new.")

    def test_the_hash_of_answers_cannot_be_found_by_trying(self):
        """It stays when the answers are erased."""
        one = self.submit(7)
        self.pull()
        row = self.staged(one).sudo()
        expected = row.content_hash
        answered = {name: row.payload[name] for name in ("registrant", "payment")}
        for data in (row.payload, answered):
            text = json.dumps(data, sort_keys=True, ensure_ascii=False)
            plain = hashlib.sha256(text.encode()).hexdigest()
            self.assertNotEqual(expected, plain)
        # What was stored without a key is the same after an upgrade.
        self.assertEqual(keyed_content(self.env, plain), expected)
        row.content_hash = plain
        self.upgrade("g2p_odk_spar_mapping", "19.0.1.1.0", "post", "content-hash")
        self.assertEqual(row.content_hash, expected)
        self.form._read_anew()
        self.assertCounts(self.pull(), unchanged=1)

    def test_the_payload_is_what_was_answered(self):
        one = self.submit(7)
        self.pull()
        payload = self.staged(one).sudo().payload
        self.assertEqual(payload.pop("meta"), {})
        self.assertEqual(payload, answers(7))

    def test_a_run_that_was_killed_is_told(self):
        dead = self.env["g2p.odk.run"].create({"form_id": self.form.id})
        self.pull()
        self.assertEqual(dead.state, "cut")
        self.assertTrue(dead.ended)

    def test_a_question_that_is_new_in_the_form_changes_no_submission(self):
        """Central then tells it in old ones, too, without an answer."""
        self.store.publish("1", DEFAULT_FIELDS)
        one, other = self.submit(1), self.submit(2)
        self.pull()
        staged = self.staged(one)
        staged.write({"state": "ignored", "error_kind": "decided"})
        staged._forget_answers()
        more = [question("/more", "structure"), question("/more/village")]
        self.store.publish("2", [*DEFAULT_FIELDS, *more])
        for submission in (one, other):
            self.store.review(submission, "approved")
        self.form._read_anew()
        self.assertCounts(self.pull(), unchanged=2)
        self.assertEqual((staged.version, staged.state), (1, "ignored"))
        self.assertFalse(staged.sudo().payload, "what was forgotten")
        self.store.edit(other, {**answers(2), "more": {"village": "Moshi"}})
        self.assertCounts(self.pull(), changed=1, unchanged=ANY)

    def test_answers_that_an_earlier_version_of_the_addon_read_count_as_read(self):
        one = self.submit(1)
        self.pull()
        staged = self.staged(one).sudo()
        text = json.dumps(staged.payload, sort_keys=True, ensure_ascii=False)
        plain = hashlib.sha256(text.encode()).hexdigest()
        staged.content_hash = keyed_content(self.env, plain)
        self.form._read_anew()
        self.assertCounts(self.pull(), unchanged=1)
        # From now on it is the one that a new question does not change.
        more = [question("/more", "structure"), question("/more/village")]
        self.store.publish("2", [*DEFAULT_FIELDS, *more])
        self.form._read_anew()
        self.assertCounts(self.pull(), unchanged=1)

    # === TROUBLE === #

    def test_trouble_is_told_in_words_and_passes(self):
        for fault, words in (
            ({"kind": "status", "code": 403}, "viewer of the project"),
            ({"kind": "status", "code": 404}, "no such project or form"),
            ({"kind": "garbage"}, "does not answer like ODK Central"),
        ):
            with self.subTest(words):
                self.central.arm({**fault, "path": ".svc"})
                run = self.form._pull()
                self.assertEqual(run.state, "failed")
                self.assertIn(words, run.message)
                self.assertEqual(self.form.trouble, run.message)
        self.assertEqual(self.form.failures, 3)
        self.pull()
        self.assertFalse(self.form.trouble)
        self.assertFalse(self.form.failures)

    def test_a_form_that_is_only_a_draft_is_to_be_published(self):
        self.store.add_form("new", draft=True)
        form = self.form.copy({"xml_form_id": "new", "name": "New"})
        for manages in (False, True):
            with self.subTest(manages=manages):
                self.store.manages = manages
                self.assertIn("not published", form._pull().message)
                with self.assertRaisesRegex(UserError, "not published"):
                    form._fetch_samples()
        self.store.manages = False
        with self.assertRaisesRegex(UserError, "not published") as caught:
            form.action_read_questions()
        self.assertNotIn("viewer", str(caught.exception))
        self.store.publish("1", DEFAULT_FIELDS, "new")
        form.action_read_questions()
        self.assertEqual(form._pull().state, "done")

    def test_drafts_are_not_offered_to_who_manages_the_project(self):
        self.store.add_form("new", draft=True)
        self.store.add_form("wallets")
        self.store.manages = True
        dialog = self.pick()
        names = [line["xml_form_id"] for line in dialog.line_ids._records]
        self.assertEqual(names, ["wallets"])

    def test_who_may_see_no_submissions_is_to_be_made_a_viewer(self):
        self.central.arm(
            {"kind": "status", "code": 403, "path": "/forms/addresses", "count": 9}
        )
        with self.assertRaisesRegex(UserError, "viewer of the project"):
            self.form.action_read_questions()
        self.assertIn("viewer of the project", self.form._pull().message)

    def test_trouble_is_tried_again_less_and_less_often(self):
        self.central.stop()
        waits = []
        for _attempt in range(8):
            self.form._pull()
            waits.append(self.form.next_pull_at - fields.Datetime.now())
        self.assertEqual(waits, sorted(waits))
        self.assertGreater(waits[1], timedelta(minutes=50))
        self.assertLessEqual(waits[-1], timedelta(hours=6))
        self.central = type(self.central)()

    def test_a_password_that_cannot_be_read(self):
        self.server.password_path = "/nowhere/127.0.0.1.odk-password"
        run = self.form._pull()
        self.assertEqual(run.state, "failed")
        self.assertIn("password", run.message)
        self.assertNotIn("/nowhere", run.message)

    # === SCHEDULE === #

    def test_forms_are_fetched_when_their_time_has_come(self):
        self.submit()
        self.env["g2p.odk.form"]._cron_pull()
        self.assertFalse(self.form.run_ids)
        self.form.action_run_now()
        self.env["g2p.odk.form"]._cron_pull()
        self.assertEqual(self.form.run_ids.state, "done")
        self.assertGreater(self.form.next_pull_at, fields.Datetime.now())

    def test_a_form_without_schedule_waits_for_somebody(self):
        self.form.interval_minutes = 0
        self.assertFalse(self.form.next_pull_at)
        self.form.action_run_now()
        self.env["g2p.odk.form"]._cron_pull()
        self.assertTrue(self.form.run_ids)
        self.assertFalse(self.form.next_pull_at)

    def test_a_run_asked_for_during_a_run_is_done(self):
        original = type(self.form)._apply_staged

        def apply_while_somebody_asks(form, *arguments):
            form.action_run_now()
            return original(form, *arguments)

        self.patch(type(self.form), "_apply_staged", apply_while_somebody_asks)
        self.pull()
        self.assertLessEqual(self.form.next_pull_at, fields.Datetime.now())

    def test_a_form_of_an_archived_server_is_left_alone(self):
        self.form.action_run_now()
        self.server.active = False
        self.env["g2p.odk.form"]._cron_pull()
        self.assertFalse(self.form.run_ids)

    def test_another_form_is_not_held_back_by_trouble(self):
        broken = self.form.copy({"xml_form_id": "gone", "name": "Gone"})
        (broken | self.form).action_run_now()
        self.env["g2p.odk.form"]._cron_pull()
        self.assertEqual(broken.run_ids.state, "failed")
        self.assertEqual(self.form.run_ids.state, "done")

    def test_an_error_outside_of_a_run_reaches_no_other_form(self):
        self.assertEqual(self.crons_of("g2p_odk_spar_mapping"), {"cron_pull"})
        broken = self.form.copy({"xml_form_id": "gone", "name": "Gone"})
        broken.action_run_now()
        broken.next_pull_at -= timedelta(minutes=5)
        self.form.action_run_now()
        xmlid = "g2p_odk_spar_mapping.cron_pull"
        self.run_with_error(xmlid, type(self.form), "_begin")
        self.assertFalse(broken.run_ids)
        self.assertEqual(self.form.run_ids.state, "done")

    def test_runs_that_found_nothing_are_forgotten(self):
        self.submit()
        found, idle = self.pull(), self.pull()
        (found | idle).started = fields.Datetime.now() - timedelta(days=60)
        self.env["g2p.odk.run"]._forget_idle()
        self.assertEqual(self.form.run_ids, found)

    # === SETTING UP === #

    def test_the_test_says_what_is_seen_or_wrong(self):
        message = self.server.action_test()["params"]["message"]
        self.assertIn("Projects seen: 1", message)
        self.central.arm({"kind": "status", "code": 401, "path": "sessions"})
        with self.assertRaisesRegex(UserError, "user or the password"):
            self.server.action_test()

    def test_a_central_with_single_sign_on_is_called_that(self):
        self.store.let_sign_on()
        with self.assertRaisesRegex(UserError, "single sign-on"):
            self.server.action_test()
        self.assertIn("single sign-on", self.form._pull().message)
        self.assertFalse(self.form.submission_ids)

    def test_the_password_may_be_in_a_variable(self):
        self.server.write(
            {"password_source": "environment", "password_variable": "ODK_127_0_0_1"}
        )
        with self.assertRaisesRegex(UserError, "cannot be read"):
            self.server.action_test()
        with patch.dict(os.environ, {"ODK_127_0_0_1": Store.PASSWORD}):
            self.server.action_test()
        self.assertEqual(self.store.logins, 1)

    def test_a_neutralised_copy_asks_nobody(self):
        self.env.flush_all()
        with file_open("g2p_odk_spar_mapping/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertEqual(self.form._pull().state, "failed")
        self.assertFalse(self.store.log)

    def test_forms_are_picked_from_what_central_has(self):
        self.store.add_form("wallets")
        self.store.submit(answers(1), form="wallets")
        dialog = self.pick()
        self.assertFalse(dialog.trouble)
        self.assertEqual(
            [line["xml_form_id"] for line in dialog.line_ids._records], ["wallets"]
        )
        pick = dialog.save()
        with self.assertRaisesRegex(UserError, "Choose a form first"):
            pick.action_add()
        with dialog.line_ids.edit(0) as line:
            line.is_chosen = True
        form = self.env["g2p.odk.form"].browse(dialog.save().action_add()["res_id"])
        self.assertEqual((form.name, form.project_id), ("Wallets", Store.PROJECT))
        self.assertTrue(form.next_pull_at)
        # The mapping begins with the questions and the last submission.
        self.assertIn("payment/phone", form.question_ids.mapped("path"))
        self.assertTrue(form.sample_payload)

    def test_a_form_is_typed_where_there_is_no_list(self):
        self.central.arm({"kind": "status", "code": 403, "path": "/forms", "count": 9})
        dialog = self.pick()
        self.assertIn("no submissions", dialog.trouble)
        self.assertFalse(dialog.line_ids._records)
        dialog.project_id = Store.PROJECT
        dialog.xml_form_id = "typed"
        form = self.env["g2p.odk.form"].browse(dialog.save().action_add()["res_id"])
        self.assertEqual((form.name, form.xml_form_id), ("typed", "typed"))
        self.assertEqual(form.server_id, self.server)

    def pick(self):
        action = self.server.action_pick_forms()
        model = self.env[action["res_model"]]
        return Form(model.with_context(**action["context"]))

    def test_questions_are_named_in_words(self):
        self.store.add_form("words", definition=XFORM)
        form = self.form.copy({"xml_form_id": "words"})
        form.action_read_questions()
        names = {one.path: one.display_name for one in form.question_ids}
        self.assertEqual(names["registrant/id"], "ID on the card")
        self.assertEqual(names["registrant/given"], "Given")
        self.assertIn("receives the money", names["payment/phone"])
        form.question_ids.filtered(
            lambda one: one.path == "accounts/number"
        ).label = "ID on the card"
        self.env.invalidate_all()
        names = form.question_ids.mapped("display_name")
        self.assertIn("ID on the card (registrant/id)", names)
        self.assertIn("ID on the card (accounts/number)", names)

    def test_questions_that_are_not_used_are_listed(self):
        self.form.action_read_questions()
        unused = self.form.unused_question_ids
        self.assertIn("payment/phone", unused.mapped("path"))
        # Files, and what ODK itself adds, become nothing.
        self.assertFalse({"proof", "meta/instanceID"} & set(unused.mapped("path")))
        phone = unused.filtered(lambda one: one.path == "payment/phone")
        action = phone.action_use()
        model = self.env[action["res_model"]].with_context(**action["context"])
        with Form(model) as line:
            line.target = "payment_phone"
        self.assertEqual(self.form.mapping_line_ids.question_id, phone)
        self.assertNotIn(phone, self.form.unused_question_ids)

    def test_the_questions_of_a_form(self):
        schema = {item["path"]: item for item in self.form._fetch_schema()}
        self.assertNotIn("payment", schema)
        self.assertEqual(schema["payment/phone"]["name"], "phone")
        self.assertEqual(schema["accounts/number"]["repeat"], "accounts")
        self.assertIs(schema["payment/phone"]["repeat"], False)
        self.assertIs(schema["proof"]["binary"], True)

    def test_samples_are_the_newest_and_stored_nowhere(self):
        for number in range(3):
            self.submit(number)
        samples = self.form._fetch_samples(2)
        ids = [sample["registrant"]["id"] for sample in samples]
        self.assertEqual(ids, ["SR-2", "SR-1"])
        self.assertFalse(self.form.submission_ids)

    def test_addresses_that_are_refused(self):
        for url in (
            "http://odk.example.org",
            "https://me:secret@odk.example.org",
            "https://odk.example.org/?x=1",
            "https://",
            "odk.example.org",
        ):
            with self.subTest(url), self.assertRaises(ValidationError):
                self.server.base_url = url

    def test_places_a_password_may_not_be_read_from(self):
        for values in (
            {"password_path": "/etc/passwd"},
            {"password_path": "central.odk-password"},
            {"password_source": "environment", "password_variable": "PGPASSWORD"},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.server.write(values)

    @mute_logger("odoo.sql_db")
    def test_a_form_is_fetched_once(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.form.copy()

    def test_a_form_does_not_become_another_one(self):
        self.form.xml_form_id = "addresses"
        self.submit()
        self.pull()
        with self.assertRaisesRegex(UserError, "another form"):
            self.form.project_id = 2
