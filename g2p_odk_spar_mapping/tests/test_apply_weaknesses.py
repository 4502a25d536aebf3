"""The ways in which the importer in use today goes wrong, as far as applying goes.

Those of pulling are in ``test_pull_weaknesses.py``.
"""

import logging
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from .apply_common import SCHEMA, ApplyCase


@tagged("post_install", "-at_install")
class TestApplyWeaknesses(ApplyCase):
    def test_weakness_2_edits_approvals_and_deletions_count(self):
        self.form.review_policy = "approved"
        one = self.submit()
        self.assertFalse(self.addresses())
        self.submit(review="approved", edited=1)
        self.assertEqual(self.in_use().mobile_number, "+255754200001")
        changed = self.answers(number="0754 200 002")
        self.submit(answers=changed, review="edited", edited=2)
        self.assertEqual(self.in_use().mobile_number, "+255754200001")
        self.submit(answers=changed, review="approved", edited=3)
        self.assertEqual(self.in_use().mobile_number, "+255754200002")
        self.delete_at_central("uuid:1")
        self.assertEqual(one.state, "removed")
        self.assertTrue(self.in_use().activity_ids)

    def test_weakness_3_run_again_makes_no_duplicates(self):
        self.form.registrant_policy = "create"
        for _time in range(3):
            one = self.submit(answers=self.answers("SR-60"))
            one.sudo()._stage_again()
            self.apply()
        partners = self.env["res.partner"].search([("spar_id", "=", "SR-60")])
        self.assertEqual(len(partners), 1)
        self.assertEqual(len(self.addresses(partners)), 1)

    def test_weakness_4_one_bad_row_rolls_back_nothing_else(self):
        self.stage("uuid:bad", {"registrant_id": {"what": [1]}, "payment": "?"})
        self.stage("uuid:worse", {"person": [[[]]], "registrant_id": ["SR-1", True]})
        good = self.submit("uuid:good", minute=3)
        self.assertEqual(good.state, "applied")
        for name in ("uuid:bad", "uuid:worse"):
            self.assertEqual(self.submission(name).state, "set_aside", name)
        # Nor does it fail the next run.
        self.submit("uuid:good", self.answers(number="0754 200 002"), edited=9)
        self.assertEqual(self.in_use().mobile_number, "+255754200002")

    def test_weakness_5_who_is_registered_is_updated(self):
        self.enter_address("0754 100 100")
        self.registrant.phone = False
        # Newer than everything in the registry.
        later = self.start.replace(year=2100)
        with patch.object(type(self), "start", later):
            self.submit(answers=self.answers(contact_phone="0754 111 222"))
        self.assertEqual(self.registrant.phone, "0754 111 222")
        self.assertEqual(len(self.addresses()), 2)
        self.assertEqual(self.in_use().mobile_number, "+255754200001")

    def test_weakness_6_first_submitted_first_applied(self):
        for minute in (3, 1, 2):
            self.stage(
                f"uuid:{minute}", self.answers(number=f"0754 200 00{minute}"), minute
            )
        self.apply()
        self.assertEqual(
            self.addresses().mapped("mobile_number"),
            [f"+25575420000{n}" for n in (1, 2, 3)],
        )
        self.assertEqual(self.in_use().mobile_number, "+255754200003")

    def test_weakness_9_review_state_and_encryption_count(self):
        cases = {"hasIssues": "waiting", "rejected": "ignored", "approved": "applied"}
        for n, (review, state) in enumerate(cases.items()):
            one = self.submit(f"uuid:{n}", review=review, minute=n)
            self.assertEqual(one.state, state, review)
        one = self.submit("uuid:e", {"registrant_id": None}, encrypted=True)
        self.assertEqual((one.state, one.error_kind), ("set_aside", "encrypted"))
        with self.assertRefused("Central does not let them"):
            one.with_user(self.editor).action_rerun()
        self.assertEqual(self.in_use().odk_submission_id.form_version, "3")

    def test_weakness_10_no_payment_data_in_logs_or_reasons(self):
        secrets = ["0123499999999", "0754 200 0001", "asha@@pay", "666777888"]
        rows = [
            {
                "fa_type": "bank_account",
                "dfsp_code": "FB",
                "account_number": secrets[0],
            },
            {"number": secrets[1]},
            {"fa_type": "email_wallet", "dfsp_code": "PM", "wallet_email": secrets[2]},
            {"dfsp_code": secrets[3]},
            {"fa_type": secrets[3]},
            {"fa_type": "bank_account", "dfsp_code": "FB", "branch_code": secrets[3]},
        ]
        self.bank.account_pattern = r"\d{10}"
        with self.assertLogs("odoo", level="DEBUG") as caught:
            logging.getLogger("odoo.addons").info("at least this")
            for n, more in enumerate(rows):
                person = self.new_registrant("Asha Juma", f"W-{n}")
                one = self.submit(f"uuid:{n}", self.answers(person.spar_id, **more))
                self.assertEqual(one.state, "set_aside", more)
        told = "\n".join(
            record.getMessage()
            for record in caught.records
            if not record.name.startswith("odoo.sql_db")
        )
        said = self.form.submission_ids.mapped("error_text")
        said += self.form.message_ids.mapped("body")
        told += "\n".join(text or "" for text in said)
        for secret in secrets:
            self.assertNotIn(secret, told)

    def test_weakness_11_a_table_of_values_says_exactly_what_becomes(self):
        line = self.form.mapping_line_ids.filtered(lambda x: x.target == "fa_type")
        line.write({"transform": "map", "parameter": "1 = mobile_wallet; 2 = bank"})
        self.assertEqual(
            self.submit(answers=self.answers(fa_type="1")).state, "applied"
        )
        for n, (answer, words) in enumerate(
            {"2": "no such type", "3": "table"}.items()
        ):
            person = self.new_registrant("Asha Juma", f"U-{n}")
            answers = self.answers(person.spar_id, fa_type=answer)
            one = self.submit(f"uuid:x{n}", answers)
            self.assertSetAside(one, "answer", words)

    def test_weakness_12_no_name_crashes_nothing(self):
        one = self.submit(answers=self.answers(given_name=None, family_name=None))
        self.assertEqual(one.state, "applied")
        self.form.registrant_policy = "create"
        answers = self.answers("SR-70", given_name=None, family_name=None)
        one = self.submit("uuid:2", answers, minute=2)
        self.assertSetAside(one, "missing", "no name")

    def test_weakness_13_what_is_not_known_is_said_in_words(self):
        cases = [
            ({"dfsp_code": "XX"}, "provider", "no such provider"),
            ({"registrant_id": "SR-404"}, "no_registrant", "No registrant has the ID"),
            ({"registrant_id": None}, "missing", "ID of the registrant"),
        ]
        for n, (more, kind, words) in enumerate(cases):
            person = self.new_registrant("Asha Juma", f"V-{n}")
            answers = self.answers(**{"registrant_id": person.spar_id, **more})
            self.assertSetAside(self.submit(f"uuid:{n}", answers), kind, words)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_weakness_14_who_collected_it_is_known_and_few_may_see_it(self):
        one = self.submit()
        self.assertEqual(one.address_id.odk_submitter, "Collector Kim")
        self.assertEqual(one.address_id.entered_by_id, self.env.ref("base.user_root"))
        with self.assertRefused("not allowed"):
            one.with_user(self.viewer).read(["state"])
        with self.assertRefused("payload"):
            one.with_user(self.administrator).read(["payload"])

    def test_a_form_of_another_shape_is_mapped_all_the_same(self):
        schema = [
            {**SCHEMA[0], "path": path, "repeat": repeat}
            for path, repeat in {
                "hh/id": False,
                "hh/member/name": "hh/member",
                "hh/member/momo": "hh/member",
            }.items()
        ]
        form = self.new_form(self.form.server_id, "household", schema, ready=False)
        questions = {question.path: question.id for question in form.question_ids}
        lines = [
            {"target": "registrant_id", "question_id": questions["hh/id"]},
            {"target": "full_name", "question_id": questions["hh/member/name"]},
            {"target": "payment_phone", "question_id": questions["hh/member/momo"]},
            {
                "target": "fa_type",
                "transform": "constant",
                "parameter": "mobile_wallet",
            },
            {"target": "dfsp_code", "transform": "constant", "parameter": "M-Cash"},
        ]
        form.mapping_line_ids = [
            (0, 0, {"pick": "first", **values}) for values in lines
        ]
        members = [
            {"name": "Asha Juma", "momo": "0754 200 007"},
            {"name": "Peter", "momo": "0754 200 008"},
        ]
        one = self.stage("uuid:h", {"hh": {"id": "SR-1", "member": members}}, form=form)
        form._apply_staged()
        self.assertEqual(one.state, "applied")
        self.assertEqual(self.in_use().mobile_number, "+255754200007")
        # The first person has no wallet, and is not paid at that of the second.
        members[0]["momo"] = None
        two = self.stage(
            "uuid:i", {"hh": {"id": "SR-1", "member": members}}, minute=9, form=form
        )
        form._apply_staged()
        self.assertSetAside(two, "answer", "different entries")
        self.assertEqual(self.in_use().mobile_number, "+255754200007")
        two.with_user(self.editor)._correct({"payment_phone": "0754 200 009"}, "Asked")
        self.assertEqual(self.in_use().mobile_number, "+255754200009")
