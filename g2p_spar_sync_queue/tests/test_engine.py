from dataclasses import replace
from datetime import timedelta
from functools import partial

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine import claim, decide, journal, record, store
from ..models import g2p_spar_mapping
from .common import SparCase
from .spar_stand_in import faults
from .waiting_jobs import forget_jobs, waiting_jobs

ENGINE_LOG = "odoo.addons.g2p_spar_sync_queue.engine.claim"


@tagged("post_install", "-at_install")
class TestEngine(SparCase):
    def test_create_amend_remove(self):
        self.enter_address("0754 200 001")
        self.run_engine()
        self.assertInSync()
        self.enter_address("0754 200 002")
        self.run_engine()
        self.assertInSync()
        self.registrant.action_end_financial_address()
        self.run_engine()
        self.assertEqual(self.mapping.state, "ended")
        self.assertFalse(self.mapper.rows)
        self.assertEqual(self.mapper.operations, ["link", "update", "unlink"])

    def test_only_the_newest_of_several_changes_is_sent(self):
        for n in range(3):
            self.enter_address(f"0754 200 00{n}")
        self.run_engine()
        self.assertInSync()
        self.assertEqual(self.mapper.operations, ["link"])
        states = self.mapping.change_ids.mapped("state")
        self.assertEqual(states, ["sent", "superseded", "superseded"])

    def test_a_second_run_sends_nothing(self):
        self.enter_address()
        self.run_engine()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link"])

    def test_an_address_entered_and_ended_unsent_never_reaches_spar(self):
        self.enter_address()
        self.registrant.action_end_financial_address()
        self.run_engine()
        self.assertEqual(self.mapping.state, "ended")
        self.assertFalse(self.mapper.log)

    # === CHOOSING THE VERB === #

    def test_an_id_spar_knows_already_is_updated(self):
        self.mapper.rows["SR-1"] = "somebody else's doing"
        self.enter_address()
        self.run_engine()
        self.assertInSync()
        self.assertEqual(self.mapper.operations, ["link", "resolve", "update"])

    def test_an_id_spar_has_lost_is_linked(self):
        self.enter_address("0754 200 001")
        self.run_engine()
        self.mapper.rows.clear()
        self.enter_address("0754 200 002")
        self.run_engine()
        self.assertInSync()
        self.assertEqual(self.mapper.operations, ["link", "update", "resolve", "link"])

    def test_unlinking_what_is_gone_succeeds(self):
        self.enter_address()
        self.run_engine()
        self.mapper.rows.clear()
        self.registrant.action_end_financial_address()
        self.run_engine()
        self.assertEqual(self.mapping.state, "ended")

    def test_contradictions_do_not_loop(self):
        self.enter_address()
        duplicate = faults.refuse("rjct.reference_id.duplicate")

        def not_linked(handler, work):
            self.mapper.rows.clear()
            return False

        self.run_engine(duplicate, not_linked, duplicate, not_linked, duplicate)
        self.assertEqual(self.mapping.state, "checking")
        self.assertGreater(self.mapping.next_attempt_at, fields.Datetime.now())

    def test_entering_the_same_address_again_still_sends_it(self):
        self.enter_address()
        self.run_engine()
        self.mapper.rows["SR-1"] = "changed behind our back"
        self.enter_address()
        self.run_engine()
        self.assertInSync()

    # === LOST ANSWERS === #

    def test_a_lost_answer_is_waited_out_and_resolved(self):
        for fault, after in [
            (faults.cut_before, ["resolve", "link"]),
            (faults.cut_after, ["resolve"]),
            (faults.forget(0), ["resolve"]),
            (faults.status(504), ["resolve", "link"]),
            (faults.answer(b"<html>"), ["resolve", "link"]),
        ]:
            with self.subTest(fault):
                self.registrant.action_end_financial_address()
                self.time_passes()
                if self.mapping:
                    self.run_engine()
                self.mapper.forget()
                self.enter_address()
                self.run_engine(fault)
                self.assertEqual(self.mapping.state, "checking")
                self.assertEqual(self.mapper.operations, ["link"])
                cooled = fields.Datetime.now() + timedelta(
                    seconds=self.connection.cool_down - 5
                )
                self.assertGreater(self.mapping.next_attempt_at, cooled)
                # A newer change does not cut the wait short: the lost request may
                # still land.
                self.run_engine()
                self.assertEqual(self.mapper.operations, ["link"])
                self.time_passes()
                self.run_engine()
                self.assertEqual(self.mapper.operations, ["link", *after])
                self.assertInSync()

    def test_a_newer_change_waits_for_the_lost_one(self):
        self.enter_address("0754 200 001")
        self.run_engine(faults.cut_after)
        self.enter_address("0754 200 002")
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link"])
        self.time_passes()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link", "resolve", "update"])
        self.assertInSync()

    @mute_logger(ENGINE_LOG)
    def test_a_dead_sender_is_noticed_and_its_outcome_resolved(self):
        self.enter_address()
        self.die_sending()
        self.run_engine()
        self.assertEqual(self.mapping.state, "checking")
        self.assertFalse(self.mapper.log, "asked before the lost request had landed")
        self.time_passes()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["resolve", "link"])
        self.assertInSync()

    @mute_logger(ENGINE_LOG)
    def test_an_address_ended_after_its_sender_died_does_not_stay_at_spar(self):
        """Without the question nothing would be known of a row there."""
        self.enter_address()
        self.die_sending()
        self.mapper.rows["SR-1"] = "what the dead one had sent"
        self.registrant.action_end_financial_address()
        self.run_engine()
        self.assertEqual(self.mapping.state, "checking")
        self.time_passes()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["resolve", "unlink"])
        self.assertFalse(self.mapper.rows)

    @mute_logger(ENGINE_LOG)
    def test_a_dead_sender_is_resolved_where_every_value_is_sent(self):
        self.connection.send_every_value = True
        self.enter_address("0754 200 001")
        self.run_engine()
        second = self.enter_address("0754 200 002")
        self.die_sending()
        self.enter_address("0754 200 003")
        self.apart()
        self.run_engine()
        wanted = self.mapping.wanted_change_id
        self.assertEqual(wanted.address_id, second, "not the one that was being sent")
        self.time_passes()
        self.run_engine()
        operations = ["link", "resolve", "update", "update"]
        self.assertEqual(self.mapper.operations, operations)
        self.assertInSync()

    def test_a_recorded_request_is_no_longer_unresolved(self):
        """Its sender died before it could forget that it was about to send it."""
        self.enter_address("0754 200 001")
        claimed = claim.claim_mappings(self.mapping)
        sendings = self.env["g2p.spar.sending"]
        request = journal.write_intent(self.env, self.connection.id, claimed.request)
        items = [part.item for part in request.parts.values()]
        with self.connection._client() as client:
            answer = client.send(request.operation, items, request.id)
        record.record_answer(self.env, replace(claimed, request=request), answer)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertTrue(sendings.search([]))
        self.enter_address("0754 200 002")
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link", "update"])
        store.delete_recorded_requests(self.env)
        self.assertFalse(sendings.search([]))

    @mute_logger(ENGINE_LOG)
    def test_an_unresolved_request_is_not_deleted(self):
        self.enter_address()
        self.die_sending()
        sendings = self.env["g2p.spar.sending"]
        store.delete_recorded_requests(self.env)
        self.assertEqual(len(sendings.search([])), 1)
        self.assertEqual(self.mapping._known_at_spar(self.registrant), self.mapping)
        self.assertFalse(self.mapping._intervene("cancel", "Whatever"))
        self.assertTrue(self.registrant.spar_mapping_ids._intervene("pause", "For now"))

    @mute_logger(ENGINE_LOG)
    def test_an_id_a_killed_sender_may_have_linked_is_not_linked_for_another(self):
        self.enter_address()
        self.die_sending()
        self.registrant.spar_id = "SR-9"
        other = self.make_registrants(1)
        other.spar_id = "SR-1"
        self.run_engine(mappings=other.spar_mapping_ids)
        self.assertEqual(other.spar_mapping_ids.reason_code, "id.taken")
        self.assertFalse(self.mapper.log)
        for _look in range(3):
            self.time_passes(self.mapping | other.spar_mapping_ids)
            self.run_engine(mappings=self.mapping | other.spar_mapping_ids)
        self.assertInSync(self.mapping | other.spar_mapping_ids)
        self.assertEqual(set(self.mapper.rows), {"SR-1", "SR-9"})

    def test_a_link_that_failed_may_have_left_a_row_and_is_asked_about(self):
        def applied_yet_failed(handler, work):
            work()
            return faults.status(500)(handler, work)

        self.enter_address()
        self.run_engine(applied_yet_failed)
        self.assertEqual(self.mapping.state, "retrying")
        self.registrant.action_end_financial_address()
        self.time_passes()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link", "resolve", "unlink"])
        self.assertFalse(self.mapper.rows)
        self.assertEqual(self.mapping.state, "ended")

    def test_a_refused_resolve_leaves_the_request_unresolved(self):
        self.enter_address()
        self.run_engine(faults.cut_after)
        self.time_passes()
        self.run_engine(faults.status(400))
        self.assertEqual(self.mapping.state, "held")
        self.registrant.spar_id = "SR-2"
        self.run_engine()
        self.assertInSync()
        self.assertEqual(
            self.mapper.operations, ["link", "resolve", "resolve", "unlink", "link"]
        )

    # === FAILURES === #

    def test_a_newer_change_says_when_the_wait_it_shares_is_over(self):
        self.enter_address()
        self.run_engine(faults.status(500))
        self.enter_address("0754 200 002")
        self.assertEqual(self.mapping.state, "retrying")
        self.assertEqual(self.registrant.spar_state, "retrying")
        self.assertIn("Next attempt at", self.registrant.spar_sentence)
        self.mapping.next_attempt_at = "2020-01-01 00:00:00"
        self.registrant.invalidate_recordset()
        self.assertEqual(self.registrant.spar_state, "on_its_way")
        self.run_engine()
        self.assertInSync()

    def test_trouble_is_retried_later_and_later(self):
        self.enter_address()
        for attempt in range(1, 4):
            self.run_engine(faults.status(429))
            self.assertEqual(self.mapping.state, "retrying")
            self.assertEqual(self.mapping.attempts, attempt)
            self.assertEqual(self.registrant.spar_state, "retrying")
            self.run_engine()
            self.assertEqual(len(self.mapper.log), attempt, "did not wait")
            self.time_passes()
        self.run_engine()
        self.assertInSync()
        self.assertEqual(self.mapping.attempts, 0)

    def test_retry_after_is_obeyed(self):
        self.enter_address()
        self.run_engine(faults.status(429, Retry_After="300"))
        self.assertGreater(
            self.mapping.next_attempt_at, fields.Datetime.now() + timedelta(seconds=290)
        )

    def test_a_changed_strategy_is_sent_although_the_string_is_the_same(self):
        self.enter_address()
        self.run_engine()
        self.approved(self.operator.strategy_id).strategy_number = 44
        self.mapper.strategies[44] = self.mapper.strategies[4]
        self.run_engine(faults.cut_before)
        self.time_passes()
        self.run_engine()
        self.assertEqual(
            self.mapper.operations, ["link", "update", "resolve", "update"]
        )
        self.assertEqual(self.mapper.infos["SR-1"], [{"strategy_id": 44}])

    def test_a_request_lost_twice_is_sent_one_by_one(self):
        mappings = self.make_registrants(3).spar_mapping_ids
        poison = mappings[0].partner_id.spar_id

        def cut_poison(handler, work):
            operation, ids = self.mapper.log[-1]
            poisoned = operation == "link" and poison in ids
            return poisoned and faults.cut_before(handler, work)

        self.run_engine(cut_poison, mappings=mappings)
        self.time_passes(mappings)
        self.run_engine(*[cut_poison] * 2, mappings=mappings)  # resolve, link
        self.assertEqual(set(mappings.mapped("state")), {"checking"})
        self.time_passes(mappings)
        # SPAR is asked about all, and then they go one by one.
        self.run_engine(*[cut_poison] * 4, mappings=mappings)
        self.assertEqual(mappings[0].state, "checking")
        self.assertInSync(mappings[1:])

    def test_an_address_that_cannot_be_written_is_held_alone(self):
        mappings = self.make_registrants(3).spar_mapping_ids
        broken = mappings[1].partner_id.financial_address_id
        self.env.cr.execute(
            "UPDATE g2p_financial_address SET mobile_number = %s WHERE id = %s",
            ["1.wallet_provider_name:X", broken.id],
        )
        self.env.invalidate_all()
        self.run_engine(mappings=mappings)
        self.assertEqual(mappings[1].state, "held")
        self.assertIn("cannot be written for SPAR", mappings[1].sentence)
        self.assertInSync(mappings[0] | mappings[2])

    def test_saving_works_while_spar_is_down(self):
        self.mapper.stop()
        self.enter_address()
        self.run_engine()
        self.assertEqual(self.mapping.state, "retrying")
        self.enter_address("0754 200 002")
        self.assertEqual(self.registrant.spar_state, "retrying")

    def test_a_refused_address_is_held_until_a_newer_change(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.assertEqual(self.mapping.state, "held")
        self.assertIn("does not accept this address", self.mapping.sentence)
        self.assertEqual(self.mapping.change_ids.state, "held")
        self.run_engine()
        self.assertEqual(len(self.mapper.log), 1)
        self.enter_address("0754 200 002")
        self.run_engine()
        self.assertInSync()

    def test_one_refusal_does_not_delay_the_batch(self):
        mappings = self.make_registrants(3).spar_mapping_ids

        def refuse_first(handler, work):
            first = self.mapper.log[-1][1][0]
            return faults.refuse("rjct.id.invalid", [first])(handler, work)

        self.run_engine(refuse_first, mappings=mappings)
        self.assertEqual(
            sorted(mappings.mapped("state")), ["held", "in_sync", "in_sync"]
        )

    def test_a_refused_signature_pauses_and_holds_no_registrant(self):
        self.enter_address()
        self.run_engine(faults.signature_refused)
        self.assertEqual(self.connection.state, "paused")
        self.assertIn("refused the signature", self.connection.pause_reason)
        self.assertEqual(self.mapping.attempts, 0)
        self.assertEqual(self.registrant.spar_state, "paused")
        self.run_engine()
        self.assertEqual(len(self.mapper.log), 1)
        self.connection.action_resume()
        self.run_engine()
        self.assertInSync()

    def test_after_a_refused_signature_nothing_more_is_sent(self):
        mappings = self.make_registrants(3).spar_mapping_ids
        self.run_engine(
            faults.status(400), *[faults.signature_refused], mappings=mappings
        )
        self.assertEqual(self.connection.state, "paused")
        self.assertEqual(len(self.mapper.log), 2)

    def test_an_unreadable_key_pauses_the_connection(self):
        self.enter_address()
        elsewhere = self.key_path.rename(self.key_path.with_suffix(".away"))
        self.addCleanup(lambda: elsewhere.exists() and elsewhere.rename(self.key_path))
        self.run_engine()
        self.assertEqual(self.connection.state, "paused")
        self.assertIn("cannot be read", self.connection.pause_reason)
        self.assertNotIn(self.key_path.name, self.connection.pause_reason)
        elsewhere.rename(self.key_path)
        self.connection.action_resume()
        self.run_engine()
        self.assertInSync()

    def poison(self, mapping, code):
        """Answer an error to each request with this registrant, from now on.

        :return: the list of requests that met it, which is filled as they come
        """
        poison, trouble = mapping.partner_id.spar_id, faults.status(code)
        met = []

        def rule(handler, work):
            operation, ids = self.mapper.log[-1]
            if operation == "resolve" or poison not in ids:
                return False
            met.append(ids)
            return trouble(handler, work)

        self.mapper.rule = rule
        return met

    def test_a_refused_batch_is_halved_until_the_culprit_is_alone(self):
        mappings = self.make_registrants(16).spar_mapping_ids
        culprit = mappings[5]
        met = self.poison(culprit, 400)
        self.run_engine(mappings=mappings)
        self.assertEqual([len(ids) for ids in met], [16, 8, 4, 2, 1])
        self.assertEqual(len(self.mapper.log), 9)
        self.assertEqual(culprit.state, "held")
        self.assertInSync(mappings - culprit)
        self.assertFalse(any((mappings - culprit).mapped("send_group")))

    def test_a_batch_too_large_for_a_gateway_is_halved_until_it_fits(self):
        """Else the same request would be refused again and again."""
        mappings = self.make_registrants(8).spar_mapping_ids

        def rule(handler, work):
            too_large = len(self.mapper.log[-1][1]) > 2
            return too_large and faults.status(413)(handler, work)

        self.mapper.rule = rule
        self.run_engine(mappings=mappings)
        self.assertInSync(mappings)
        self.assertEqual(len(self.mapper.log), 7)
        self.assertEqual(self.connection.breaker_failures, 0)

    def test_an_item_a_gateway_finds_invalid_is_found(self):
        mappings = self.make_registrants(4).spar_mapping_ids
        met = self.poison(mappings[1], 422)
        self.run_engine(mappings=mappings)
        self.assertEqual([len(ids) for ids in met], [4, 2, 1])
        self.assertEqual(mappings[1].state, "held")
        self.assertInSync(mappings - mappings[1])

    def test_a_batch_with_an_internal_error_is_halved_as_it_is_retried(self):
        mappings = self.make_registrants(8).spar_mapping_ids
        culprit = mappings[6]
        met = self.poison(culprit, 500)
        for _look in range(5):
            self.run_engine(mappings=mappings)
            self.time_passes(mappings.filtered(lambda m: m.state != "in_sync"))
        self.assertEqual([len(ids) for ids in met], [8, 4, 2, 1, 1])
        # Each link that failed may have left a row, so SPAR is asked before the next.
        self.assertEqual(self.mapper.operations.count("resolve"), 4)
        self.assertEqual(self.mapper.operations.count("link"), 8)
        self.assertEqual(culprit.state, "retrying")
        self.assertInSync(mappings - culprit)

    def test_a_registrant_that_made_a_batch_fail_is_sent_alone(self):
        mappings = self.make_registrants(2).spar_mapping_ids
        met = self.poison(mappings[0], 500)
        for _look in range(2):
            self.run_engine(mappings=mappings)
            self.time_passes(mappings)
        self.enter_address("0754 200 099", partner_id=mappings[1].partner_id.id)
        self.run_engine(mappings=mappings)
        self.assertEqual([len(ids) for ids in met], [2, 1, 1])
        self.assertInSync(mappings[1])

    def test_a_small_request_is_not_overtaken_by_larger_ones_for_ever(self):
        """An address that was ended is payable for as long as its unlink waits."""
        self.enter_address()
        self.run_engine()
        self.registrant.action_end_financial_address()
        self.run_engine(faults.status(429))
        self.connection.batch_size = 3
        self.make_registrants(12)
        self.time_passes()
        self.mapper.forget()
        self.connection.job_work_off()
        self.assertLess(self.mapper.operations.index("unlink"), 2)
        self.assertEqual(len(self.mapper.rows), 12)

    def test_answers_in_another_order_go_to_the_right_registrant(self):
        mappings = self.make_registrants(5).spar_mapping_ids
        self.run_engine(faults.reverse, mappings=mappings)
        self.assertInSync(mappings)

    # === THE SPAR ID === #

    def test_without_an_id_it_waits_and_goes_out_when_the_id_appears(self):
        self.registrant.spar_id = False
        self.enter_address()
        self.run_engine()
        self.assertEqual(self.registrant.spar_state, "waiting_id")
        self.assertIn("as soon as this registrant has an ID", self.mapping.sentence)
        self.assertFalse(self.mapper.log)
        self.registrant.spar_id = "SR-9"
        self.run_engine()
        self.assertInSync()

    def test_a_changed_id_leaves_the_old_one_first(self):
        self.enter_address()
        self.run_engine()
        self.registrant.spar_id = "SR-2"
        self.run_engine()
        self.assertInSync()
        self.assertEqual(
            self.mapper.log[1:], [("unlink", ["SR-1"]), ("link", ["SR-2"])]
        )

    def test_an_id_passed_on_is_left_by_the_old_owner_first(self):
        self.enter_address()
        self.run_engine()
        heir = self.env["res.partner"].create({"name": "Heir", "is_registrant": True})
        self.registrant.spar_id = "SR-2"
        heir.spar_id = "SR-1"
        self.enter_address("0754 200 009", partner_id=heir.id)
        theirs = heir.spar_mapping_ids
        self.run_engine(mappings=theirs)
        self.assertEqual(theirs.state, "retrying")
        self.assertIn("still at SPAR under this ID", theirs.sentence)
        self.run_engine()
        self.time_passes(theirs)
        self.run_engine(mappings=theirs)
        self.assertInSync(self.mapping | theirs)

    def test_who_waited_for_an_id_has_not_failed(self):
        """The first failure after a long wait is tried again soon."""
        self.enter_address()
        self.run_engine()
        heir = self.new_registrant("Heir")
        self.registrant.spar_id = "SR-2"
        self.env.flush_all()
        heir.spar_id = "SR-1"
        self.enter_address("0754 200 009", partner_id=heir.id)
        theirs = heir.spar_mapping_ids
        self.mapping._intervene("pause", "For now")
        for _look in range(20):
            self.time_passes(theirs)
            self.run_engine(mappings=theirs)
        self.mapping._intervene("resume")
        self.run_engine()
        self.time_passes(theirs)
        longest = partial(decide.retry_delay, chance=lambda: 1)
        self.patch(decide, "retry_delay", longest)
        self.run_engine(faults.status(429), mappings=theirs)
        self.assertEqual((theirs.state, theirs.reason_code), ("retrying", "http.429"))
        soon = timedelta(seconds=self.connection.retry_base + 2)
        self.assertLess(theirs.next_attempt_at, fields.Datetime.now() + soon)

    def test_an_id_passed_on_waits_for_a_doubtful_owner(self):
        self.enter_address()
        self.run_engine(faults.cut_after)
        heir = self.env["res.partner"].create({"name": "Heir", "is_registrant": True})
        self.registrant.spar_id = "SR-2"
        heir.spar_id = "SR-1"
        self.enter_address("0754 200 009", partner_id=heir.id)
        theirs = heir.spar_mapping_ids
        for _look in range(3):
            self.time_passes(theirs)
            self.run_engine(mappings=theirs)
        self.assertEqual(self.mapper.operations, ["link"])
        self.time_passes()
        self.run_engine()
        self.time_passes(theirs)
        self.run_engine(mappings=theirs)
        self.assertInSync(self.mapping | theirs)

    def test_who_is_no_registrant_any_more_leaves_spar(self):
        self.enter_address()
        self.run_engine()
        self.registrant.is_registrant = False
        self.run_engine()
        self.assertEqual(self.mapping.state, "ended")
        self.assertFalse(self.mapper.rows)

    # === LOST WAKE-UPS === #

    def test_one_job_after_another_not_one_on_top_of_another(self):
        self.enter_address()
        self.run_engine(faults.status(429))
        jobs = waiting_jobs(self.env)
        for _doubled_wake_up in range(3):
            self.run_engine()
        self.assertEqual(waiting_jobs(self.env), jobs)

    def test_the_sweeper_sends_changes_without_a_job(self):
        mappings = self.make_registrants(5).spar_mapping_ids
        self.connection.batch_size = 2
        forget_jobs(self.env)
        # All tests of a class share the time at which their transaction began.
        self.patch(g2p_spar_mapping, "LOST_AFTER", 3600)
        self.env["g2p.spar.mapping"]._cron_sweep()
        self.assertFalse(self.mapper.log, "took what its wake-up may still bring")
        self.env.flush_all()
        for table in ("g2p_spar_mapping", "g2p_spar_change"):
            self.env.cr.execute(
                f"UPDATE {table} SET write_date = write_date - INTERVAL '1 hour',"
                " create_date = create_date - INTERVAL '1 hour'"
            )
        self.env.invalidate_all()
        self.env["g2p.spar.mapping"]._cron_sweep()
        self.assertInSync(mappings)
        self.assertEqual([len(ids) for _op, ids in self.mapper.log], [2, 2, 1])

    def test_failures_are_woken_up_again_when_their_time_comes(self):
        self.enter_address()
        self.run_engine(faults.status(429))
        (job,) = (j for j in waiting_jobs(self.env, "job_work_off") if j.eta)
        self.assertEqual(job.eta, self.mapping.next_attempt_at)

    def test_a_worker_that_is_done_remembers_what_another_claimed(self):
        """If the other worker is killed, only the sweeper would find it."""
        mappings = self.make_registrants(2).spar_mapping_ids
        self.die_sending(mappings[0])
        self.run_engine(mappings=mappings[1])
        (job,) = (j for j in waiting_jobs(self.env, "job_work_off") if j.eta)
        sending = self.env["g2p.spar.sending"].search([])
        sent_at = sending.create_date.replace(microsecond=0)
        self.assertEqual(job.eta, sent_at + timedelta(seconds=10))

    # === DISCRETION === #

    def test_nothing_of_the_address_is_logged(self):
        with self.assertLogs(level="DEBUG") as logs:
            address = self.enter_address()
            self.run_engine(faults.cut_after)
            self.time_passes()
            self.run_engine(faults.status(500))
        self.assertNotIn("754200001", "\n".join(logs.output))
        change = self.mapping.change_ids
        self.assertEqual(change.display_name, address.display_name)
        self.assertNotIn("754200001", str(change.read()))
