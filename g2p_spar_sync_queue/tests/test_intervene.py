from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..live.status import spar_status
from .common import SparCase
from .spar_stand_in import faults


@tagged("post_install", "-at_install")
class TestIntervene(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        group = "g2p_spar_sync_queue.group_operator"
        cls.user = new_test_user(cls.env, "i_operator", group)

    def by_operator(self, mappings=None):
        return (mappings or self.mapping).with_user(self.user)

    def ask(self, mappings, action, reason):
        """Do what the wizard does."""
        window = getattr(self.by_operator(mappings), f"action_{action}")()
        wizard = Form(
            self.env[window["res_model"]]
            .with_user(self.user)
            .with_context(**window["context"])
        )
        wizard.reason = reason
        return wizard.save().action_apply()["params"]

    def assertTrail(self, *expected):
        trail = self.mapping.intervention_ids.sorted("id")
        self.assertEqual([(t.action, t.reason or None) for t in trail], list(expected))
        self.assertFalse(trail.create_uid - self.user)

    def hold(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.assertEqual(self.mapping.state, "held")

    def test_what_was_refused_is_tried_again(self):
        self.hold()
        self.by_operator().action_retry()
        self.assertEqual(self.registrant.spar_state, "on_its_way")
        self.run_engine()
        self.assertInSync()
        self.assertTrail(("retry", None))

    def test_what_waits_for_its_next_attempt_is_tried_now(self):
        self.enter_address()
        self.run_engine(faults.status(429))
        self.by_operator().action_retry()
        self.run_engine()
        self.assertInSync()

    def test_no_action_shortens_the_wait_after_a_lost_answer(self):
        self.enter_address()
        self.run_engine(faults.cut_after)
        report = self.by_operator().action_retry()["params"]
        self.assertEqual(report["type"], "warning")
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link"])
        self.assertTrail()

    def test_skipping_needs_a_reason_and_leaves_spar_as_it_is(self):
        self.hold()
        with self.assertRaises(AssertionError):
            self.ask(self.mapping, "skip", False)
        self.ask(self.mapping, "skip", "Account is being reopened")
        self.assertEqual(self.mapping.change_ids.state, "cancelled")
        self.assertEqual(self.registrant.spar_state, "differs")
        self.assertIn("i_operator", self.mapping.sentence)
        self.assertIn("Account is being reopened", self.mapping.sentence)
        self.assertTrail(("skip", "Account is being reopened"))
        self.assertEqual(
            self.mapping.intervention_ids.change_id, self.mapping.change_ids
        )
        self.run_engine()
        self.assertEqual(len(self.mapper.log), 1)
        self.enter_address("0754 200 002")
        self.run_engine()
        self.assertInSync()

    def test_skipping_leaves_the_request_unresolved(self):
        self.enter_address()
        self.run_engine(faults.cut_after)
        self.ask(self.mapping, "skip", "Not now")
        self.registrant.action_end_financial_address()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link"], "did not cool down")
        self.time_passes()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link", "resolve", "unlink"])
        self.assertFalse(self.mapper.rows)

    def passed_on(self):
        """Pass an ID on whose row stays at SPAR; return the new owner's mapping."""
        self.enter_address()
        self.run_engine()
        self.registrant.spar_id = "SR-2"
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.assertEqual(self.mapping.state, "held")
        heir = self.new_registrant("Heir", "SR-1")
        self.enter_address("0754 200 009", partner_id=heir.id)
        return heir.spar_mapping_ids

    def sentence_for(self, user, mapping):
        self.run_engine(mappings=mapping)
        self.assertEqual(mapping.state, "retrying")
        self.env.invalidate_all()
        return mapping.with_user(user).sentence

    def test_who_waits_for_an_id_is_shown_why_its_former_owner_stays(self):
        theirs = self.passed_on()
        name = self.registrant.name
        viewer = new_test_user(
            self.env, "i_viewer", "g2p_spar_financial_address.group_viewer"
        )
        for action, reason, texts in (
            (None, None, ["SPAR does not accept this address"]),
            ("skip", "SPAR is asked by phone", ["i_operator", "Send again"]),
            ("pause", "Under investigation", ["i_operator", "Resume"]),
        ):
            if action:
                self.ask(self.mapping, action, reason)
                texts = [*texts, reason]
            if action == "pause":
                # Otherwise it is at rest, and nothing is paused.
                self.by_operator().action_resend()
            for text in [name, "still at SPAR under this ID", *texts]:
                with self.subTest(action, text=text):
                    self.assertIn(text, self.sentence_for(self.user, theirs))
            with self.subTest(action, user="their own"):
                asked = theirs.partner_id.with_user(self.user).sudo()
                (row,) = spar_status(asked, asker="a person")["rows"]
                self.assertIn("still at SPAR under this ID", row["sentence"])
                self.assertNotIn(name, row["sentence"])
            self.time_passes(theirs)
            with self.subTest(action, user="viewer"):
                shown = self.sentence_for(viewer, theirs)
                self.assertIn("still at SPAR under this ID", shown)
                self.assertNotIn(name, shown)
                self.assertNotIn(reason or "accept", shown)
        self.by_operator().action_resume()
        self.assertNotIn(name, self.sentence_for(self.user, theirs))
        self.run_engine()
        self.time_passes(theirs)
        self.run_engine(mappings=theirs)
        self.assertInSync(self.mapping | theirs)

    def test_what_has_not_been_sent_is_cancelled(self):
        self.enter_address("0754 200 001")
        self.run_engine()
        self.enter_address("0754 200 002")
        self.ask(self.mapping, "cancel", "Entered for the wrong person")
        self.assertEqual(self.mapping.change_ids.mapped("state"), ["cancelled", "sent"])
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link"])
        self.assertEqual(self.registrant.spar_state, "differs")
        self.by_operator().action_resend()
        self.run_engine()
        self.assertInSync()
        self.assertTrail(("cancel", "Entered for the wrong person"), ("resend", None))

    def test_one_registrant_is_paused_and_resumed(self):
        self.enter_address()
        self.ask(self.mapping, "pause", "Under investigation")
        others = self.make_registrants(2).spar_mapping_ids
        self.connection.job_work_off()
        self.run_engine()
        self.env["g2p.spar.mapping"]._cron_sweep()
        self.assertInSync(others)
        self.assertNotIn("SR-1", self.mapper.rows)
        self.assertEqual(self.registrant.spar_state, "paused")
        self.assertIn("Under investigation", self.mapping.sentence)
        self.by_operator().action_resume()
        self.run_engine()
        self.assertInSync()
        self.assertTrail(("pause", "Under investigation"), ("resume", None))

    def test_many_at_a_time(self):
        mappings = self.make_registrants(3).spar_mapping_ids
        self.run_engine(faults.refuse("rjct.fa.invalid"), mappings=mappings[:2])
        held = mappings.filtered(lambda mapping: mapping.state == "held")
        report = self.by_operator(mappings).action_retry()["params"]
        self.assertEqual(len(held.intervention_ids), len(held))
        self.assertGreater(len(held), 0)
        self.assertIn(str(len(held)), report["message"])
        self.run_engine(mappings=mappings)
        self.assertInSync(mappings)

    def test_only_operators_intervene_and_the_trail_stays(self):
        self.hold()
        editor = new_test_user(
            self.env, "i_editor", "g2p_spar_financial_address.group_editor"
        )
        for action in ("retry", "skip", "cancel", "pause", "resume", "resend"):
            with self.subTest(action), self.assertRaises(AccessError):
                getattr(self.mapping.with_user(editor), f"action_{action}")()
            with self.subTest(action), self.assertRaises(AccessError):
                self.mapping.with_user(editor)._intervene(action, "x")
        self.by_operator().action_retry()
        trail = self.mapping.intervention_ids
        for asked in (trail, trail.with_user(self.user)):
            with self.assertRaises(UserError):
                asked.write({"reason": "x"})
            with self.assertRaises(UserError):
                asked.unlink()


@tagged("post_install", "-at_install")
class TestEveryValue(SparCase):
    def setUp(self):
        super().setUp()
        self.connection.send_every_value = True

    def test_every_value_is_sent_in_order(self):
        addresses = [self.enter_address(f"0754 200 00{n}") for n in range(3)]
        self.apart()
        self.run_engine()
        self.assertEqual(self.mapper.stored, [a._spar_value()[0] for a in addresses])
        self.assertInSync()
        self.assertEqual(set(self.mapping.change_ids.mapped("state")), {"sent"})

    def test_an_end_in_between_is_sent_too(self):
        self.enter_address("0754 200 001")
        self.registrant.action_end_financial_address()
        self.enter_address("0754 200 002")
        self.apart()
        self.run_engine()
        self.assertEqual(self.mapper.operations, ["link", "unlink", "link"])
        self.assertInSync()

    def test_of_one_transaction_the_last_value_is_sent(self):
        """What was there before it ended was never committed."""
        self.enter_address("0754 200 001")
        last = self.enter_address("0754 200 002")
        self.run_engine()
        self.assertEqual(self.mapper.stored, [last._spar_value()[0]])
        self.assertInSync()
        states = self.mapping.change_ids.sorted("id").mapped("state")
        self.assertEqual(states, ["superseded", "sent"])

    def test_a_failure_is_not_overtaken(self):
        first = self.enter_address("0754 200 001")
        self.run_engine(faults.status(429))
        second = self.enter_address("0754 200 002")
        self.apart()
        self.time_passes()
        self.run_engine()
        self.assertEqual(
            self.mapper.stored, [a._spar_value()[0] for a in (first, second)]
        )
        self.assertInSync()

    def test_a_refused_value_makes_way_for_the_next(self):
        self.enter_address("0754 200 001")
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.mapper.rows.clear()
        self.enter_address("0754 200 002")
        self.run_engine()
        self.assertInSync()
        self.assertEqual(
            self.mapping.change_ids.mapped("state"), ["sent", "superseded"]
        )
