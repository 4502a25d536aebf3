from psycopg2.errors import UniqueViolation

from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestFinancialAddress(FinancialAddressCase):
    def test_a_complete_address_takes_effect_at_once(self):
        address = self.enter_address()
        self.assertEqual(address.state, "effective")
        self.assertEqual(self.registrant.financial_address_id, address)
        self.assertEqual(self.registrant.financial_address_state, "effective")

    def test_contact_details_stay_unchanged(self):
        self.enter_address()
        self.assertEqual(self.registrant.phone, "+255 754 100 001")
        self.assertEqual(self.registrant.email, "asha@home.example")

    def test_without_a_provider_it_stays_incomplete(self):
        draft = self.enter_address(dfsp_id=False, mobile_number="+255754200001")
        self.assertEqual(draft.state, "draft")
        self.assertEqual(self.registrant.financial_address_id, draft)
        draft.dfsp_id = self.operator
        self.assertEqual(draft.state, "effective")

    def test_a_number_is_checked_against_the_provider_by_default(self):
        Address = self.env["g2p.financial.address"]
        values = {"partner_id": self.registrant.id, "reason": "Asked for"}
        self.env.company.country_id = self.env.ref("base.ke")
        # Typed as it is dialled at home: of the operator, not of the registry.
        wallet = Address.with_context(default_dfsp_id=self.operator.id).create(
            {**values, "fa_type": "mobile_wallet", "mobile_number": "0754 200 001"}
        )
        self.assertEqual(wallet.mobile_number, "+255754200001")
        same = Address._fingerprint("mobile_wallet", self.operator, "+255754200001")
        self.assertEqual(wallet.sudo().fingerprint, same)
        self.bank.account_pattern = r"\d{10}"
        self.env["ir.default"].set("g2p.financial.address", "dfsp_id", self.bank.id)
        account = {**values, "fa_type": "bank_account", "account_number": "66"}
        with self.assertRefused("no such account numbers"):
            Address.create(account)
        known = Address.create({**account, "account_number": "0123456789"})
        same = Address._fingerprint("bank_account", self.bank, "0123456789")
        self.assertEqual(known.sudo().fingerprint, same)

    def test_a_new_address_replaces_the_one_in_use(self):
        first = self.enter_address("0754 200 001")
        second = self.enter_address("0754 200 002")
        self.assertEqual(first.state, "ended")
        self.assertTrue(first.end_date)
        self.assertEqual(second.state, "effective")
        self.assertEqual(self.registrant.financial_address_id, second)

    def test_of_several_at_once_the_last_wins(self):
        values = {
            "partner_id": self.registrant.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "reason": "Three files",
        }
        addresses = self.env["g2p.financial.address"].create(
            [{**values, "mobile_number": f"075420000{n}"} for n in range(3)]
        )
        self.assertEqual(addresses.mapped("state"), ["ended", "ended", "effective"])

    @mute_logger("odoo.sql_db")
    def test_the_database_allows_one_address_in_use(self):
        self.enter_address()
        second = self.enter_address(dfsp_id=False, mobile_number="+255754200002")
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                "UPDATE g2p_financial_address SET state = 'effective' WHERE id = %s",
                [second.id],
            )

    def test_an_address_in_use_is_not_edited(self):
        address = self.enter_address()
        for values in (
            {"mobile_number": "+255754200009"},
            {"dfsp_id": self.bank.id},
            {"partner_id": self.env.user.partner_id.id},
            {"holder_name": "Somebody Else"},
            {"reason": "another story"},
        ):
            with self.subTest(values), self.assertRefused("Use Amend"):
                address.write(values)
        address.action_end()
        with self.assertRefused("Use Amend"):
            address.mobile_number = "+255754200009"

    def test_history_is_not_deleted_but_drafts_are(self):
        address = self.enter_address()
        with self.assertRefused("cannot be deleted"):
            address.unlink()
        self.enter_address(dfsp_id=False, mobile_number="+255754200002").unlink()

    def test_ending_leaves_no_address(self):
        address = self.enter_address()
        address.action_end("Moved abroad")
        self.assertEqual(address.state, "ended")
        self.assertEqual(address.decision_note, "Moved abroad")
        self.assertFalse(self.registrant.financial_address_id)

    def test_a_draft_amendment_leaves_the_address_in_use(self):
        address = self.enter_address()
        self.enter_address(dfsp_id=False, mobile_number="+255754200002")
        self.assertEqual(self.registrant.financial_address_id, address)

    def test_only_registrants_have_one(self):
        contact = self.env["res.partner"].create({"name": "A supplier"})
        with self.assertRefused("is not a registrant"):
            self.enter_address(partner_id=contact.id)

    def test_provider_and_branch_fit_the_type(self):
        with self.assertRefused("does not offer"):
            self.enter_address("+255754200001", dfsp_id=self.bank.id)
        other = self.env["g2p.dfsp"].create({"name": "Other", "code": "OB"})
        with self.assertRefused("not one of the chosen bank"):
            self.enter_address(
                fa_type="bank_account",
                dfsp_id=other.id,
                branch_id=self.bank.branch_ids.id,
                account_number="0123456789",
            )

    def test_values_of_other_types_are_dropped(self):
        address = self.enter_address(account_number="123", email_address="a@b.example")
        self.assertFalse(address.account_number)
        self.assertFalse(address.email_address)

    def test_names_show_the_number_masked(self):
        address = self.enter_address()
        self.assertEqual(address.display_name, "Mobile wallet · M-Cash · +2557••••001")

    def test_the_dialog_enters_and_amends(self):
        action = self.registrant.action_amend_financial_address()
        dialog = Form(
            self.env[action["res_model"]].with_context(**action["context"]),
            view=action["views"][0][0],
        )
        dialog.dfsp_id = self.operator
        dialog.mobile_number = "0754 200 003"
        address = dialog.save()
        self.assertEqual(address.state, "effective")
        self.assertEqual(address.mobile_number, "+255754200003")
        self.assertEqual(address.holder_name, "Asha Juma")
        self.assertEqual(address.channel, "admin")
        action = self.registrant.action_amend_financial_address()
        self.assertEqual(action["context"]["default_dfsp_id"], self.operator.id)
        self.assertFalse(action["res_id"])

    def test_an_incomplete_amendment_is_completed_in_the_dialog(self):
        self.enter_address()
        draft = self.enter_address("+255754200002", dfsp_id=False)
        self.assertEqual(self.registrant.incomplete_address_id, draft)
        action = self.registrant.action_amend_financial_address()
        self.assertEqual(action["res_id"], draft.id)
        dialog = Form(draft, view=action["views"][0][0])
        dialog.dfsp_id = self.operator
        dialog.save()
        self.assertEqual(self.registrant.financial_address_id, draft)
        self.assertFalse(self.registrant.incomplete_address_id)
