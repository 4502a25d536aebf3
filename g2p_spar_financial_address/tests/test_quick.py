from unittest.mock import patch

from odoo.tests import tagged

from ..models.g2p_financial_address import PROTECTED_FIELDS
from .common import FinancialAddressCase

#: What is another's in two addresses that are otherwise the same.
OF_ITS_OWN = {"id", "partner_id", "previous_id", "create_date", "write_date"}
MOMENTS = {"effective_date", "end_date"}


@tagged("post_install", "-at_install")
class TestQuick(FinancialAddressCase):
    """One address entered the short way is what it is when entered the ordinary way."""

    def setUp(self):
        super().setUp()
        self.Address = self.env["g2p.financial.address"].sudo()
        self.other = self.new_registrant("Bahati Ali", "SR-2")
        self.ways = {
            self.registrant: self.Address._enter_one,
            self.other: lambda values: self.Address._enter_changes([values]),
        }
        self.quick = self.enterContext(
            patch.object(
                type(self.Address),
                "_replace_quickly",
                autospec=True,
                side_effect=type(self.Address)._replace_quickly,
            )
        )
        self.changed = []
        self.patch(
            type(self.registrant),
            "_financial_address_changed",
            lambda partners, channel: self.changed.append((partners, channel)),
        )

    def values(self, partner, number, **values):
        values = {
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": number,
            "holder_name": partner.name,
            "reason": "A new phone",
            "channel": "api",
            "partner_id": partner.id,
            **values,
        }
        return self.Address._cleaned({**PROTECTED_FIELDS, **values})

    def enter(self, number, **values):
        """Enter the same for both, each in its own way."""
        entered = self.Address
        for partner, way in self.ways.items():
            if values.get("fa_type") == "bank_account":
                own = {**values, "account_number": f"{number}{partner.id:010}"}
                entered |= way(self.values(partner, False, **own))
            else:
                own_number = f"{number}{partner.id % 1000:03}"
                entered |= way(self.values(partner, own_number, **values))
        self.env.flush_all()
        return entered

    def stored(self, address):
        """Return the whole row, with only what has to be the same in both ways."""
        names = [name for name in self.Address._fields if self.Address._is_column(name)]
        self.env.cr.execute(
            "SELECT * FROM g2p_financial_address WHERE id = %s", [address.id]
        )
        (row,) = self.env.cr.dictfetchall()
        self.assertLessEqual(set(names), row.keys())
        own = {"holder_name", "masked", "fingerprint", "mobile_number"}
        own |= {"account_number"} | OF_ITS_OWN
        return {
            name: bool(value) if name in own | MOMENTS else value
            for name, value in row.items()
        }

    def assertTheSame(self, quick, ordinary):
        self.assertEqual(quick.partner_id, self.registrant)
        self.assertEqual(ordinary.partner_id, self.other)
        self.assertEqual(self.stored(quick), self.stored(ordinary))

    def test_a_first_address(self):
        quick, ordinary = self.enter("0754200")
        self.assertEqual(self.quick.call_count, 1)
        self.assertTheSame(quick, ordinary)
        self.assertEqual(quick.state, "effective")
        self.assertEqual(self.changed, [(self.registrant, "api"), (self.other, "api")])
        self.assertEqual(self.registrant.financial_address_id, quick)
        self.assertFalse(quick.message_ids)

    def test_a_newer_address_ends_the_one_in_use(self):
        before = self.enter("0754200")
        after = self.enter("0754201")
        self.assertEqual(self.quick.call_count, 2)
        self.assertTheSame(*before)
        self.assertTheSame(*after)
        self.assertEqual(before.mapped("state"), ["ended", "ended"])
        self.assertEqual(after.previous_id, before)
        self.assertEqual(len(self.changed), 4)
        self.assertFalse(before.message_ids)

    def test_a_bank_account_with_its_branch(self):
        bank = {
            "fa_type": "bank_account",
            "dfsp_id": self.bank.id,
            "branch_id": self.bank.branch_ids.id,
        }
        quick, ordinary = self.enter("12", **bank)
        self.assertEqual(self.quick.call_count, 1)
        self.assertTheSame(quick, ordinary)
        self.assertEqual(quick.branch_id, self.bank.branch_ids)

    def test_what_is_there_already_is_not_entered_again(self):
        before = self.enter("0754200")
        again = self.enter("0754200")
        self.assertEqual(again, before)
        self.assertEqual(len(self.changed), 2)

    def test_the_company_is_the_registrants(self):
        company = self.env["res.company"].create({"name": "North"})
        (self.registrant | self.other).company_id = company
        quick, ordinary = self.enter("0754200")
        self.assertTheSame(quick, ordinary)
        self.assertEqual(quick.company_id, company)

    def assertOrdinary(self, states=("effective", "effective"), number="0754209"):
        calls = self.quick.call_count
        entered = self.enter(number)
        self.assertEqual(self.quick.call_count, calls, "it went the short way")
        self.assertEqual(entered.mapped("state"), list(states))
        self.assertTheSame(*entered)
        return entered

    def test_what_a_second_person_approves_goes_the_ordinary_way(self):
        self.set_policy(approve_api=True)
        self.assertOrdinary(["to_approve", "to_approve"])

    def test_where_something_waits_it_goes_the_ordinary_way(self):
        self.set_policy(approve_api=True)
        waiting = self.assertOrdinary(["to_approve", "to_approve"], "0754208")
        self.set_policy(approve_api=False)
        self.assertOrdinary()
        self.assertEqual(waiting.mapped("state"), ["ended", "ended"])

    def test_where_numbers_have_to_meet_it_goes_the_ordinary_way(self):
        for shared in ("approve", "refuse"):
            self.set_policy(shared=shared)
            self.assertOrdinary(number=f"07542{shared == 'refuse':d}9")

    def test_a_number_of_somebody_else_is_put_on_the_list(self):
        third = self.new_registrant("Chiku Omar", "SR-3")
        self.Address._enter_one(self.values(third, "0754200001"))
        self.assertEqual(self.quick.call_count, 1)
        shared = self.Address._enter_one(self.values(self.registrant, "0754200001"))
        self.assertEqual(self.quick.call_count, 1)
        self.assertEqual(
            shared.sharing_id.address_ids.partner_id, third | self.registrant
        )

    def test_a_number_of_somebody_else_may_be_nothing_to_look_at(self):
        third = self.new_registrant("Chiku Omar", "SR-3")
        self.set_policy(shared="allow")
        for partner in (third, self.registrant):
            self.Address._enter_one(self.values(partner, "0754200001"))
        self.assertEqual(self.quick.call_count, 2)

    def test_a_file_goes_the_ordinary_way(self):
        proof = {"proof": b"cGRm", "proof_name": "letter.pdf"}
        values = self.values(self.registrant, "0754200001", **proof)
        address = self.Address._enter_one(values)
        self.assertFalse(self.quick.call_count)
        self.assertTrue(address.proof)

    def test_who_is_leaving_gets_none(self):
        self.registrant.payment_removal_date = "2026-01-01"
        with self.assertRefused("is being removed"):
            self.Address._enter_one(self.values(self.registrant, "0754200001"))
        self.assertFalse(self.quick.call_count)

    def test_a_provider_that_is_archived_or_does_not_offer_this_is_refused(self):
        values = self.values(self.registrant, "0754200001")
        with self.assertRefused("does not offer this type"):
            self.Address._enter_one({**values, "dfsp_id": self.bank.id})
        self.operator.active = False
        with self.assertRefused("is archived"):
            self.Address._enter_one(values)
        self.assertFalse(self.quick.call_count)

    def test_what_spar_could_not_read_back_is_refused(self):
        values = self.values(self.registrant, "0754200001")
        values["mobile_number"] = "1.wallet_provider_code:MC"
        with self.assertRefused("SPAR uses to separate"):
            self.Address._enter_one(values)
        self.assertFalse(self.quick.call_count)

    def test_it_takes_few_statements(self):
        partner = self.registrant
        self.enter("0754200")
        values = self.values(partner, "0754200002")
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(6):
            self.Address._enter_one(values)
