from odoo.tests import Form, tagged

from .apply_common import ApplyCase

#: Answers, and what is said of them beforehand and becomes of them afterwards.
CASES = {
    "a wallet": {},
    "a bank account": {
        "fa_type": "bank_account",
        "dfsp_code": "FB",
        "branch_code": "NB01",
        "account_number": "0123456789",
        "payment_phone": None,
    },
    "an e-mail wallet": {
        "fa_type": "email_wallet",
        "dfsp_code": "PM",
        "wallet_email": "asha@pay.example",
        "payment_phone": None,
    },
    "nobody has this ID": {"registrant_id": "SR-404"},
    "no ID": {"registrant_id": None},
    "another name": {"given_name": "Peter", "family_name": "Smith"},
    "no type": {"fa_type": None},
    "an unknown type": {"fa_type": "cash"},
    "an unknown provider": {"dfsp_code": "XX"},
    "a provider of another type": {"dfsp_code": "FB"},
    "an unknown branch": {
        "fa_type": "bank_account",
        "dfsp_code": "FB",
        "branch_code": "XX",
        "account_number": "0123456789",
    },
    "a number that cannot exist": {"number": "0754"},
    "no number": {"number": None},
    "a provider not known yet": {"dfsp_code": None, "number": "+255754200001"},
    "an account somebody else is paid at": {"number": "0754 999 999"},
    "a control character": {"holder_name": "Asha\u0007"},
}


@tagged("post_install", "-at_install")
class TestPreview(ApplyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = cls.new_registrant("Other", "SR-9")
        cls.enter_address("0754 999 999", partner_id=other.id)

    def preview(self, answers):
        self.form.sample_payload = answers
        return self.form

    def test_preview_equals_what_is_then_imported(self):
        self.set_policy(shared="refuse")
        set_aside = 0
        for number, (case, more) in enumerate(CASES.items()):
            with self.subTest(case), self.env.cr.savepoint() as savepoint:
                answers = self.answers(**more)
                form = self.preview(answers)
                told = form.preview_trouble
                address_told = form.preview_address
                one = self.submit(f"uuid:{number}", answers)
                if told:
                    set_aside += 1
                    self.assertEqual((one.state, one.error_text), ("set_aside", told))
                    self.assertFalse(self.addresses())
                else:
                    self.assertEqual(one.state, "applied")
                    self.assertEqual(one.address_id.display_name, address_told)
                    self.assertIn(one.partner_id.name, form.preview_registrant)
                savepoint.rollback()
        self.assertEqual(set_aside, 11)

    def test_preview_writes_nothing(self):
        self.form.registrant_policy = "create"
        counts = self.counts()
        form = self.preview(self.answers("SR-77", given_name="New", family_name="One"))
        self.assertIn("New One · SR-77 (is added", form.preview_registrant)
        self.env.flush_all()
        self.assertEqual(self.counts(), counts)

    def counts(self):
        models = ("res.partner", "g2p.financial.address", "g2p.odk.submission")
        return [self.env[model].search_count([]) for model in models]

    def test_numbers_are_masked_everywhere(self):
        answers = self.answers(contact_phone="0754 111 222")
        form = self.preview(answers).with_user(self.administrator)
        shown = [form.preview_registrant, form.preview_address]
        shown += form.mapping_line_ids.mapped("sample_result")
        shown += form.mapping_line_ids.mapped("sample_answer")
        shown = " ".join(text or "" for text in shown)
        self.assertIn("Asha", shown)
        self.assertIn("••••001", shown)
        for number in ("0754 200 001", "255754200001", "0754 111 222"):
            self.assertNotIn(number, shown)

    def test_preview_follows_what_is_typed_before_it_is_saved(self):
        self.preview(self.answers(fa_type="momo"))
        with Form(self.form.with_user(self.administrator)) as form:
            self.assertIn("no such type", form.preview_trouble)
            number = self.form.mapping_line_ids.mapped("target").index("fa_type")
            with form.mapping_line_ids.edit(number) as line:
                line.transform = "map"
                line.parameter = "momo = mobile_wallet"
                self.assertEqual(line.sample_result, "mobile_wallet")
            self.assertFalse(form.preview_trouble)
            self.assertIn("Mobile wallet · M-Cash", form.preview_address)

    def test_what_to_look_at(self):
        self.set_policy(approve_odk=True)
        form = self.preview(
            self.answers(holder_name="Peter Smith", contact_phone="0754 1")
        )
        self.assertIn("second person", form.preview_warnings)
        self.assertIn("unlike the payee's", form.preview_warnings)
        payee = {"payee_name": "Neema Mushi", "holder_name": "MUSHI Neema"}
        form = self.preview(self.answers(payee="other", **payee))
        self.assertIn("Another person receives the money", form.preview_warnings)
        self.assertNotIn("unlike", form.preview_warnings)
        form = self.preview(self.answers(number="+255754200001", dfsp_code=None))
        self.assertIn("stays incomplete", form.preview_warnings)

    def test_a_sample_is_forgotten(self):
        self.patch(
            type(self.form), "_fetch_samples", lambda form, number: [self.answers()]
        )
        form = self.form.with_user(self.administrator)
        form.action_take_sample()
        self.assertTrue(form.preview_address)
        form.sample_at = "2026-01-01"
        self.form._forget_samples()
        self.assertFalse(form.sample_payload)
        self.assertFalse(form.preview_address)

    def test_no_submission_to_try_it_on(self):
        self.patch(type(self.form), "_fetch_samples", lambda form, number: [])
        with self.assertRefused("invented answers"):
            self.form.action_take_sample()
