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
