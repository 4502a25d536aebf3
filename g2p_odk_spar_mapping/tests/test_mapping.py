from odoo.tests import BaseCase, tagged

from ..pipeline.mapping import Line, answer_at, answers_at, full_name, payment, read
from ..pipeline.transforms import Unusable

HOUSEHOLD = {
    "head": {"id": "SR-1", "name": None},
    "members": [
        {"name": "Asha", "accounts": [{"no": "11"}, {"no": "22"}]},
        {"name": "Juma"},
    ],
    "place": {"type": "Point", "coordinates": [1, 2]},
}


def line(path, target, **more):
    values = {
        "paths": (path,),
        "transform": "keep",
        "parameter": None,
        "required": False,
        "pick": "only",
    }
    return Line(target=target, **{**values, **more})


@tagged("post_install", "-at_install")
class TestMapping(BaseCase):
    def test_answers_in_groups_and_repeated_groups(self):
        cases = {
            "head/id": ["SR-1"],
            "/head/id": ["SR-1"],
            "head/name": [],
            "members/name": ["Asha", "Juma"],
            "members/accounts/no": ["11", "22"],
            "nothing": [],
            "head/id/deeper": [],
            "pets/name": [],
        }
        for path, expected in cases.items():
            with self.subTest(path):
                self.assertEqual(answers_at(HOUSEHOLD, path), expected)

    def test_which_answer_of_a_repeated_group_counts(self):
        self.assertEqual(answer_at(HOUSEHOLD, "members/name", "first"), "Asha")
        self.assertEqual(answer_at(HOUSEHOLD, "members/name", "last"), "Juma")
        with self.assertRaises(Unusable) as caught:
            answer_at(HOUSEHOLD, "members/name")
        self.assertEqual(caught.exception.code, "several")
        twice = {"members": [{"name": "Asha"}, {"name": " Asha "}, {"name": None}]}
        self.assertEqual(answer_at(twice, "members/name"), "Asha")

    def test_every_problem_is_told_and_no_answer_repeated(self):
        lines = [
            line("head/id", "registrant_id", required=True),
            line("head/name", "full_name", required=True),
            line("place", "holder_name"),
            line("members/accounts/no", "account_number"),
        ]
        values, problems = read(HOUSEHOLD, lines)
        self.assertEqual(values, {"registrant_id": "SR-1"})
        self.assertEqual(
            [(p.target, p.code) for p in problems],
            [
                ("full_name", "missing"),
                ("holder_name", "not_text"),
                ("account_number", "several"),
            ],
        )
        self.assertNotIn("22", str(problems))

    def test_answers_of_different_entries_are_not_put_together(self):
        asha = {"id": "SR-1", "bank": "FB", "no": None}
        juma = {"id": "SR-2", "bank": "FB", "no": "22"}
        other = {"id": None, "bank": None, "no": "22"}
        deep = [
            {"id": "SR-1", "accounts": []},
            {"id": "SR-2", "accounts": [{"no": None}, {"no": "22"}]},
        ]
        cases = [
            ([asha, juma], "first", "no", True),
            ([juma, asha], "last", "no", True),
            ([asha, other], "only", "no", True),
            ([other, asha], "only", "no", True),
            ([juma, other], "last", "no", False),
            ([{**asha, "id": None}, juma], "last", "no", False),
            ([juma, asha], "first", "no", False),
            ([juma, juma, other], "only", "no", False),
            (deep, "first", "accounts/no", True),
            (deep, "last", "accounts/no", False),
        ]
        for members, pick, number, is_mixed in cases:
            lines = [
                line("m/id", "registrant_id", pick=pick),
                line("m/bank", "dfsp_code", pick=pick),
                line(f"m/{number}", "account_number", pick=pick),
            ]
            with self.subTest(members, pick=pick):
                values, problems = read({"m": members}, lines)
                codes = [(p.target, p.code) for p in problems]
                expected = [("account_number", "mixed")] if is_mixed else []
                self.assertEqual(codes, expected)
                self.assertEqual("account_number" in values, not is_mixed)

    def test_entries_of_different_groups_are_independent(self):
        payload = {
            "people": [{"id": "SR-1"}, {"id": None}],
            "accounts": [{"no": None}, {"no": "22"}],
        }
        lines = [
            line("people/id", "registrant_id"),
            line("accounts/no", "account_number"),
        ]
        self.assertFalse(read(payload, lines)[1])

    def test_two_numbers_are_not_run_together(self):
        payload = {"first": "11", "second": "22", "none": None}
        cases = [
            ("account_number", ("first", "second"), None, "joined"),
            ("account_number", ("first", "second"), "", "joined"),
            ("registrant_id", ("first", "second"), None, "joined"),
            ("account_number", ("first", "second"), "none", "1122"),
            ("account_number", ("first", "second"), "-", "11-22"),
            ("account_number", ("none", "second"), None, "22"),
            ("account_number", ("first", "first"), None, "joined"),
            # What lacks a part is another number.
            ("account_number", ("none", "second"), "none", "part"),
            ("account_number", ("first", "none"), "-", "part"),
            ("registrant_id", ("none", "second"), "-", "part"),
            ("full_name", ("none", "second"), "-", "22"),
            ("full_name", ("first", "second"), None, "11 22"),
        ]
        for target, paths, parameter, expected in cases:
            with self.subTest(target, paths=paths, parameter=parameter):
                joined = line("", target, transform="join", parameter=parameter)
                values, problems = read(payload, [joined._replace(paths=paths)])
                found = problems[0].code if problems else values[target]
                self.assertEqual(found, expected)

    def test_parts_of_which_none_was_answered_are_no_number(self):
        joined = line("", "account_number", transform="join", parameter="-")
        joined = joined._replace(paths=("a", "b"))
        self.assertEqual(read({"a": None, "b": ""}, [joined]), ({}, []))

    def test_joined_answers_are_of_one_entry_too(self):
        joined = line("", "account_number", transform="join", parameter="-")
        joined = joined._replace(paths=("m/a", "m/b"), pick="first")
        mixed = {"m": [{"a": "1", "b": None}, {"a": "3", "b": "4"}]}
        self.assertEqual(read(mixed, [joined])[1][0].code, "mixed")
        self.assertEqual(
            read({"m": [{"a": "1", "b": "2"}]}, [joined])[0], {"account_number": "1-2"}
        )

    def test_a_correction_takes_the_place_of_an_answer_that_cannot_be_read(self):
        lines = [line("members/accounts/no", "account_number", required=True)]
        values, problems = read(HOUSEHOLD, lines, {"account_number": "33"})
        self.assertEqual((values, problems), ({"account_number": "33"}, []))

    def test_whichever_question_was_answered(self):
        either = line("head/name", "dfsp_code", transform="join")
        either = either._replace(paths=("head/name", "head/id"))
        self.assertEqual(read(HOUSEHOLD, [either])[0], {"dfsp_code": "SR-1"})

    def test_names_that_are_null_crash_nothing(self):
        self.assertEqual(full_name({}), "")
        self.assertEqual(full_name({"given_name": None, "family_name": "J"}), "J")
        self.assertEqual(
            full_name({"full_name": "Asha Juma", "given_name": "X"}), "Asha Juma"
        )

    def test_numbers_of_other_types_are_left_out(self):
        values = {
            "fa_type": "mobile_wallet",
            "account_number": "11",
            "payment_phone": "22",
        }
        self.assertEqual(
            payment(values), {"fa_type": "mobile_wallet", "payment_phone": "22"}
        )
