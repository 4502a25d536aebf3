from odoo.tests import Form, tagged

from .apply_common import ApplyCase


@tagged("post_install", "-at_install")
class TestApplyDecisions(ApplyCase):
    def bad(self, **more):
        return self.submit(answers=self.answers(**{"number": "12", **more})).with_user(
            self.editor
        )

    def correct(self, one, reason="Called the collector", **values):
        action = one.action_open_correction()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.editor)
            .with_context(**action["context"])
        )
        form = Form(wizard)
        targets = [line["target"] for line in form.line_ids._records]
        for target, value in values.items():
            with form.line_ids.edit(targets.index(target)) as line:
                line.value = value
        form.reason = reason
        form.save().action_correct()

    def test_a_corrected_value_is_imported_and_kept_beside_the_answer(self):
        one = self.bad()
        answers = one.sudo().payload
        self.correct(one, payment_phone="0754 200 001")
        self.assertEqual(one.state, "applied")
        self.assertEqual(self.in_use().mobile_number, "+255754200001")
        self.assertEqual(one.sudo().payload, answers)
        correction = one.correction_ids
        self.assertEqual(
            (correction.target, correction.shown, correction.shown_before),
            ("payment_phone", "••••001", "••••"),
        )
        self.assertEqual(correction.create_uid, self.editor)
        self.assertEqual(correction.reason, "Called the collector")

    def test_the_dialog_shows_what_was_collected_masked(self):
        one = self.bad(number="0754 200 00122")
        lines = self.collected(one)
        self.assertEqual(lines["given_name"], "Asha")
        self.assertEqual(lines["payment_phone"], "••••122")

    def test_the_dialog_names_questions_types_and_providers(self):
        question = self.form.question_ids.filtered(
            lambda one: one.path == "payment/payment_phone"
        )
        question.label = "Which phone?"
        one = self.bad()
        lines = {line["target"]: line for line in one._correctable()}
        self.assertEqual(lines["payment_phone"]["question"], "Which phone?")
        self.assertEqual(lines["given_name"]["question"], "Given name")
        self.assertEqual(lines["fa_type"]["collected"], "Mobile wallet")
        self.assertEqual(lines["dfsp_code"]["collected"], "M-Cash")

    def test_an_answer_that_cannot_be_read_is_shown_as_it_was_given(self):
        line = self.form.mapping_line_ids.filtered(lambda x: x.target == "fa_type")
        line.write({"transform": "map", "parameter": "momo = mobile_wallet"})
        one = self.submit(answers=self.answers(fa_type="Airtime")).with_user(
            self.editor
        )
        self.assertSetAside(one, "answer", "not in the table")
        self.assertEqual(self.collected(one)["fa_type"], "Airtime")

    def test_an_editor_sees_the_number_that_was_typed_and_it_is_recorded(self):
        one = self.bad(number="0754 200 00122")
        Reveal = self.env["g2p.fa.reveal"]
        before = Reveal.search([])
        self.assertEqual(one.reveal("payment_phone"), "0754 200 00122")
        row = Reveal.search([]) - before
        self.assertEqual(
            (row.way, row.masked, row.user_id, row.partner_id),
            ("collected", "••••122", self.editor, self.registrant),
        )
        # What was never masked leaves no row.
        self.assertEqual(one.reveal("given_name"), "Asha")
        self.assertEqual(Reveal.search([]) - before, row)
        self.correct(one, payment_phone="0754 200 001")
        with self.assertRefused("just decided"):
            one.reveal("payment_phone")

    def collected(self, one):
        return {line["target"]: line["collected"] for line in one._correctable()}

    def test_whoever_corrected_it_does_not_approve_it(self):
        self.set_policy(approve_odk=True)
        both = self.new_user("o_both", "editor", "approver")
        one = self.bad()
        one.with_user(both)._correct({"payment_phone": "0754 200 001"}, "Called")
        address = one.address_id
        self.assertEqual(address.state, "to_approve")
        with self.assertRefused("entered this address yourself"):
            address.with_user(both).action_approve()
        address.with_user(self.approver).action_approve()

    def test_what_an_editor_corrected_or_confirmed_is_typed_by_them(self):
        # What collectors send needs no second person, what is typed here does.
        self.set_policy(approve_admin=True)
        one = self.bad()
        one._correct({"payment_phone": "0754 200 666"}, "Called")
        self.assertEqual(one.address_id.state, "to_approve")
        self.new_registrant("Neema Mushi", "SR-2")
        other = self.submit("uuid:2", self.answers("SR-2", "0754 200 667"))
        self.assertSetAside(other, "conflict", "under another name")
        other.with_user(self.editor).action_confirm("The same person")
        self.assertEqual(other.address_id.state, "to_approve")
        collected = self.submit("uuid:3", self.answers(number="0754 200 001"), minute=5)
        self.assertEqual(collected.address_id.state, "effective")

    def test_a_corrected_id_that_another_gave_up_waits(self):
        # E-mail wallets need no second person, but whose ID it was was paid otherwise.
        self.set_policy(approve_admin=True)
        self.form.registrant_policy = "create"
        self.enter_address(channel="portal")
        clerk = self.new_user("o_clerk", "editor", "base.group_partner_manager")
        self.registrant.with_user(clerk).spar_id = False
        proposals = self.env["g2p.fa.proposal"].search([("state", "=", "to_approve")])
        proposals.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertFalse(self.registrant.spar_id)
        one = self.submit(
            answers=self.answers(
                "SR-66",
                None,
                given_name="Peter",
                family_name="Smith",
                fa_type="email_wallet",
                dfsp_code="PM",
                wallet_email="nonsense",
            )
        )
        one.with_user(self.editor)._correct(
            {"registrant_id": "SR-1", "wallet_email": "peter@mpay.example"}, "Called"
        )
        self.assertEqual(one.state, "applied")
        newcomer = one.partner_id
        self.assertEqual(newcomer.name, "Peter Smith")
        self.env.invalidate_all()
        self.assertFalse(newcomer.spar_id)
        proposal = self.env["g2p.fa.proposal"].search([("state", "=", "to_approve")])
        self.assertEqual(proposal.after, "SPAR ID: SR-1")
        self.assertEqual(proposal.proposed_by_id, self.editor)

    def test_a_correction_is_of_one_version_only(self):
        one = self.bad()
        one._correct({"payment_phone": "0754 200 001"}, "Called")
        self.submit(answers=self.answers(number="0754 200 005"), edited=5)
        self.assertEqual(self.in_use().mobile_number, "+255754200005")

    def test_a_second_correction_counts(self):
        one = self.bad()
        one._correct({"payment_phone": "13"}, "Called")
        self.assertEqual((one.state, one.attempts), ("set_aside", 2))
        one._correct({"payment_phone": "0754 200 001"}, "Called again")
        self.assertEqual(one.state, "applied")
        self.assertEqual(len(one.correction_ids), 2)

    def test_a_corrected_id_finds_the_registrant(self):
        one = self.submit(answers=self.answers("SR-l")).with_user(self.editor)
        self.assertSetAside(one, "no_registrant", "No registrant")
        one._correct({"registrant_id": "SR-1"}, "Looked at the card")
        self.assertEqual(one.partner_id, self.registrant)
        self.assertEqual(one.registrant_key, "SR-1")

    def test_a_corrected_id_lets_those_of_the_other_id_go_on(self):
        bad = self.stage("uuid:1", self.answers(number="12"), minute=1)
        late = self.submit("uuid:2", minute=2)
        self.assertEqual((late.state, late.held_by_id), ("waiting", bad))
        self.new_registrant("Asha Juma", "SR-2")
        values = {"registrant_id": "SR-2", "payment_phone": "0754 200 008"}
        bad.with_user(self.editor)._correct(values, "Looked at the card")
        self.assertEqual((bad.state, late.state), ("applied", "applied"))

    def test_reasons_are_needed_and_hold_no_numbers(self):
        one = self.bad()
        with self.assertRefused("Say why"):
            one._correct({"payment_phone": "0754 200 001"}, " ")
        with self.assertRefused("Leave numbers"):
            one._correct({"payment_phone": "0754 200 001"}, "It is 0754200001")
        with self.assertRefused("at least one value"):
            one._correct({"payment_phone": " "}, "Called")
        with self.assertRefused("Say why"):
            one.action_ignore(False)

    def test_ignored_with_a_reason_lets_later_ones_go_on(self):
        one = self.bad()
        late = self.submit("uuid:2", minute=2)
        self.assertEqual(late.state, "waiting")
        action = one.with_context(decision="ignore").action_ask_reason()
        wizard = self.env[action["res_model"]].with_user(self.editor)
        wizard = wizard.with_context(**action["context"])
        wizard.create({"reason": "A double"}).action_decide()
        self.assertEqual((one.state, one.decided_by_id), ("ignored", self.editor))
        self.assertEqual(one.decision_note, "A double")
        self.assertEqual(late.state, "applied")
        # Seen again at Central, it stays ignored; edited, it counts again.
        self.submit(answers=self.answers(number="12"))
        self.assertEqual(one.state, "ignored")
        self.submit(answers=self.answers(number="0754 200 009"), edited=1)
        self.assertEqual(one.state, "applied")
        self.assertEqual(self.in_use().odk_instance, "uuid:2")
        self.assertTrue(one.superseded)

    def test_many_are_imported_again_at_once(self):
        people = [self.new_registrant("Asha Juma", f"R-{n}") for n in range(5)]
        for n, person in enumerate(people):
            self.stage(
                f"uuid:{n}",
                self.answers(person.spar_id, f"0754 40{n} 000", dfsp_code="NEW"),
            )
        self.apply()
        rows = self.form.submission_ids.with_user(self.editor)
        self.assertEqual(set(rows.mapped("error_kind")), {"provider"})
        self.operator.copy({"code": "NEW", "name": "New Operator"})
        rows.action_rerun()
        self.assertEqual(set(rows.mapped("state")), {"applied"})
        self.assertTrue(all(self.in_use(person) for person in people))

    def test_confirmed_although_the_name_is_another(self):
        answers = self.answers(given_name="Peter", family_name="Smith")
        one = self.submit(answers=answers).with_user(self.editor)
        one.action_confirm("Her name since the wedding")
        self.assertEqual((one.state, one.partner_id), ("applied", self.registrant))
        # Of the next version nobody has said anything.
        answers["payment"]["payment_phone"] = "0754 200 002"
        self.submit(answers=answers, edited=5)
        self.assertEqual((one.state, one.error_kind), ("set_aside", "conflict"))

    def test_what_is_wrong_in_itself_cannot_be_confirmed(self):
        with self.assertRefused("Correct it instead"):
            self.bad().action_confirm("It is right")

    def test_what_is_settled_is_not_decided_again(self):
        one = self.submit().with_user(self.editor)
        for decide in (
            lambda: one.action_ignore("No"),
            lambda: one.action_rerun(),
            lambda: one.action_confirm("Yes"),
            lambda: one._correct({"full_name": "X"}, "Yes"),
        ):
            with self.assertRefused("just decided"):
                decide()
        self.assertEqual(one.state, "applied")

    # === WHAT WAS TYPED STAYS NO LONGER THAN IT IS NEEDED === #

    def stored(self, *tables):
        """Return all that some tables hold, as one text."""
        self.env.flush_all()
        texts = []
        for table in tables:
            self.env.cr.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            texts += [text for (text,) in self.env.cr.fetchall()]
        return "\n".join(texts)

    def typed(self):
        return self.stored(
            "g2p_odk_correct", "g2p_odk_correct_line", "g2p_odk_correction"
        )

    def test_what_was_typed_into_a_refused_correction_is_not_kept(self):
        one = self.bad()
        with self.assertRefused("Leave numbers"):
            self.correct(one, reason="Called 0754 200 777", payment_phone="0754 1")
        self.correct(one, reason="Called", payment_phone="0754 200 778\x01")
        self.assertEqual(one.state, "set_aside")
        self.assertNotIn("200 778", self.typed())
        wizard = self.env["g2p.odk.correct"].search([], order="id desc", limit=1)
        self.assertIn("control character", wizard.refusal)
        self.assertFalse(wizard.line_ids.filtered("value"))
        with Form(wizard.with_user(self.editor)) as form:
            form.reason = "Called"
            targets = [line["target"] for line in form.line_ids._records]
            with form.line_ids.edit(targets.index("payment_phone")) as line:
                line.value = "0754 200 001"
        wizard.with_user(self.editor).action_correct()
        self.assertEqual(one.state, "applied")

    def test_a_correction_that_is_replaced_keeps_no_number(self):
        one = self.bad()
        one._correct({"payment_phone": "0754 200 77"}, "Called")
        self.assertIn("0754 200 77", self.typed())
        one._correct({"payment_phone": "0754 200 001"}, "Called again")
        self.assertNotIn('200 77"', self.typed())

    def test_a_correction_of_what_is_left_out_keeps_no_number(self):
        one = self.bad()
        one._correct({"payment_phone": "0754 200 77"}, "Called")
        one.action_ignore("Sent twice")
        self.assertNotIn("200 77", self.typed())

    def test_what_waits_of_a_person_is_erased_with_their_payment_data(self):
        self.submit(answers=self.answers(number="0754 200 001"))
        one = self.bad(number="0754 200 77")
        one._correct({"payment_phone": "0754 200 78"}, "Called")
        self.assertEqual(one.state, "set_aside")
        self.registrant.action_remove_payment_data()
        for number in ("0754 200 77", "0754 200 78", "754200001"):
            self.assertNotIn(
                number,
                self.stored(
                    "g2p_odk_submission", "g2p_odk_correction", "g2p_financial_address"
                ),
            )
