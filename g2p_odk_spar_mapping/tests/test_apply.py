from psycopg2.errors import SerializationFailure

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..pipeline import error_texts
from .apply_common import ApplyCase

PLAN_LOG = "odoo.addons.g2p_odk_spar_mapping.models.g2p_odk_form_plan"


@tagged("post_install", "-at_install")
class TestApply(ApplyCase):
    def test_numbers_of_a_question_that_became_one_for_whole_numbers(self):
        """A new version of the form drops zeros: SR 0070123 would become 70123."""
        wrong = self.new_registrant("Neema Mushi", "70123")
        account = {"fa_type": "bank_account", "dfsp_code": "FB", "number": None}
        for number, said in enumerate(
            (
                {"registrant_id": 70123},
                {"number": 754200001},
                {"number": 754200001.0},
                {"contact_phone": 754200001},
                {**account, "account_number": 123456789},
            )
        ):
            self.new_registrant("Asha Juma", f"SR-9{number}")
            answers = {"registrant_id": f"SR-9{number}", **said}
            one = self.submit(f"uuid:{number}", self.answers(**answers))
            with self.subTest(number):
                self.assertSetAside(one, "answer", "zeros at the beginning")
                self.assertFalse(one.address_id)
        self.assertFalse(self.addresses(wrong))

    def test_a_form_without_a_branch_leaves_that_of_the_account(self):
        account = {
            "number": None,
            "fa_type": "bank_account",
            "dfsp_code": "FB",
            "account_number": "0123456789",
        }
        self.submit(answers=self.answers(**account, branch_code="NB01"))
        one = self.submit(
            "uuid:1b", self.answers(**account, holder_name="Guardian"), minute=1
        )
        self.assertEqual((one.state, one.error_text), ("applied", False))
        self.assertEqual(self.in_use().holder_name, "Guardian")
        self.assertEqual(self.in_use().branch_id, self.bank.branch_ids)
        self.bank.branch_required = True
        account["account_number"] = "0123456780"
        two = self.submit("uuid:2", self.answers(**account), minute=2)
        self.assertSetAside(two, "provider", "First Bank needs one")

    def test_an_id_that_lost_its_zeros_is_set_aside(self):
        other = self.new_registrant("Peter Smith", "70123")
        self.new_registrant("Asha Juma", "0070123")
        self.form.other_name_policy = "accept"
        guardian = self.answers("70123", given_name="Neema", family_name="Mushi")
        one = self.submit(answers=guardian)
        self.assertEqual((one.state, one.partner_id), ("applied", other))
        two = self.submit("uuid:2", self.answers("70123", "0754 200 002"))
        self.assertSetAside(two, "conflict", "whose ID differs only in zeros")
        self.assertEqual(self.in_use(other).mobile_number, "+255754200001")

    def test_a_new_person_with_an_id_like_another_ones_is_set_aside(self):
        self.form.registrant_policy = "create"
        one = self.submit(answers=self.answers("SR-O1", given_name="Neema"))
        self.assertSetAside(one, "conflict", "that of Asha Juma looks like it")
        one.with_user(self.editor).action_confirm("They are two people")
        self.assertEqual(one.partner_id.spar_id, "SR-O1")
        self.assertNotEqual(one.partner_id, self.registrant)

    def test_an_id_in_characters_that_look_the_same_is_the_same(self):
        one = self.submit(answers=self.answers("SR\u20111\u200e"))
        self.assertEqual((one.state, one.partner_id), ("applied", self.registrant))
        two = self.submit("uuid:2", self.answers("70123.0"))
        self.assertSetAside(two, "answer", "looks like a number that a spreadsheet")

    # === THE PAYEE === #

    PAYEE = {
        "payee": "other",
        "payee_name": "Neema Mushi",
        "payee_relation": "guardian",
        "payee_id_number": "AB-12",
        "payee_until": "2099-12-31",
    }

    def test_another_person_receives_the_money(self):
        one = self.submit(answers=self.answers(**self.PAYEE))
        self.assertEqual((one.state, one.error_text), ("applied", False))
        address = self.in_use()
        self.assertEqual({n: str(address[n]) for n in self.PAYEE}, self.PAYEE)
        # Who receives the money is the holder, where no other is named.
        self.assertEqual(address.holder_name, "Neema Mushi")
        self.assertEqual(address.holder_match, "same")
        # A newer version of the form that does not ask keeps the payee.
        other = self.submit("uuid:2", self.answers(number="0754 200 002"), minute=2)
        self.assertEqual(other.state, "applied")
        self.assertEqual(self.in_use().payee_name, "Neema Mushi")
        alone = self.answers(number="0754 200 002", payee="self")
        self.submit("uuid:3", alone, minute=3)
        self.assertEqual(self.in_use().payee, "self")

    def test_an_edit_of_the_payee_is_an_edit_of_the_address(self):
        self.submit(answers=self.answers(**self.PAYEE))
        first = self.in_use()
        edited = self.answers(**{**self.PAYEE, "payee_name": "Ali Mushi"})
        self.submit(answers=edited, edited=5)
        self.assertNotEqual(self.in_use(), first)
        self.assertEqual(self.in_use().payee_name, "Ali Mushi")

    def test_a_payee_without_a_number_is_not_left_out_without_a_word(self):
        self.form.mapping_line_ids.required = False
        nothing = {"number": None, "fa_type": None, "dfsp_code": None}
        one = self.submit(answers=self.answers(**self.PAYEE, **nothing))
        self.assertSetAside(one, "number", "Enter the mobile number")
        # The form asks it before it asks for an address.
        alone = self.answers(payee="self", **nothing)
        two = self.submit("uuid:2", alone, minute=2)
        self.assertEqual((two.state, two.error_kind), ("waiting", "held"))
        one.with_user(self.editor).action_ignore("Asked again")
        self.assertEqual((two.state, two.error_text), ("applied", False))

    def test_the_words_of_another_form_are_mapped(self):
        words = {**self.PAYEE, "payee": "Another person", "payee_relation": "Guardian"}
        self.submit(answers=self.answers(**words))
        self.assertEqual(self.in_use().payee_relation, "guardian")
        for place, (name, message) in enumerate(
            {
                "payee": "who receives the money",
                "payee_relation": "no such relation",
            }.items()
        ):
            answers = self.answers(**{**self.PAYEE, name: "aunt"})
            one = self.submit(f"uuid:w{place}", answers, minute=place + 1)
            self.assertSetAside(one, "answer", message)
            one.with_user(self.editor).action_ignore("Asked again")

    def test_the_id_number_of_a_payee_is_masked(self):
        self.assertEqual(error_texts.shown("payee_id_number", "19800101"), "••••101")
        answers = self.answers(**{**self.PAYEE, "payee_until": "2020-01-01"})
        one = self.submit(answers=answers)
        self.assertSetAside(one, "answer", "has ended")
        for line in one.with_user(self.editor)._correctable():
            self.assertNotIn("AB-12", line["collected"])

    # === WHAT BECOMES OF A SUBMISSION === #

    def test_a_submission_becomes_an_address(self):
        one = self.submit()
        address = self.in_use()
        self.assertEqual((one.state, one.address_id), ("applied", address))
        self.assertEqual(one.partner_id, self.registrant)
        self.assertEqual(address.mobile_number, "+255754200001")
        self.assertEqual(address.channel, "odk")
        self.assertEqual(address.holder_name, "Asha Juma")

    def test_whom_nobody_knows_is_added_if_the_form_says_so(self):
        one = self.submit(answers=self.answers("SR-50"))
        self.assertSetAside(one, "no_registrant", "No registrant has the ID")
        self.form.registrant_policy = "create"
        one.action_rerun()
        partner = one.partner_id
        self.assertEqual((one.state, partner.spar_id), ("applied", "SR-50"))
        self.assertEqual((partner.name, partner.is_registrant), ("Asha Juma", True))

    def test_two_submissions_about_one_new_registrant_add_one(self):
        self.form.registrant_policy = "create"
        self.stage("uuid:1", self.answers("SR-50"), minute=1)
        self.stage("uuid:2", self.answers("SR-50", "0754 200 002"), minute=2)
        self.apply()
        partner = self.env["res.partner"].search([("spar_id", "=", "SR-50")])
        self.assertEqual(len(partner), 1)
        self.assertEqual(self.in_use(partner).mobile_number, "+255754200002")
        self.assertEqual(len(self.addresses(partner)), 2)

    def test_without_an_id_somebody_is_added_once(self):
        self.form.registrant_policy = "create_without_id"
        line = self.form.mapping_line_ids.filtered(
            lambda x: x.target == "registrant_id"
        )
        line.required = False
        answers = self.answers(None, given_name="Zawadi", family_name="Ali")
        one = self.submit(answers=answers)
        partner = one.partner_id
        self.assertEqual((one.state, partner.name), ("applied", "Zawadi Ali"))
        answers["payment"]["payment_phone"] = "0754 200 002"
        self.submit(answers=answers, edited=5)
        self.assertEqual(one.partner_id, partner)
        self.assertEqual(self.in_use(partner).mobile_number, "+255754200002")

    def test_ids_that_the_spar_id_is_made_from_match(self):
        self.registrant.ref = "N-77"
        self.make_ids_from("ref", "token:{id}@nationalId")
        for number, text in enumerate(["N-77", "token:N-77@nationalId"]):
            one = self.submit(f"uuid:{number}", self.answers(text), minute=number)
            self.assertEqual(one.partner_id, self.registrant, text)
        self.form.registrant_policy = "create"
        one = self.submit("uuid:9", self.answers("N-78"), minute=9)
        self.assertEqual(one.partner_id.spar_id, "token:N-78@nationalId")

    def test_an_id_of_several_is_set_aside(self):
        self.registrant.ref = "N-77"
        self.make_ids_from("ref")
        # Archived ones count, too.
        self.env["res.partner"].create({"name": "Double", "ref": "N-77"})
        one = self.submit(answers=self.answers("N-77"))
        self.assertSetAside(one, "conflict", "Several registrants")

    def test_who_is_archived_or_no_registrant_is_not_paid(self):
        self.env["res.partner"].create({"name": "Asha Juma", "spar_id": "SR-51"})
        one = self.submit(answers=self.answers("SR-51"))
        self.assertSetAside(one, "no_registrant", "not a registrant")
        self.registrant.active = False
        one = self.submit("uuid:2")
        self.assertSetAside(one, "no_registrant", "archived")

    def test_somebody_elses_id_is_set_aside(self):
        answers = self.answers(given_name="Peter", family_name="Smith")
        one = self.submit(answers=answers)
        self.assertSetAside(one, "conflict", "another name, Asha Juma")
        self.assertFalse(self.addresses())
        self.form.other_name_policy = "accept"
        one.action_rerun()
        self.assertEqual(one.state, "applied")

    def test_an_edit_that_is_about_somebody_else_is_set_aside(self):
        other = self.new_registrant("Asha Juma", "SR-2")
        self.submit()
        one = self.submit(answers=self.answers("SR-2"), edited=5)
        self.assertSetAside(one, "conflict", "about Asha Juma")
        self.assertFalse(self.addresses(other))
        self.assertTrue(self.in_use())

    def test_an_edit_that_takes_the_id_away_says_nothing_of_the_registrant(self):
        lines = self.form.mapping_line_ids
        lines.filtered(lambda line: line.target == "registrant_id").required = False
        self.submit()
        one = self.submit(answers=self.answers(None, "0754 200 002"), edited=5)
        self.assertSetAside(one, "no_registrant", "the ID is empty")
        self.assertEqual(self.in_use().mobile_number, "+255754200001")

    def test_which_name_and_phone_win(self):
        self.registrant.phone = False
        answers = self.answers(family_name="Juma Ali", contact_phone="0754 111 222")
        self.submit(answers=answers)
        self.assertEqual(self.registrant.name, "Asha Juma")
        self.assertEqual(self.registrant.phone, "0754 111 222")
        self.form.wins_policy = "submission"
        answers = self.answers(family_name="Juma Ali", contact_phone="0754 333 444")
        self.submit("uuid:2", answers, minute=2)
        self.assertEqual(self.registrant.name, "Asha Juma Ali")
        self.assertEqual(self.registrant.phone, "0754 333 444")

    def test_who_is_only_registered_has_no_address(self):
        self.form.mapping_line_ids.required = False
        one = self.submit(
            answers=self.answers(number=None, fa_type=None, dfsp_code=None)
        )
        self.assertEqual((one.state, one.partner_id), ("applied", self.registrant))
        self.assertFalse(self.addresses())

    def test_approval_by_channel(self):
        self.set_policy(approve_odk=True)
        self.submit()
        self.assertEqual(self.addresses().state, "to_approve")
        self.addresses().with_user(self.approver).action_approve()
        self.assertEqual(self.addresses().state, "effective")

    # === ONE BAD SUBMISSION === #

    def bad_and_good(self, number=10):
        people = [
            self.new_registrant(f"Asha Juma {n}", f"P-{n}") for n in range(number)
        ]
        for n, _person in enumerate(people):
            wrong = n % 3 == 1
            self.stage(
                f"uuid:{n}",
                self.answers(f"P-{n}", "12" if wrong else f"0754 300 {n:03}"),
                minute=n,
            )
        return people

    def test_a_bad_submission_keeps_back_nobody_else(self):
        people = self.bad_and_good()
        self.apply()
        for n, person in enumerate(people):
            one = self.submission(f"uuid:{n}")
            if n % 3 == 1:
                self.assertSetAside(one, "number", "cannot exist in Tanzania")
                self.assertFalse(self.addresses(person))
            else:
                self.assertEqual(one.state, "applied")
                self.assertTrue(self.in_use(person))

    def test_what_the_registry_refuses_at_the_last_moment_is_one_row(self):
        people = self.bad_and_good()
        refused, words = people[3], "Not this one."
        check = type(self.env["g2p.financial.address"])._check_payable

        def refuse(addresses):
            if refused in addresses.partner_id:
                raise ValidationError(words)
            return check(addresses)

        self.patch(type(self.env["g2p.financial.address"]), "_check_payable", refuse)
        self.apply()
        self.assertSetAside(self.submission("uuid:3"), "refused", words)
        self.assertEqual(self.submission("uuid:2").state, "applied")
        self.assertEqual(self.submission("uuid:5").state, "applied")

    @mute_logger(PLAN_LOG)
    def test_what_nobody_has_thought_of_is_one_row_and_tells_no_answer(self):
        people = self.bad_and_good(5)
        original = type(self.form)._check_registrant

        def fail(form, source, plan, partner):
            if partner == people[2]:
                raise ZeroDivisionError(plan.values["payment_phone"])
            return original(form, source, plan, partner)

        self.patch(type(self.form), "_check_registrant", fail)
        self.apply()
        one = self.submission("uuid:2")
        self.assertSetAside(one, "unexpected", "ZeroDivisionError")
        self.assertNotIn("0754", one.error_text)
        self.assertEqual(self.submission("uuid:3").state, "applied")

    def test_a_serialization_error_repeats_the_whole_work(self):
        one = self.stage("uuid:1", self.answers())

        def meet(addresses, entries, channel, origins):
            raise SerializationFailure("met")

        self.patch(type(self.env["g2p.financial.address"]), "submit", meet)
        with self.assertRaises(SerializationFailure), self.env.cr.savepoint():
            one._apply()
        self.assertEqual(one.state, "staged")

    def test_many_cost_few_queries_each(self):
        def queries(first, last):
            for n in range(first, last):
                self.new_registrant(f"Asha Juma {n}", f"Q-{n}")
                self.stage(f"uuid:q{n}", self.answers(f"Q-{n}", f"0754 3{n:05}"))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.apply()
            return self.env.cr.sql_log_count - before

        queries(0, 1)
        few = queries(10, 15)
        many = queries(20, 60)
        self.assertLess((many - few) / 35, 4)

    # === ORDER === #

    def test_the_last_submitted_wins_in_whatever_order_they_arrive(self):
        for order in ((1, 2, 3), (3, 1, 2), (2, 3, 1), (3, 2, 1)):
            with self.subTest(order=order), self.env.cr.savepoint() as savepoint:
                for minute in order:
                    self.submit(
                        f"uuid:{minute}",
                        self.answers(number=f"0754 200 00{minute}"),
                        minute=minute,
                    )
                self.assertEqual(self.in_use().mobile_number, "+255754200003")
                states = self.form.submission_ids.mapped("state")
                self.assertEqual(states, ["applied"] * 3)
                savepoint.rollback()

    def test_a_bad_one_holds_back_later_ones_of_the_same_registrant_only(self):
        other = self.new_registrant("Asha Juma", "SR-2")
        self.stage("uuid:0", self.answers(number="0754 200 000"), minute=0)
        bad = self.stage("uuid:1", self.answers(number="12"), minute=1)
        late = self.stage("uuid:2", self.answers(), minute=2)
        self.stage("uuid:3", self.answers("SR-2", "0754 200 003"), minute=3)
        self.apply()
        self.assertEqual(bad.state, "set_aside")
        self.assertEqual(
            (late.state, late.error_kind, late.held_by_id), ("waiting", "held", bad)
        )
        self.assertEqual(self.in_use().mobile_number, "+255754200000")
        self.assertTrue(self.in_use(other))
        # Put right at Central, both go on, in order.
        self.submit("uuid:1", self.answers(number="0754 200 009"), minute=1, edited=9)
        self.assertEqual((bad.state, late.state), ("applied", "applied"))
        self.assertEqual(
            self.addresses().mapped("mobile_number"),
            ["+255754200000", "+255754200009", "+255754200001"],
        )

    def test_who_waited_goes_on_when_the_bad_one_is_deleted(self):
        self.stage("uuid:1", self.answers(number="12"), minute=1)
        late = self.submit("uuid:2", minute=2)
        self.assertEqual(late.state, "waiting")
        self.delete_at_central("uuid:1")
        self.apply()
        self.assertEqual(late.state, "applied")

    def test_who_waited_goes_on_when_the_bad_one_waits_for_a_review(self):
        self.stage("uuid:1", self.answers(number="12"), minute=1)
        late = self.submit("uuid:2", minute=2)
        self.assertEqual(late.state, "waiting")
        bad = self.answers(number="12")
        bad = self.submit("uuid:1", bad, minute=1, edited=9, review="hasIssues")
        self.assertEqual((bad.state, bad.error_kind), ("waiting", "has_issues"))
        self.assertEqual(late.state, "applied")

    def test_an_older_one_does_not_overtake_what_was_entered_since(self):
        self.stage("uuid:1", self.answers())
        self.enter_address("0754 555 555")
        self.apply()
        one = self.submission("uuid:1")
        self.assertSetAside(one, "newer", "Another address was entered")
        self.assertEqual(self.in_use().mobile_number, "+255754555555")
        one.with_user(self.editor).action_confirm("Called the registrant")
        self.assertEqual(self.in_use().mobile_number, "+255754200001")
        self.assertEqual(self.in_use().author_ids, self.editor)

    # === ONCE === #

    def test_applied_once_whatever_is_asked_again(self):
        one = self.submit()
        for _time in range(3):
            self.submit()
            one.sudo().state = "staged"
            self.apply()
        self.assertEqual(len(self.addresses()), 1)
        self.assertEqual(one.state, "applied")

    def test_an_edit_that_changes_no_payment_makes_no_new_address(self):
        self.submit()
        address = self.in_use()
        one = self.submit(answers=self.answers(contact_phone="0754 9"), edited=5)
        self.assertEqual((one.version, one.applied_version), (2, 2))
        self.assertEqual(self.addresses(), address)
        # Not even when somebody has amended the address meanwhile.
        self.enter_address("0754 555 555")
        self.submit(answers=self.answers(contact_phone="0754 8"), edited=6)
        self.assertEqual(self.in_use().mobile_number, "+255754555555")

    def test_what_is_in_use_already_is_left_alone(self):
        address = self.enter_address("0754 200 001", holder_name="Asha Juma")
        one = self.submit()
        self.assertEqual((one.state, one.address_id), ("applied", address))
        self.assertEqual(self.addresses(), address)

    def test_what_is_set_aside_is_work_that_waits(self):
        def waiting(user):
            found = self.env["g2p.fa.work"].with_user(user).entries()
            return [one for one in found if one["name"] == "odk_set_aside"]

        editor = self.new_user("w_editor", "editor")
        viewer = self.new_user("w_viewer", "viewer")
        self.assertFalse(waiting(editor))
        bad = self.submit(answers=self.answers(number="12"))
        self.assertEqual(bad.state, "set_aside")
        (entry,) = waiting(editor)
        self.assertEqual((entry["count"], entry["button"]), (1, "Correct"))
        self.assertTrue(entry["since"])
        self.env.ref(entry["action"])
        # They see that it waits, and cannot open it.
        (entry,) = waiting(viewer)
        self.assertEqual((entry["count"], entry["button"]), (1, ""))

    # === WHERE IT COMES FROM === #

    def test_who_collected_it_and_which_version_stay_with_the_address(self):
        one = self.submit()
        first = self.in_use()
        self.assertEqual(
            (first.odk_submission_id, first.odk_submitter, first.odk_device),
            (one, "Collector Kim", "device-1"),
        )
        self.assertEqual(first.entered_by, "Collector Kim")
        self.assertEqual(
            (first.odk_instance, first.odk_version), ("uuid:1", "uuid:1-v0")
        )
        self.submit(answers=self.answers(number="0754 200 002"), edited=5)
        self.assertEqual(self.in_use().odk_version, "uuid:1-v5")
        self.assertEqual((first.odk_version, first.state), ("uuid:1-v0", "ended"))

    def test_nobody_writes_by_hand_where_an_address_comes_from(self):
        one = self.submit()
        with self.assertRefused("not written by hand"):
            self.enter_address(user=self.editor, odk_submission_id=one.id)

    # === TAKEN BACK AT CENTRAL === #

    def tasks(self):
        return self.addresses().activity_ids.filtered(
            lambda a: "withdrawn" in a.activity_type_id.name
        )

    def test_deleted_after_it_was_applied_asks_somebody_once(self):
        one = self.submit()
        for _time in range(2):
            self.delete_at_central("uuid:1")
        self.assertEqual((one.state, self.in_use()), ("removed", one.address_id))
        self.assertEqual(len(self.tasks()), 1)
        self.assertTrue(
            self.tasks().user_id.has_group("g2p_spar_financial_address.group_approver")
        )

    def test_rejected_after_it_was_applied_asks_somebody_once(self):
        self.submit()
        for minute, review in enumerate(["rejected", "approved", "rejected"], 5):
            self.submit(review=review, edited=minute)
        self.assertEqual(len(self.tasks()), 1)
        self.assertEqual(len(self.addresses()), 1)

    def test_rejected_before_it_was_applied_asks_nobody(self):
        one = self.submit(review="rejected")
        self.assertEqual(one.state, "ignored")
        self.assertFalse(self.addresses())

    def test_what_the_policy_does_not_let_in_any_more_is_not_applied(self):
        self.form.review_policy = "any"
        one = self.stage("uuid:1", self.answers(), review="rejected")
        other = self.stage("uuid:2", self.answers(), minute=1, review="approved")
        self.form.review_policy = "approved"
        self.apply()
        self.assertEqual((one.state, other.state), ("staged", "applied"))
        self.assertEqual(self.in_use().odk_submission_id, other)

    def test_taken_back_after_another_address_followed_asks_nobody(self):
        self.submit()
        self.submit("uuid:2", self.answers(number="0754 200 002"), minute=2)
        self.delete_at_central("uuid:1")
        self.assertFalse(self.tasks())

    # === FORGETTING === #

    def test_erasing_the_number_erases_the_answers(self):
        one = self.submit()
        self.in_use().action_end("Moved away")
        self.addresses()._erase()
        self.assertFalse(one.sudo().payload)
