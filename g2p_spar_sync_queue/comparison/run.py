"""The loop of a comparison: asks about some registrants after others, for one job.

SPAR has one question at a time. While it processes one, the answer before is compared
and stored, and the next question is read. So SPAR need not wait for the comparison.
"""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from odoo import fields
from odoo.exceptions import UserError

from ..engine import breaker, new_key, rate_limit, restore_guard, store
from ..jobs import on_behalf
from ..spar.answers import Outcome
from ..spar.client import SignedRequest, SparClient
from ..spar.codes import RESOLVE
from ..spar.keys import KeyProblem
from ..transactions import RETRYABLE_ERRORS, Busy, commit, roll_back
from .differences import list_differences
from .questions import Question, next_question

#: IDs in one question. SPAR answers up to 32,767, proxies cap the size.
CHUNK = 500
#: Seconds to wait after SPAR gave no answer.
REST = 60


def work(run, deadline):
    """Compare until everybody is compared or time is up; then wake up the next job.

    :param run: the ``g2p.spar.reconciliation``
    :param float deadline: by the monotonic clock
    """
    env, connection = run.env, run.connection_id
    if restore_guard.is_neutralised(env) or connection.sudo().unconfirmed:
        run.action_cancel()
        return
    comparison = Comparison(run)
    try:
        rests = comparison.go_on(deadline)
    except Busy:
        roll_back(env)
        rests = True
    except KeyProblem as problem:
        # If it cannot be stored now, the next job has the same problem.
        with suppress(Busy):
            connection._pause_for_key(problem)
        rests = True
    finally:
        comparison.close()
    if run.state == "running":
        run._wake_up(REST if rests else None)
    commit(env)


@dataclass
class Asked:
    """A question that was sent to SPAR.

    :param ~.questions.Question question: what is asked
    :param SparClient client: that sends it
    :param tuple version: of what the client was made
    :param SignedRequest signed: what is sent; None where there is nothing to ask
    :param future: of what comes back
    """

    question: Question
    client: SparClient
    version: tuple
    signed: SignedRequest | None = None
    future: object = None

    @cached_property
    def answer(self):
        """SPAR's :class:`~..spar.answers.Answer`, or None; waits for it."""
        if not self.signed:
            return None
        return self.client.read_answer(self.signed, self.future.result())


class Comparison:
    """One job's part of a comparison.

    One client, and with it the connection to SPAR and its TLS session, lasts as long.

    :param run: the ``g2p.spar.reconciliation``
    """

    def __init__(self, run):
        self.run, self.env, self.connection = run, run.env, run.connection_id
        #: How many mappings are in one question.
        self.size = CHUNK
        if self.connection.max_per_second:
            self.size = min(CHUNK, rate_limit.batch_limit(self.connection))
        self._client = self._version = None
        # One, as SPAR gets one question at a time.
        self._caller = ThreadPoolExecutor(1, "spar")

    def close(self):
        """Wait for the thread, and give up the connection to SPAR."""
        self._caller.shutdown()
        if self._client:
            self._client.close()

    def go_on(self, deadline):
        """Ask and compare until nothing is left, or the deadline.

        :param float deadline: by the monotonic clock
        :return: whether to rest, as SPAR gives no answer or may not be asked
        :rtype: bool
        :raise KeyProblem: when no question can be signed
        :raise Busy: when others have the connection's row for too long
        """
        asked = None
        while self.run.state == "running":
            in_flight = None
            try:
                question = self._next_question(asked, deadline)
                commit(self.env)
                if asked:
                    if self._is_failed(asked):
                        return True
                    if self._is_too_large(asked):
                        # One ID may be to blame; find it, and leave it out.
                        self.size = max(1, self.size // 2)
                        asked = None
                        continue
                is_end = question and not question.entries
                if question and not is_end:
                    in_flight = self._ask(question)
                if asked:
                    self._record(asked)
                elif is_end:
                    finish(self.run)
                commit(self.env)
            except RETRYABLE_ERRORS:
                roll_back(self.env)
                if in_flight and in_flight.future:
                    # Until then its client must be neither used nor closed.
                    in_flight.future.result()
                # It continues after the last question that was recorded.
                asked = None
                continue
            if not in_flight and not is_end:
                # Time is up, or SPAR may not be asked now.
                return bool(question)
            asked = in_flight
        return False

    def _next_question(self, asked, deadline):
        """Return the question after the one that was asked; None when time is up."""
        if time.monotonic() >= deadline:
            return None
        after = asked.question.entries[-1].id if asked else self.run.last_mapping_id
        return next_question(self.run, after, self.size)

    def _ask(self, question):
        """Send a question; return what is asked, or None if SPAR may not be asked now.

        No other question is with SPAR.
        """
        client = self._open_client()
        if new_key.is_waiting(self.connection) or not breaker.is_available(
            self.connection, lambda: client
        ):
            return None
        asked = Asked(question, client, self._version)
        items = question.all_items
        if items:
            if wait := rate_limit.reserve(self.connection, len(items)):
                time.sleep(wait)
            asked.signed = client.sign_request(RESOLVE, items, str(uuid.uuid4()))
            asked.future = self._caller.submit(client.deliver, asked.signed)
        return asked

    def _open_client(self):
        """Return the client; a new one once what it was made of has changed."""
        version = store.version(self.env, self.connection.id)
        if self._client and self._version != version:
            # Another key signs by now, for example.
            self._client.close()
            self._client = None
        if not self._client:
            self._client, self._version = self.connection._client(), version
        return self._client

    def _is_failed(self, asked):
        """Note the answer for all workers; return whether it is none.

        If SPAR refuses the partner, sending stops, unless the connection has changed
        since.
        """
        answer = asked.answer
        if not answer:
            return False
        breaker.note_answer(self.connection, answer, RESOLVE)
        if not answer.refuses_partner:
            new_key.note_answer(self.connection, answer)
        elif asked.version == store.version(self.env, self.connection.id):
            self.connection._stop_for_signature()
        return answer.failed or answer.refuses_partner

    def _is_too_large(self, asked):
        """Return whether SPAR refused the question as a whole, and it can be halved."""
        results = asked.answer.results.values() if asked.answer else ()
        refused = {result.outcome for result in results} == {Outcome.BATCH_REFUSED}
        return refused and self.size > 1

    def _record(self, asked):
        """Compare an answer, and store how far the comparison has come."""
        entries = asked.question.entries
        list_differences(self.run, asked.question, asked.answer)
        self.run.write(
            {
                "last_mapping_id": entries[-1].id,
                "checked": self.run.checked + len(entries),
            }
        )


def finish(run):
    """End a comparison; resume the connection if that was asked for.

    That is if nothing differs. Otherwise the reason why it is paused says how many
    registrants differ.
    """
    env, connection = run.env, run.connection_id
    run.write({"state": "done", "finished_at": fields.Datetime.now()})
    user = run.resume_for_id
    if not user or connection.state != "paused":
        return
    reason = None
    if differing := len(run.line_ids.mapping_id):
        reason = env._(
            "Compared with SPAR: %(differ)s of %(all)s registrants differ. Decide "
            "about each, then resume.",
            differ=differing,
            all=run.checked,
        )
    elif own := on_behalf(connection, user):
        try:
            # The role is checked again: time has passed.
            own.action_resume()
        except UserError as error:
            reason = str(error)
    else:
        reason = env._(
            "Compared with SPAR: no registrant differs. The manager who asked for "
            "it may not resume sending any more; another one can."
        )
    if reason:
        connection.pause_reason = reason
        connection._message_log(body=reason)
        connection._alert(reason)
