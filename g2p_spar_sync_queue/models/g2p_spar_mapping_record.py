"""What the engine writes down after an answer of SPAR: one method per class."""

import hashlib
import math

from odoo import fields, models

from ..plan import next_step, retry_delay
from ..spar.answers import Outcome
from ..spar.g2p_connect import INTERNAL_ERROR, LINK, RESOLVE, UNLINK

#: Contradictions in a row (duplicate, yet not linked) before waiting like a failure.
MAX_SWAPS = 2

#: Nothing about this mapping is in doubt.
NO_DOUBT = {"sending_operation": False, "sending_spar_id": False}

#: Beginnings of codes after which SPAR has surely not begun with a request.
NOT_BEGUN = ("connect.", "http.3", "http.4")
#: Codes for which a single item of a request may be to blame.
MAY_BE_ONE_ITEM = ("http.500", INTERNAL_ERROR)
#: Seconds, at most, between two looks whether another registrant has left an ID.
ID_TAKEN_CAP = 60


# One model in three files, split where the work changes: record, engine, answers.
class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    def _record(self, answer, operation, item, wanted, alone):
        """Write down what became of one item of a request.

        :param ~.spar.answers.Answer answer: the answer to the whole request
        :param ~.spar.answers.Item item: this mapping's part of it
        :param wanted: what should be at SPAR, see :meth:`_wanted`
        :param bool alone: whether the request held nothing else
        """
        result = answer.results[item.reference_id]
        outcome, code = result.outcome, result.code
        self.write({"outcome": outcome.value, "reason_code": code or False})
        if outcome == Outcome.DONE:
            self._record_done(operation, item, result, wanted)
        elif outcome == Outcome.SWAP:
            self._record_swap()
        elif outcome == Outcome.AMBIGUOUS:
            self._expect_unknown(operation, code, answer.retry_after, alone)
        elif outcome == Outcome.PARTNER:
            self._release()
        elif outcome == Outcome.TRANSIENT:
            if code in MAY_BE_ONE_ITEM and not alone:
                self.send_alone = True
            self._retry_later(operation, code, answer.retry_after)
        elif outcome == Outcome.BATCH_REFUSED and not alone:
            self.send_alone = True
            self._release()
        else:
            self._hold(code)

    def _record_done(self, operation, item, result, wanted):
        """SPAR did it, or told what it holds."""
        linked = result.linked if operation == RESOLVE else operation != UNLINK
        vals = {**NO_DOUBT, "state": "due", "next_attempt_at": False}
        if linked:
            held = result if operation == RESOLVE else item
            vals["linked_spar_id"] = item.spar_id
            vals["held_digest"] = self._digest(held.fa, held.strategy_number)
        elif self.linked_spar_id == item.spar_id:
            vals["linked_spar_id"] = vals["held_digest"] = False
        self.write({**vals, "seen_at": fields.Datetime.now()})
        if not wanted.broken:
            step = next_step(self._facts(wanted))
            if isinstance(step, str):
                self._settle(step)

    def _digest(self, text, strategy_number):
        """Return what SPAR's row is compared by, so that the address is not stored.

        With the strategy: read by another one, the same string may mean another
        account.

        :return: a text, or False when the address is unknown
        """
        if text is None:
            return False
        return hashlib.sha256(f"{strategy_number}:{text}".encode()).hexdigest()

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

    def _expect_unknown(self, operation, code, wish=None, alone=True):
        """Wait until SPAR cannot be working on the request any more, then resolve.

        :param str operation: what was sent
        :param str code: what happened, for the detail line
        :param wish: seconds SPAR asked for, or None
        :param bool alone: whether the request held nothing else
        """
        self.attempts += 1
        if not alone and self.attempts > 1:
            # Again: one of them may be what SPAR stumbles over.
            self.send_alone = True
        moment = self._next_attempt(wish)
        if operation != RESOLVE:
            # Asking changes nothing at SPAR; any other lost request must be over.
            moment = max(moment, self._after(self.connection_id.cool_down))
        self.write(
            {
                "state": "checking",
                "next_attempt_at": moment,
                "outcome": Outcome.AMBIGUOUS.value,
                "reason_code": code,
            }
        )

    def _retry_later(self, operation, code, wish):
        """It failed; try again after a growing wait.

        A link that failed may all the same have left a row. Were it forgotten, a
        registrant whose address is then ended would stay payable, so SPAR is asked
        first. After an update or unlink we know of the row anyway.

        :param str operation: what was sent
        :param str code: what happened
        :param wish: seconds SPAR asked for, or None
        """
        self.attempts += 1
        in_doubt = operation == RESOLVE or (
            operation == LINK and not code.startswith(NOT_BEGUN)
        )
        self.write(
            {
                "state": "retrying",
                "next_attempt_at": self._next_attempt(wish),
                **({} if in_doubt else NO_DOUBT),
            }
        )

    def _wait_for_id(self):
        """Another registrant's row is at SPAR under this one's ID; it leaves first."""
        self.attempts += 1
        self.write(
            {
                "state": "retrying",
                "next_attempt_at": self._next_attempt(cap=ID_TAKEN_CAP),
                "reason_code": "id.taken",
            }
        )

    def _release(self):
        """Take back a claim under which nothing was done at SPAR."""
        for mapping in self:
            # What a resolve was to find out is still in doubt.
            in_doubt = mapping.sending_operation == RESOLVE
            mapping.write(
                {
                    "state": "due",
                    "next_attempt_at": False,
                    **({} if in_doubt else NO_DOUBT),
                }
            )

    def _hold(self, code):
        """Leave it to people; a newer change of the registrant releases it.

        :param str code: SPAR's reason code, or one of ours
        """
        in_doubt = self.sending_operation == RESOLVE
        self.write(
            {
                "state": "held",
                "next_attempt_at": False,
                "reason_code": code,
                **({} if in_doubt else NO_DOUBT),
            }
        )
        self.wanted_change_id.write({"state": "held", "reason_code": code})

    def _next_attempt(self, wish=None, cap=None):
        connection = self.connection_id
        cap = min(cap or connection.retry_cap, connection.retry_cap)
        delay = retry_delay(self.attempts, connection.retry_base, cap, wish)
        return self._after(math.ceil(delay))
