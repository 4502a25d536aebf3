from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..const import VALUE_FIELD
from ..models.g2p_financial_address import PAYMENT_FIELDS
from .common import FinancialAddressCase

NUMBER = "754200001"


@tagged("post_install", "-at_install")
class TestRetention(FinancialAddressCase):
    """Numbers are kept as long as the registry says; the masked history stays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2026-01-01"):
            cls.old = cls.enter_address(proof=b"cHJvb2Y=", holder_name="Asha Juma")
        with freeze_time("2026-02-01"):
            cls.current = cls.enter_address("0754 200 002")
        cls.env["g2p.fa.settings"].current().retention_days = 30

    def erase(self, day):
        cron = self.env.ref("g2p_spar_financial_address.cron_erase")
        with freeze_time(day), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def stored(self, address):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row_to_json(a)::text FROM g2p_financial_address a WHERE id = %s",
            [address.id],
        )
        return self.env.cr.fetchone()[0]

    def test_ended_numbers_go_when_their_time_is_over(self):
        self.erase("2026-03-02")
        self.assertIn(NUMBER, self.stored(self.old))
        self.erase("2026-03-04")
        self.assertNotIn(NUMBER, self.stored(self.old))
        self.assertFalse(self.old.holder_name)
        self.assertFalse(self.old.sudo().fingerprint)
        self.assertFalse(self.old.proof)
        self.assertEqual(self.old.masked, "+2557••••001")
        self.assertTrue(self.old.erased_date)
        self.assertEqual(self.old.entered_by_id, self.env.user)

    def test_of_typed_values_only_the_reason_is_left(self):
        known = self.old._fields
        said = PAYMENT_FIELDS.difference(VALUE_FIELD.values())
        typed = {name for name in said if known[name].type in ("char", "binary")}
        address = self.enter_address("0754200003", **dict.fromkeys(typed, "c2FpZA=="))
        self.assertEqual({name for name in typed if address[name]}, typed)
        address.action_end("No longer paid")
        address._erase()
        self.assertEqual({name for name in typed if address[name]}, {"reason"})

    def test_no_role_erases_an_address_in_use(self):
        (self.old | self.current)._erase()
        self.assertTrue(self.current.mobile_number)
        self.assertFalse(self.old.mobile_number)

    def test_what_is_erased_is_not_written_for_spar_without_its_number(self):
        self.erase("2026-03-04")
        with self.assertRefused("was erased"):
            self.old._spar_value()

    def test_old_drafts_are_deleted_too(self):
        draft = self.enter_address("+255754200005", dfsp_id=False)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE g2p_financial_address SET write_date = '2026-01-01' WHERE id = %s",
            [draft.id],
        )
        self.erase("2026-03-04")
        self.assertFalse(draft.exists())

    def test_the_hash_of_a_shared_number_goes_with_the_last_address(self):
        other = self.new_registrant("Neema")
        with freeze_time("2026-01-01"):
            ended = self.enter_address("0754 200 002", partner_id=other.id)
            sharing = self.current.sharing_id
            self.assertEqual(sharing.address_ids, ended | self.current)
            (ended | self.current).action_end("over")
        self.erase("2026-06-01")
        self.assertFalse(sharing.exists())

    def test_the_address_in_use_is_kept(self):
        self.erase("2030-01-01")
        self.assertEqual(self.current.mobile_number, "+255754200002")
        self.assertEqual(self.current.state, "effective")

    def test_refused_ones_go_too(self):
        self.set_policy(approve_admin=True)
        with freeze_time("2026-02-02"):
            pending = self.enter_address("0754 200 003")
            pending.with_user(self.new_user("r_a", "approver")).action_refuse("No")
        self.erase("2026-03-10")
        self.assertFalse(pending.mobile_number)

    def test_without_a_limit_everything_is_kept(self):
        self.env["g2p.fa.settings"].current().retention_days = 0
        self.erase("2040-01-01")
        self.assertIn(NUMBER, self.stored(self.old))

    def test_what_is_erased_is_not_in_the_attachments(self):
        attachments = self.env["ir.attachment"].search(
            [("res_model", "=", self.old._name), ("res_field", "=", "proof")]
        )
        self.assertTrue(attachments)
        self.erase("2026-03-04")
        self.assertFalse(attachments.exists())

    def test_erasing_goes_on_in_portions(self):
        people = self.env["res.partner"].create(
            [{"name": str(n), "is_registrant": True} for n in range(5)]
        )
        with freeze_time("2026-01-01"):
            ended = self.env["g2p.financial.address"].create(
                [
                    {
                        "partner_id": person.id,
                        "dfsp_id": self.operator.id,
                        "mobile_number": f"0754 300 00{n}",
                    }
                    for n, person in enumerate(people)
                ]
            )
            ended.action_end("all")
        module = "odoo.addons.g2p_spar_financial_address.models"
        self.patch(
            __import__(f"{module}.g2p_financial_address_privacy", fromlist=["CHUNK"]),
            "CHUNK",
            2,
        )
        self.erase("2026-06-01")
        self.assertTrue(all(ended.mapped("erased_date")))
        self.assertFalse(any(ended.mapped("mobile_number")))


@tagged("post_install", "-at_install")
class TestRemoval(FinancialAddressCase):
    """The payment data of a person is erased when no other system needs it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first = cls.enter_address("0754 200 001")
        cls.current = cls.enter_address("0754 200 002")
        cls.administrator = cls.new_user("rm_admin", "administrator")

    def test_all_of_it_is_erased_and_nothing_of_it_is_left(self):
        self.registrant.with_user(self.administrator).action_remove_payment_data()
        self.assertEqual(self.current.state, "ended")
        for address in self.first | self.current:
            self.assertFalse(address.mobile_number)
            self.assertFalse(address.holder_name)
            self.assertTrue(address.masked)
        self.assertFalse(self.registrant.spar_id)
        self.assertFalse(self.registrant.payment_removal_date)

    def test_an_id_made_from_other_fields_goes_too(self):
        self.make_ids_from("ref")
        self.registrant.ref = "R-77"
        self.assertEqual(self.registrant.spar_id, "R-77")
        self.registrant.action_remove_payment_data()
        self.assertFalse(self.registrant.spar_id)
        self.assertFalse(self.registrant.is_registrant)

    def test_drafts_and_pending_ones_go_too(self):
        self.set_policy(approve_admin=True)
        pending = self.enter_address("0754 200 003")
        draft = self.enter_address("+255754200004", dfsp_id=False)
        self.registrant.action_remove_payment_data()
        self.assertFalse(draft.exists())
        self.assertEqual(pending.state, "ended")
        self.assertFalse(pending.mobile_number)

    def test_the_removal_waits_while_another_system_has_the_address(self):
        Partner = type(self.env["res.partner"])
        self.patch(Partner, "_payment_data_may_leave", lambda self: self.browse())
        self.registrant.action_remove_payment_data()
        self.assertEqual(self.current.state, "ended")
        self.assertTrue(self.current.mobile_number)
        self.assertEqual(self.registrant.spar_id, "SR-1")
        self.assertTrue(self.registrant.payment_removal_date)
        with self.assertRefused("remove the payment data first"):
            self.registrant.unlink()
        with self.assertRefused("payment data of Asha Juma is being removed"):
            self.enter_address("0754 200 009")
        self.patch(Partner, "_payment_data_may_leave", lambda self: self)
        cron = self.env.ref("g2p_spar_financial_address.cron_remove_payment_data")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertFalse(self.current.mobile_number)
        self.assertFalse(self.registrant.payment_removal_date)

    def test_only_an_administrator_removes(self):
        for role in ("viewer", "editor", "approver"):
            user = self.new_user(f"rm_{role}", role)
            with self.subTest(role), self.assertRaises(AccessError):
                self.registrant.with_user(user).action_remove_payment_data()
        self.assertEqual(self.current.state, "effective")

    def test_a_contact_is_deleted_only_after_its_payment_data(self):
        with self.assertRefused("Asha Juma: remove the payment data first"):
            self.registrant.unlink()
        self.registrant.action_remove_payment_data()
        self.registrant.unlink()
        self.assertFalse((self.first | self.current).exists())

    def test_what_is_erased_cannot_be_deleted_by_hand(self):
        self.registrant.action_remove_payment_data()
        with self.assertRefused("cannot be deleted"):
            self.current.with_user(self.administrator).unlink()
