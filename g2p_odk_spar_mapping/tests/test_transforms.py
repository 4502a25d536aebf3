from odoo.tests import BaseCase, tagged

from ..pipeline.transforms import Unusable, as_text, check_parameter, transform

#: transform, answers, parameter, and what becomes of them
RIGHT = [
    ("keep", ["007"], None, "007"),
    ("keep", [""], None, ""),
    ("keep", [], None, ""),
    ("trim", ["Asha \u00a0 \t Juma"], None, "Asha Juma"),
    ("upper", ["fb"], None, "FB"),
    ("upper", ["straße"], None, "STRASSE"),
    ("lower", ["FB"], None, "fb"),
    ("title", ["asha  JUMA"], None, "Asha Juma"),
    ("title", ["n'golo KANTÉ-diarra"], None, "N'golo Kanté-Diarra"),
    ("title", ["محمد"], None, "محمد"),
    ("map", ["Bank"], "bank = bank_account\nmomo = mobile_wallet", "bank_account"),
    ("map", ["MOMO"], "bank=bank_account;momo=mobile_wallet", "mobile_wallet"),
    ("map", ["other"], "a = b; * = c", "c"),
    ("map", ["a"], "a = b = c", "b = c"),
    ("map", ["none"], "none =", ""),
    ("map", [""], "* = c", ""),
    ("phone", ["0754 100 001"], "TZ", "+255754100001"),
    ("phone", ["+255754100001"], "", "+255754100001"),
    ("phone", ["+255754100001"], None, "+255754100001"),
    ("phone", ["0754-100-001"], " tz ", "+255754100001"),
    ("phone", [""], "TZ", ""),
    ("join", ["Asha", "", "Juma"], None, "Asha Juma"),
    ("join", ["12", "34"], "-", "12-34"),
    ("join", ["12", "34"], "none", "1234"),
    ("join", ["", "34"], ", ", "34"),
    ("join", ["", ""], ", ", ""),
    ("constant", [], " bank_account ", "bank_account"),
    ("constant", ["ignored"], "x", "x"),
]

#: transform, answers, parameter, and the code of what is wrong
WRONG = [
    ("map", ["cash"], "bank = bank_account", "not_listed"),
    ("map", ["cash"], "bank", "bad_table"),
    ("map", ["cash"], "", "bad_table"),
    ("map", ["cash"], "a = 1\nA = 2", "bad_table"),
    ("map", ["cash"], "= 1", "bad_table"),
    ("phone", ["O754 100 001"], "TZ", "not_a_phone"),
    ("phone", ["12"], "TZ", "not_a_phone"),
    ("phone", ["0754 100 001"], "", "not_a_phone"),
    ("phone", ["0754 100 001"], "Tanzania", "bad_country"),
    ("phone", ["0754 100 001 ext. 5"], "TZ", "not_a_phone"),
    ("phone", ["\u0660"], "TZ", "not_a_phone"),
    ("phone", ["81234567890.0"], "ID", "spreadsheet"),
    ("phone", ["8.1234567890E10"], "ID", "spreadsheet"),
    ("phone", ["013 71234567"], "BO", "not_a_phone"),
]

#: an answer as JSON has it, and as text
ANSWERS = [
    (None, ""),
    ("  ", ""),
    (" a ", "a"),
    (0, "0"),
    (7.0, "7"),
    (0.5, "0.5"),
    (12345678901234567890, "12345678901234567890"),
]

UNREADABLE = [
    ({"type": "Point", "coordinates": [1, 2]}, "not_text"),
    ([], "not_text"),
    (True, "not_text"),
    ("x" * 1001, "too_long"),
    # Its last digits are lost.
    (1.2345678901234567e19, "spreadsheet"),
    (float("inf"), "spreadsheet"),
]


@tagged("post_install", "-at_install")
class TestTransforms(BaseCase):
    def test_what_becomes_of_answers(self):
        for name, texts, parameter, expected in RIGHT:
            with self.subTest(name, texts=texts, parameter=parameter):
                self.assertEqual(transform(name, texts, parameter), expected)

    def test_what_cannot_be_used_says_why_and_not_what_it_was(self):
        for name, texts, parameter, code in WRONG:
            with self.subTest(name, texts=texts, parameter=parameter):
                with self.assertRaises(Unusable) as caught:
                    transform(name, texts, parameter)
                self.assertEqual(caught.exception.code, code)
                told = f"{caught.exception!r} {caught.exception.details}"
                self.assertNotIn(texts[0], told)

    def test_answers_as_text(self):
        for answer, expected in ANSWERS:
            with self.subTest(answer=answer):
                self.assertEqual(as_text(answer), expected)

    def test_answers_that_are_no_text(self):
        for answer, code in UNREADABLE:
            with self.subTest(code), self.assertRaises(Unusable) as caught:
                as_text(answer)
            self.assertEqual(caught.exception.code, code)

    def test_parameters_nothing_could_come_of(self):
        wrong = [
            ("map", "x", "bad_table"),
            ("phone", "XX", "bad_country"),
            ("constant", " ", "no_constant"),
        ]
        for name, parameter, code in wrong:
            with self.subTest(name), self.assertRaises(Unusable) as caught:
                check_parameter(name, parameter)
            self.assertEqual(caught.exception.code, code)
        for name in ("keep", "trim", "join", "phone"):
            check_parameter(name, None)
