"""One editor tries random sequences of legal actions to be paid a victim's money."""

import os
import random

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import FinancialAddressCase

#: Steps of each sequence, and sequences of each kind of IDs.
STEPS, SEQUENCES = 25, 6
CARDS = ("V-1", "A-1", "B-1", "v-1", "V\u20111", False)


@tagged("post_install", "-at_install")
class TestAttackFifthAlone(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for fa_type in ("mobile_wallet", "bank_account", "email_wallet"):
            cls.set_policy(fa_type, approve_admin=False, approve_import=False)
        cls.editor = cls.new_user("alone", "editor", "base.group_partner_manager")
        cls.far = cls.env["res.company"].create({"name": "Far"})
        cls.editor.company_ids |= cls.far
        cls.settings = cls.env["g2p.fa.settings"].current()
        people = [("Victim", "V-1"), ("Accomplice", "A-1"), ("Other", "B-1")]
        cls.people = cls.env["res.partner"].union(
            *(
                cls.new_registrant(name, card, ref=card, company_id=cls.env.company.id)
                for name, card in people
            )
        )
        cls.victim, cls.accomplice, cls.other = cls.people
        for number, person in enumerate(cls.people):
            cls.enter_address(f"0754 200 00{number}", partner_id=person.id)
        cls.own = cls.victim.financial_address_ids.sudo().fingerprint
        for fa_type in ("mobile_wallet", "bank_account", "email_wallet"):
            cls.set_policy(fa_type, approve_admin=True, approve_import=True)

    def actions(self, pick, source):
        """Return random actions of the editor."""
        env = self.env(user=self.editor)
        everybody = env["res.partner"].with_context(active_test=False)
        people = everybody.search([("name", "like", "Victim%")])
        people |= everybody.search(
            [("name", "in", ("Accomplice", "Other", "New"))], limit=8
        )
        one, two = pick.choice(people), pick.choice(people)
        card, number = pick.choice(CARDS), f"0754 266 00{pick.randrange(3)}"
        imported = one.with_context(import_file=pick.choice((True, False)))
        Address, Merge = env["g2p.financial.address"], env["g2p.fa.merge"]
        waiting = env["g2p.fa.proposal"].search([("state", "=", "to_approve")])
        merges = Merge.search([])
        entry = {
            "partner_id": one.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": number,
            "reason": "Asked",
        }

        def ask():
            return Merge.create(
                {
                    "kept_id": one.id,
                    "duplicate_id": two.id,
                    "keep_spar_id": pick.choice(("kept", "duplicate")),
                    "keep_address": pick.choice(("kept", "duplicate")),
                    "reason": "The same",
                }
            ).action_ask()

        return [
            lambda: imported.write({source: card}),
            lambda: imported.write({source: card, "is_registrant": True}),
            lambda: imported.write({"active": pick.choice((True, False))}),
            lambda: imported.write({"is_registrant": pick.choice((True, False))}),
            lambda: one.write(
                {"company_id": pick.choice((False, self.far.id, self.env.company.id))}
            ),
            lambda: (one | two).write({source: card}),
            lambda: everybody.create(
                {"name": "New", source: card, "is_registrant": pick.choice((0, 1))}
            ),
            lambda: everybody.with_context(
                **{f"default_{source}": card, "default_is_registrant": True}
            ).create({"name": "New"}),
            lambda: one.copy({source: card}),
            lambda: Address.create(entry),
            lambda: Address.with_context(import_file=True).create(entry),
            lambda: one.write(
                {"financial_address_ids": [(0, 0, {**entry, "partner_id": False})]}
            ),
            lambda: one.action_end_financial_address("Left"),
            lambda: one.action_confirm_financial_address(),
            lambda: one.unlink(),
            ask,
            lambda: pick.choice(merges).action_undo() if merges else None,
            lambda: pick.choice(merges).action_withdraw() if merges else None,
            lambda: pick.choice(waiting).action_withdraw() if waiting else None,
            lambda: (
                env["base.partner.merge.automatic.wizard"]
                .create({})
                ._merge((one | two).ids, one)
            ),
        ]

    def assertNotRedirected(self, trace):
        self.env.flush_all()
        self.env.invalidate_all()
        everybody = self.env["res.partner"].sudo().with_context(active_test=False)
        for person in everybody.search([("spar_id", "!=", False)]):
            in_use = person.financial_address_ids.filtered(
                lambda one: one.state == "effective"
            )
            if not in_use or not person._spar_is_paid():
                continue
            if person.spar_id.casefold().replace("\u2011", "-") == "v-1" and (
                person.spar_id == "V-1" or person.spar_id == "V\u20111"
            ):
                self.assertEqual(in_use.fingerprint, self.own, trace)
        paid = self.victim.exists().financial_address_ids.filtered(
            lambda one: one.state == "effective"
        )
        self.assertIn(paid.sudo().fingerprint, (self.own, False), trace)

    def play(self, source):
        seed = int(os.environ.get("SPAR_RANDOM_SEED") or 17)
        done = tried = 0
        for number in range(SEQUENCES):
            pick, trace = random.Random(f"{seed} {source} {number}"), []
            with self.env.cr.savepoint() as savepoint:
                for _step in range(STEPS):
                    actions = self.actions(pick, source)
                    which = pick.randrange(len(actions))
                    tried += 1
                    try:
                        with self.env.cr.savepoint():
                            actions[which]()
                            self.env.flush_all()
                    except UserError:
                        self.env.invalidate_all(flush=False)
                        continue
                    done += 1
                    trace.append(which)
                    self.assertNotRedirected((number, trace))
                savepoint.rollback()
            self.env.invalidate_all(flush=False)
            self.env.registry.clear_cache()
        self.assertGreater(done, tried // 5)

    def test_ids_typed_by_hand(self):
        self.play("spar_id")

    def test_ids_of_a_column(self):
        self.make_ids_from("ref")
        self.play("ref")

    def test_ids_of_a_column_that_may_be_shared(self):
        self.make_ids_from("ref")
        self.settings.shared_ids = "hold"
        self.play("ref")

    def test_ids_of_a_column_after_a_new_template(self):
        self.make_ids_from("ref")
        self.settings.shared_ids = "hold"
        self.make_ids_from("ref", "{id}")
        self.play("ref")
