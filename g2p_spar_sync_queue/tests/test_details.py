"""The name and phone sent to SPAR with the address, where the settings say so."""

from odoo.tests import new_test_user, tagged

from ..live.status import spar_status
from .common import PartnerApiCase, SparCase
from .spar_stand_in import faults

PHONE = "+255 754 100 001"


@tagged("post_install", "-at_install")
class TestDetails(SparCase):
    def setUp(self):
        super().setUp()
        self.settings = self.env["g2p.fa.settings"].current()
        self.settings.write({"send_name": True, "send_phone": True})
        self.enter_address()
        self.run_engine()
        self.assertInSync()
        self.assertEqual(self.mapper.sent_details, ("Asha Juma", PHONE))
        self.mapper.forget()

    def test_a_changed_name_or_phone_reaches_spar(self):
        # Those who may edit contacts need not know of payments.
        clerk = new_test_user(
            self.env, "d_clerk", "base.group_user,base.group_partner_manager"
        )
        partner = self.registrant.with_user(clerk)
        for values, told in (
            ({"name": "Asha Juma Hassan"}, ("Asha Juma Hassan", PHONE)),
            ({"phone": "+255 1"}, ("Asha Juma Hassan", "+255 1")),
            ({"name": "Asha", "phone": "+255 2"}, ("Asha", "+255 2")),
        ):
            with self.subTest(values):
                partner.write(values)
                self.assertEqual(self.registrant.spar_state, "on_its_way")
                self.run_engine()
                self.assertInSync()
                self.assertEqual(self.mapper.sent_details, told)
        self.assertEqual(self.mapper.operations, ["update"] * 3)

    def test_fields_that_are_not_sent_are_not_captured(self):
        before = self.mapping.change_ids
        self.registrant.write({"name": "Asha Juma", "comment": "x"})
        self.settings.send_phone = False
        self.registrant.phone = "+255 3"
        contact = self.new_registrant("Neema")
        contact.name = "Neema Shayo"
        self.assertFalse(contact.spar_mapping_ids)
        self.registrant.action_end_financial_address()
        self.run_engine()
        before = self.mapping.change_ids
        self.registrant.name = "Asha"
        self.assertEqual(self.mapping.change_ids, before)

    def test_to_tell_more_is_an_update_of_all_who_are_paid(self):
        self.settings.write({"send_name": False, "send_phone": False})
        self.run_engine()
        self.assertFalse(self.mapper.log, "SPAR cannot be told to forget them")
        self.registrant.name = "Asha"
        self.settings.send_name = False
        self.assertFalse(self.mapping._with_newer_change())
        self.settings.send_name = True
        self.run_engine()
        self.assertEqual(self.mapper.sent_details, ("Asha", None))
        self.settings.send_name = True
        self.assertFalse(self.mapping._with_newer_change())

    def test_an_update_that_never_came_to_spar_is_sent_again(self):
        """The address alone does not tell: it is the same as before."""
        self.registrant.name = "Asha Juma Hassan"
        self.run_engine(faults.cut_before)
        self.time_passes()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["update", "resolve", "update"])
        self.assertEqual(self.mapper.sent_details, ("Asha Juma Hassan", PHONE))
        self.assertInSync()

    def compare(self):
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.job_run()
        return run.line_ids.kind

    def test_addresses_are_compared_without_them(self):
        self.assertFalse(self.compare())
        row = spar_status(self.registrant)["rows"][0]
        self.assertIn("M-Cash", row["text"])
        self.enter_address("0754 200 002")
        self.mapping._intervene("cancel", "Not now")
        self.assertEqual(self.compare(), "ours_newer")

    def test_after_an_upgrade_nothing_differs(self):
        """What was confirmed before is remembered without name and phone."""
        digest = self.mapping.sudo().held_digest.partition(":")[0]
        self.assertEqual(len(digest), 64)
        self.mapping.sudo().held_digest = digest
        self.env.flush_all()
        self.assertFalse(self.compare())
        row = spar_status(self.registrant)["rows"][0]
        self.assertIn("M-Cash", row["text"])
        self.mapper.forget()
        self.connection.job_work_off()
        self.env["g2p.spar.mapping"]._cron_sweep()
        self.run_engine()
        self.assertFalse(self.mapper.log)
        self.assertInSync()


@tagged("post_install", "-at_install")
class TestDetailsOn2(PartnerApiCase, TestDetails):
    pass
