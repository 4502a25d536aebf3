from lxml import etree

from odoo.fields import Command
from odoo.tests import tagged

from ..engine import outbox
from ..live import query
from ..live.status import DISPLAY_STATES
from .spar_stand_in import faults
from .spar_stand_in.in_process import SparStandIn
from .status_case import StatusCase

OURS, THEIRS = "M-Cash · +2557••••001", "M-Cash · +2557••••009"


@tagged("post_install", "-at_install")
class TestStatus(StatusCase):
    """The address at SPAR compared with the requested one, as users see it."""

    def assertNotAsked(self):
        self.assertFalse(self.mapper.log)

    def assertOursIsLastKnown(self, row):
        self.assertEqual(row["text"], OURS)
        self.assertTrue(row["when"])
        self.assertFalse(row["current"])
        self.assertEqual(row["badge"], "Last known")
        self.assertTrue(row["problem"])

    # === SPAR ANSWERS === #

    def test_in_sync(self):
        self.bring_in_sync()
        view = self.view()
        self.assertEqual(self.mapper.operations, ["resolve"])
        (row,) = view["rows"]
        self.assertEqual(row["text"], OURS)
        self.assertEqual(row["badge"], "In sync")
        self.assertEqual(row["sentence"], "SPAR holds what was requested.")
        self.assertTrue(row["current"] and row["when"])
        self.assertFalse(row["problem"])
        self.assertEqual(view["requested"]["text"], OURS)
        self.assertIn("Admin form", view["requested"]["by"])

    def test_registrants_are_found_by_the_state_they_show(self):
        self.bring_in_sync()
        nothing = self.new_registrant("Nothing", "SR-91")
        without, waiting = map(self.new_registrant, ("Without ID", "Waiting"))
        self.enter_address("0754 200 102", partner_id=without.id)
        self.set_policy(approve_admin=True)
        self.enter_address("0754 200 103", partner_id=waiting.id)
        people = self.registrant | nothing | without | waiting
        shown = dict(zip(people, people.mapped("spar_state"), strict=True))
        self.assertEqual(
            [*shown.values()], ["in_sync", "no_address", "waiting_id", "to_approve"]
        )
        mine = [("id", "in", people.ids)]
        for state, _label in DISPLAY_STATES:
            with self.subTest(state):
                those = people.filtered(lambda one, state=state: shown[one] == state)
                found = people.search([*mine, ("spar_state", "=", state)])
                self.assertEqual(found, those)
                others = people.search([*mine, ("spar_state", "!=", state)])
                self.assertEqual(others.sorted("id"), (people - those).sorted("id"))

    def test_the_engine_is_not_disturbed(self):
        self.bring_in_sync()
        before = self.mapping.read()
        self.status_row()
        self.assertEqual(self.mapping.read(), before)

    def test_changed_by_another_system(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        row = self.status_row()
        self.assertEqual((row["text"], row["badge"]), (THEIRS, "Differs"))
        self.assertIn("SPAR holds something else", row["sentence"])

    def test_nothing_there_although_sent(self):
        self.bring_in_sync()
        self.mapper.rows.clear()
        row = self.status_row()
        self.assertEqual((row["text"], row["badge"]), ("No address", "Differs"))
        self.assertIn("no address for this ID", row["sentence"])

    def test_nothing_there_and_nothing_requested(self):
        row = self.status_row()
        self.assertEqual((row["text"], row["badge"]), ("No address", ""))
        self.assertEqual(row["sentence"], "No payment address yet. Add one.")
        self.assertFalse(row["problem"])

    def test_the_pages_say_it_in_one_sentence_only(self):
        """Never "No payment address yet" beside a state that says otherwise."""
        for name in ("person_view_form", "registrant_page"):
            view = self.env.ref(f"g2p_spar_financial_address.{name}")
            form = etree.fromstring(self.env["res.partner"].get_view(view.id)["arch"])
            place = form.xpath("//*[@name='paid_at']")[0]
            with self.subTest(name):
                self.assertEqual(len(place.xpath(".//field[@name='spar_sentence']")), 1)
                self.assertFalse(place.xpath(".//*[@name='no_address']"))
                self.assertNotIn("Add one", " ".join(place.itertext()))

    def test_something_there_although_nothing_was_requested(self):
        self.bring_in_sync()
        held, info = self.mapper.rows["SR-1"], self.mapper.infos["SR-1"]
        self.registrant.action_end_financial_address("Gone")
        self.run_engine()
        self.assertNotIn("SR-1", self.mapper.rows)
        self.mapper.rows["SR-1"], self.mapper.infos["SR-1"] = held, info
        row = self.status_row("both")
        self.assertEqual((row["text"], row["badge"]), (OURS, "Differs"))
        self.assertIn("although none is requested", row["sentence"])
        self.assertTrue(row["mayResend"] and row["mayTake"])

    def test_a_row_that_is_still_another_registrants_is_not_offered(self):
        self.bring_in_sync()
        self.mapping._intervene("pause", "For now")
        self.registrant.spar_id = "SR-2"
        self.env.flush_all()
        newcomer = self.new_registrant("Neema Shayo", "SR-1")
        for is_mapped in (False, True):
            if is_mapped:
                self.enter_address("0754 200 009", partner_id=newcomer.id)
                newcomer.action_end_financial_address()
                self.run_engine(mappings=newcomer.spar_mapping_ids)
            with self.subTest(is_mapped=is_mapped):
                (row,) = self.view("both", partner=newcomer)["rows"]
                self.assertEqual((row["text"], row["badge"]), (OURS, ""))
                self.assertFalse(row["mayResend"] or row["mayTake"])
                self.assertIn(row["code"], ("no_address", "ended"))

    def test_a_newcomer_spar_knows_already(self):
        self.mapper.rows["SR-1"] = self.enter_address()._spar_value()[0]
        self.env["g2p.financial.address"].search([])._close("ended", "Gone")
        newcomer = self.new_registrant("Neema Shayo", "SR-9")
        self.mapper.rows["SR-9"] = self.mapper.rows["SR-1"]
        (row,) = self.view("both", partner=newcomer)["rows"]
        self.assertEqual(row["badge"], "Differs")
        self.assertFalse(row["mayResend"] or row["mayTake"], "no mapping to act on")

    def test_what_cannot_be_read_here(self):
        self.bring_in_sync()
        self.mapper.rows["SR-1"] = "IBAN TZ00 754200001"
        row = self.status_row()
        self.assertEqual(row["text"], "Cannot be read here")
        self.assertEqual(row["badge"], "Differs")
        self.assertNotIn("754200001", str(row))

    def test_one_connection_speaks_for_the_registrant(self):
        """The first in the order of connections: on the form and for the API."""
        self.bring_in_sync()
        other = self.connection.copy({"sequence": self.connection.sequence - 1})

        def assert_same(code):
            self.env.invalidate_all()
            self.assertEqual(self.view(ask=False)["rows"][0]["code"], code)
            self.assertEqual(self.registrant.spar_state, code)

        assert_same("in_sync")
        other.state = "paused"
        outbox.capture(self.registrant, "admin", other)
        assert_same("paused")
        other.sequence = self.connection.sequence + 1
        assert_same("in_sync")

    def test_who_is_not_taken_up_yet_is_on_the_way(self):
        self.bring_in_sync()
        other = self.connection.copy(
            {
                "sequence": self.connection.sequence - 1,
                "base_url": "http://127.0.0.1:2",
            }
        )
        other.state = "running"
        self.env.invalidate_all()
        self.assertEqual(self.registrant.spar_state, "on_its_way")
        self.assertEqual(self.view(ask=False)["rows"][0]["code"], "on_its_way")

    # === WHAT IS UNDER WAY === #

    def test_on_its_way(self):
        self.bring_in_sync()
        self.enter_address("0754 200 009")
        row = self.status_row("both")
        self.assertEqual(row["text"], OURS)
        self.assertEqual(row["badge"], "")
        self.assertEqual(row["sentence"], "Saved. Being sent to SPAR.")
        self.assertFalse(row["mayResend"] or row["mayTake"])

    def test_moved_while_spar_was_being_asked(self):
        self.bring_in_sync()

        def amend(handler, work):
            self.env.cr.execute("UPDATE g2p_spar_mapping SET state = 'due'")
            return False

        self.mapper.faults = [amend]
        row = self.status_row("both")
        self.assertFalse(self.mapper.faults)
        self.assertEqual(row["badge"], "")
        self.assertFalse(row["mayResend"] or row["mayTake"])

    def test_a_lost_answer_that_was_skipped(self):
        self.bring_in_sync()
        self.enter_address("0754 200 009")
        self.run_engine(faults.cut_after)
        self.mapping._intervene("skip", "Not now")
        self.assertEqual(
            self.status_row("both")["badge"], "", "SPAR may be working on it"
        )
        self.time_passes()
        row = self.status_row("both")
        self.assertEqual((row["text"], row["badge"]), (THEIRS, "In sync"))
        self.mapper.rows["SR-1"] = self.mapper.rows["SR-1"].replace("009", "001")
        row = self.status_row("both")
        self.assertEqual((row["text"], row["badge"]), (OURS, "Differs"))
        self.assertTrue(row["mayResend"])

    def test_a_lost_answer_of_whom_is_paused(self):
        self.bring_in_sync()
        self.enter_address("0754 200 009")
        self.run_engine(faults.cut_after)
        self.mapping._intervene("pause", "Not now")
        row = self.status_row("both")
        self.assertEqual((row["text"], row["badge"]), (THEIRS, "Answer unknown"))
        self.assertEqual(row["code"], "paused")
        self.assertIn("answer to the last request is unknown", row["sentence"])
        self.assertFalse(row["settled"] or row["mayResend"] or row["mayTake"])
        self.connection.action_pause()
        row = self.status_row("both")
        self.assertIn("answer to the last request is unknown", row["sentence"])

    def test_a_lost_link_under_another_id_is_asked_about(self):
        self.enter_address("0754 200 001")
        self.run_engine(faults.cut_after)
        self.registrant.spar_id = "SR-9"
        self.mapping._intervene("skip", "Not now")
        self.time_passes()
        row = self.status_row("both")
        self.assertEqual(self.mapper.log[-1], ("resolve", ["SR-1"]))
        self.assertEqual((row["text"], row["badge"]), (OURS, "Differs"))
        self.assertTrue(row["mayResend"])

    def test_waiting_for_approval(self):
        self.set_policy(approve_admin=True)
        self.enter_address()
        view = self.view()
        self.assertIn("Waiting for a second person", view["rows"][0]["sentence"])
        self.assertEqual(view["requested"]["text"], OURS)

    def test_waiting_for_an_id(self):
        self.registrant.spar_id = False
        self.enter_address()
        self.run_engine()
        row = self.status_row()
        self.assertIn("as soon as this registrant has an ID", row["sentence"])
        self.assertFalse(row["problem"], "the sentence says it")
        self.assertNotAsked()

    def test_held_says_why(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.mapper.rows.clear()
        row = self.status_row("both")
        self.assertIn("SPAR does not accept this address.", row["sentence"])
        self.assertTrue(row["mayResend"])
        self.assertFalse(row["mayTake"], "there is nothing at SPAR")

    # === ONE STATE, ONE SENTENCE === #

    def assertOneState(self, code, words, ask=True):
        """All places say the same state, with a sentence that has these words.

        :return: the row of the status
        """
        self.env.flush_all()
        self.env.invalidate_all()
        row = self.status_row("both", ask)
        partner = self.registrant.with_user(self.users["both"])
        self.assertEqual((row["code"], partner.spar_state), (code, code))
        self.assertIn(words, row["sentence"])
        self.assertIn(words, partner.spar_sentence)
        return row

    def test_an_amendment_to_approve_is_the_state_beside_what_spar_holds(self):
        self.bring_in_sync()
        self.set_policy(approve_admin=True)
        self.enter_address("0754 200 009")
        row = self.assertOneState("to_approve", "Waiting for a second person.")
        self.assertIn("Until then the address in use stays.", row["sentence"])
        self.assertEqual((row["text"], row["badge"]), (OURS, ""))

    def test_what_is_wrong_with_the_address_in_use_comes_first(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.set_policy(approve_admin=True)
        self.enter_address("0754 200 009")
        self.mapper.rows.clear()
        row = self.assertOneState("held", "SPAR does not accept this address.")
        self.assertIn("A newer address waits for a second person.", row["sentence"])

    def test_without_an_id_it_never_says_that_it_is_being_sent(self):
        self.registrant.spar_id = False
        self.enter_address()
        self.assertTrue(self.mapping._with_newer_change(), "the engine has not looked")
        self.assertOneState("waiting_id", "as soon as this registrant has an ID")
        self.connection._pause("Enough for today")
        self.assertOneState("waiting_id", "as soon as this registrant has an ID")
        self.registrant.spar_id = "SR-1"
        self.assertOneState("paused", "Enough for today")

    def test_without_an_id_and_not_taken_up_yet(self):
        self.connection.state = "draft"
        self.registrant.spar_id = False
        self.enter_address()
        self.connection.state = "running"
        self.assertFalse(self.mapping)
        self.assertOneState("waiting_id", "as soon as this registrant has an ID")

    def test_what_has_ended_before_it_was_sent_has_ended(self):
        self.enter_address()
        self.registrant.action_end_financial_address()
        self.run_engine()
        self.assertFalse(self.mapping.seen_at)
        self.assertOneState("ended", "No longer paid here.")

    def test_there_is_one_next_attempt(self):
        self.enter_address()
        self.run_engine(faults.status(500))
        mapping = self.mapping
        self.assertEqual(mapping.next_step_at, mapping.next_attempt_at)
        self.connection.write(
            {"breaker_state": "open", "breaker_until": "2030-01-01 10:42:00"}
        )
        row = self.assertOneState("retrying", "It is asked again at")
        self.assertEqual(mapping.next_step_at, self.connection.breaker_until)
        self.assertFalse(row["problem"], "the sentence says it")

    def test_what_a_comparison_found_is_the_state(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.job_run()
        self.assertEqual(self.mapping.display_state, "differs")
        self.assertOneState("differs", "found something else at SPAR", ask=False)
        # SPAR's answer of this moment counts more.
        self.spar_holds("+255754200001")
        self.mapper.rows["SR-1"] = self.written(self.registrant.financial_address_id)
        self.assertEqual(self.status_row()["code"], "in_sync")
        run.line_ids._ignore("It is right")
        self.assertOneState("in_sync", "SPAR", ask=False)

    def compare(self, *faults):
        """Compare with SPAR; return the differences that are listed."""
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        self.mapper.faults = list(faults)
        run.job_run()
        return run.line_ids

    def test_what_was_sent_since_a_comparison_differs_no_more(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        line = self.compare()
        self.assertEqual(line.kind, "spar_newer")
        self.enter_address("0754 200 003")
        self.run_engine()
        self.assertEqual(line.state, "gone")
        self.assertOneState("in_sync", "SPAR confirmed this", ask=False)

    def test_what_a_comparison_found_since_stays(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        line = self.compare()
        self.assertEqual(line.state, "open")
        self.assertOneState("differs", "found something else at SPAR", ask=False)

    def test_what_was_removed_since_a_comparison_differs_no_more(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        line = self.compare()
        self.registrant.action_end_financial_address("Gone")
        self.run_engine()
        self.assertEqual(line.state, "gone")
        self.assertOneState("ended", "Nothing is left at SPAR", ask=False)

    def test_a_lost_answer_that_was_resolved_is_no_difference(self):
        self.bring_in_sync()
        self.enter_address("0754 200 009")
        self.run_engine(faults.cut_after)
        self.mapping._intervene("pause", "Not now")
        line = self.compare()
        self.assertEqual(line.kind, "unresolved")
        self.assertEqual(line.masked, line.ours)
        self.assertNotIn("looks the same", str(line.read()))
        self.mapping._intervene("resume")
        self.time_passes()
        self.run_engine()
        self.assertEqual(line.state, "gone")
        self.assertOneState("in_sync", "SPAR confirmed this", ask=False)

    def test_an_answer_that_says_nothing_is_no_difference(self):
        self.bring_in_sync()
        line = self.compare(faults.refuse("rjct.id.invalid"))
        self.assertEqual(line.kind, "unclear")
        self.assertOneState("in_sync", "SPAR confirmed this", ask=False)

    def test_what_is_still_at_spar_comes_before_an_incomplete_address(self):
        self.bring_in_sync()
        self.registrant.action_end_financial_address("Gone")
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.assertEqual(self.mapping.state, "held")
        self.enter_address("+255 754 200 009", dfsp_id=False)
        row = self.assertOneState("held", "SPAR does not accept", ask=False)
        self.assertIn("Choose the provider", row["sentence"])

    def test_a_spar_that_never_had_the_person_says_nothing_of_the_others(self):
        self.bring_in_sync()
        other = self.connection.copy(
            {
                "sequence": self.connection.sequence - 1,
                "base_url": "http://127.0.0.1:2",
            }
        )
        other.state = "running"
        self.registrant.action_end_financial_address("Gone")
        self.env.invalidate_all()
        self.assertIn("SR-1", self.mapper.rows)
        self.assertNotIn("left at SPAR", self.registrant.spar_sentence)

    def test_what_looks_the_same_is_said_where_something_differs(self):
        self.bring_in_sync()
        self.spar_holds("+255754300001")
        line = self.compare()
        self.assertEqual(line.masked, line.ours)
        self.assertIn("looks the same", line.likeness)

    def test_what_differs_is_the_address_in_use(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        line = self.compare()
        self.assertEqual(line.ours, OURS)
        self.registrant.action_end_financial_address("Gone")
        self.set_policy(approve_admin=True)
        self.enter_address("0754 200 009")
        self.env.invalidate_all()
        self.assertFalse(line.ours, "what waits is not in use")

    # === SPAR DOES NOT ANSWER === #

    def test_spar_down_shows_the_engines_records(self):
        self.bring_in_sync()
        self.mapper.stop()
        row = self.status_row("both")
        self.assertOursIsLastKnown(row)
        self.assertIn("SPAR confirmed this", row["sentence"])
        self.assertFalse(row["mayResend"] or row["mayTake"])

    def test_spar_down_shows_the_last_answer(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        self.status_row()
        self.mapper.stop()
        row = self.status_row()
        self.assertEqual((row["text"], row["badge"]), (THEIRS, "Last known"))
        self.assertFalse(row["current"])

    def test_spar_down_and_nothing_known(self):
        self.mapper.stop()
        row = self.status_row()
        self.assertEqual((row["text"], row["when"]), ("Not known", ""))
        self.assertTrue(row["problem"])
        self.enter_address()
        self.connection.breaker_state = "open"
        row = self.status_row()
        self.assertEqual((row["text"], row["badge"]), ("Not known", ""))

    def test_what_was_read_under_another_id_is_no_news(self):
        newcomer = self.new_registrant("Neema Shayo", "SR-9")
        self.mapper.rows["SR-9"] = self.enter_address()._spar_value()[0]
        self.mapper.infos["SR-9"] = None
        (row,) = self.view(partner=newcomer)["rows"]
        self.assertNotEqual(row["text"], "No address")
        newcomer.spar_id = "SR-10"
        for ask in (False, True):
            self.mapper.rule = faults.status(503)
            (row,) = self.view(ask=ask, partner=newcomer)["rows"]
            self.assertEqual(row["text"], "Not known")
        newcomer.spar_id = "SR-9"
        (row,) = self.view(ask=False, partner=newcomer)["rows"]
        self.assertEqual(row["text"], "Not known", "forgotten with the failed look")

    def test_back_again(self):
        self.bring_in_sync()
        self.mapper.rule = faults.status(503)
        self.assertOursIsLastKnown(self.status_row())
        self.mapper.rule = None
        self.assertEqual(self.status_row()["badge"], "In sync")

    def test_other_answers_are_no_news_either(self):
        self.bring_in_sync()
        for fault, words in (
            (faults.signature_refused, "does not accept our signature"),
            (faults.refuse("rjct.id.invalid"), "no clear answer"),
            (faults.cut_before, "cannot be reached"),
            (faults.forget(0), "cannot be reached"),
        ):
            with self.subTest(words):
                self.mapper.faults = [fault]
                row = self.status_row()
                self.assertFalse(self.mapper.faults)
                self.assertOursIsLastKnown(row)
                self.assertIn(words, row["problem"])
        # Screens decide nothing for the engine.
        self.assertEqual(self.connection.state, "running")
        self.assertEqual(self.connection.breaker_failures, 0)

    def test_not_asked_while_the_breaker_is_open(self):
        self.bring_in_sync()
        self.connection.breaker_state = "open"
        self.assertOursIsLastKnown(self.status_row())
        self.assertNotAsked()

    def test_not_asked_while_sending_is_paused(self):
        self.bring_in_sync()
        self.connection._pause("Enough for today")
        self.assertOursIsLastKnown(self.status_row())
        self.assertNotAsked()

    def test_not_asked_from_a_copy(self):
        self.bring_in_sync()
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "1")
        row = self.status_row()
        self.assertOursIsLastKnown(row)
        self.assertIn("neutralised copy", row["problem"])
        self.assertNotAsked()

    def test_not_asked_without_a_key(self):
        self.bring_in_sync()
        self.key_path.rename(self.key_path.with_suffix(".away"))
        self.addCleanup(self.key_path.with_suffix(".away").rename, self.key_path)
        row = self.status_row()
        self.assertOursIsLastKnown(row)
        self.assertIn("signing key", row["problem"])
        self.assertNotAsked()

    def test_no_connection_at_all(self):
        self.connection.state = "draft"
        self.enter_address()
        self.assertEqual(self.view()["rows"], [])

    def test_a_contact_that_is_no_registrant_is_not_queried(self):
        contact = self.env["res.partner"].create({"name": "A shop"})
        self.assertEqual(self.view(partner=contact), {})
        self.assertNotAsked()

    def test_several_connections_at_a_time(self):
        other = SparStandIn()
        self.addCleanup(other.stop)
        key = Command.create(self.file_key_values())
        second = self.connection.copy(
            {"name": "Second", "base_url": other.url, "key_ids": [key]}
        )
        second.state = "running"
        self.enter_address()
        self.registrant.spar_mapping_ids.job_sync()
        self.assertEqual(other.operations, ["link"])
        self.mapper.stop()
        first, last = self.view()["rows"]
        self.assertEqual([first["connection"], last["connection"]], ["Test", "Second"])
        self.assertOursIsLastKnown(first)
        self.assertEqual(last["badge"], "In sync")

    def test_a_recent_answer_is_used_again(self):
        self.patch(query, "REUSE_SECONDS", 30)
        self.bring_in_sync()
        self.assertEqual(self.status_row()["badge"], "In sync")
        self.assertEqual(self.status_row("editor")["badge"], "In sync")
        self.assertEqual(self.mapper.operations, ["resolve"])
        # Not when the engine has seen something else since.
        self.enter_address("0754 200 009")
        self.run_engine()
        self.assertEqual(self.status_row()["text"], THEIRS)
