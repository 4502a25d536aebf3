from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..toolkit.context_flags import APPROVED, TRUSTED, trusted
from .beside_others import transaction
from .common import FinancialAddressCase


class SecondPersonCase(FinancialAddressCase):
    """Bank accounts and the admin form need a second person; wallets do not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = "base.group_partner_manager"
        cls.editor = cls.new_user("r_editor", "editor", cls.manager)
        cls.approver = cls.new_user("r_approver", "approver")
        cls.both = cls.new_user("r_both", "editor", "approver", cls.manager)
        cls.account = cls.enter_bank_account()
        cls.set_policy("bank_account", approve_admin=True, approve_import=True)
        cls.mine = cls.registrant.with_user(cls.editor)

    def proposals(self, *states):
        states = states or ("to_approve",)
        return self.env["g2p.fa.proposal"].search([("state", "in", states)])

    def accomplice(self, spar_id=False):
        """Return a registrant with a wallet, which the editor enters alone."""
        partner = self.new_registrant("Accomplice", spar_id)
        self.enter_address("0754 200 666", user=self.editor, partner_id=partner.id)
        return partner.with_user(self.editor)

    def approve(self, proposal):
        proposal.with_user(self.approver).action_approve()
        # The transaction of the approver ends.
        self.env.flush_all()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestSecondPersonRedirects(SecondPersonCase):
    """An editor alone redirects no money, whatever the way."""

    def test_another_id_waits_for_a_second_person(self):
        self.mine.spar_id = "SR-2"
        self.assertEqual(self.registrant.spar_id, "SR-1")
        proposal = self.proposals()
        self.assertEqual(proposal.before, "SPAR ID: SR-1")
        self.assertEqual(proposal.after, "SPAR ID: SR-2")
        self.assertEqual(proposal.subject, "Asha Juma")
        self.assertEqual(proposal.people_count, 1)
        self.assertEqual(proposal.proposed_by_id, self.editor)
        self.assertEqual(proposal.channel, "admin")
        self.assertEqual(self.mine.waiting_changes, "SPAR ID: SR-1 → SR-2")
        self.approve(proposal)
        self.assertEqual(self.registrant.spar_id, "SR-2")
        self.assertEqual(proposal.decided_by_id, self.approver)
        self.assertFalse(self.proposals())

    @mute_logger("odoo.sql_db")
    def test_the_victims_id_does_not_get_to_another(self):
        accomplice = self.accomplice()
        self.mine.spar_id = "SR-2"
        with self.assertRefused("would share one"):
            accomplice.spar_id = "SR-1"
        self.approve(self.proposals())
        # Freed with a second person's knowledge, which says nothing of who gets it.
        accomplice.spar_id = "SR-1"
        self.assertFalse(self.accomplice_id(accomplice))
        proposal = self.proposals()
        self.assertEqual(proposal.after, "SPAR ID: SR-1")
        self.approve(proposal)
        self.assertEqual(self.accomplice_id(accomplice), "SR-1")

    def accomplice_id(self, accomplice):
        self.env.invalidate_all()
        return accomplice.sudo().spar_id

    def test_an_id_given_up_is_known_in_any_characters(self):
        """As it was stored before IDs had a normal form."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET spar_id = %s WHERE id = %s",
            ["SR\u20111", self.registrant.id],
        )
        self.env.invalidate_all()
        self.mine.spar_id = "SR-2"
        self.approve(self.proposals())
        accomplice = self.accomplice()
        accomplice.spar_id = "SR-1"
        self.assertFalse(self.accomplice_id(accomplice))
        self.assertEqual(self.proposals().after, "SPAR ID: SR-1")

    def test_an_id_whose_payment_data_was_removed_is_no_first_id(self):
        self.registrant.action_remove_payment_data()
        self.assertFalse(self.registrant.spar_id)
        # Of another person, who is paid in a way that needs no second one.
        accomplice = self.accomplice()
        accomplice.spar_id = "SR-1"
        self.assertFalse(self.accomplice_id(accomplice))
        # Of the same person.
        self.mine.spar_id = "SR-9"
        self.assertFalse(self.registrant.spar_id)
        self.assertEqual(len(self.proposals()), 2)
        # What is kept does not say which ID it was.
        kept = self.proposals("at_once").line_ids
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row_to_json(l)::text FROM g2p_fa_proposal_line l WHERE id = ANY(%s)"
            " UNION ALL SELECT row_to_json(p)::text FROM g2p_fa_proposal p"
            " WHERE id = ANY(%s)",
            [kept.ids, kept.proposal_id.ids],
        )
        rows = "".join(text for (text,) in self.env.cr.fetchall())
        self.assertIn("Erased", rows)
        self.assertNotIn("SR-1", rows)
        self.assertNotIn("Asha", rows)

    def test_so_it_is_once_the_contact_is_deleted(self):
        self.registrant.action_remove_payment_data()
        self.registrant.unlink()
        accomplice = self.accomplice()
        accomplice.spar_id = "SR-1"
        self.assertFalse(self.accomplice_id(accomplice))
        self.approve(self.proposals())
        self.assertEqual(self.accomplice_id(accomplice), "SR-1")

    def test_so_it_is_where_ids_are_made_from_other_fields(self):
        self.make_ids_from("ref")
        self.registrant.ref = "R-1"
        self.approve(self.proposals())
        self.registrant.action_remove_payment_data()
        accomplice = self.accomplice()
        self.registrant.sudo().ref = False
        accomplice.ref = "R-1"
        self.assertFalse(self.accomplice_id(accomplice))

    def test_so_it_is_where_a_new_rule_took_it_away(self):
        self.registrant.ref = "R-1"
        self.make_ids_from("ref")
        self.assertEqual(self.registrant.spar_id, "R-1")
        before = self.env["g2p.fa.proposal.line"]._spar_ids_before({"SR-1", "SR-5"})
        self.assertEqual(before, {"SR-1": set(self.registrant.ids)})
        accomplice = self.accomplice()
        accomplice.ref = "SR-1"
        self.assertFalse(accomplice.sudo().spar_id)
        self.assertEqual(self.proposals().subject, "Accomplice")
        # Their own is no other's.
        self.registrant.with_user(self.editor).ref = "SR-1"
        self.approve(self.proposals().filtered(lambda p: p.subject == "Asha Juma"))
        self.assertEqual(self.registrant.spar_id, "SR-1")

    def test_so_it_is_where_one_rule_came_after_another(self):
        self.registrant.ref = "R-1"
        self.make_ids_from("ref")
        self.make_ids_from("ref", "T:{id}")
        self.make_ids_from("spar_id")
        self.assertEqual(self.registrant.spar_id, "SR-1")
        before = self.env["g2p.fa.proposal.line"]._spar_ids_before({"R-1", "T:R-1"})
        mine = set(self.registrant.ids)
        self.assertEqual(before, {"R-1": mine, "T:R-1": mine})
        accomplice = self.accomplice()
        for spar_id in before:
            accomplice.spar_id = spar_id
            self.assertFalse(self.accomplice_id(accomplice))
            self.assertEqual(self.proposals().after, f"SPAR ID: {spar_id}")

    def test_so_it_is_where_its_owner_had_no_address_and_was_deleted(self):
        owner = self.new_registrant("Neema Mushi", "SR-5")
        owner.with_user(self.editor).unlink()
        accomplice = self.accomplice()
        accomplice.spar_id = "SR-5"
        self.assertFalse(self.accomplice_id(accomplice))
        self.approve(self.proposals())
        self.assertEqual(self.accomplice_id(accomplice), "SR-5")
        self.assertFalse(
            self.env["g2p.fa.proposal"].search([("subject", "like", "Neema")])
        )

    def test_an_id_is_not_redirected_by_a_new_registrant(self):
        self.mine.spar_id = "SR-2"
        self.approve(self.proposals())
        Partner = self.registrant.browse().with_user(self.editor)
        values = {"name": "New", "is_registrant": True}
        ways = [
            lambda: Partner.create({**values, "spar_id": "SR-1"}),
            lambda: Partner.with_context(default_spar_id="SR-1").create(values),
            # An agent on the portal is no way round either.
            lambda: trusted(Partner.sudo(), "admin").create(
                {**values, "spar_id": "SR-1"}
            ),
        ]
        for way in ways:
            newcomer = way().sudo()
            self.env.invalidate_all()
            self.assertFalse(newcomer.spar_id)
            self.assertEqual(self.proposals()[:1].after, "SPAR ID: SR-1")
            self.assertEqual(self.proposals()[:1].line_ids.res_id, newcomer.id)
        self.assertTrue(Partner.create({**values, "spar_id": "SR-9"}).spar_id)

    def test_completing_what_came_in_another_way_is_typing_it(self):
        # Of what comes in by the portal no second person is asked.
        victim = self.new_registrant("Neema Mushi", "SR-5")
        for values in (
            {"dfsp_id": self.bank.id, "account_number": "0123456666"},
            {"dfsp_id": self.bank.id, "partner_id": victim.id},
        ):
            draft = self.enter_address(
                mobile_number=False,
                fa_type="bank_account",
                account_number="0123456780",
                dfsp_id=False,
                channel="portal",
            )
            self.assertEqual(draft.state, "draft")
            draft.with_user(self.both).write(values)
            self.assertEqual(draft.state, "to_approve")
            with self.assertRefused("entered this address yourself"):
                draft.with_user(self.both).action_approve()
        whole = self.enter_bank_account("0123456781", channel="portal")
        self.assertEqual(whole.state, "effective")

    def test_taking_an_id_away_waits_too(self):
        self.mine.spar_id = False
        self.assertEqual(self.registrant.spar_id, "SR-1")
        self.approve(self.proposals())
        self.assertFalse(self.registrant.spar_id)
        # A second first ID is none.
        self.mine.spar_id = "SR-7"
        self.assertFalse(self.registrant.spar_id)
        self.assertTrue(self.proposals())

    def test_ending_first_does_not_help(self):
        self.account.with_user(self.editor).action_end("Moved")
        self.assertEqual(self.account.state, "ended")
        self.mine.spar_id = "SR-2"
        self.assertEqual(self.registrant.spar_id, "SR-1")

    def test_a_first_id_takes_effect_at_once(self):
        newcomer = self.new_registrant("New").with_user(self.editor)
        self.enter_bank_account("9876543210", partner_id=newcomer.id)
        newcomer.spar_id = "SR-5"
        self.assertEqual(newcomer.spar_id, "SR-5")
        trail = self.proposals("at_once")
        self.assertEqual(trail.after, "SPAR ID: SR-5")
        self.assertEqual(trail.proposed_by_id, self.editor)

    def test_without_a_policy_the_trail_is_kept_all_the_same(self):
        self.set_policy("bank_account", approve_admin=False)
        self.mine.spar_id = "SR-2"
        self.assertEqual(self.registrant.spar_id, "SR-2")
        trail = self.proposals("at_once")
        values = trail.before, trail.after
        self.assertEqual(values, ("SPAR ID: SR-1", "SPAR ID: SR-2"))
        self.assertEqual(trail.channel, "admin")
        self.assertFalse(trail.activity_ids)

    def test_a_wallet_in_place_of_a_bank_account_waits(self):
        wallet = self.enter_address("0754 200 666", user=self.editor)
        self.assertEqual(wallet.state, "to_approve")
        self.assertEqual(self.account.state, "effective")
        wallet.with_user(self.approver).action_approve()
        self.assertEqual(wallet.state, "effective")

    def test_so_it_does_in_place_of_one_that_waits(self):
        newcomer = self.new_registrant("New", "SR-7")
        values = {"partner_id": newcomer.id, "user": self.editor}
        self.assertEqual(
            self.enter_bank_account("9876543210", **values).state, "to_approve"
        )
        wallet = self.enter_address("0754 200 666", **values)
        self.assertEqual(wallet.state, "to_approve")

    def test_entering_again_after_an_end_waits(self):
        self.account.with_user(self.editor).action_end("Moved")
        wallet = self.enter_address("0754 200 666", user=self.editor)
        self.assertEqual(wallet.state, "to_approve")

    def test_what_a_channel_submits_is_judged_by_what_it_replaces(self):
        Address = self.env["g2p.financial.address"]
        self.set_policy("bank_account", approve_api=True)
        values = {
            "partner_id": self.registrant.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": "+255754200666",
            "holder_name": "Asha Juma",
            "reason": "A new phone",
        }
        for end in (False, True):
            if end:
                self.account.action_end("Moved")
            with self.subTest(ended=end), self.env.cr.savepoint() as savepoint:
                self.assertEqual(Address.submit([values], "api").state, "to_approve")
                savepoint.rollback()

    def test_stopping_takes_effect_at_once_and_resuming_waits(self):
        for name in ("is_registrant", "active"):
            with self.subTest(name):
                self.mine[name] = False
                self.assertFalse(self.registrant[name])
                self.mine[name] = True
                self.assertFalse(self.registrant[name])
                self.approve(self.proposals())
                self.assertTrue(self.registrant[name])
        self.assertEqual(len(self.proposals("at_once")), 2)

    def test_the_trail_keeps_its_users_and_the_names_they_had(self):
        self.registrant.with_user(self.both).action_archive()
        trail, name = self.proposals("at_once"), self.both.name
        with self.assertRefused("Archive this user"):
            self.both.unlink()
        self.both.name = "Renamed"
        self.assertEqual(trail.proposed_by_id, self.both)
        self.assertEqual(trail.proposed_by_name, name)

    def test_another_company_waits(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.editor.company_ids += company
        self.mine.company_id = company
        self.assertFalse(self.registrant.company_id)
        self.approve(self.proposals())
        self.assertEqual(self.registrant.company_id, company)
        newcomer = self.new_registrant("Not paid").with_user(self.editor)
        newcomer.company_id = company
        self.assertEqual(newcomer.company_id, company)

    def test_the_rest_of_a_form_is_saved(self):
        form = Form(self.mine, view="base.view_partner_form")
        form.spar_id, form.comment = "SR-2", "Seen at home"
        form.save()
        self.assertIn("Seen at home", self.registrant.comment)
        self.assertEqual(self.registrant.spar_id, "SR-1")

    def test_an_import_of_contacts_is_no_way_round(self):
        self.env["ir.model.data"].create(
            {
                "name": "asha",
                "module": "__import__",
                "model": "res.partner",
                "res_id": self.registrant.id,
            }
        )
        importing = self.registrant.browse().with_user(self.editor)
        result = importing.with_context(import_file=True).load(
            ["id", "spar_id"], [["__import__.asha", "SR-2"]]
        )
        self.assertFalse(result["messages"])
        self.assertEqual(self.registrant.spar_id, "SR-1")
        self.assertEqual(self.proposals().channel, "import")

    def test_a_file_of_contacts_with_addresses_is_a_file(self):
        self.set_policy("mobile_wallet", approve_import=True)
        person = self.new_registrant("Neema Mushi", "SR-9")
        result = (
            person.browse()
            .with_user(self.editor)
            .with_context(import_file=True)
            .load(
                [
                    ".id",
                    "financial_address_ids/fa_type",
                    "financial_address_ids/dfsp_id",
                    "financial_address_ids/mobile_number",
                ],
                [[str(person.id), "mobile_wallet", "M-Cash", "0754 200 009"]],
            )
        )
        self.assertFalse(result["messages"])
        address = person.financial_address_ids
        self.assertEqual(address.state, "to_approve")
        self.assertFalse(address.typed)

    def test_ids_made_of_other_fields_wait_with_them(self):
        self.registrant.ref = "R-1"
        self.make_ids_from("ref", "token:{id}")
        self.mine.write({"ref": "R-2", "comment": "x"})
        self.assertEqual(self.registrant.ref, "R-1")
        proposal = self.proposals()
        self.assertIn("SPAR ID: token:R-2", proposal.after)
        self.assertIn("Reference: R-2", proposal.after)
        self.approve(proposal)
        self.assertEqual(self.registrant.spar_id, "token:R-2")
        # Out of the registry, the claim to the ID stays.
        self.mine.write({"is_registrant": False, "ref": "R-3"})
        self.assertFalse(self.registrant.is_registrant)
        self.assertEqual(self.registrant.ref, "R-2")
        # And others do not get it, by any user.
        other = self.new_registrant("Other", ref="R-1")
        self.env.invalidate_all()
        self.assertFalse(other.ref or other.spar_id)

    def test_leaving_the_registry_hands_the_id_to_no_other(self):
        self.registrant.ref = "R-1"
        self.make_ids_from("ref", "token:{id}")
        self.mine.is_registrant = False
        self.env.flush_all()
        self.assertFalse(self.registrant.spar_id)
        self.assertIn("SPAR ID: token:R-1", self.proposals("at_once")[:1].before)
        accomplice = self.accomplice()
        accomplice.ref = "R-1"
        newcomer = self.registrant.browse().with_user(self.editor)
        newcomer = newcomer.create({"name": "N", "is_registrant": True, "ref": "R-1"})
        self.env.flush_all()
        for other in (accomplice, newcomer):
            self.assertFalse(self.accomplice_id(other))
        self.assertEqual(len(self.proposals()), 2)
        # Who had it gets it back, with a second person.
        self.mine.is_registrant = True
        self.approve(self.proposals()[:1])
        self.assertEqual(self.registrant.spar_id, "token:R-1")

    def test_what_was_shown_is_what_is_approved(self):
        self.registrant.write({"ref": "R-1", "function": "F-1"})
        self.make_ids_from("ref,function", "token:{id}")
        self.mine.ref = False
        proposal = self.proposals()
        self.assertIn("SPAR ID: token:F-1", proposal.after)
        # Takes effect at once: the ID is made of the other field at the moment.
        self.mine.function = "F-2"
        with self.assertRefused("Asha Juma has been changed since"):
            self.approve(proposal)
        self.assertEqual(self.registrant.spar_id, "token:R-1")

    def test_ids_kept_elsewhere_wait_too(self):
        self.registrant.ref = "R-1"
        self.make_ids_from("ref")
        with patch.object(
            type(self.registrant), "_spar_id_value", lambda partner, sources: "E-1"
        ):
            self.assertFalse(self.registrant._spar_id_refresh())
            self.assertEqual(self.registrant.spar_id, "R-1")
            self.approve(self.proposals())
        self.assertEqual(self.registrant.spar_id, "E-1")

    def test_the_rule_of_all_ids_waits(self):
        settings = self.env["g2p.fa.settings"].current()
        self.registrant.with_user(self.editor).ref = "R-1"
        with self.assertRefused("1 registrants would get another"):
            settings.write({"id_source": "ref"})
        settings.write({"id_source": "ref", "confirm_relink": True, "burst_limit": 9})
        self.assertEqual(settings.burst_limit, 9)
        self.assertEqual(self.registrant.spar_id, "SR-1")
        self.assertEqual(self.proposals().people_count, 1)
        self.approve(self.proposals())
        self.assertEqual(settings.id_source, "ref")
        self.assertEqual(self.registrant.spar_id, "R-1")

    def test_a_milder_policy_waits(self):
        row = self.env["g2p.fa.policy"].search([("fa_type", "=", "bank_account")])
        admin = self.new_user("r_admin", "administrator")
        row.with_user(admin).write({"approve_admin": False, "approve_api": True})
        self.assertTrue(row.approve_admin and row.approve_api)
        self.approve(self.proposals())
        self.assertFalse(row.approve_admin)
        row.shared = "refuse"
        row.with_user(admin).shared = "warn"
        self.assertEqual(row.shared, "refuse")


@tagged("post_install", "-at_install")
class TestProposals(SecondPersonCase):
    """What waits, and who decides about it."""

    def test_never_the_proposer_whatever_the_way(self):
        self.registrant.with_user(self.both).spar_id = "SR-2"
        proposal = self.proposals()
        for env in (self.env(user=self.both), self.env(user=self.both, su=True)):
            mine = proposal.with_env(env)
            with self.subTest(su=env.su), self.assertRefused("second person"):
                mine.action_approve()
            with self.subTest(su=env.su), self.assertRefused("second person"):
                mine.action_refuse("no")
            self.assertFalse(mine.may_decide)
        with self.assertRaises(AccessError):
            proposal.with_user(self.editor).action_approve()
        self.assertEqual(self.registrant.spar_id, "SR-1")

    def test_a_context_from_outside_opens_nothing(self):
        for mark in (TRUSTED, APPROVED):
            for value in (True, 1, "object"):
                self.mine.with_context(**{mark: value}).spar_id = "SR-2"
                self.assertEqual(self.registrant.spar_id, "SR-1")
        forged = self.mine.with_context(g2p_fa_channel="api", **{TRUSTED: True})
        forged.spar_id = "SR-2"
        self.assertEqual(self.registrant.spar_id, "SR-1")

    def test_what_has_changed_since_is_not_written(self):
        self.mine.spar_id = "SR-2"
        proposal = self.proposals()
        self.env.cr.execute(
            "UPDATE res_partner SET spar_id = 'SR-8' WHERE id = %s",
            [self.registrant.id],
        )
        self.env.invalidate_all()
        with self.assertRefused("Asha Juma has been changed since"):
            self.approve(proposal)
        self.assertEqual(self.registrant.spar_id, "SR-8")
        self.assertEqual(proposal.state, "to_approve")

    def test_while_an_import_holds_the_registrant_it_waits(self):
        # One that other transactions see, too.
        partner = self.env.ref("base.main_partner").with_user(self.editor)
        Proposal = self.env["g2p.fa.proposal"].with_user(self.editor)
        Proposal._enter({partner: {"spar_id": "SR-77"}}, "to_approve", True, {})
        proposal = self.proposals()
        with transaction() as importing:
            # As an address that refers to it does.
            importing.cr.execute(
                "SELECT FROM res_partner WHERE id = %s FOR KEY SHARE", [partner.id]
            )
            with self.assertRefused("saved or imported right now.*Try again"):
                self.approve(proposal)
        self.env.invalidate_all()
        self.assertEqual(proposal.state, "to_approve")
        self.approve(proposal)
        self.assertEqual(proposal.state, "approved")
        self.assertEqual(partner.sudo().spar_id, "SR-77")

    def test_a_newer_one_replaces_it(self):
        self.mine.spar_id = "SR-2"
        older = self.proposals()
        self.mine.spar_id = "SR-3"
        self.assertEqual(older.state, "withdrawn")
        self.assertFalse(older.activity_ids)
        with self.assertRefused("decided or done already"):
            self.approve(older)
        self.approve(self.proposals())
        self.assertEqual(self.registrant.spar_id, "SR-3")

    def test_refusing_says_why_and_changes_nothing(self):
        self.mine.spar_id = "SR-2"
        proposal = self.proposals().with_user(self.approver)
        with self.assertRefused("Say why"):
            proposal.action_refuse(" ")
        action = proposal.action_ask_reason()
        dialog = Form(
            proposal.env[action["res_model"]].with_context(**action["context"])
        )
        dialog.reason = "No proof"
        dialog.save().action_decide()
        self.assertEqual(proposal.state, "refused")
        self.assertEqual(proposal.decision_note, "No proof")
        self.assertEqual(self.registrant.spar_id, "SR-1")

    def test_the_proposer_says_why_or_withdraws(self):
        self.mine.spar_id = "SR-2"
        proposal = self.proposals()
        proposal.with_user(self.editor).reason = "New card"
        for user, values in [
            (self.editor, {"state": "approved"}),
            (self.editor, {"proposed_by_id": self.approver.id}),
            (self.both, {"reason": "Mine"}),
            (self.approver, {"reason": "Mine"}),
        ]:
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                proposal.with_user(user).write(values)
        line = proposal.line_ids.with_user(self.editor)
        for act in (
            lambda: line.write({"after": "x"}),
            lambda: line.unlink(),
            lambda: proposal.with_user(self.editor).unlink(),
            lambda: proposal.with_user(self.both).action_withdraw(),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()
        proposal.with_user(self.editor).action_withdraw()
        self.assertEqual(proposal.state, "withdrawn")

    def test_it_is_the_to_do_of_an_approver(self):
        self.mine.spar_id = "SR-2"
        self.assertEqual(len(self.proposals().activity_ids), 1)
        self.approve(self.proposals())
        self.assertFalse(self.proposals("approved").activity_ids)

    def test_of_ones_own_company_only(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.set_policy("bank_account", approve_admin=False)
        self.registrant.company_id = company
        self.set_policy("bank_account", approve_admin=True)
        self.registrant.spar_id = "SR-2"
        with self.assertRaises(AccessError):
            self.approve(self.proposals())
        self.assertEqual(self.registrant.spar_id, "SR-1")

    def test_the_trail_of_a_person_goes_with_their_payment_data(self):
        self.mine.spar_id = "SR-2"
        self.approve(self.proposals())
        self.mine.spar_id = "SR-3"
        admin = self.new_user("r_admin", "administrator", self.manager)
        self.registrant.with_user(admin).action_remove_payment_data()
        if self.registrant.payment_removal_date:
            self.registrant.sudo()._remove_payment_data()
        kept = self.env["g2p.fa.proposal"].search([])
        self.assertEqual(set(kept.mapped("subject")), {"Erased"})
        self.assertFalse(self.proposals())
        self.assertFalse({"SR-1", "SR-2", "SR-3"} & set(kept.line_ids.mapped("before")))
