from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import PortalCase, text_of


@tagged("post_install", "-at_install")
class TestPayment(PortalCase):
    """An agent enters and changes where a registrant is paid."""

    def setUp(self):
        super().setUp()
        self.sign_in()

    def wallet(self, number="0754 200 001", **typed):
        """Return the form of a mobile wallet, filled in."""
        typed = {"dfsp_id": str(self.operator.id), "mobile_number": number, **typed}
        return self.form(f"{self.payment_path}?type=mobile_wallet", **typed)

    def account(self, number="0123456789", **typed):
        path = f"{self.payment_path}?type=bank_account&provider={self.bank.id}"
        return self.form(path, account_number=number, **typed)

    # === EACH TYPE === #

    def test_a_mobile_wallet_is_entered(self):
        self.send(self.payment_path, self.wallet(), 303)
        self.assertURLEqual(
            self.response.headers["Location"], f"{self.person_path}?saved=1"
        )
        address = self.addresses
        self.assertRecordValues(
            address,
            [
                {
                    "fa_type": "mobile_wallet",
                    "dfsp_id": self.operator.id,
                    "mobile_number": "+255754200001",
                    "holder_name": "Asha Juma",
                    "channel": "portal",
                    "state": "effective",
                    "entered_by_id": self.agent.id,
                    "create_uid": self.agent.id,
                }
            ],
        )
        self.run_engine()
        self.assertInSync()
        self.assertEqual(self.mapping.change_ids.channel, "portal")

    def test_a_bank_account_is_entered_bank_first(self):
        page = self.get(self.payment_path)
        self.assertEqual(
            page.xpath("//input[@type='radio']/@value"),
            ["bank_account", "mobile_wallet", "email_wallet"],
        )
        page = self.get(f"{self.payment_path}?type=bank_account")
        banks = page.xpath("//select[@name='provider']/option/@value")
        self.assertIn(str(self.bank.id), banks)
        self.assertNotIn(str(self.operator.id), banks)
        form = self.account(branch_id=str(self.bank.branch_ids.id))
        self.send(self.payment_path, form, 303)
        self.assertEqual(self.addresses.account_number, "0123456789")
        self.assertEqual(self.addresses.branch_id, self.bank.branch_ids)

    def test_the_branch_is_suggested_and_may_be_needed(self):
        self.bank.branch_required = True
        page = self.send(self.payment_path, self.account(branch_id=""), 422)
        self.assertIn("First Bank needs one", self.errors(page)["branch_id"])
        branch = str(self.bank.branch_ids.id)
        self.send(self.payment_path, self.account(branch_id=branch), 303)
        again = self.form(
            self.payment_path, account_number="0123456780", reason="A new account"
        )
        self.assertEqual(again["branch_id"], branch)
        self.send(self.payment_path, again, 303)
        newest = self.registrant.financial_address_id
        self.assertEqual(newest.account_number, "0123456780")
        self.assertEqual(newest.branch_id, self.bank.branch_ids)

    def test_a_branch_that_is_closed_meanwhile_is_neither_lost_nor_taken(self):
        branch = self.bank.branch_ids
        self.send(self.payment_path, self.account(branch_id=str(branch.id)), 303)
        branch.active = False
        again = self.form(
            self.payment_path,
            account_number="0123456789",
            holder_name="Neema Juma",
            reason="A new holder",
        )
        before = self.registrant.financial_address_id
        page = self.send(self.payment_path, again, 422)
        self.assertIn("is archived", text_of(page.get_element_by_id("errors")))
        self.assertEqual(self.registrant.financial_address_id, before)
        self.assertEqual(before.branch_id, branch)

    def test_an_email_wallet_is_entered(self):
        form = self.form(
            f"{self.payment_path}?type=email_wallet",
            dfsp_id=str(self.mail_operator.id),
            email_address="asha@Mpay.example",
        )
        self.send(self.payment_path, form, 303)
        self.assertEqual(self.addresses.email_address, "asha@mpay.example")

    def test_the_payment_phone_is_the_contact_phone_if_somebody_ticks_that(self):
        self.send(self.payment_path, self.wallet("", same_as_contact="1"), 303)
        self.assertEqual(self.addresses.mobile_number, "+255754100001")

    # === THE PAYEE === #

    PAYEE = {
        "payee_name": "Neema Mushi",
        "payee_relation": "guardian",
        "payee_id_number": "AB-12",
        "payee_until": "2099-12-31",
    }

    def test_another_person_receives_the_money(self):
        page = self.get(f"{self.payment_path}?type=mobile_wallet")
        self.assertFalse(page.xpath("//details/@open"))
        self.send(self.payment_path, self.wallet(**self.PAYEE), 303)
        address = self.addresses
        self.assertEqual(address.payee, "other")
        self.assertEqual({n: str(address[n]) for n in self.PAYEE}, self.PAYEE)
        text = text_of(self.get(self.person_path))
        said = "Paid to: Neema Mushi · Guardian · mandate until 12/31/2099"
        self.assertIn(said, text)
        self.assertNotIn("AB-12", text)
        form = self.wallet("0754 200 002", reason="A new number")
        # An ID number is not shown again, and the same payee keeps it.
        self.assertNotIn("AB-12", self.response.text)
        shown = {name: form[name] for name in self.PAYEE}
        self.assertEqual(shown, {**self.PAYEE, "payee_id_number": ""})
        self.send(self.payment_path, form, 303)
        newest = self.registrant.financial_address_id
        self.assertNotEqual(newest, address)
        self.assertEqual({n: str(newest[n]) for n in self.PAYEE}, self.PAYEE)
        form = self.wallet("0754 200 003", reason="Of age", **dict.fromkeys(shown, ""))
        self.send(self.payment_path, form, 303)
        newest = self.registrant.financial_address_id
        self.assertEqual((newest.payee, newest.payee_name), ("self", False))

    def test_what_is_wrong_with_the_payee_is_seen(self):
        for typed, name, message in (
            ({"payee_until": "2099-12-31"}, "payee_name", "Enter the name"),
            ({**self.PAYEE, "payee_until": "2020-01-01"}, "payee_until", "has ended"),
            ({**self.PAYEE, "payee_relation": "x"}, "payee_relation", "from the list"),
        ):
            with self.subTest(name):
                page = self.send(self.payment_path, self.wallet(**typed), 422)
                errors = self.errors(page)
                self.assertEqual(list(errors), [name])
                self.assertIn(message, errors[name])
                self.assertTrue(page.xpath("//details/@open"))
                self.assertNothingEntered()

    # === WHAT IS WRONG === #

    def test_an_error_stands_at_its_field_and_what_was_typed_comes_back(self):
        cases = [
            (self.wallet("0754 12"), "mobile_number", "cannot exist in Tanzania"),
            (self.wallet(""), "mobile_number", "Enter the mobile number"),
            (self.wallet(dfsp_id=""), "dfsp_id", "Choose one from the list"),
            (
                self.wallet(dfsp_id=str(self.bank.id)),
                "dfsp_id",
                "Choose one from the list",
            ),
            (self.wallet(holder_name="A\x07"), "holder_name", "invisible control"),
            (self.wallet(holder_name="A" * 300), "holder_name", "too long"),
            (self.account("12 ?"), "account_number", "digits"),
            (self.account(""), "account_number", "Enter the account number"),
            (self.account(branch_id="999999"), "branch_id", "Choose one from"),
            (self.account(dfsp_id="0"), "dfsp_id", "Choose one from the list"),
            (
                self.form(
                    f"{self.payment_path}?type=email_wallet",
                    dfsp_id=str(self.mail_operator.id),
                    email_address="asha at home",
                ),
                "email_address",
                "not an e-mail address",
            ),
        ]
        for form, name, message in cases:
            with self.subTest(name, message=message):
                page = self.send(self.payment_path, form, 422)
                errors = self.errors(page)
                self.assertEqual(list(errors), [name])
                self.assertIn(message, errors[name])
                (again,) = page.xpath("//form[@method='post']")
                shown = dict(again.form_values())
                typed = {"mobile_number", "account_number", "email_address"}
                again_there = ({"holder_name"} | typed) & form.keys() & shown.keys()
                self.assertTrue(again_there)
                for field in again_there:
                    if "\x07" not in form[field]:
                        self.assertEqual(shown[field], form[field])
                self.assertNothingEntered()

    def test_all_errors_are_told_at_once(self):
        self.enter_on_portal()
        page = self.send(self.payment_path, self.wallet("", dfsp_id=""), 422)
        self.assertEqual(
            self.errors(page).keys(), {"dfsp_id", "mobile_number", "reason"}
        )
        self.assertIn("Not saved yet", text_of(page.get_element_by_id("errors")))

    def test_a_tick_and_another_number_contradict_each_other(self):
        form = self.wallet("0754 200 001", same_as_contact="1")
        errors = self.errors(self.send(self.payment_path, form, 422))
        self.assertIn("another number than the contact", errors["mobile_number"])
        self.assertNothingEntered()
        same = self.wallet("0754 100 001", same_as_contact="1")
        self.send(self.payment_path, same, 303)

    def test_a_contact_phone_that_is_no_mobile_phone_is_told_at_the_tick(self):
        self.registrant.phone = "12"
        form = self.wallet("", same_as_contact="1")
        errors = self.errors(self.send(self.payment_path, form, 422))
        self.assertEqual(list(errors), ["same_as_contact"])
        self.registrant.phone = False
        page = self.get(f"{self.payment_path}?type=mobile_wallet")
        self.assertFalse(page.xpath("//input[@name='same_as_contact']"))
        errors = self.errors(self.send(self.payment_path, form, 422))
        self.assertNothingEntered()

    def test_a_bank_that_was_archived_meanwhile_loses_nothing(self):
        form = self.account()
        self.bank.active = False
        page = self.send(self.payment_path, form, 422)
        self.assertEqual(list(self.errors(page)), ["dfsp_id"])
        typed = page.xpath("//input[@name='account_number']/@value")
        self.assertEqual(typed, ["0123456789"])

    # === CHANGING === #

    def test_a_change_takes_a_reason_and_keeps_the_history(self):
        first = self.enter_on_portal()
        form = self.wallet("0754 200 002", reason="")
        errors = self.errors(self.send(self.payment_path, form, 422))
        self.assertEqual(list(errors), ["reason"])
        for number, said in (
            ("0754 200 003", "Leave numbers"),
            ("0754 200 002", "contains the number of a payment address"),
        ):
            form["reason"] = f"Call me on {number}"
            errors = self.errors(self.send(self.payment_path, form, 422))
            self.assertIn(said, errors["reason"])
        form["reason"] = "Lost the old phone"
        self.send(self.payment_path, form, 303)
        second = self.addresses - first
        self.assertEqual(first.state, "ended")
        self.assertEqual(second.mapped("state"), ["effective"])
        self.assertEqual(second.previous_id, first)

    def test_a_reason_with_the_number_in_use_is_a_question(self):
        first = self.enter_on_portal()
        before = self.env["g2p.fa.reveal"].search([])
        form = self.wallet("0754 200 002", reason="was 754x200x001")
        errors = self.errors(self.send(self.payment_path, form, 422))
        self.assertIn("contains the number of a payment address", errors["reason"])
        self.env.invalidate_all()
        row = self.env["g2p.fa.reveal"].search([]) - before
        self.assertEqual((row.way, row.address_id), ("search", first))
        self.assertEqual(row.user_id, self.agent)

    def test_the_number_in_use_is_never_shown_again(self):
        self.enter_on_portal()
        for path in (
            self.person_path,
            self.payment_path,
            f"{self.payment_path}?type=mobile_wallet",
            f"{self.payment_path}?type=other",
        ):
            with self.subTest(path):
                self.get(path)
                self.assertIn("+2557••••001", self.response.text)
                self.assertNotIn("754200001", self.response.text.replace(" ", ""))

    def test_the_same_address_again_is_not_a_change(self):
        first = self.enter_on_portal(holder_name="Asha Juma")
        form = self.wallet("0754 200 001", reason="Asked again")
        self.send(self.payment_path, form, 303)
        self.assertEqual(self.addresses, first)

    # === THE POLICY OF THE CHANNEL === #

    def test_a_second_person_approves_where_the_policy_says_so(self):
        self.set_policy(approve_portal=True)
        self.send(self.payment_path, self.wallet(), 303)
        self.assertEqual(self.addresses.state, "to_approve")
        self.assertEqual(self.addresses.entered_by_id, self.agent)
        text = text_of(self.get(self.person_path))
        self.assertIn("To approve", text)
        self.assertIn("Saved. Waiting for a second person.", text)
        approver = self.new_user("ada", "approver")
        self.addresses.with_user(approver).action_approve()
        self.assertEqual(self.addresses.state, "effective")

    def test_a_number_others_use_waits_where_the_policy_refuses(self):
        self.set_policy(shared="refuse")
        other = self.new_registrant("Other", "O-1")
        self.enter_address(partner_id=other.id)
        self.send(self.payment_path, self.wallet(), 303)
        self.assertEqual(self.addresses.state, "to_approve")
        text = text_of(self.get(self.person_path))
        self.assertIn("Saved. Waiting for a second person.", text)
        self.assertNotIn("nother registrant", text)

    def test_a_refusal_of_no_field_is_told_at_the_top(self):
        form = self.wallet()
        refusal = "Not today"
        Address = type(self.env["g2p.financial.address"])

        def refuse(_self):
            raise UserError(refusal)

        self.patch(Address, "_check_payable", refuse)
        page = self.send(self.payment_path, form, 422)
        self.assertIn(refusal, text_of(page.get_element_by_id("errors")))
        self.assertNothingEntered()

    # === SENT TWICE === #

    def test_a_form_sent_twice_enters_one_address(self):
        form = self.wallet()
        for _time in range(3):
            self.send(self.payment_path, form, 303)
        self.assertEqual(len(self.addresses), 1)
        self.assertEqual(len(self.mapping.change_ids), 1)

    def test_a_change_sent_twice_is_one_change(self):
        self.enter_on_portal()
        form = self.wallet("0754 200 002", reason="New phone")
        for _time in range(2):
            self.send(self.payment_path, form, 303)
        self.assertEqual(len(self.addresses), 2)

    def test_a_form_that_was_refused_can_be_corrected_and_sent(self):
        form = self.wallet("12")
        self.send(self.payment_path, form, 422)
        self.send(self.payment_path, {**form, "mobile_number": "0754 200 001"}, 303)
        self.assertEqual(len(self.addresses), 1)

    def test_another_number_from_an_old_form_is_not_taken_for_the_same(self):
        form = self.wallet()
        self.send(self.payment_path, form, 303)
        other = {**form, "mobile_number": "0754 200 002", "reason": "Typing error"}
        self.send(self.payment_path, other, 303)
        self.assertEqual(self.registrant.financial_address_id.masked, "+2557••••002")

    def test_a_form_once_sent_is_done_again_for_another_person(self):
        form = self.wallet()
        self.send(self.payment_path, form, 303)
        (other,) = self.new_people(1)
        self.send(f"/my/people/{other.id}/payment", form, 303)
        self.assertTrue(other.financial_address_ids)
