"""Politeness: leave SPAR alone while it is down, and do not fall upon it afterwards."""

import logging
import math
from datetime import timedelta

from odoo import fields, models

from ..engine import store, wake_up
from ..engine.decide import retry_delay
from ..jobs import later
from ..spar.answers import Item
from ..spar.words import RESOLVE
from ..transactions import commit_with_retry

_logger = logging.getLogger(__name__)

#: Seconds a probe may take beyond its time-outs before another worker may send one.
PROBE_GRACE = 10


class G2pSparConnection(models.Model):
    """The circuit breaker of a connection, and its speed limit.

    The engine writes these columns by SQL, each time in a transaction of its own: the
    row is shared by all workers. What cannot be written there stops the worker, see
    :class:`~..transactions.Busy`.
    """

    _inherit = "g2p.spar.connection"

    breaker_state = fields.Selection(
        [
            ("closed", "SPAR answers"),
            ("open", "SPAR is left alone"),
            ("half_open", "SPAR is being asked"),
        ],
        string="Availability",
        required=True,
        default="closed",
        readonly=True,
        copy=False,
    )
    breaker_failures = fields.Integer(
        "Failures in a row", default=0, readonly=True, copy=False
    )
    breaker_trips = fields.Integer(
        "Unanswered since", default=0, readonly=True, copy=False
    )
    breaker_until = fields.Datetime("Asked again at", readonly=True, copy=False)
    breaker_threshold = fields.Integer(
        "Failures before a rest",
        default=5,
        required=True,
        help="After so many failed requests in a row SPAR is left alone, but for one "
        "harmless question now and then.",
    )
    probe_base = fields.Integer(
        "First question after",
        default=30,
        required=True,
        help="Seconds, doubled each time.",
    )
    probe_cap = fields.Integer(
        "Longest time between questions", default=600, required=True, help="Seconds."
    )
    max_per_second = fields.Integer(
        "Registrants per second",
        default=0,
        help="Never send more than this. 0 is as fast as SPAR answers.",
    )
    rate_free_at = fields.Datetime(readonly=True, copy=False)

    _breaker_positive = models.Constraint(
        "CHECK(breaker_threshold > 0 AND probe_base > 0 AND probe_cap >= probe_base"
        " AND max_per_second >= 0)",
        "Numbers and waiting times are positive, and the longest wait is not the "
        "shorter one.",
    )

    # === BREAKER === #

    def _hold(self):
        """Wait until no other transaction writes this connection, and lock it.

        For work of :func:`~..transactions.commit_with_retry`: from here on it reads
        what all others have written.
        """
        self.ensure_one()
        self.env.cr.execute(
            "SELECT FROM g2p_spar_connection WHERE id = %s FOR NO KEY UPDATE",
            [self.id],
            log_exceptions=False,
        )
        self.invalidate_recordset()

    def _note_answer(self, answer):
        """Count what became of a request; leave SPAR alone after too many failures.

        Only changes are written, so that workers do not wait for each other while all
        is well.

        :param ~..spar.answers.Answer answer: of a request that was sent
        :raise ~..transactions.Busy: when it cannot be written down
        """
        self.ensure_one()
        if answer.failed:
            commit_with_retry(self.env, lambda: self._note_failure(answer.retry_after))
        elif self.breaker_failures or self.breaker_trips:
            commit_with_retry(self.env, self._note_success)

    def _note_failure(self, retry_after):
        self.env.cr.execute(
            """UPDATE g2p_spar_connection
                  SET breaker_failures = breaker_failures + 1
                WHERE id = %s AND breaker_state = 'closed'
            RETURNING breaker_failures >= breaker_threshold""",
            [self.id],
            log_exceptions=False,
        )
        row = self.env.cr.fetchone()
        if row and (row[0] or retry_after):
            self._leave_alone(retry_after)

    def _note_success(self):
        self.env.cr.execute(
            """UPDATE g2p_spar_connection SET breaker_failures = 0, breaker_trips = 0
                WHERE id = %s AND breaker_state = 'closed'""",
            [self.id],
            log_exceptions=False,
        )

    def _was_answered(self):
        """Whether SPAR answered what was sent last, as far as is known.

        That is a request, or the question after which it was no longer left alone.
        """
        self.ensure_one()
        asked = self.breaker_state == "closed" and self.breaker_trips
        return not self.breaker_failures or bool(asked)

    def _leave_alone(self, retry_after=None):
        """Open the breaker until a moment that comes later with each failed question.

        :param retry_after: seconds SPAR asked for, or None
        """
        self._hold()
        trips = self.breaker_trips + 1
        delay = retry_delay(trips, self.probe_base, self.probe_cap, retry_after)
        until = self._now() + timedelta(seconds=math.ceil(delay))
        self.env.cr.execute(
            """UPDATE g2p_spar_connection
                  SET breaker_state = 'open', breaker_trips = %s, breaker_until = %s
                WHERE id = %s""",
            [trips, until, self.id],
            log_exceptions=False,
        )
        _logger.info("connection %s: left alone until %s", self.id, until)
        later(
            self,
            eta=until,
            identity_key=f"spar-probe-{self.id}",
            description=self.env._("Ask whether SPAR is back"),
        )._job_work_off()

    def _is_available(self, ask):
        """Whether requests may be sent now; if it is time, SPAR is asked.

        :param ask: a function that returns an open client
        """
        if self.breaker_state == "closed":
            return True
        return bool(commit_with_retry(self.env, self._take_probe)) and self._probe(
            ask()
        )

    def _take_probe(self):
        """Become the one who asks; another worker may when this one does not return."""
        self.env.cr.execute(
            """UPDATE g2p_spar_connection
                  SET breaker_state = 'half_open',
                      breaker_until = clock_timestamp() AT TIME ZONE 'UTC'
                          + %s * INTERVAL '1 second'
                WHERE id = %s AND breaker_state != 'closed'
                  AND breaker_until <= clock_timestamp() AT TIME ZONE 'UTC'
            RETURNING id""",
            [self.connect_timeout + self.answer_timeout + PROBE_GRACE, self.id],
            log_exceptions=False,
        )
        return self.env.cr.fetchone()

    def _probe(self, client):
        """Ask SPAR for an ID nobody has; nothing is in doubt if the answer is lost.

        :return: whether SPAR answered
        """
        answer = client.send(RESOLVE, [Item("probe", "connection-test")])
        if answer.failed:
            commit_with_retry(self.env, lambda: self._leave_alone(answer.retry_after))
            return False
        commit_with_retry(self.env, self._come_back)
        return True

    def _come_back(self):
        """Close the breaker; one more failure opens it again, for longer."""
        self.env.cr.execute(
            """UPDATE g2p_spar_connection
                  SET breaker_state = 'closed', breaker_until = NULL,
                      breaker_failures = breaker_threshold - 1
                WHERE id = %s""",
            [self.id],
            log_exceptions=False,
        )
        # Those that failed have waited long enough. Lost answers go on cooling down.
        self.env.cr.execute(
            """UPDATE g2p_spar_mapping SET next_attempt_at = NULL
                WHERE id IN (
                    SELECT id FROM g2p_spar_mapping
                     WHERE connection_id = %s AND state = 'retrying'
                       AND outcome = 'transient'
                       FOR NO KEY UPDATE SKIP LOCKED)""",
            [self.id],
            log_exceptions=False,
        )
        _logger.info("connection %s: SPAR is back", self.id)
        wake_up.wake_up(self)

    def _reset_breaker(self):
        self.sudo().write(
            {
                "breaker_state": "closed",
                "breaker_failures": 0,
                "breaker_trips": 0,
                "breaker_until": False,
            }
        )

    # === SPEED === #

    def _batch_limit(self):
        """Return how many registrants go into one request.

        With a speed limit few enough for the line of workers to move on before a claim
        looks abandoned.
        """
        if not self.max_per_second:
            return self.batch_size
        return min(self.batch_size, max(1, 2 * self.max_per_second // self.workers))

    def _reserve(self, number):
        """Take a place in the line of what may be sent.

        :param int number: of registrants
        :return: seconds to wait before sending them
        :raise ~..transactions.Busy: when there is no place now, so nothing may be sent
        """
        if not self.max_per_second:
            return 0.0
        return commit_with_retry(self.env, lambda: self._take_place(number))

    def _take_place(self, number):
        if not self.max_per_second:
            # The limit was lifted meanwhile.
            return 0.0
        self.env.cr.execute(
            """UPDATE g2p_spar_connection
                  SET rate_free_at = GREATEST(
                          rate_free_at, clock_timestamp() AT TIME ZONE 'UTC')
                      + %(seconds)s * INTERVAL '1 second'
                WHERE id = %(id)s
            RETURNING EXTRACT(EPOCH FROM
                rate_free_at - clock_timestamp() AT TIME ZONE 'UTC') - %(seconds)s""",
            {"seconds": number / self.max_per_second, "id": self.id},
            log_exceptions=False,
        )
        return max(0.0, float(self.env.cr.fetchone()[0]))

    def _now(self):
        """Return the moment by the database's clock, the one all workers share."""
        return store.now(self.env)
