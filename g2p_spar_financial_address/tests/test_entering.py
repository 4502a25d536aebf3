from odoo.tests import tagged

from ..models.g2p_financial_address import PROTECTED_FIELDS
from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestEntering(FinancialAddressCase):
    """What channels enter for a registrant, one address at a time."""

    def setUp(self):
        super().setUp()
        self.Address = self.env["g2p.financial.address"].sudo()
        self.changed = []
        self.patch(
            type(self.registrant),
            "_financial_address_changed",
            lambda partners, channel: self.changed.append((partners, channel)),
        )

    def values(self, number, partner=None, **values):
        values = {
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": number,
            "holder_name": "Asha Juma",
            "reason": "A new phone",
            "channel": "api",
            "partner_id": (partner or self.registrant).id,
            **values,
        }
        return self.Address._cleaned({**PROTECTED_FIELDS, **values})

    def enter(self, number, partner=None, **values):
        entered = self.Address._enter_changes([self.values(number, partner, **values)])
        self.env.flush_all()
        return entered

    def test_a_first_address(self):
        address = self.enter("0754200001")
        self.assertEqual(address.state, "effective")
        self.assertEqual(self.changed, [(self.registrant, "api")])
        self.assertEqual(self.registrant.financial_address_id, address)
        self.assertFalse(address.message_ids)

    def test_a_newer_address_ends_the_one_in_use(self):
        before = self.enter("0754200001")
        after = self.enter("0754200002")
        self.assertEqual(before.state, "ended")
        self.assertEqual(after.previous_id, before)
        self.assertEqual(len(self.changed), 2)

    def test_a_bank_account_with_its_branch(self):
        branch = self.bank.branch_ids
        bank = {"fa_type": "bank_account", "dfsp_id": self.bank.id}
        account = {"account_number": "120000000001", "branch_id": branch.id}
        address = self.enter(False, **bank, **account)
        self.assertEqual(address.branch_id, branch)
        self.assertEqual(address.state, "effective")

    def test_what_is_there_already_is_not_entered_again(self):
        before = self.enter("0754200001")
        self.assertEqual(self.enter("0754200001"), before)
        self.assertEqual(len(self.changed), 1)

    def test_the_company_is_the_registrants(self):
        company = self.env["res.company"].create({"name": "North"})
        self.registrant.company_id = company
        self.assertEqual(self.enter("0754200001").company_id, company)

    def test_where_something_waits_the_newer_takes_its_place(self):
        self.set_policy(approve_api=True)
        waiting = self.enter("0754200001")
        self.assertEqual(waiting.state, "to_approve")
        self.set_policy(approve_api=False)
        self.assertEqual(self.enter("0754200002").state, "effective")
        self.assertEqual(waiting.state, "ended")

    def test_a_number_of_another_registrant_is_put_on_the_list(self):
        other = self.new_registrant("Chiku Omar", "SR-3")
        self.enter("0754200001", other)
        shared = self.enter("0754200001")
        both = other | self.registrant
        self.assertEqual(shared.sharing_id.address_ids.partner_id, both)

    def test_a_registrant_whose_payment_data_is_removed_gets_none(self):
        self.registrant.payment_removal_date = "2026-01-01"
        with self.assertRefused("is being removed"):
            self.enter("0754200001")

    def test_a_provider_that_is_archived_or_does_not_offer_this_is_refused(self):
        values = self.values("0754200001")
        with self.assertRefused("does not offer this type"):
            self.Address._enter_changes([{**values, "dfsp_id": self.bank.id}])
        self.operator.active = False
        with self.assertRefused("is archived"):
            self.Address._enter_changes([values])

    def test_what_spar_could_not_read_back_is_refused(self):
        values = self.values("0754200001")
        values["mobile_number"] = "1.wallet_provider_code:MC"
        with self.assertRefused("SPAR uses to separate"):
            self.Address._enter_changes([values])

    def test_it_takes_few_statements(self):
        self.enter("0754200001")
        values = self.values("0754200002")
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(12):
            self.Address._enter_changes([values])
            self.env.flush_all()
