import unicodedata

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestFindPeople(FinancialAddressCase):
    """One search field over name, ID and contact phone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = cls.new_user("finds_people", "viewer")
        cls.jose = cls.new_registrant(
            "José  Núñez", "SR-2026-0007", phone="0712-345 678"
        )
        cls.arab = cls.new_registrant("مُحَمَّد صلاح", phone="+٢٠ ١٠٠ ١٢٣ ٤٥٦٧")
        cls.amharic = cls.new_registrant("አበበ በቀለ", phone="+251 911 123456; +251911999")
        cls.apart = cls.new_registrant(unicodedata.normalize("NFD", "Zoë Çelik"))

    def found(self, text):
        Partner = self.env["res.partner"].with_user(self.viewer)
        return Partner.search(
            [("is_registrant", "=", True), ("spar_find", "ilike", text)]
        )

    def test_by_name(self):
        cases = {
            self.registrant: ["asha", "ASHA JUMA", "juma asha", " Asha  ", "ash jum"],
            self.jose: ["jose", "José", "nunez jose", "JOSÉ NÚÑEZ", "Ｊｏｓé"],
            self.arab: ["محمد", "صلاح محمد", "مُحَمَّد", "ﻣﺤﻤﺪ", "محمـد"],
            self.amharic: ["አበበ", "በቀለ አበበ"],
            self.apart: ["zoe", "ZOË", "çelik", unicodedata.normalize("NFD", "ÇELIK")],
        }
        for person, texts in cases.items():
            for text in texts:
                with self.subTest(text):
                    self.assertEqual(self.found(text), person)
        for text in ("Asha Jose", "j.ma", "(", "%", "*", "\\", "Nobody"):
            with self.subTest(text):
                self.assertFalse(self.found(text))

    def test_by_phone(self):
        cases = {
            self.registrant: [
                "+255 754 100 001",
                "00255754100001",
                "0754 100 001",
                "754-100-001",
                "100001",
                "٠٧٥٤١٠٠٠٠١",
            ],
            self.jose: ["0712345678", "+255 712 345 678", "5678"],
            self.arab: ["01001234567", "4567", "+20 100 123 4567"],
            self.amharic: ["0911123456", "123456", "911999"],
        }
        for person, texts in cases.items():
            for text in texts:
                with self.subTest(text):
                    self.assertEqual(self.found(text), person)
        # A part from the middle, and too little to mean a phone.
        self.assertFalse(self.found("754100"))
        self.assertNotIn(self.registrant, self.found("01"))

    def test_by_id(self):
        for text in ("SR-2026-0007", "sr-2026-7", " SR\u20112026\u20110007", "2026-00"):
            with self.subTest(text):
                self.assertEqual(self.found(text), self.jose)

    def test_by_the_id_on_the_card(self):
        self.make_ids_from("ref", "token:{id}@country")
        self.jose.ref = "C-0815"
        self.assertEqual(self.found("C-0815"), self.jose)

    def test_the_number_of_a_wallet_finds_no_person(self):
        self.enter_address("0754 200 001")
        self.assertFalse(self.found("0754 200 001"))

    def test_it_is_for_viewers_and_the_first_field_of_the_search(self):
        stranger = self.new_user("finds_none", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(stranger).search(
                [("spar_find", "ilike", "Asha")]
            )
        view = self.env.ref("g2p_spar_financial_address.registrant_view_search")
        arch = self.env["ir.ui.view"].browse(view.id)._get_combined_arch()
        self.assertEqual(arch.find("field").get("name"), "spar_find")
