"""What the engine writes down after an answer of SPAR: one method per class."""

from datetime import timedelta

from odoo import fields, models

from ..plan import next_step, retry_delay
from ..spar.answers import Outcome
from ..spar.g2p_connect import RESOLVE, UNLINK

#: Contradictions in a row (duplicate, yet not linked) before waiting like a failure.
MAX_SWAPS = 2

#: No request of this mapping is under way.
NOTHING_SENT = {
    "sending_operation": False,
    "sending_spar_id": False,
    "sending_since": False,
}


# One model in three files, split where the work changes: record, engine, answers.
class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    def _record(self, answer, operation, item, wanted, alone):
        """Write down what became of one item of a request.

        :param ~.spar.answers.Answer answer: the answer to the whole request
        :param ~.spar.answers.Item item: this mapping's part of it
        :param dict wanted: what should be at SPAR, see :meth:`_wanted`
        :param bool alone: whether the request held nothing else
        """
        result = answer.results[item.reference_id]
        outcome = result.outcome
        self.write({"outcome": outcome.value, "reason_code": result.code or False})
        if outcome == Outcome.DONE:
            self._record_done(operation, item, result, wanted)
        elif outcome == Outcome.SWAP:
            self._record_swap()
        elif outcome == Outcome.AMBIGUOUS:
            self._expect_unknown(result.code)
        elif outcome == Outcome.PARTNER:
            self._release()
        elif outcome == Outcome.TRANSIENT:
            # An internal error may be one item's fault: next time each goes alone.
            self.send_alone = result.code == "http.500" and not alone
            self._retry_later(answer.retry_after)
        elif outcome == Outcome.BATCH_REFUSED and not alone:
            self.send_alone = True
            self._release()
        else:
            self._hold()

    def _record_done(self, operation, item, result, wanted):
        """SPAR did it, or told what it holds."""
        linked = result.linked if operation == RESOLVE else operation != UNLINK
        vals = {**NOTHING_SENT, "state": "due", "next_attempt_at": False}
        if linked:
            vals["linked_spar_id"] = item.spar_id
            vals["held_value"] = result.fa if operation == RESOLVE else item.fa
        elif self.linked_spar_id == item.spar_id:
            vals["linked_spar_id"] = vals["held_value"] = False
        self.write({**vals, "seen_at": fields.Datetime.now()})
        step = next_step(self._facts(wanted))
        if isinstance(step, str):
            self._settle(step)

    def _settle(self, state):
        """Nothing is left to do for the wanted change, or nothing we can do.

        :param str state: ``in_sync``, ``ended`` or ``waiting_id``
        """
        vals = {
            "state": state,
            "attempts": 0,
            "next_attempt_at": False,
            "outcome": False,
            "reason_code": False,
            "send_alone": False,
        }
        if state != "waiting_id":
            vals["confirmed_change_id"] = self.wanted_change_id.id
            self.wanted_change_id.write(
                {
                    "state": "sent",
                    "confirmed_at": fields.Datetime.now(),
                    "reason_code": False,
                }
            )
        self.write(vals)

    def _record_swap(self):
        """SPAR has a row where we thought it had none, or none where we thought one.

        Its reason code is the same for both, so SPAR is asked before the other verb is
        chosen; the row may hold the right address already, from a lost answer.
        """
        self.attempts += 1
        waits = self.attempts > MAX_SWAPS
        self.write(
            {
                "state": "checking",
                "next_attempt_at": self._next_attempt() if waits else False,
            }
        )

    def _expect_unknown(self, code):
        """Wait until SPAR cannot be working on the request any more, then resolve.

        :param str code: what happened, for the detail line
        """
        if self.sending_operation == RESOLVE:
            # Asking changes nothing at SPAR, so there is nothing to wait out.
            self.attempts += 1
            moment = self._next_attempt()
        else:
            moment = self._after(self.connection_id.cool_down)
        self.write(
            {
                "state": "checking",
                "next_attempt_at": moment,
                "outcome": Outcome.AMBIGUOUS.value,
                "reason_code": code,
            }
        )

    def _retry_later(self, wish):
        """Nothing was done; try the same again after a growing wait.

        :param wish: seconds SPAR asked for, or None
        """
        self.attempts += 1
        self._release()
        self.write(
            {
                "state": "checking" if self.sending_spar_id else "retrying",
                "next_attempt_at": self._next_attempt(wish),
            }
        )

    def _release(self):
        """Take back a claim under which nothing was done at SPAR."""
        for mapping in self:
            if mapping.sending_operation == RESOLVE:
                # What it was to find out is still unknown.
                mapping.write({"state": "checking", "next_attempt_at": False})
            else:
                mapping.write(
                    {**NOTHING_SENT, "state": "due", "next_attempt_at": False}
                )

    def _hold(self):
        """Leave it to people; a newer change of the registrant releases it."""
        self.write({**NOTHING_SENT, "state": "held", "next_attempt_at": False})
        self.wanted_change_id.write({"state": "held", "reason_code": self.reason_code})

    def _next_attempt(self, wish=None):
        connection = self.connection_id
        delay = retry_delay(
            self.attempts, connection.retry_base, connection.retry_cap, wish
        )
        return self._after(0) + timedelta(seconds=delay)
