"""The engine: brings mappings to SPAR.

Each round has two transactions. The first claims the mappings that are due, writes
down what is about to be sent, and commits. The second takes the rows' locks, sends that
one request, records what became of it, and commits.

So after a kill at any moment the database says the truth: a mapping in state
``sending`` whose row nobody has locked is one whose sender died, and whose outcome is
unknown. Whatever is in doubt (``sending_spar_id`` is set) is resolved before anything
else is sent.
"""

import logging
import time
import uuid
from collections import namedtuple
from datetime import timedelta

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import api, models, modules
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..plan import Facts, Step, next_step
from ..spar.answers import Item
from ..spar.g2p_connect import LINK, RESOLVE, UPDATE
from ..spar.jws import KeyProblem
from .g2p_spar_mapping import NEWER_CHANGE

_logger = logging.getLogger(__name__)

#: Seconds after which a job hands what is left to the next one. With one request more,
#: it stays below Odoo's usual limit of 120 s.
JOB_SECONDS = 45
#: Seconds in which the sender of a claimed mapping takes its lock.
CLAIM_GRACE = 10
#: How often in a row a job may be beaten to a row, and the seconds it then rests.
MAX_BEATEN = 5
REST = 10
#: Seconds after which a wake-up counts as lost, and the sweeper's time for one run.
LOST_AFTER = 30
SWEEP_SECONDS = 45

#: Another worker was faster with one of the rows; nothing is lost by looking again.
BEATEN = (SerializationFailure, UniqueViolation)

#: SQL on a mapping ``m``: the engine may take it up now.
DUE = SQL(
    """(m.next_attempt_at IS NULL
        OR m.next_attempt_at <= clock_timestamp() AT TIME ZONE 'UTC')
       AND (m.state IN ('due', 'sending', 'retrying', 'checking') OR %s)""",
    NEWER_CHANGE,
)

#: One claimed request: its message ID, operation and ``{mapping: Item}``.
Request = namedtuple("Request", "id operation items")

#: What a registrant should have at SPAR: the ID (or None) and the address string with
#: its strategy's number (or None for no address). ``broken`` is set instead of an
#: address that cannot be written for SPAR.
Wanted = namedtuple("Wanted", "spar_id value broken")


