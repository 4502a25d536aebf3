from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestSharing(FinancialAddressCase):
    """One number, several registrants."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.new_user("s_editor", "editor")
        cls.approver = cls.new_user("s_approver", "approver")
        cls.other = cls.new_registrant("Baraka Juma", "SR-2")
        cls.third = cls.new_registrant("Neema Juma", "SR-3")
        cls.first = cls.enter_address(user=cls.editor)

    def enter_for(self, partner, number="+255 754 200 001", **values):
        return self.enter_address(
            number, user=self.editor, partner_id=partner.id, **values
        )

    def sharing(self):
        return self.env["g2p.fa.sharing"].search([])

    def test_by_default_it_is_allowed_and_listed(self):
        second = self.enter_for(self.other)
        self.assertEqual(second.state, "effective")
        sharing = self.sharing()
        self.assertEqual(sharing.address_ids, self.first | second)
        self.assertEqual(sharing.registrant_count, 2)
        self.assertEqual(sharing.state, "review")
        self.assertEqual(sharing.masked, "+2557••••001")

    def test_allowed_is_not_listed(self):
        self.set_policy(shared="allow")
        self.enter_for(self.other)
        self.assertFalse(self.sharing())

    def test_by_policy_a_second_person_approves(self):
        self.set_policy(shared="approve")
        second = self.enter_for(self.other)
        self.assertEqual(second.state, "to_approve")
        self.assertEqual(second.approval_cause, "shared")
        alone = self.enter_for(self.third, "0754 200 003")
        self.assertEqual(alone.state, "effective")

    def test_by_policy_it_is_refused_and_an_exception_lets_it_in(self):
        self.set_policy(shared="refuse")
        with self.assertRefused(
            "Another registrant is already paid at this account or wallet"
        ):
            self.enter_for(self.other)
        action = self.first.with_user(self.approver).action_allow_sharing
        with self.assertRaises(AccessError):
            self.first.with_user(self.editor).action_allow_sharing()
        action = action()
        dialog = Form(
            self.env[action["res_model"]]
            .with_user(self.approver)
            .with_context(**action["context"])
        )
        dialog.partner_ids.add(self.other)
        dialog.reason = "One household, one phone"
        dialog.save().action_accept()
        self.assertEqual(self.enter_for(self.other).state, "effective")
        with self.assertRefused("Another registrant"):
            self.enter_for(self.third)

    def test_an_exception_needs_a_reason_and_a_second_person(self):
        self.enter_for(self.other)
        sharing = self.sharing()
        with self.assertRefused("Say why"):
            sharing.with_user(self.approver).action_accept(" ")
        with self.assertRaises(AccessError):
            sharing.with_user(self.editor).action_accept("my own")
        self.editor.group_ids += self.env.ref(
            "g2p_spar_financial_address.group_approver"
        )
        with self.assertRefused("second person"):
            sharing.with_user(self.editor).action_accept("my own")

    def test_one_more_registrant_must_be_accepted_again(self):
        self.enter_for(self.other)
        sharing = self.sharing()
        sharing.with_user(self.approver).action_accept("One household")
        self.assertEqual(sharing.state, "accepted")
        self.assertEqual(sharing.partner_ids, self.registrant | self.other)
        self.enter_for(self.third)
        self.assertEqual(self.sharing(), sharing)
        self.assertEqual(sharing.state, "review")

    def test_amending_ones_own_is_not_sharing(self):
        self.enter_for(self.registrant)
        self.assertFalse(self.sharing())

    def test_who_accepted_is_no_second_person_for_an_own_entry(self):
        self.set_policy(shared="approve")
        both = self.new_user("s_both", "editor", "approver")
        self.first.with_user(both).action_allow_sharing()
        wizard = self.env["g2p.fa.sharing.accept"].with_user(both)
        wizard.create(
            {
                "address_id": self.first.id,
                "partner_ids": [(6, 0, self.other.ids)],
                "reason": "My own plan",
            }
        ).action_accept()
        own = self.enter_address("0754 200 001", user=both, partner_id=self.other.id)
        self.assertEqual(own.state, "to_approve")

    def test_another_approver_of_others_is_no_second_person_for_it(self):
        """What one user accepted is not accepted by who accepts others later."""
        self.set_policy(shared="approve")
        both = self.new_user("s_both", "editor", "approver")
        wizard = self.env["g2p.fa.sharing.accept"].with_user(both)
        wizard.create(
            {
                "address_id": self.first.id,
                "partner_ids": [(6, 0, self.other.ids)],
                "reason": "My own plan",
            }
        ).action_accept()
        third = self.enter_for(self.third)
        third.with_user(self.approver).action_approve()
        own = self.enter_address("0754 200 001", user=both, partner_id=self.other.id)
        self.assertEqual(own.state, "to_approve")

    def test_asking_to_allow_stores_nothing_yet(self):
        self.first.with_user(self.approver).action_allow_sharing()
        self.assertFalse(self.sharing())

    def test_approving_accepts_the_sharing(self):
        self.set_policy(shared="approve")
        second = self.enter_for(self.other)
        second.with_user(self.approver).action_approve()
        self.assertEqual(self.sharing().state, "accepted")
        corrected = self.enter_for(self.other, holder_name="Baraka J. Juma")
        self.assertEqual(corrected.state, "effective")

    def test_many_shared_numbers_make_few_queries(self):
        def numbers(base, count):
            partners = self.env["res.partner"].create(
                [{"name": f"Q{n}", "is_registrant": True} for n in range(2 * count)]
            )
            return [
                {
                    "partner_id": partner.id,
                    "dfsp_id": self.operator.id,
                    "mobile_number": f"0754 {base} {n // 2:03}",
                }
                for n, partner in enumerate(partners)
            ]

        def queries(vals_list):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.env["g2p.financial.address"].create(vals_list)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(numbers(400, 2))
        few, many = queries(numbers(401, 5)), queries(numbers(402, 20))
        self.assertEqual(len(self.sharing()), 27)
        self.assertLessEqual(many, few + 3)
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(2):
            self.env["g2p.financial.address"]._cron_find_shared()

    def test_an_ended_address_is_not_shared(self):
        self.first.action_end()
        self.enter_for(self.other)
        self.assertFalse(self.sharing())

    def test_it_is_found_within_one_entry(self):
        self.set_policy(shared="approve")
        addresses = self.env["g2p.financial.address"].create(
            [
                {
                    "partner_id": partner.id,
                    "dfsp_id": self.operator.id,
                    "mobile_number": "0754 200 007",
                }
                for partner in self.other | self.third
            ]
        )
        self.assertEqual(addresses.mapped("state"), ["to_approve", "to_approve"])

    def test_other_spellings_of_a_number_are_found(self):
        self.enter_bank_account("00-123 456", partner_id=self.registrant.id)
        for number in ("00123456", "٠٠١٢٣٤٥٦", "００１２３４５６", "00/123/456"):
            self.enter_bank_account(number, partner_id=self.other.id)
            with self.subTest(number):
                self.assertEqual(self.sharing().registrant_count, 2)

    def test_the_same_digits_at_two_banks_are_two_accounts(self):
        bank = self.env["g2p.dfsp"].create({"name": "Second Bank", "code": "SB"})
        self.enter_bank_account("00123456", partner_id=self.registrant.id)
        self.enter_address(
            False,
            partner_id=self.other.id,
            fa_type="bank_account",
            dfsp_id=bank.id,
            account_number="00123456",
        )
        self.assertFalse(self.sharing())

    def test_an_iban_is_one_account_wherever_it_is_said_to_be(self):
        bank = self.env["g2p.dfsp"].create({"name": "Second Bank", "code": "SB"})
        iban = "GB29 NWBK 6016 1331 9268 19"
        self.enter_bank_account(iban, partner_id=self.registrant.id)
        self.enter_address(
            False,
            partner_id=self.other.id,
            fa_type="bank_account",
            dfsp_id=bank.id,
            account_number=iban,
        )
        self.assertEqual(len(self.sharing()), 1)

    def test_approving_checks_sharing_again(self):
        self.set_policy(approve_admin=True)
        pending = self.enter_for(self.other, "0754 200 008")
        self.set_policy(approve_admin=False)
        self.enter_for(self.third, "0754 200 008")
        self.set_policy(shared="refuse")
        with self.assertRefused("Another registrant"):
            pending.with_user(self.approver).action_approve()

    def test_what_two_transactions_entered_at_once_is_found_later(self):
        second = self.enter_for(self.other, "0754 200 009")
        # As if neither had seen the other.
        second.sudo().write({"fingerprint": self.first.sudo().fingerprint})
        self.env["g2p.financial.address"]._cron_find_shared()
        self.assertEqual(self.sharing().address_ids, self.first | second)

    def test_the_hash_is_keyed_and_not_readable(self):
        for user in (self.editor, self.approver, self.env.ref("base.user_admin")):
            for record in (self.first, self.env["g2p.fa.settings"].current()):
                field = "fingerprint" if "fingerprint" in record else "fingerprint_key"
                address = record.with_user(user)
                with self.subTest(user.login), self.assertRaises(AccessError):
                    address.read([field])
        with self.assertRaises(AccessError):
            self.first.with_user(self.editor).write({"fingerprint": "x"})
        settings = self.env["g2p.fa.settings"].current()
        before = self.first.sudo().fingerprint
        settings.fingerprint_key = "00" * 32
        self.env.registry.clear_cache()
        again = self.first._fingerprint("mobile_wallet", self.operator, "+255754200001")
        self.assertNotEqual(before, again)

    def test_a_file_of_one_number_makes_few_queries(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "is_registrant": True} for n in range(30)]
        )
        vals = [
            {
                "partner_id": partner.id,
                "dfsp_id": self.operator.id,
                "mobile_number": "0754 200 010",
            }
            for partner in partners
        ]
        Address = self.env["g2p.financial.address"]
        Address.create([{**vals[0], "partner_id": self.third.id}])
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        Address.create(vals[:10])
        self.env.flush_all()
        ten = self.env.cr.sql_log_count - before
        before = self.env.cr.sql_log_count
        Address.create(vals[10:])
        self.env.flush_all()
        twenty = self.env.cr.sql_log_count - before
        self.assertLessEqual(twenty, ten + 2)
