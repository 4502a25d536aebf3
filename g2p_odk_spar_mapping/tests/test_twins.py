"""Answers to two questions whose names Central makes the same are never used.

Central's feed calls ``ሀ`` and ``ለ`` both ``__``, and runs their answers together.
"""

from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..models.g2p_odk_form import _twins
from .central_stand_in.store import question
from .common import OdkCase

ID, TWIN = "ሀ", "ለ"
FIELDS = [question(f"/{ID}"), question("/name"), question("/acct-no")]
DOUBLED = [*FIELDS, question(f"/{TWIN}")]
LINES = [
    ("__", "registrant_id", "trim", True),
    ("name", "full_name", "trim", True),
    ("acct_no", "payment_phone", "keep", True),
]


@tagged("post_install", "-at_install")
class TestTwins(OdkCase):
    def setUp(self):
        super().setUp()
        self.store.publish("1", FIELDS)
        self.form.registrant_policy = "create"
        self.form.action_read_questions()
        self.map(self.form)

    def map(self, form):
        questions = {question.path: question for question in form.question_ids}
        lines = [
            {
                "form_id": form.id,
                "question_id": questions[path].id,
                "target": target,
                "transform": how,
                "required": required,
            }
            for path, target, how, required in LINES
        ]
        constant = {"transform": "constant", "form_id": form.id}
        lines.append({**constant, "target": "fa_type", "parameter": "mobile_wallet"})
        lines.append({**constant, "target": "dfsp_code", "parameter": "MC"})
        self.env["g2p.odk.mapping.line"].create(lines)
        self.assertFalse(form.mapping_problems)

    def send(self, spar_id, other=None, wallet="0754 300 001", **options):
        data = {ID: spar_id, "name": "Asha Juma", "acct-no": wallet, TWIN: other}
        if other is None:
            del data[TWIN]
        return self.store.submit(data, **options)

    def who(self, spar_id):
        return self.env["res.partner"]._spar_find({spar_id})[spar_id]

    def test_a_twin_in_a_new_version_makes_no_wrong_registrant(self):
        first = self.send("12")
        self.pull()
        self.assertEqual(self.staged(first).state, "applied")
        self.store.publish("2", DOUBLED)
        second = self.send("12", "34", "0754 300 002")
        self.pull()
        staged = self.staged(second)
        self.assertEqual((staged.state, staged.error_kind), ("set_aside", "twins"))
        self.assertIn("several questions", staged.error_text)
        self.assertNotIn("1234", staged.error_text)
        self.assertFalse(self.who("1234"))
        self.assertIn("ID of the registrant", self.form.twins_problem)
        # Nothing is lost: mended, it is imported as it was answered.
        self.store.publish("3", FIELDS)
        self.pull()
        staged.invalidate_recordset()
        self.assertEqual((staged.state, staged.error_kind), ("applied", False))
        self.assertFalse(self.form.twins_problem)
        self.assertFalse(self.who("1234"))
        self.assertEqual(staged.partner_id, self.who("12"))
        self.assertEqual(staged.partner_id, self.staged(first).partner_id)
        in_use = staged.partner_id.financial_address_ids.filtered(
            lambda address: address.state == "effective"
        )
        self.assertEqual(in_use.mobile_number, "+255754300002")

    def test_a_question_that_takes_the_place_of_another_is_not_read_as_it(self):
        first = self.send("12")
        self.pull()
        self.store.publish("2", [question(f"/{TWIN}"), *FIELDS[1:]])
        second = self.store.submit(
            {TWIN: "34", "name": "Asha", "acct-no": "0754300003"}
        )
        self.pull()
        staged = self.staged(second)
        self.assertEqual((staged.state, staged.error_kind), ("set_aside", "twins"))
        self.assertIn("took each other's place", staged.error_text)
        self.assertFalse(self.who("34"))
        self.assertIn("ID of the registrant", self.form.twins_problem)
        # Reading the questions again does not make it the mapped one.
        self.form.action_read_questions()
        self.pull()
        self.assertEqual(staged.error_kind, "twins")
        line = self.form.mapping_line_ids.filtered(
            lambda line: line.target == "registrant_id"
        )
        values = line.copy_data()[0]
        line.unlink()
        refused = self.assertRaisesRegex(ValidationError, "several questions")
        with refused, self.env.cr.savepoint():
            line.create(values)
        # It is the right one after all.
        self.form.action_read_questions()
        line.create(values)
        self.pull()
        self.assertEqual(staged.state, "applied")
        self.assertEqual(staged.partner_id, self.who("34"))
        self.assertNotEqual(self.staged(first).partner_id, self.who("34"))

    def test_one_of_two_that_is_left_is_the_mapped_one_or_not_read(self):
        for left, state in ((ID, "applied"), (TWIN, "set_aside")):
            with self.subTest(left):
                self.store.publish("2", DOUBLED)
                self.send("12", "34")
                self.pull()
                self.store.publish("3", [question(f"/{left}"), *FIELDS[1:]])
                one = self.send("56", "78")
                self.pull()
                self.assertEqual(self.staged(one).state, state)
        self.assertFalse(self.who("78") | self.who("34"))

    def test_what_has_two_questions_is_not_taken_as_one_of_them(self):
        self.form.question_ids.raw_path = False
        self.store.publish("2", DOUBLED)
        self.send("12", "34")
        self.pull()
        paths = {q.path: q.raw_path for q in self.form.question_ids}
        self.assertEqual((paths["__"], paths["acct_no"]), (False, "/acct-no"))

    def test_a_mapping_from_before_takes_the_questions_as_they_are(self):
        self.form.question_ids.raw_path = False
        one = self.send("12")
        self.pull()
        self.assertEqual(self.staged(one).state, "applied")
        paths = {q.path: q.raw_path for q in self.form.question_ids}
        self.assertEqual(paths["acct_no"], "/acct-no")

    def test_what_was_read_before_stays_as_it_is(self):
        first = self.send("12")
        self.pull()
        self.store.publish("2", DOUBLED)
        late = self.send("13")
        self.pull()
        # Sent by a phone that still has the old form, but told by the new one.
        self.assertEqual(self.staged(first).state, "applied")
        self.assertEqual(self.staged(first).version, 1)
        self.assertEqual(self.staged(late).error_kind, "twins")
        self.store.publish("3", FIELDS)
        self.pull()
        self.assertEqual(self.staged(late).state, "applied")
        self.assertEqual(self.staged(first).version, 1)

    def test_an_edit_in_the_doubled_version_leaves_the_address(self):
        one = self.send("12")
        self.pull()
        self.store.publish("2", DOUBLED)
        self.store.edit(one, {ID: "12", TWIN: "3", "name": "Asha Juma", "acct-no": "1"})
        self.pull()
        staged = self.staged(one)
        self.assertEqual((staged.state, staged.error_kind), ("set_aside", "twins"))
        self.assertTrue(staged.address_id)
        self.assertEqual(staged.address_id.state, "effective")

    def test_later_ones_of_the_registrant_wait_when_the_id_is_clear(self):
        self.store.add_form("plain", fields=FIELDS)
        plain = self.form.copy({"xml_form_id": "plain"})
        plain.action_read_questions()
        self.map(plain)
        self.store.publish("2", [*FIELDS, question("/acct_no")])
        one = self.send("12", late=60)
        self.pull()
        self.assertEqual(self.staged(one).registrant_key, "12")
        later = self.send("12", wallet="0754 300 005", form="plain")
        self.assertEqual(plain._pull().state, "done")
        waiting = plain.submission_ids
        self.assertEqual((waiting.instance_id, waiting.error_kind), (later, "held"))
        self.store.publish("3", FIELDS)
        self.pull()
        self.assertEqual(waiting.state, "applied")
        in_use = waiting.partner_id.financial_address_ids.filtered(
            lambda address: address.state == "effective"
        )
        self.assertEqual(in_use.mobile_number, "+255754300005")

    def test_a_mended_form_is_read_anew_also_when_nothing_arrives(self):
        self.store.publish("2", DOUBLED)
        one = self.send("12", "34")
        self.pull()
        self.store.skew = 86400
        last = self.send("56", "78")
        self.pull()
        self.store.publish("3", FIELDS)
        self.pull()
        for ours in (one, last):
            self.assertEqual(self.staged(ours).state, "applied")
        self.assertTrue(self.who("12") and self.who("56"))
        self.assertFalse(self.who("1234") | self.who("5678"))

    def test_what_was_read_so_before_this_was_looked_at_is_not_imported(self):
        self.store.publish("2", DOUBLED)
        one = self.send("12", "34")
        line = self.form.mapping_line_ids.filtered(lambda x: x.target == "fa_type")
        values = line.copy_data()[0]
        code = self.form.mapping_line_ids.filtered(lambda x: x.target == "dfsp_code")
        others = code.copy_data()[0]
        (line | code).unlink()
        with patch.object(type(self.form), "_check_twins"):
            self.pull()
        self.assertEqual(self.staged(one).state, "staged")
        self.env["g2p.odk.mapping.line"].create([values, others])
        other = self.send("56", "78")
        self.pull()
        for ours in (one, other):
            self.assertEqual(self.staged(ours).error_kind, "twins")
        self.assertFalse(self.who("1234"))

    def test_what_only_a_comparison_finds_is_looked_at_as_well(self):
        self.send("12")
        self.pull()
        self.store.publish("2", DOUBLED)
        # Central shows it too late for what looks back.
        second = self.send("12", "34", "0754 300 002", late=5400)
        self.form.swept_at = False
        self.assertTrue(self.pull().swept)
        self.assertEqual(self.staged(second).error_kind, "twins")
        self.assertFalse(self.who("1234"))

    def test_of_several_names_each_is_mended_for_itself(self):
        self.store.publish("2", [*DOUBLED, question("/acct_no")])
        one = self.send("12")
        self.pull()
        self.assertEqual(self.staged(one).error_kind, "twins")
        # What is not mapped may stay as it is.
        self.form.mapping_line_ids.filtered(
            lambda line: line.target == "registrant_id"
        ).unlink()
        self.form.registrant_policy = "create_without_id"
        self.store.publish("3", DOUBLED)
        self.pull()
        self.assertEqual(self.form.twins, "__")
        self.assertEqual(self.staged(one).state, "applied")

    def test_a_person_cannot_import_it_but_may_correct_it(self):
        self.store.publish("2", DOUBLED)
        one = self.send("12", "34")
        self.pull()
        staged = self.staged(one)
        editor = self.new_user("t_editor", "editor")
        staged.with_user(editor).action_rerun()
        self.assertEqual((staged.state, staged.error_kind), ("set_aside", "twins"))
        lines = staged.with_user(editor)._correctable()
        (line,) = (line for line in lines if line["target"] == "registrant_id")
        self.assertFalse(line["collected"])
        staged.with_user(editor)._correct({"registrant_id": "12"}, "asked them")
        self.assertEqual(staged.state, "applied")
        self.assertEqual(staged.partner_id, self.who("12"))

    def test_doubled_names_are_refused_when_they_are_mapped(self):
        self.store.add_form("other", fields=DOUBLED)
        other = self.form.copy({"xml_form_id": "other"})
        other.action_read_questions()
        self.assertEqual(other.question_ids.mapped("path").count("__"), 1)
        with self.assertRaisesRegex(ValidationError, "several questions"):
            self.map(other)

    def test_the_preview_says_what_would_be_set_aside(self):
        self.store.publish("2", DOUBLED)
        self.send("12", "34")
        self.form.action_take_sample()
        self.assertIn("several questions", self.form.preview_trouble)
        self.assertFalse(self.form.preview_registrant)

    def test_the_questions_are_looked_at_only_when_something_is_new(self):
        self.send("12")
        self.pull()
        self.store.log.clear()
        self.pull()
        self.assertEqual(len(self.store.log), 3, self.store.log)

    def test_which_names_are_doubled(self):
        cases = [
            ([], []),
            ([question("/a"), question("/b")], []),
            ([question("/a"), question("/a")], ["a"]),
            # Groups with one name run together with all that is in them.
            (
                [
                    question("/g", "structure"),
                    question("/g/x"),
                    question("/g", "structure"),
                    question("/g/y"),
                ],
                ["g", "g/x", "g/y"],
            ),
            ([question("/g/x"), question("/h/x"), question("/gx")], []),
            # Central's own.
            ([question("/__id")], ["__id"]),
            ([question("/m", "repeat"), question("/m/__id")], ["m/__id"]),
            ([question("/g", "structure"), question("/g/__id")], []),
        ]
        for found, expected in cases:
            with self.subTest(expected):
                self.assertEqual(_twins(found), expected)
