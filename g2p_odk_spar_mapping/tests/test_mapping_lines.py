from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .apply_common import SCHEMA, ApplyCase


@tagged("post_install", "-at_install")
class TestMappingLines(ApplyCase):
    def line(self, target):
        return self.form.mapping_line_ids.filtered(lambda line: line.target == target)

    def test_two_lines_cannot_become_the_same(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(Exception) as caught:
            self.line("account_number").copy()
        self.assertIn("target_unique", str(caught.exception))

    def test_what_a_mapping_lacks_is_said_in_words(self):
        cases = [
            ("registrant_id", "ID of the registrant"),
            ("fa_type,dfsp_code", "type of payment address"),
            ("account_number,payment_phone,wallet_email", "Account number"),
        ]
        for targets, words in cases:
            with self.subTest(targets), self.env.cr.savepoint() as savepoint:
                for target in targets.split(","):
                    self.line(target).unlink()
                self.assertIn(words, self.form.mapping_problems)
                savepoint.rollback()
        self.assertFalse(self.form.mapping_problems)

    def test_who_is_added_needs_a_name(self):
        self.form.registrant_policy = "create"
        self.assertFalse(self.form.mapping_problems)
        (self.line("given_name") | self.line("family_name")).unlink()
        self.assertIn("needs a name", self.form.mapping_problems)

    def test_nothing_is_imported_while_the_mapping_lacks_something(self):
        self.line("registrant_id").unlink()
        one = self.submit()
        self.assertEqual(one.state, "staged")
        self.assertFalse(self.addresses())

    def test_a_number_question_would_lose_zeros(self):
        question = self.line("account_number").question_id
        question.question_type = "int"
        with self.assertRaisesRegex(ValidationError, "zeros at the beginning"):
            self.line("account_number").question_id = question

    def test_no_mapping_pays_all_at_one_place(self):
        for target in (
            "account_number",
            "payment_phone",
            "wallet_email",
            "registrant_id",
        ):
            for values in (
                {"transform": "constant", "parameter": "0123456666"},
                {"transform": "map", "parameter": "* = 0123456666"},
                {"transform": "map", "parameter": "0123456789 = 0123456666"},
            ):
                with (
                    self.subTest(target, **values),
                    self.assertRaisesRegex(ValidationError, "their own"),
                    self.env.cr.savepoint(),
                ):
                    self.line(target).write(values)
        self.line("dfsp_code").write({"transform": "constant", "parameter": "FB"})

    def test_lines_nothing_could_come_of_are_refused(self):
        line = self.line("fa_type")
        cases = [
            ({"question_id": False}, "choose the question"),
            ({"transform": "map", "parameter": "x"}, "answer = value"),
            ({"transform": "constant", "parameter": ""}, "always the same"),
            ({"transform": "phone", "parameter": "Narnia"}, "two letters"),
            (
                {"joined_ids": [(4, self.line("full_name").question_id.id or 0)]},
                "",
            ),
        ]
        for values, words in cases[:-1]:
            with self.subTest(words), self.assertRefused(words):
                line.write(values)
        with self.assertRefused("Several answers in one"):
            line.joined_ids = self.line("dfsp_code").question_id

    def test_a_question_that_is_gone_is_told_and_comes_back(self):
        self.form._take_questions(SCHEMA[1:])
        self.assertIn("no question “Registrant id”", self.form.mapping_problems)
        self.form._take_questions(SCHEMA)
        self.assertFalse(self.form.mapping_problems)
        self.assertEqual(len(self.form.question_ids), len(SCHEMA))

    def test_the_ready_mapping_is_applied_by_one_button(self):
        self.patch(type(self.form), "_fetch_schema", lambda form: SCHEMA)
        before = self.form.mapping_line_ids.mapped("target")
        self.form.mapping_line_ids.unlink()
        self.form.with_user(self.administrator).action_apply_ready_mapping()
        self.assertEqual(self.form.mapping_line_ids.mapped("target"), before)
        self.assertFalse(self.form.mapping_problems)

    def test_another_form_keeps_its_mapping(self):
        self.patch(type(self.form), "_fetch_schema", lambda form: SCHEMA[1:])
        before = self.form.mapping_line_ids
        with self.assertRaisesRegex(UserError, "“registrant_id”"):
            self.form.action_apply_ready_mapping()
        self.assertEqual(self.form.mapping_line_ids, before)
