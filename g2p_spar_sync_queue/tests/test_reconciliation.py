import threading
import time
from datetime import datetime
from unittest.mock import patch

from psycopg2.errors import (
    LockNotAvailable,
    SerializationFailure,
    UniqueViolation,
)

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, mute_logger, new_test_user, tagged

from ..comparison import run as module
from ..comparison.differences import list_differences
from ..comparison.questions import next_question
from ..engine import breaker
from ..spar.codes import RESOLVE
from .common import SparCase
from .spar_stand_in import faults
from .waiting_jobs import forget_jobs, trapped_jobs, waiting_jobs

ENGINE_LOG = "odoo.addons.g2p_spar_sync_queue.engine.claim"


@tagged("post_install", "-at_install")
class TestReconciliation(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "g2p_spar_sync_queue.group_operator"
        editor = "g2p_spar_financial_address.group_editor"
        cls.user = new_test_user(cls.env, "r_operator", groups)
        cls.both = new_test_user(cls.env, "r_both", f"{groups},{editor}")

    def setUp(self):
        super().setUp()
        self.mappings = self.make_registrants(6).spar_mapping_ids.sorted("id")
        self.run_engine(mappings=self.mappings)
        self.mapper.forget()

    def compare(self, *faults):
        """Run a comparison to its end; return its run."""
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        self.mapper.faults = list(faults)
        run.job_run()
        self.assertFalse(self.mapper.faults, "a fault never fired")
        return run

    def theirs(self, mobile_number="+255754999999", code="MC"):
        """Return a string of SPAR for another wallet."""
        return (
            f"mobile_number:{mobile_number}.wallet_provider_name:M-Cash"
            f".wallet_provider_code:{code}.fa_type:"
            f"{self.operator.strategy_id.fa_type_code}"
        )

    def drift(self, position=0, value=None):
        """Have somebody else change what SPAR holds; return the mapping."""
        mapping = self.mappings[position]
        spar_id = mapping.partner_id.spar_id
        self.mapper.rows[spar_id] = value or self.theirs()
        number = self.operator.strategy_id.strategy_number
        self.mapper.infos[spar_id] = [{"strategy_id": number}]
        return mapping

    def test_a_branch_that_spar_names_without_a_code_is_found_or_nothing_is(self):
        template = (
            "account_number:{account_number}.branch_name:{branch_name}"
            ".bank_name:{bank_name}.bank_code:{bank_code}.fa_type:{fa_type}"
        )
        strategy = self.env["g2p.fa.strategy"].create(
            {
                "name": "Accounts by name of branch",
                "strategy_number": 77,
                "fa_type": "bank_account",
                "fa_type_code": "bank",
                "template": template,
            }
        )
        bank = self.bank.copy(
            {
                "code": "NC",
                "strategy_id": strategy.id,
                "branch_ids": [(0, 0, {"name": "North", "code": "N1"})],
            }
        )
        for name, branch in (("North", bank.branch_ids), ("South", None), ("", False)):
            text = template.format(
                account_number="0123456789",
                branch_name=name,
                bank_name=bank.name,
                bank_code="NC",
                fa_type="bank",
            )
            with self.subTest(name):
                values = strategy._spar_address_values(text, 77)
                if branch is None:
                    self.assertIsNone(values)
                else:
                    self.assertEqual(values["branch_id"], branch and branch.id)

    def test_nothing_differs_when_all_is_well(self):
        run = self.compare()
        self.assertEqual(run.state, "done")
        self.assertEqual((run.checked, run.total), (6, 6))
        self.assertEqual(run.progress, 100)
        self.assertFalse(run.line_ids)
        self.assertEqual(self.mapper.operations, ["resolve"])

    def test_each_kind_of_difference_is_found(self):
        one, two, three, four = self.mappings[:4]
        self.drift(0)
        del self.mapper.rows[two.partner_id.spar_id]
        three.partner_id.action_end_financial_address()
        self.run_engine(mappings=three)
        self.drift(2)
        self.enter_address("0754 200 077", partner_id=four.partner_id.id)
        four._intervene("cancel", "Not yet")
        run = self.compare()
        kinds = {line.mapping_id: line.kind for line in run.line_ids}
        self.assertEqual(
            kinds,
            {
                one: "spar_newer",
                two: "unknown",
                three: "left_over",
                four: "ours_newer",
            },
        )
        masked = dict(zip(run.line_ids.mapping_id, run.line_ids, strict=True))[one]
        self.assertIn("M-Cash", masked.masked)
        self.assertNotIn("754999999", str(run.line_ids.read()))

    def test_what_spar_refused_was_not_changed_by_somebody_else(self):
        """Else the operator would be offered to go back to the former address."""
        refused, strange = self.mappings[:2]
        for mapping in (refused, strange):
            spar_id = mapping.partner_id.spar_id
            before = self.mapper.rows[spar_id]
            self.enter_address("0754 200 079", partner_id=mapping.partner_id.id)
            self.run_engine(faults.refuse("rjct.fa.invalid"), mappings=mapping)
            self.mapper.rows[spar_id] = before
            self.assertEqual(mapping.state, "held")
        self.drift(1)
        kinds = {line.mapping_id: line.kind for line in self.compare().line_ids}
        self.assertEqual(kinds, {refused: "ours_newer", strange: "spar_newer"})

    def test_what_was_withdrawn_differs_where_every_value_is_sent(self):
        """Compared is the address in use, not the one that was sent last."""
        self.connection.send_every_value = True
        mapping = self.mappings[0]
        self.enter_address("0754 200 077", partner_id=mapping.partner_id.id)
        mapping._intervene("cancel", "Not yet")
        self.assertEqual(self.compare().line_ids.mapping_id, mapping)
        look = mapping.partner_id.refresh_spar_status(ask=True)["rows"][0]
        self.assertFalse(look["settled"])
        self.assertNotEqual(look["badge"], "In sync")

    def test_an_undecided_difference_is_listed_once(self):
        one, two = self.drift(0), self.drift(1)
        first = self.compare()
        lines = first.line_ids
        self.assertEqual(lines.mapping_id, one | two)
        del self.mapper.rows[two.partner_id.spar_id]
        second = self.compare()
        self.assertEqual(second.line_ids.sorted(), lines.sorted())
        self.assertEqual((first.line_count, second.line_count), (0, 2))
        self.assertEqual(
            {line.mapping_id: line.kind for line in lines},
            {one: "spar_newer", two: "unknown"},
        )
        Line = self.env["g2p.spar.reconciliation.line"]
        self.assertEqual(
            Line.search([("state", "=", "open")]), lines.sorted("id")[::-1]
        )

    def test_an_undecided_difference_that_is_gone_is_closed(self):
        one, two, three = (self.drift(number) for number in range(3))
        before = dict(self.mapper.rows)
        found = {line.mapping_id: line for line in self.compare().line_ids}
        self.mapper.rows[one.partner_id.spar_id] = self.written(
            one.partner_id.financial_address_id
        )
        three.partner_id.action_end_financial_address()
        self.run_engine(mappings=three)
        three.partner_id.spar_id = False
        self.run_engine(mappings=three)
        self.assertEqual(before[two.partner_id.spar_id], self.theirs())
        self.compare()
        states = [found[mapping].state for mapping in (one, two, three)]
        self.assertEqual(states, ["gone", "open", "gone"])

    def test_a_difference_is_closed_by_what_spar_has_confirmed_since(self):
        amended, resent, other = (self.drift(number) for number in range(3))
        found = {line.mapping_id: line for line in self.compare().line_ids}
        self.enter_address("0754 200 068", partner_id=amended.partner_id.id)
        resent.action_resend()
        self.run_engine(mappings=self.mappings)
        states = [found[mapping].state for mapping in (amended, resent, other)]
        self.assertEqual(states, ["gone", "gone", "open"])
        shown = [mapping.display_state for mapping in (amended, resent, other)]
        self.assertEqual(shown, ["in_sync", "in_sync", "differs"])

    def test_a_difference_stays_while_spar_has_confirmed_nothing(self):
        mapping = self.drift(0)
        line = self.compare().line_ids
        mapping.action_resend()
        self.run_engine(faults.refuse("rjct.fa.invalid"), mappings=mapping)
        self.assertEqual((mapping.state, line.state), ("held", "open"))

    def left_over(self):
        """Have SPAR hold an address of a person who is not paid; return the line."""
        mapping = self.mappings[0]
        mapping.partner_id.action_end_financial_address()
        self.run_engine(mappings=mapping)
        self.drift(0)
        return self.compare().line_ids

    def test_a_row_that_was_not_asked_about_is_not_gone(self):
        line = self.left_over()
        partner, spar_id = line.partner_id, line.spar_id
        for newer in (False, "B-new"):
            partner.spar_id = newer
            self.run_engine(mappings=line.mapping_id)
            self.mapper.forget()
            self.compare()
            self.assertEqual((line.state, line.kind), ("open", "left_over"))
            self.assertEqual(line.spar_id, spar_id)
        line.action_resend()
        self.run_engine(mappings=line.mapping_id)
        self.assertNotIn(spar_id, self.mapper.rows)

    def test_a_row_that_is_gone_is_closed_whatever_the_id_is_now(self):
        line = self.left_over()
        line.partner_id.spar_id = "B-new"
        self.run_engine(mappings=line.mapping_id)
        del self.mapper.rows[line.spar_id]
        self.compare()
        self.assertEqual(line.state, "gone")

    def test_a_row_under_another_id_is_not_gone_either(self):
        line = self.left_over()
        line.partner_id.spar_id = "B-new"
        self.enter_address("0754 200 066", partner_id=line.partner_id.id)
        self.run_engine(mappings=line.mapping_id)
        self.assertEqual(line.mapping_id.linked_spar_id, "B-new")
        self.compare()
        self.assertEqual((line.state, line.kind), ("open", "left_over"))
        # It cannot be removed from here, and that is said.
        line.action_resend()
        self.assertEqual(line.state, "open")
        self.assertIn("could not be removed", line.reason)

    def test_a_row_under_a_former_id_stays_beside_a_difference_under_the_new_one(self):
        line = self.left_over()
        former, partner = line.spar_id, line.partner_id
        partner.spar_id = "B-new"
        self.enter_address("0754 200 066", partner_id=partner.id)
        self.run_engine(mappings=line.mapping_id)
        self.drift(0)
        found = self.compare().line_ids
        self.assertEqual(
            {one.spar_id: one.kind for one in found},
            {former: "left_over", "B-new": "spar_newer"},
        )
        self.assertIn(line, found)
        newer = found - line
        # Each is decided by itself, and closed when SPAR says that it is gone.
        newer.action_resend()
        self.assertEqual((line.state, newer.state), ("open", "resent"))
        self.run_engine(mappings=line.mapping_id)
        del self.mapper.rows[former]
        self.assertFalse(self.compare().line_ids)
        self.assertEqual((line.state, newer.state), ("gone", "resent"))

    def test_registrants_are_counted_and_not_their_differences(self):
        line = self.left_over()
        line.partner_id.spar_id = "B-new"
        self.run_engine(mappings=line.mapping_id)
        self.drift(0)
        self.connection.action_pause()
        self.connection.action_compare_then_resume()
        run = self.env["g2p.spar.reconciliation"].search([], limit=1)
        run.job_run()
        self.assertEqual(run.line_count, 2)
        self.assertIn("1 of 6 registrants", self.connection.pause_reason)

    def test_a_row_that_is_another_registrants_by_now_is_closed(self):
        line = self.left_over()
        line.partner_id.spar_id = False
        self.env.flush_all()
        self.mappings[1].partner_id.spar_id = line.spar_id
        self.run_engine(mappings=self.mappings[:2])
        self.assertEqual(self.mappings[1].linked_spar_id, line.spar_id)
        self.compare()
        self.assertEqual(line.state, "gone")

    @mute_logger(ENGINE_LOG)
    def test_a_row_is_not_removed_while_its_new_owner_may_be_linking_it(self):
        """Both would have the ID, and neither outcome could be recorded."""
        line = self.left_over()
        line.partner_id.spar_id = False
        self.env.flush_all()
        heir = self.new_registrant("Heir", line.spar_id)
        self.enter_address("0754 200 067", partner_id=heir.id)
        theirs = heir.spar_mapping_ids
        self.die_sending(theirs)
        line.action_resend()
        self.assertEqual(line.state, "open")
        self.assertIn("could not be removed", line.reason)
        for _look in range(3):
            self.time_passes(theirs | line.mapping_id)
            self.run_engine(mappings=theirs | line.mapping_id)
        self.assertInSync(theirs)

    @mute_logger(ENGINE_LOG)
    def test_a_row_is_not_removed_while_a_request_of_its_own_is_unresolved(self):
        """There is place for one question, and the other one would be forgotten."""
        line = self.left_over()
        line.partner_id.spar_id = "B-new"
        self.enter_address("0754 200 066", partner_id=line.partner_id.id)
        self.die_sending(line.mapping_id)
        line.action_resend()
        self.assertEqual(line.state, "open")
        self.assertIn("could not be removed", line.reason)

    def row_of_another(self):
        """Give an ID to another registrant; return who still has the row, and both."""
        former, heir = self.mappings[:2]
        heir.partner_id.action_end_financial_address()
        self.run_engine(mappings=heir)
        spar_id = former.partner_id.spar_id
        former._intervene("pause", "For now")
        former.partner_id.spar_id = "B-new"
        self.env.flush_all()
        heir.partner_id.spar_id = spar_id
        self.run_engine(mappings=heir)
        self.assertEqual((former.linked_spar_id, heir.state), (spar_id, "ended"))
        return former, heir

    def test_a_row_that_is_still_another_registrants_is_no_difference(self):
        self.row_of_another()
        self.assertFalse(self.compare().line_ids)

    def test_a_row_that_became_another_registrants_is_not_taken_over(self):
        mapping = self.drift()
        line = self.compare().line_ids
        line.with_user(self.both).action_take()
        mapping.partner_id.spar_id = "B-new"
        self.env.flush_all()
        heir = self.new_registrant("Heir", line.spar_id)
        address = self.enter_address("0754 999 999", partner_id=heir.id)
        for _look in range(2):
            self.run_engine(mappings=mapping | heir.spar_mapping_ids)
            self.time_passes(heir.spar_mapping_ids)
        self.assertInSync(mapping | heir.spar_mapping_ids)
        line.with_user(self.both).job_take()
        self.assertEqual(line.state, "open")
        self.assertIn("another registrant", line.reason)
        ours = mapping.partner_id.financial_address_id
        self.assertNotEqual(ours.mobile_number, address.mobile_number)

    def test_a_take_over_waits_for_settings_to_be_confirmed(self):
        self.drift()
        line = self.compare().line_ids
        line.with_user(self.both).action_take()
        self.connection.sender_id = "elsewhere"
        line.job_take()
        self.assertEqual(line.state, "open")
        self.assertIn("another manager", line.reason)

    def test_what_was_not_seen_is_not_taken_over(self):
        """SPAR was changed once more after the person had decided."""
        # The other number is masked like the first one.
        for number in ("+255754111111", "+255754111999"):
            with self.subTest(number):
                self.drift()
                line = self.compare().line_ids
                line.with_user(self.both).action_take()
                self.drift(0, self.theirs(number))
                line.job_take()
                self.assertEqual(line.state, "open")
                self.assertIn("something else", line.reason)

    def test_what_changed_before_it_was_taken_over_is_decided_anew(self):
        self.drift()
        line = self.compare().line_ids
        for number in ("+255754111111", "+255754111999"):
            with self.subTest(number):
                line.with_user(self.both).action_take()
                self.drift(0, self.theirs(number))
                self.compare()
                self.assertEqual((line.state, line.decided_by_id.id), ("open", False))
                self.drift()
                self.compare()

    def test_what_is_decided_is_listed_anew(self):
        self.drift()
        line = self.compare().line_ids
        line._ignore("Not now")
        newer = self.compare().line_ids
        self.assertNotEqual(newer, line)
        self.assertEqual((line.state, newer.state), ("ignored", "open"))

    def test_what_is_being_taken_over_goes_on_being_so(self):
        mapping = self.drift()
        line = self.compare().line_ids
        line.with_user(self.both).action_take()
        self.assertEqual(self.compare().line_ids, line)
        self.assertEqual((line.state, line.decided_by_id), ("taking", self.both))
        line.with_user(self.both).job_take()
        self.assertEqual(line.state, "taken", line.reason)
        address = mapping.partner_id.financial_address_id
        self.assertEqual(address.mobile_number, "+255754999999")

    def test_who_takes_one_over_has_typed_no_number(self):
        mapping = self.drift()
        line = self.compare().line_ids
        line.with_user(self.both).action_take()
        line.with_user(self.both).job_take()
        address = mapping.partner_id.financial_address_id
        self.assertEqual(address.entered_by_id, self.both)
        address.with_user(self.both).reveal()
        rows = self.env["g2p.fa.reveal"].search([("user_id", "=", self.both.id)])
        self.assertEqual(rows.address_id, address)

    def test_a_reason_has_no_number(self):
        mapping = self.drift()
        line = self.compare().line_ids
        Dialog = self.env["g2p.spar.intervene"].with_user(self.both)
        for action, records in (("pause", "mapping_ids"), ("ignore", "line_ids")):
            ids = mapping.ids if records == "mapping_ids" else line.ids
            with self.subTest(action), self.assertRefused("Leave numbers"):
                Dialog.create(
                    {
                        "action": action,
                        "reason": "Call 0754 200 001",
                        records: [(6, 0, ids)],
                    }
                ).action_apply()
        with self.assertRefused("Leave numbers"):
            mapping.with_user(self.both)._intervene("pause", "Call 0754 200 001")
        line._ignore("Call 0754 200 001")
        self.assertEqual(line.reason, "Call ••••")

    def test_what_could_not_be_taken_over_says_why_until_it_is_compared_again(self):
        self.drift()
        line = self.compare().line_ids
        line.write({"reason": "Not so", "decided_by_id": self.both.id})
        self.compare()
        self.assertFalse(line.reason or line.decided_by_id)

    def test_the_database_knows_of_one_undecided_difference_only(self):
        self.drift()
        line = self.compare().line_ids
        run = self.compare()
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            line.copy({"reconciliation_id": run.id, "state": "taking"})

    def lose(self, position, number="0754 200 088"):
        """Amend an address; SPAR takes it and its answer is lost."""
        mapping = self.mappings[position]
        self.enter_address(number, partner_id=mapping.partner_id.id)
        self.run_engine(faults.cut_after, mappings=mapping)
        self.assertEqual(mapping.state, "checking")
        return mapping

    def test_a_lost_answer_that_was_skipped_is_compared_again(self):
        mapping = self.lose(0)
        mapping._intervene("skip", "Not now")
        before = mapping.read()
        run = self.compare()
        self.assertEqual(run.state, "done")
        self.assertFalse(run.line_ids, "SPAR may still be working on it")
        self.assertNotIn(mapping.partner_id.spar_id, self.mapper.log[-1][1])
        self.time_passes(mapping)
        self.assertFalse(self.compare().line_ids, "SPAR holds what is requested")
        self.assertIn(mapping.partner_id.spar_id, self.mapper.log[-1][1])
        self.drift(0)
        self.assertEqual(self.compare().line_ids.mapping_id, mapping)
        (after,) = mapping.read()
        moved = dict.fromkeys(("next_attempt_at", "difference_ids"))
        self.assertEqual({**after, **moved}, {**before[0], **moved})

    def test_a_lost_answer_of_whom_is_paused_is_listed_as_unknown(self):
        paused, _going_on = self.lose(0), self.lose(1)
        paused._intervene("pause", "Moves to another office")
        self.assertIn("answer to the last request is unknown", paused.sentence)
        lines = self.compare().line_ids
        self.assertEqual((lines.mapping_id, lines.kind), (paused, "unresolved"))
        self.assertEqual(lines.spar_id, paused.partner_id.spar_id)
        self.assertIn("088", lines.masked)
        paused._intervene("resume")
        self.time_passes(self.mappings)
        self.run_engine(mappings=self.mappings)
        self.assertFalse(self.compare().line_ids)
        self.assertEqual(lines.state, "gone")
        self.assertNotIn("unknown", paused.sentence)

    def test_a_lost_answer_while_the_connection_is_paused_is_listed_as_unknown(self):
        lost, waiting, died = self.mappings[:3]
        self.lose(0)
        for number, mapping in ((61, waiting), (62, died)):
            self.enter_address(f"0754 200 0{number}", partner_id=mapping.partner_id.id)
        self.die_sending(died)
        self.connection.action_pause()
        found = self.compare().line_ids
        self.assertEqual(found.mapping_id.sorted("id"), lost | died)
        self.assertEqual(set(found.mapped("kind")), {"unresolved"})
        for mapping in (lost, died):
            self.assertIn("unknown", mapping.sentence)
        self.assertNotIn("unknown", waiting.sentence)

    def test_the_id_asked_about_is_that_of_the_lost_request(self):
        mapping = self.mappings[0]
        former = mapping.partner_id.spar_id
        mapping.partner_id.action_end_financial_address()
        self.run_engine(mappings=mapping)
        self.lose(0)
        mapping.partner_id.spar_id = "B-other"
        mapping._intervene("skip", "Not now")
        self.time_passes(mapping)
        line = self.compare().line_ids
        self.assertEqual((line.spar_id, line.kind), (former, "left_over"))
        line.action_resend()
        self.run_engine(mappings=mapping)
        self.assertInSync(mapping)
        self.assertNotIn(former, self.mapper.rows)

    def test_a_question_spar_refused_is_asked_again(self):
        mapping = self.lose(0)
        self.time_passes(mapping)
        self.run_engine(faults.refuse("rjct.id.invalid"), mappings=mapping)
        self.assertEqual((mapping.state, bool(mapping.sending_spar_id)), ("held", True))
        self.drift(0)
        line = self.compare().line_ids
        self.assertEqual((line.mapping_id, line.kind), (mapping, "spar_newer"))

    def test_it_asks_about_no_more_per_second_than_is_allowed(self):
        self.connection.max_per_second = 2
        with patch.object(time, "sleep") as sleep:
            run = self.compare()
        self.assertEqual((run.state, run.checked), ("done", 6))
        self.assertEqual([len(ids) for _op, ids in self.mapper.log], [2, 2, 2])
        waits = [call.args[0] for call in sleep.call_args_list]
        self.assertEqual(len(waits), 2)
        self.assertAlmostEqual(waits[1], 2, delta=0.8)

    def test_an_unusable_certificate_has_a_plain_message(self):
        self.drift()
        line = self.compare().line_ids
        line.with_user(self.both).action_take()
        self.set_up(tls_certificate_path="/nowhere", tls_key_path="/nowhere")
        line.with_user(self.both).job_take()
        self.assertEqual(line.state, "open")
        self.assertIn("client certificate cannot be read", line.reason)

    def test_what_is_on_its_way_is_left_out(self):
        mapping = self.drift()
        self.enter_address("0754 200 078", partner_id=mapping.partner_id.id)
        self.assertFalse(self.compare().line_ids)

    def test_what_moves_while_spar_is_asked_is_left_out(self):
        mapping = self.drift()
        original, calls = module.next_question, []

        def meanwhile(*arguments):
            # The second question is read while SPAR processes the first one.
            if calls:
                self.env.cr.execute(
                    "UPDATE g2p_spar_mapping SET wanted_change_id = NULL WHERE id = %s",
                    [mapping.id],
                )
            calls.append(arguments)
            return original(*arguments)

        self.patch(module, "next_question", meanwhile)
        run = self.compare()
        self.assertFalse(run.line_ids)
        self.assertGreater(len(calls), 1)

    def test_ours_is_sent_whatever_the_difference(self):
        self.drift(0)
        del self.mapper.rows[self.mappings[1].partner_id.spar_id]
        self.mappings[2].partner_id.action_end_financial_address()
        self.run_engine(mappings=self.mappings[2])
        self.drift(2)
        run = self.compare()
        self.assertEqual(len(run.line_ids), 3)
        run.line_ids.with_user(self.user).action_resend()
        self.assertEqual(set(run.line_ids.mapped("state")), {"resent"})
        self.assertEqual(run.line_ids.decided_by_id, self.user)
        self.assertEqual(len(run.line_ids.mapping_id.intervention_ids), 3)
        self.run_engine(mappings=self.mappings)
        self.assertInSync(self.mappings - self.mappings[2])
        self.assertNotIn(self.mappings[2].partner_id.spar_id, self.mapper.rows)
        self.assertFalse(self.compare().line_ids)

    def test_leaving_it_as_it_is_takes_a_reason(self):
        self.drift()
        line = self.compare().line_ids
        window = line.with_user(self.user).action_ignore()
        wizard = Form(
            self.env[window["res_model"]]
            .with_user(self.user)
            .with_context(**window["context"])
        )
        wizard.reason = "Corrected by the bank"
        wizard.save().action_apply()
        self.assertEqual(
            (line.state, line.reason), ("ignored", "Corrected by the bank")
        )
        self.run_engine(mappings=self.mappings)
        self.assertEqual(self.mapper.operations, ["resolve"])

    def test_spars_is_taken_over_through_the_normal_model(self):
        mapping = self.drift()
        line = self.compare().line_ids
        with self.assertRaises(AccessError):
            line.with_user(self.user).action_take()
        line.with_user(self.both).action_take()
        self.assertEqual(line.state, "taking")
        line.with_user(self.both).job_take()
        self.assertEqual(line.state, "taken", line.reason)
        address = mapping.partner_id.financial_address_id
        self.assertEqual(address.mobile_number, "+255754999999")
        self.assertEqual(address.create_uid, self.both)
        self.run_engine(mappings=mapping)
        self.assertInSync(mapping)

    def test_what_waits_for_a_second_person_is_not_replaced_by_spars(self):
        mapping = self.drift()
        line = self.compare().line_ids
        line.with_user(self.both).action_take()
        self.set_policy(approve_admin=True)
        waiting = self.enter_address(partner_id=mapping.partner_id.id)
        self.assertEqual(waiting.state, "to_approve")
        line.with_user(self.both).job_take()
        self.assertEqual((line.state, waiting.state), ("open", "to_approve"))
        self.assertIn("waits for a second person", line.reason)

    def test_a_take_over_whose_job_was_lost_can_be_decided_again(self):
        mapping = self.drift()
        line = self.compare().line_ids
        line.with_user(self.both).action_take()
        forget_jobs(self.env)
        line.with_user(self.both).action_resend()
        self.assertEqual(line.state, "resent")
        # It was not lost after all.
        line.with_user(self.both).job_take()
        self.assertEqual(line.state, "resent")
        self.run_engine(mappings=mapping)
        self.assertInSync(mapping)

    def test_only_what_can_be_read_here_is_taken_over(self):
        for value in ("account:5@bank", self.theirs(code="XX"), self.theirs("12")):
            with self.subTest(value):
                mapping = self.drift(value=value)
                line = self.compare().line_ids
                line.with_user(self.both).action_take()
                line.with_user(self.both).job_take()
                self.assertEqual(line.state, "open")
                self.assertTrue(line.reason)
                self.assertNotIn(value, line.reason)
                self.assertEqual(len(mapping.change_ids), 1)

    def test_what_may_not_be_entered_is_told_and_stays_to_be_decided(self):
        mapping = self.drift()
        line = self.compare().line_ids
        line.with_user(self.both).action_take()
        mapping.partner_id.payment_removal_date = fields.Datetime.now()
        line.with_user(self.both).job_take()
        self.assertEqual(line.state, "open")
        self.assertIn("is being removed", line.reason)

    def test_it_goes_on_where_it_was_stopped(self):
        self.patch(module, "CHUNK", 2)
        self.drift(0)
        self.drift(5)
        run = self.compare(lambda *args: False, faults.status(429))
        self.assertEqual((run.state, run.checked), ("running", 2))
        self.assertTrue(waiting_jobs(self.env, "job_run"))
        run.job_run()
        self.assertEqual((run.state, run.checked), ("done", 6))
        self.assertEqual(run.line_ids.mapping_id, self.mappings[0] | self.mappings[5])
        asked = [len(ids) for _operation, ids in self.mapper.log]
        self.assertEqual(asked, [2, 2, 2, 2])

    def test_an_answer_is_compared_while_spar_processes_the_next_question(self):
        self.patch(module, "CHUNK", 2)
        drifted = self.drift(0) | self.drift(3)
        recorded, waited = threading.Event(), []

        def noted(*arguments):
            list_differences(*arguments)
            recorded.set()

        def until_the_first_is_recorded(handler, work):
            waited.append(recorded.wait(3))
            return False

        self.patch(module, "list_differences", noted)
        run = self.compare(lambda *args: False, until_the_first_is_recorded)
        self.assertEqual(waited, [True])
        self.assertEqual((run.state, run.checked), ("done", 6))
        self.assertEqual(run.line_ids.mapping_id.sorted("id"), drifted.sorted("id"))

    def test_after_a_lost_race_it_continues_where_it_is_stored(self):
        self.patch(module, "CHUNK", 2)
        self.drift(0)
        todo = [SerializationFailure("met")]

        def race(*arguments):
            if todo:
                raise todo.pop()
            list_differences(*arguments)

        self.patch(module, "list_differences", race)
        run = self.compare()
        self.assertEqual((run.state, run.checked), ("done", 6))
        self.assertEqual(run.line_ids.mapping_id, self.mappings[0])
        asked = [ids for _operation, ids in self.mapper.log]
        # The second question had been sent when the first answer was not stored.
        self.assertEqual([asked[0], asked[1]], [asked[2], asked[3]])
        self.assertEqual(len(asked), 5)

    def test_a_comparison_that_is_stopped_stores_no_more_answers(self):
        self.patch(module, "CHUNK", 2)
        self.drift(0)
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        original, calls = module.next_question, []

        def stopped(*arguments):
            calls.append(arguments)
            if len(calls) == 2:
                run.action_cancel()
            return original(*arguments)

        self.patch(module, "next_question", stopped)
        run.job_run()
        self.assertEqual((run.state, run.checked), ("cancelled", 2))
        self.assertEqual(run.line_ids.mapping_id, self.mappings[0])

    def test_a_lost_job_is_noticed(self):
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        forget_jobs(self.env)
        self.env.cr.execute(
            "UPDATE g2p_spar_reconciliation SET write_date = write_date"
            " - INTERVAL '1 hour'"
        )
        self.env.invalidate_all()
        self.env["g2p.spar.mapping"]._cron_sweep()
        self.assertTrue(waiting_jobs(self.env, "job_run"))
        self.assertEqual(run.state, "running")

    def test_it_can_be_stopped(self):
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.with_user(self.user).action_cancel()
        run.job_run()
        self.assertEqual(run.state, "cancelled")
        self.assertFalse(self.mapper.log)

    def test_it_asks_one_registrant_after_another_in_no_more_queries(self):
        self.mappings.linked_spar_id = False
        self.env.flush_all()
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        counts = []
        for number in (2, 6):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            question = next_question(run, 0, number)
            self.assertEqual(len(question.items), number)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_more_differences_take_no_more_queries(self):
        """Also where it is not remembered what SPAR held, see ``_confirmed``."""
        for position in range(6):
            self.drift(position)
        self.mappings.held_digest = False
        self.env.flush_all()
        counts = []
        for number in (2, 6):
            self.patch(module, "CHUNK", number)
            self.compare()
            run = self.env["g2p.spar.reconciliation"]._start(self.connection)
            question = next_question(run, 0, number)
            with self.connection._client() as client:
                answer = client.send(RESOLVE, question.all_items)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            list_differences(run, question, answer)
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(run.line_ids.mapped("kind"), ["spar_newer"] * number)
            run.action_cancel()
        self.assertEqual(counts[0], counts[1])

    def test_one_id_spar_stumbles_over_spoils_nothing(self):
        poison = self.mappings[1].partner_id.spar_id
        self.drift(4)

        def rule(handler, work):
            trouble = faults.status(400)
            return poison in self.mapper.log[-1][1] and trouble(handler, work)

        self.mapper.rule = rule
        run = self.compare()
        self.assertEqual(run.state, "done")
        kinds = {line.mapping_id: line.kind for line in run.line_ids}
        self.assertEqual(
            kinds, {self.mappings[1]: "unclear", self.mappings[4]: "spar_newer"}
        )

    def test_a_refused_signature_pauses_the_connection(self):
        run = self.compare(faults.signature_refused)
        self.assertEqual((run.state, run.checked), ("running", 0))
        self.assertEqual(self.connection.state, "paused")
        self.assertEqual(len(self.connection.activity_ids), 1)

    def test_what_cannot_be_paused_for_its_key_now_is_compared_later(self):
        """The connection's row is never free: the job ends well, and comes back."""

        def never_free(connection):
            raise LockNotAvailable

        self.patch(breaker, "lock", never_free)
        self.set_up(tls_certificate_path="/nowhere", tls_key_path="/nowhere")
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        with patch.object(time, "sleep"), trapped_jobs() as jobs:
            run.job_run()
        self.assertEqual((run.state, self.connection.state), ("running",) * 2)
        (later,) = jobs
        self.assertEqual(later.method, "job_run")
        self.assertGreater(later.eta, datetime.now())

    def test_a_neutralised_copy_stops_comparing(self):
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "true")
        run.job_run()
        self.assertEqual(run.state, "cancelled")
        self.assertFalse(self.mapper.log)

    def test_the_scheduled_one_and_the_manager_start_only_one(self):
        self.env["g2p.spar.reconciliation"]._cron_start()
        window = self.connection.action_reconcile()
        runs = self.env["g2p.spar.reconciliation"].search([])
        self.assertEqual(len(runs), 1)
        self.assertEqual(window["res_id"], runs.id)
        with self.assertRaises(AccessError):
            self.connection.with_user(self.user).action_reconcile()
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "true")
        with self.assertRaises(UserError):
            self.connection.action_reconcile()
