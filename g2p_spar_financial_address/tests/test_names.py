import doctest

from odoo.tests import tagged

from ..values import names
from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestNames(FinancialAddressCase):
    def test_examples(self):
        result = doctest.testmod(names)
        self.assertTrue(result.attempted)
        self.assertFalse(result.failed)

    def test_scripts_do_not_matter(self):
        for first, second in [
            ("አበበ ቢቂላ", "Abebe Bikila"),
            ("王小明", "Wang Xiaoming"),
            ("محمد صلاح", "Mohamed Salah"),
            ("Иван Петров", "Ivan Petrov"),
            ("Γιώργος", "Giorgos"),
            ("ស៊ុខា", "Sukha"),
        ]:
            with self.subTest(first):
                self.assertIn(names.compare(first, second), ("same", "similar"))

    def test_other_people_differ(self):
        for first, second in [
            ("Asha Juma", "Peter Smith"),
            ("አበበ ቢቂላ", "王小明"),
            ("A", "Asha Juma"),
        ]:
            with self.subTest(first):
                self.assertEqual(names.compare(first, second), "different")

    def test_it_is_a_hint_and_never_a_block(self):
        for holder, match in [
            ("Asha Juma", "same"),
            ("JUMA, asha", "same"),
            ("A. Juma", "similar"),
            ("Somebody Else", "different"),
            (False, False),
        ]:
            address = self.enter_address(holder_name=holder)
            with self.subTest(holder):
                self.assertEqual(address.state, "effective")
                self.assertEqual(address.holder_match, match)