# One model in three files, split where the work changes: record, engine, answers.
class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    # === WAKE-UP: THE ONLY PLACE THAT KNOWS QUEUE_JOB === #

    def _wake_up(self, eta=None):
        """Have the engine look at these mappings soon, or at a given time.

        Losing, doubling or reordering wake-ups is harmless: what is due is decided by
        the mappings' rows alone.

        :param datetime eta: UTC, not before this moment
        """
        for connection, mappings in self.sudo().grouped("connection_id").items():
            for start in range(0, len(mappings), connection.batch_size):
                chunk = mappings[start : start + connection.batch_size]
                chunk.with_delay(
                    eta=eta, description=self.env._("Send to SPAR")
                )._job_sync()

    def _job_sync(self):
        """Job: bring these mappings to SPAR, as far as that is possible now."""
        for connection, mappings in self.exists().grouped("connection_id").items():
            mappings._sync(connection)

    @api.model
    def _cron_sweep(self):
        """Bring to SPAR what is due although its wake-up was lost."""
        connections = self.env["g2p.spar.connection"].search(
            [("state", "=", "running")]
        )
        for connection in connections:
            # Each has its share, so that a slow SPAR does not starve the others.
            deadline = time.monotonic() + SWEEP_SECONDS / len(connections)
            last_id = 0
            while connection.state == "running" and time.monotonic() < deadline:
                mappings = self._due(
                    connection, LOST_AFTER, last_id, connection.batch_size
                )
                if not mappings:
                    break
                last_id = mappings[-1].id
                mappings._sync(connection)

    @api.model
    def _due(self, connection, since=0, after_id=0, limit=None):
        """Return the mappings that have been due for ``since`` seconds, by id."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.id FROM g2p_spar_mapping m
                 WHERE m.connection_id = %(connection)s AND m.id > %(after)s
                   AND %(due)s
                   AND GREATEST(m.write_date, m.next_attempt_at, (
                           SELECT max(c.create_date) FROM g2p_spar_change c
                            WHERE c.mapping_id = m.id
                              AND c.state IN ('queued', 'held')))
                       <= now() AT TIME ZONE 'UTC' - %(since)s * INTERVAL '1 second'
                 ORDER BY m.id
                 LIMIT %(limit)s
                """,
                connection=connection.id,
                after=after_id,
                due=DUE,
                since=since,
                limit=limit,
            )
        )
        return self.browse(id_ for (id_,) in rows)

    # === ROUNDS === #

    def _sync(self, connection):
        """Take these mappings through claim, send and record until none is due."""
        deadline = time.monotonic() + JOB_SECONDS
        waiting = self.browse()
        beaten = rest = 0
        while connection.state == "running":
            if time.monotonic() > deadline:
                waiting = self  # the next job goes on where this one stops
                break
            try:
                request, put_off = self._claim()
                self._commit()
                waiting |= put_off
                if not request:
                    break
                waiting |= self.browse(mapping.id for mapping in request.items)
                self._carry_out(connection, request)
                beaten = 0
            except BEATEN:
                self._roll_back()
                beaten += 1
                if beaten > MAX_BEATEN:
                    waiting, rest = self, REST
                    break
        waiting._wake_up_again(rest)

    def _carry_out(self, connection, request):
        """Send a claimed request; pause the connection if SPAR refuses the partner."""
        try:
            with connection._client() as client:
                refused = self._send(client, request)
        except KeyProblem as problem:
            self._lock_claimed(request)._release()
            refused = self.env._("The signing key: %s", problem)
        # First what became of the registrants: pausing may meet another worker's.
        self._commit()
        if refused:
            connection._pause(refused)
            self._commit()

    def _commit(self):
        """End a transaction of the engine; inside a test, only flush it."""
        self.env.flush_all()
        if not modules.module.current_test:
            # What this addon is for: see the top of the file.
            self.env.cr.commit()  # pylint: disable=invalid-commit
        # What others committed meanwhile is seen from here on.
        self.env.invalidate_all()

    def _roll_back(self):
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)

    def _wake_up_again(self, rest=0):
        """Have those that could not be finished looked at when their time has come.

        :param int rest: seconds to leave them alone at least
        """
        newer = self._with_newer_change()
        later = self.filtered(
            lambda mapping: (
                mapping in newer
                or mapping.state in ("due", "sending", "retrying", "checking")
            )
        )
        soonest = self._after(rest) if rest else None
        for moment, mappings in later.grouped("next_attempt_at").items():
            mappings._wake_up(eta=moment or soonest)
        self._commit()

    def _after(self, seconds):
        """Return a moment by the database's clock, the one all workers share.

        In whole seconds, as fields keep it, and never too early.
        """
        ((now,),) = self.env.execute_query(
            SQL("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        )
        moment = now + timedelta(seconds=seconds)
        return moment.replace(microsecond=0) + timedelta(seconds=1)

    # === CLAIM === #

    def _claim(self):
        """Lock what is due, decide the next step of each, and write down one request.

        Only one at a time, so that its sender takes the locks right afterwards.

        :return: the :class:`Request` or None, and the mappings that must wait
        """
        due = self._lock_due()
        due._take_up_changes()
        put_off = due._declare_lost()
        until = self._after(CLAIM_GRACE)
        request = key = None
        for mapping, step, value in (due - put_off)._steps():
            if isinstance(step, str):
                mapping._settle(step)
                continue
            if step is None:
                put_off |= mapping
                continue
            if request is None:
                key = step.operation, mapping.send_alone and mapping.id
                request = Request(str(uuid.uuid4()), step.operation, {})
            if key != (step.operation, mapping.send_alone and mapping.id):
                continue  # its turn comes in the next round
            mapping.write(
                {
                    "state": "sending",
                    "request_id": request.id,
                    "sending_operation": step.operation,
                    "sending_spar_id": step.spar_id,
                    # Nobody takes it for lost before its sender had time to lock it.
                    "next_attempt_at": until,
                }
            )
            request.items[mapping] = Item(uuid.uuid4().hex, step.spar_id, *value)
        return request, put_off

    def _lock_due(self):
        """Lock the rows that are due and not locked, before anything is read of them.

        On a row that was changed since this transaction's snapshot PostgreSQL raises
        here, before anything is sent.
        """
        self.env.cr.execute(
            SQL(
                """SELECT m.id FROM g2p_spar_mapping m
                    WHERE m.id = ANY(%s) AND %s
                    ORDER BY m.id FOR NO KEY UPDATE OF m SKIP LOCKED""",
                list(self.ids),
                DUE,
            ),
            log_exceptions=False,
        )
        locked = self.browse(id_ for (id_,) in self.env.cr.fetchall())
        locked.invalidate_recordset()
        return locked

    def _take_up_changes(self):
        """Make the newest waiting change the wanted one; older ones are superseded."""
        waiting = self.env["g2p.spar.change"].search(
            [("mapping_id", "in", self.ids), ("state", "in", ["queued", "held"])],
            order="id",
        )
        newest = {change.mapping_id: change for change in waiting}
        waiting.filtered(lambda change: newest[change.mapping_id] != change).write(
            {"state": "superseded"}
        )
        for mapping, change in newest.items():
            if change.id <= mapping.wanted_change_id.id:
                continue
            vals = {
                "wanted_change_id": change.id,
                "attempts": 0,
                "outcome": False,
                "reason_code": False,
                "send_alone": False,
                # Somebody cares about this address now, so it is sent even if SPAR
                # seems to hold it already: others may have changed it there.
                "held_digest": False,
            }
            if mapping.state not in ("sending", "checking"):
                vals.update(state="due", next_attempt_at=False)
            mapping.write(vals)

    def _declare_lost(self):
        """Have claimed mappings whose sender died checked before they are sent.

        :return: those mappings
        """
        lost = self.filtered(lambda mapping: mapping.state == "sending")
        for mapping in lost:
            _logger.info("mapping %s: its sender died, to be resolved", mapping.id)
            mapping._expect_unknown(mapping.sending_operation, "sender.died")
        return lost

    def _steps(self):
        """Yield ``(mapping, step, value)`` for each mapping.

        ``step`` is a :class:`~..plan.Step`, the state that is reached, or None for a
        mapping that was made to wait. ``value`` is what a link or update sends.
        """
        wanted = self._wanted()
        holders = self._holders(wanted)
        for mapping in self:
            spar_id, value, broken = wanted[mapping]
            if mapping.sending_spar_id:
                # Asking needs no address, so it also helps one that is broken.
                step = Step(RESOLVE, mapping.sending_spar_id)
            elif broken and mapping.linked_spar_id in (False, spar_id):
                mapping._hold("address.unwritable")
                yield mapping, None, ()
                continue
            else:
                step = next_step(mapping._facts(wanted[mapping]))
            links = step == Step(LINK, spar_id)
            if links and holders.setdefault(spar_id, mapping) != mapping:
                # The ID was another registrant's: theirs leaves SPAR first.
                mapping._wait_for_id()
                yield mapping, None, ()
                continue
            yield mapping, step, value if _sends_value(step) else ("", None)

    def _wanted(self):
        """Return the :class:`Wanted` of each mapping, as of this moment."""
        address_of = self.env["g2p.financial.address"]._in_use(self.partner_id)
        wanted = {}
        for mapping in self:
            partner = mapping.partner_id
            address = address_of.get(partner)
            value, broken = None, False
            if address and partner._spar_is_registrant():
                try:
                    value = address._spar_value()
                except ValidationError:
                    # Its provider was renamed since, say. One such address must not
                    # stop those it would have travelled with.
                    broken = True
            wanted[mapping] = Wanted(partner._spar_get_id() or None, value, broken)
        return wanted

    def _facts(self, wanted):
        return Facts(
            wanted_id=wanted.spar_id,
            wanted_value=wanted.value and self._digest(*wanted.value),
            linked_id=self.linked_spar_id or None,
            held_value=self.held_digest or None,
        )

    def _holders(self, wanted):
        """Return which mapping has or may have a row at SPAR, by wanted SPAR ID."""
        self.flush_model(["linked_spar_id", "sending_spar_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT COALESCE(linked_spar_id, sending_spar_id), id
                     FROM g2p_spar_mapping
                    WHERE connection_id = ANY(%s)
                      AND COALESCE(linked_spar_id, sending_spar_id) = ANY(%s)""",
                self.connection_id.ids,
                [one.spar_id for one in wanted.values() if one.spar_id],
            )
        )
        return {spar_id: self.browse(id_) for spar_id, id_ in rows}

    # === SEND === #

    def _send(self, client, request):
        """Send one request and record what became of each of its items.

        The rows stay locked from before the call until the result is committed: that,
        not a clock, is what keeps a second request for them from being sent.

        :return: the reason to pause the connection, or None
        """
        mine = self._lock_claimed(request)
        if not mine:
            return None
        sent = {mapping: request.items[mapping] for mapping in mine}
        answer = client.send(request.operation, list(sent.values()), request.id)
        wanted = mine._wanted()
        for mapping, item in sent.items():
            mapping._record(
                answer, request.operation, item, wanted[mapping], alone=len(sent) == 1
            )
        mine.wanted_change_id._count_attempt(request.id)
        if answer.refuses_partner:
            return self.env._(
                "SPAR refused the signature. Check that the certificate is registered "
                "with SPAR and that SPAR's key service is up; then resume."
            )
        return None

    def _lock_claimed(self, request):
        """Lock the rows that are still claimed for this very request."""
        self.env.cr.execute(
            SQL(
                """SELECT id FROM g2p_spar_mapping
                    WHERE id = ANY(%s) AND state = 'sending' AND request_id = %s
                    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED""",
                [mapping.id for mapping in request.items],
                request.id,
            ),
            log_exceptions=False,
        )
        return self.browse(id_ for (id_,) in self.env.cr.fetchall())


def _sends_value(step):
    return isinstance(step, Step) and step.operation in (LINK, UPDATE)
