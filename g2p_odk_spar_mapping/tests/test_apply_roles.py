from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .apply_common import ApplyCase

QUIET = ("odoo.addons.base.models.ir_access", "odoo.addons.base.models.ir_model")


@tagged("post_install", "-at_install")
class TestApplyRoles(ApplyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.employee = cls.new_user("o_employee", "base.group_user")

    def setUp(self):
        super().setUp()
        self.bad = self.submit(answers=self.answers(number="12"))
        self.form.sample_payload = self.answers()

    def assertForbidden(self, user, act):
        with (
            self.subTest(user=user.login),
            mute_logger(*QUIET),
            self.assertRaises(AccessError),
            self.env.cr.savepoint(),
        ):
            act(user)

    def test_nobody_reads_answers(self):
        for user in (self.administrator, self.editor, self.viewer, self.employee):
            self.assertForbidden(
                user, lambda u: self.bad.with_user(u).read(["payload"])
            )
        for user in (self.editor, self.viewer, self.employee):
            self.assertForbidden(
                user, lambda u: self.form.with_user(u).read(["sample_payload"])
            )
            self.assertForbidden(
                user, lambda u: self.form.with_user(u).read(["preview_address"])
            )

    def test_nobody_reads_the_values_of_corrections(self):
        self.bad.with_user(self.editor)._correct(
            {"payment_phone": "0754 200 001"}, "Called"
        )
        for user in (self.administrator, self.editor, self.viewer):
            self.assertForbidden(
                user,
                lambda u: self.bad.correction_ids.with_user(u).read(["value"]),
            )

    def test_only_editors_decide(self):
        for user in (self.viewer, self.approver, self.employee):
            for act in (
                lambda u: self.bad.with_user(u).action_ignore("No"),
                lambda u: self.bad.with_user(u).action_rerun(),
                lambda u: self.bad.with_user(u)._correct({"full_name": "X"}, "Yes"),
                lambda u: self.bad.with_user(u).action_open_correction(),
                lambda u: self.bad.with_user(u).reveal("payment_phone"),
                lambda u: self.bad.with_user(u).read(["state"]),
            ):
                self.assertForbidden(user, act)
        self.assertEqual(self.bad.state, "set_aside")
        self.bad.with_user(self.editor).action_ignore("A double")
        self.assertEqual(self.bad.state, "ignored")

    def test_only_administrators_map(self):
        line = self.form.mapping_line_ids[:1]
        for user in (self.editor, self.viewer, self.approver, self.employee):
            for act in (
                lambda u: line.with_user(u).write({"required": True}),
                lambda u: line.with_user(u).unlink(),
                lambda u: self.form.with_user(u).action_read_questions(),
                lambda u: self.form.with_user(u).action_take_sample(),
                lambda u: self.form.with_user(u).action_apply_ready_mapping(),
                lambda u: self.form.with_user(u).write({"wins_policy": "submission"}),
            ):
                self.assertForbidden(user, act)
        line.with_user(self.administrator).required = True

    def test_nobody_writes_a_submission_or_a_correction_by_hand(self):
        correction = {"submission_id": self.bad.id, "version": 1, "reason": "x"}
        correction |= {"target": "full_name", "value": "X"}
        for user in (self.administrator, self.editor, self.viewer):
            for act in (
                lambda u: self.bad.with_user(u).write({"state": "applied"}),
                lambda u: self.bad.with_user(u).unlink(),
                lambda u: self.bad.with_user(u).copy(),
                lambda u: (
                    self.env["g2p.odk.correction"].with_user(u).create(correction)
                ),
            ):
                self.assertForbidden(user, act)

    def test_an_editor_sees_forms_runs_and_what_was_set_aside(self):
        [form] = self.form.with_user(self.editor).read(
            ["name", "mapping_problems", "applied_count", "set_aside_count"]
        )
        self.assertEqual(form["name"], self.form.name)
        self.assertEqual((form["applied_count"], form["set_aside_count"]), (0, 1))
        [run] = self.run_of_test.with_user(self.editor).read(["progress", "took"])
        self.assertEqual(run["progress"], self.run_of_test.progress)
        [bad] = self.bad.with_user(self.editor).read(["state", "error_text"])
        self.assertEqual(bad["state"], "set_aside")
        self.assertTrue(bad["error_text"])

    def test_numbers_of_other_companies_are_not_shown(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.registrant.company_id = elsewhere
        self.assertFalse(self.bad.partner_id)
        self.assertForbidden(
            self.editor, lambda u: self.bad.with_user(u).reveal("payment_phone")
        )
        self.editor.company_ids += elsewhere
        bad = self.bad.with_user(self.editor)
        bad = bad.with_context(allowed_company_ids=self.editor.company_ids.ids)
        self.assertEqual(bad.reveal("payment_phone"), "12")

    def test_submissions_about_other_companies_are_not_seen(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.submit("uuid:2", minute=2)
        self.bad.sudo().partner_id = self.registrant
        self.registrant.company_id = elsewhere
        seen = self.env["g2p.odk.submission"].with_user(self.editor).search([])
        self.assertNotIn(self.bad, seen)
