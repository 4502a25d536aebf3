"""The engine: brings mappings to SPAR.

Each round is one transaction: it locks the mappings that are due, decides one request,
sends it, records what became of it, and commits. What is about to be sent is written
down beside it, in a transaction of its own that is committed before the call.

So after a kill at any moment the database says the truth: a mapping that is part of a
``g2p.spar.sending`` and whose row nobody has locked is one whose sender died, and whose
outcome is unknown. Whatever is in doubt (``sending_spar_id`` is set) is resolved before
anything else is sent.
"""

import time

from odoo import api, models

from odoo.addons.g2p_spar_financial_address.marks import marked

from ..progress import MAY_BE_ONE_ITEM
from ..spar.keys import KeyProblem
from ..transactions import BEATEN, MAX_BEATEN, Beside, apart, commit, roll_back
from .queue_job import NEW_JOB

#: Seconds after which a job hands what is left to the next one: short enough for an
#: edit not to wait long for a worker, and with one request more far below Odoo's usual
#: limit of 120 s.
JOB_SECONDS = 20
#: Seconds for which a job rests that was beaten to a row too often.
REST = 10
#: Seconds after which a wake-up counts as lost, and the sweeper's time for one run.
LOST_AFTER = 30
SWEEP_SECONDS = 45


class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    # === WAKE-UP === #

    def _wake_up(self):
        """Have the engine look at these mappings soon.

        Losing, doubling or reordering wake-ups is harmless: what is due is decided by
        the mappings' rows alone. Here and in the connection's method of the same name
        is all that knows of ``queue_job``.
        """
        for connection, mappings in self.sudo().grouped("connection_id").items():
            mappings._enqueue(connection.batch_size)

    def _enqueue(self, batch_size):
        """Have these mappings of one connection looked at, so many by each job.

        :param int batch_size: of their connection
        """
        for start in range(0, len(self), batch_size):
            chunk = marked(self[start : start + batch_size], NEW_JOB)
            chunk.with_delay(description=self.env._("Send to SPAR"))._job_sync()

    def _job_sync(self):
        """Job: bring these mappings to SPAR, and then whatever else is due."""
        for connection, mappings in self.exists().grouped("connection_id").items():
            Shift(connection, JOB_SECONDS).work(mappings)

    @api.model
    def _cron_sweep(self):
        """Bring to SPAR what is due although its wake-up was lost."""
        self.env["g2p.spar.reconciliation"]._wake_up_stale()
        apart(self.env, self.env["g2p.spar.sending"]._forget_recorded)
        connections = self.env["g2p.spar.connection"].search(
            [("state", "=", "running")]
        )
        for connection in connections:
            # Each has its share, so that a slow SPAR does not starve the others.
            Shift(connection, SWEEP_SECONDS / len(connections), LOST_AFTER).work()

    # === TRANSACTIONS === #

    def _commit(self):
        commit(self.env)


