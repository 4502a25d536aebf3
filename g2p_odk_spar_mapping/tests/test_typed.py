from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.tests.typed import SAME_TEXT, TypedTables

from .apply_common import ApplyCase


@tagged("post_install", "-at_install")
class TestTypedInOdk(TypedTables, ApplyCase):
    channel = "odk"
    # A form asks for no reason.
    has_reason = False

    def enter(self, person, said):
        number = next(self.typed_ids)
        targets = {
            "bank_account": "account_number",
            "mobile_wallet": "payment_phone",
            "email_wallet": "wallet_email",
        }
        payment = {
            "fa_type": said["fa_type"],
            "dfsp_code": said.get("provider_text") or said["provider"].code,
            "branch_code": said.get("branch_text"),
            "number": None,
            targets[said["fa_type"]]: said["number"],
            **said.get("payee", {}),
        }
        spar_id = said.get("spar_id", person and person.spar_id)
        names = person.name.split(" ") if person else ["New", "Person"]
        one = self.submit(
            f"uuid:typed-{number}",
            self.answers(spar_id, given_name=names[0], family_name=names[1], **payment),
            minute=number,
        )
        self.last_submission = one
        return one.error_text or ""

    def test_they_wait_for_no_other(self):
        """All who have no ID are not one person."""
        self.new_typed()
        self.form.registrant_policy = "create"
        said = self.said("mobile_wallet", "TZ", "0754 200 001", spar_id="N/A")
        for _again in range(2):
            self.assertEqual(self.enter(None, said), self.not_an_id)
            self.assertEqual(self.last_submission.state, "set_aside")
            self.assertFalse(self.last_submission.registrant_key)
        self.form.other_name_policy = "accept"
        self.last_submission.with_user(self.editor)._correct(
            {"registrant_id": "SR-1"}, "The card was read again"
        )
        self.assertEqual(self.last_submission.partner_id, self.registrant)

    def test_an_id_in_a_field_of_the_contact(self):
        self.new_typed()
        self.form.other_name_policy = "accept"
        self.form.registrant_policy = "create"
        self.make_ids_from("ref,function")
        person = self.new_person(
            name="Person One", spar_id=False, ref="R-1", function="Nga\u0302n 1"
        )
        said = self.said(
            "mobile_wallet", "TZ", "0754 200 001", spar_id="Ng\u00e2n\u00a0 1"
        )
        self.assertEqual(self.enter(person, said), "")
        self.assertEqual(self.entered(person), "+255754200001")

    def test_a_name_in_another_composition_is_the_same_name(self):
        self.new_typed()
        self.assertEqual(self.form.other_name_policy, "set_aside")
        for number, (stored, typed) in enumerate(SAME_TEXT):
            person = self.new_person(name=f"{stored} Juma")
            one = self.submit(
                f"uuid:name-{number}",
                self.answers(person.spar_id, given_name=typed, family_name="Juma"),
                minute=number,
            )
            with self.subTest(stored=stored):
                self.assertEqual((one.state, one.error_text), ("applied", False))
                self.assertEqual(one.partner_id, person)

    def test_what_was_collected_before_a_payment_failed_confirms_nothing(self):
        self.new_typed()
        person = self.new_person()
        said = self.said("mobile_wallet", "TZ", "0754 200 001")
        self.assertEqual(self.enter(person, said), "")
        address = person.financial_address_id
        self.assertEqual(address.confirmed_on, self.last_submission.submitted_at)
        address.mark_to_confirm("The payment of October was returned")
        self.assertEqual(self.enter(person, said), "")
        self.assertEqual(person.financial_address_id, address)
        self.assertEqual(address.to_confirm_reason, "marked")
