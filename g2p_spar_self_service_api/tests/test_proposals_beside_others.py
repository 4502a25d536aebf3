"""Proposals beside others, in transactions that end for good."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest.mock import patch

from psycopg2.errors import DivisionByZero

from odoo.service.model import retrying
from odoo.tests import mute_logger, tagged

from odoo.addons.g2p_spar_financial_address.tests.beside_others import (
    BesideOthersCase,
    transaction,
)
from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
    APPROVED,
    marked,
)
from odoo.addons.g2p_spar_sync_queue.engine import wake_up

from .. import registrant_lock
from ..exceptions import KeyReused, Refused
from ..registrant_lock import REGISTRANT_LOCK, lock_registrant

THREADS = 6


@tagged("post_install", "-at_install")
class TestProposalsBesideOthers(BesideOthersCase):
    def setUp(self):
        super().setUp()
        env = self.open()
        # A runner of jobs, if there is one, would take them up while this goes on.
        self.patch(wake_up, "enqueue", lambda mappings, size: None)
        self.operator = env["g2p.dfsp"].create(
            {"name": "Met", "code": "MET", "fa_type": "mobile_wallet"}
        )
        self.partner = env["res.partner"].create(
            {"name": "Met Often", "is_registrant": True, "spar_id": "MET-1"}
        )
        self.other = self.partner.create({"name": "Met Late", "is_registrant": True})
        self.connection = env["g2p.spar.connection"].create(
            {"name": "Met", "base_url": "http://127.0.0.1:1"}
        )
        self.connection.state = "paused"
        env.cr.commit()
        self.addCleanup(self.clean)

    def clean(self):
        env = self.open()
        for query in (
            "DELETE FROM g2p_api_proposal WHERE partner_id = %(id)s",
            "DELETE FROM g2p_spar_change WHERE mapping_id IN"
            " (SELECT id FROM g2p_spar_mapping WHERE partner_id = %(id)s)",
            "DELETE FROM g2p_spar_mapping WHERE partner_id = %(id)s",
            "DELETE FROM g2p_fa_reveal WHERE partner_id = %(id)s",
            "DELETE FROM g2p_financial_address WHERE partner_id = %(id)s",
        ):
            for partner in self.partner | self.other:
                env.cr.execute(query, {"id": partner.id})
        for records in (self.partner, self.other, self.connection, self.operator):
            records.with_env(env).unlink()
        env.cr.commit()

    def call(self, key, number, **more):
        """Do what one call does; return the answer, or what it was refused with."""
        with transaction() as env:

            def propose():
                # As every call does before: its transaction has begun.
                partner = env["res.partner"]._spar_by_id({"MET-1"})["MET-1"]
                caller = SimpleNamespace(
                    kind="client", partner=partner, key="client:1", name="Met"
                )
                said = {
                    "type": "mobile_wallet",
                    "provider": "MET",
                    "mobile_number": number,
                    **more,
                }
                return env["g2p.api.proposal"]._propose(caller, key, said)

            try:
                return retrying(propose, env)
            except (KeyReused, Refused) as refusal:
                return type(refusal)

    def at_once(self, calls):
        """Do these calls, as many at a time as there are threads."""
        barrier = threading.Barrier(THREADS)
        with ThreadPoolExecutor(THREADS, initializer=barrier.wait) as pool:
            return list(pool.map(lambda call: self.call(*call), calls))

    def locks(self):
        return self.advisory_locks(REGISTRANT_LOCK, self.partner.id)

    def test_a_reason_with_the_number_in_use_leaves_a_row(self):
        """A caller that may not see the number does not find it out by trying."""
        self.call("one", "+255754200001")
        answer = self.call("two", "+255754200002", reason="was 754x200x001")
        self.assertIs(answer, Refused)
        mine = [("partner_id", "=", self.partner.id)]
        row = self.open()["g2p.fa.reveal"].search(mine)
        self.assertEqual((row.way, row.masked), ("search", "+2557••••001"))
        self.call("three", "+255754200002", reason="was 754x200x003")
        self.assertEqual(self.open()["g2p.fa.reveal"].search(mine), row)

    def test_the_same_key_at_once_makes_one_address_and_one_answer(self):
        answers = self.at_once([("one", "+255754200001")] * THREADS)
        ids = {answer["id"] for answer, _new in answers}
        self.assertEqual(len(ids), 1)
        self.assertTrue(all(answer == answers[0][0] for answer, _new in answers))
        self.assertEqual(sum(new for _answer, new in answers), 1)
        addresses = self.partner.with_env(self.open()).financial_address_ids
        self.assertEqual(len(addresses), 1)
        self.assertEqual(self.locks(), 0)

    def test_the_same_key_for_something_else_at_once_makes_one_address(self):
        calls = [("one", f"+25575420000{n}") for n in range(THREADS)]
        answers = self.at_once(calls)
        self.assertEqual(answers.count(KeyReused), THREADS - 1)
        addresses = self.partner.with_env(self.open()).financial_address_ids
        self.assertEqual(len(addresses), 1)

    def test_many_at_once_end_in_one_address_and_one_history(self):
        calls = [(f"key {n}", f"+2557542000{n:02}") for n in range(5 * THREADS)]
        answers = self.at_once(calls)
        self.assertTrue(all(new for _answer, new in answers))
        env = self.open()
        addresses = self.partner.with_env(env).financial_address_ids.sorted("id")
        self.assertEqual(len(addresses), len(calls))
        self.assertEqual(addresses[-1].state, "effective")
        self.assertEqual(set(addresses[:-1].mapped("state")), {"ended"})
        self.assertEqual(
            [address.previous_id.id for address in addresses],
            [False, *addresses[:-1].ids],
        )
        mapping = self.partner.with_env(env).spar_mapping_ids.filtered(
            lambda one: one.connection_id.id == self.connection.id
        )
        self.assertEqual(len(mapping), 1)
        changes = mapping.change_ids.sorted("id")
        self.assertEqual(changes.address_id.ids, addresses.ids)
        proposals = env["g2p.api.proposal"].search(
            [("partner_id", "=", self.partner.id)], order="id"
        )
        self.assertEqual(proposals.address_id.ids, addresses.ids)

    def one_waits(self):
        """Hold the registrant's lock, and have a call wait for it.

        :return: the environment that holds it, the list for the answer, the thread
        """
        first, seen = self.open(), []
        lock_registrant(first, self.partner)
        waiting = threading.Thread(
            target=lambda: seen.append(self.call("late", "+255754200002"))
        )
        waiting.start()
        waiting.join(0.3)
        self.assertTrue(waiting.is_alive(), "it did not wait")
        return first, seen, waiting

    def test_who_waits_sees_what_they_waited_for(self):
        first, seen, waiting = self.one_waits()
        first["g2p.financial.address"].create(
            {
                "partner_id": self.partner.id,
                "dfsp_id": self.operator.id,
                "mobile_number": "+255754200001",
            }
        )
        first.cr.commit()
        waiting.join(10)
        self.assertTrue(seen[0][1])
        addresses = self.partner.with_env(self.open()).financial_address_ids
        newest = addresses.sorted("id")[-1]
        self.assertEqual(newest.previous_id, addresses.sorted("id")[0])

    def test_an_id_that_changes_hands_meanwhile_is_looked_up_again(self):
        first, seen, waiting = self.one_waits()
        # A second person has approved it.
        marked(self.partner.with_env(first), APPROVED).spar_id = "MET-0"
        marked(self.other.with_env(first), APPROVED).spar_id = "MET-1"
        first.cr.commit()
        with mute_logger("odoo.service.model"):
            waiting.join(10)
        self.assertTrue(seen[0][1])
        env = self.open()
        self.assertFalse(self.partner.with_env(env).financial_address_ids)
        self.assertTrue(self.other.with_env(env).financial_address_ids)

    def test_who_was_faster_in_the_registry_comes_first(self):
        """They take no turn, so the two meet in the database."""
        registry, tries = self.open(), []
        Proposal = type(registry["g2p.api.proposal"])
        enter = Proposal._enter

        def beaten(proposals, *args):
            tries.append(1)
            if len(tries) == 1:
                registry["g2p.financial.address"].create(
                    {
                        "partner_id": self.partner.id,
                        "dfsp_id": self.operator.id,
                        "mobile_number": "+255754200001",
                    }
                )
                registry.cr.commit()
            return enter(proposals, *args)

        self.patch(Proposal, "_enter", beaten)
        self.patch(random, "uniform", lambda _least, _most: 0)
        with mute_logger("odoo.sql_db", "odoo.service.model"):
            _answer, new = self.call("one", "+255754200002")
        self.assertTrue(new)
        self.assertEqual(len(tries), 2)
        addresses = self.partner.with_env(self.open()).financial_address_ids
        self.assertEqual(len(addresses), 2)
        self.assertEqual(self.locks(), 0)

    def test_a_turn_is_over_with_the_transaction(self):
        for end in ("commit", "rollback", "close"):
            with self.subTest(end=end):
                env = self.open()
                lock_registrant(env, self.partner)
                self.assertEqual(self.locks(), 1)
                getattr(env.cr, end)()
                self.assertEqual(self.locks(), 0)

    def test_a_turn_is_over_when_the_transaction_fails(self):
        env = self.open()
        lock_registrant(env, self.partner)
        with mute_logger("odoo.sql_db"), self.assertRaises(DivisionByZero):
            env.cr.execute("SELECT 1 / 0")
        env.cr.close()
        self.assertEqual(self.locks(), 0)

    def test_turns_of_other_people_do_not_wait(self):
        people = [SimpleNamespace(id=2**31 - number) for number in (1, 2)]
        for person in people:
            env = self.open()
            # One that waits is an error, instead of a test without end.
            env.cr.execute("SET lock_timeout = '5s'")
            lock_registrant(env, person)
        held = [self.advisory_locks(REGISTRANT_LOCK, person.id) for person in people]
        self.assertEqual(held, [1, 1])

    def test_a_lock_is_not_kept_when_the_transaction_before_cannot_be_ended(self):
        env = self.open()
        with (
            patch.object(registrant_lock, "commit", side_effect=DivisionByZero),
            self.assertRaises(DivisionByZero),
        ):
            lock_registrant(env, self.partner)
        env.cr.rollback()
        self.assertEqual(self.locks(), 0)

    def test_what_was_refused_keeps_no_turn(self):
        refused = self.call("one", "not a number")
        self.assertIs(refused, Refused)
        self.assertEqual(self.locks(), 0)