class Shift:
    """One worker's turn with one connection: rounds until nothing is due or time is up.

    The client, and with it the connection to SPAR and its TLS session, lasts as long.

    :param connection: a ``g2p.spar.connection``
    :param float seconds: after which what is left is handed on
    :param int since: seconds for which something must have been due
    """

    def __init__(self, connection, seconds, since=0):
        self.connection = connection
        self.mappings = connection.env["g2p.spar.mapping"].sudo()
        self.beside = Beside(connection.env)
        #: Number of the last request written down, once its outcome is, too.
        self.done = None
        self.since = since
        self.deadline = time.monotonic() + seconds
        self.beaten = 0
        self.position = None
        self.client = None
        self.client_of = None
        self.worked = False

    def work(self, mappings=None):
        """Bring to SPAR these mappings first, and then whatever else is due.

        :param mappings: those somebody was woken up for
        """
        if not self.connection._is_guarded():
            return
        try:
            finished = (
                not mappings or self._work_at(mappings.sudo())
            ) and self._rounds(self._claim_backlog)
            self._forget_done()
        finally:
            self.beside.close()
            if self.client:
                self.client.close()
        if self.worked:
            self.connection._moved_on(last=True)
        if self.connection._is_open():
            if not finished:
                self.connection._wake_up(REST if self.beaten > MAX_BEATEN else None)
            self.connection._wake_up_when_due()
        self.mappings._commit()

    def _work_at(self, mappings):
        return self._rounds(lambda: mappings._claim(self.beside))

    @property
    def _sendings(self):
        """What is about to be sent, in a transaction of its own."""
        return self.beside.env["g2p.spar.sending"].sudo()

    def _rounds(self, claim):
        """Claim, send and record until there is nothing to claim.

        :param claim: what returns the next :class:`Claim`
        :return: whether it came to that, and no limit came first
        """
        while time.monotonic() < self.deadline and self._may_send():
            try:
                claimed = claim()
                if not claimed.size:
                    self.mappings._commit()
                    return True
                self.worked = True
                self._carry_out(claimed)
                self.beaten = 0
            except BEATEN:
                roll_back(self.mappings.env)
                self.beside.roll_back()
                self.beaten += 1
                if self.beaten > MAX_BEATEN:
                    return False
        return False

    def _claim_backlog(self):
        start = self.position
        claimed, self.position = self.mappings._claim_backlog(
            self.connection, self.beside, start, self.since
        )
        if not claimed.size and start:
            # From the beginning once more: what somebody else was busy with may have
            # got a newer change since.
            claimed, self.position = self.mappings._claim_backlog(
                self.connection, self.beside, None, self.since
            )
        return claimed

    def _may_send(self):
        """Whether the connection is running and SPAR answers, as far as is known."""
        try:
            return self.connection.state == "running" and self.connection._is_available(
                self._open_client
            )
        except KeyProblem as problem:
            self.connection._pause_for_key(problem)
            return False

    def _open_client(self, version=None):
        """Return the client; a new one once the connection's settings have changed.

        :param datetime version: when that was last; read when not given
        """
        version = version or self.connection.write_date
        if self.client and self.client_of != version:
            self.client.close()
            self.client = None
        if not self.client:
            self.client, self.client_of = self.connection._client(), version
        return self.client

    def _carry_out(self, claimed):
        """Send what was claimed, if anything; record and commit what came of it."""
        if claimed.request:
            try:
                client = self._open_client(claimed.request.version)
            except KeyProblem as problem:
                roll_back(self.mappings.env)
                self.connection._pause_for_key(problem)
                return
            claimed = self._write_down(claimed)
        if claimed.request:
            self._send(client, claimed)
        else:
            self.mappings._save_progress(claimed.entries)
            self.mappings._commit()

    def _write_down(self, claimed):
        """Write down what is about to be sent, and wait until it may be.

        :return: the claim with what may be sent of it
        """
        done, self.done = self.done, None
        request = self._sendings._write_down(self.connection.id, claimed.request, done)
        self.beside.commit()
        if request.limited and request.parts:
            connection = self.connection.with_env(self.beside.env)
            if wait := connection._reserve(len(request.parts)):
                time.sleep(wait)
        return self.mappings._leave_out(claimed, request)

    def _send(self, client, claimed):
        """Send a request; pause the connection if SPAR refuses the partner."""
        request = claimed.request
        answer = self.mappings._send(client, claimed)
        self.connection._moved_on()
        # First what became of the registrants: pausing may meet another worker's.
        self.mappings._commit()
        self.done = request.number
        if not blames_one_again(request, answer):
            self.connection._note_answer(answer)
        if answer.refuses_partner:
            self.connection._pause_for_signature()

    def _forget_done(self):
        if self.done:
            apart(self.beside.env, lambda: self._sendings._forget(self.done))
            self.done = None


def blames_one_again(request, answer):
    """Whether a request says no more of SPAR than that one registrant fails again.

    Where little else is sent, the breaker would take that one for SPAR being down, and
    everybody would wait.

    :param Request request: what was sent
    :param ~..spar.answers.Answer answer: what came back
    """
    if len(request.parts) > 1:
        return False
    (part,), (result,) = request.parts.values(), answer.results.values()
    return part.tried and result.code in MAY_BE_ONE_ITEM
