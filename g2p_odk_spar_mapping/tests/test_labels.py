from odoo.tests import BaseCase, tagged

from ..central.labels import question_labels
from .xforms import XFORM


@tagged("post_install", "-at_install")
class TestLabels(BaseCase):
    def labels(self, language="fr_FR", definition=XFORM):
        return question_labels(definition.encode(), language)

    def test_questions_are_named_as_collectors_read_them(self):
        self.assertEqual(
            self.labels(),
            {
                "/registrant": "Registrant",
                "/registrant/id": "ID on the card",
                "/payment/phone": "Which phone receives the money of …?",
                "/payment/kind": "Paid by",
            },
        )

    def test_the_language_of_the_user_is_preferred(self):
        self.assertEqual(self.labels("sw_KE")["/payment/phone"], "Simu ya malipo")

    def test_what_is_no_form_has_no_labels(self):
        for text in ("", "<html", "<html/>", '{"a": 1}'):
            with self.subTest(text):
                self.assertEqual(self.labels(definition=text), {})

    def test_entities_are_not_resolved(self):
        text = XFORM.replace(
            '<?xml version="1.0"?>',
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        ).replace("ID on the card", "ID &e;")
        self.assertEqual(self.labels(definition=text).get("/registrant/id"), "ID …")
