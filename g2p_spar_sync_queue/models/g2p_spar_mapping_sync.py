"""The engine: brings mappings to SPAR.

Each round has two transactions. The first claims the mappings that are due, writes
down what is about to be sent, and commits. The second takes the rows' locks, sends one
request, records what became of it, and commits.

So after a kill at any moment the database says the truth: a mapping in state
``sending`` whose row nobody has locked is one whose sender died, and whose outcome is
unknown. It is resolved before anything else is sent.
"""

import logging
import time
import uuid
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, models, modules
from odoo.tools import SQL

from ..plan import Facts, Step, next_step
from ..spar.answers import Item, Outcome
from ..spar.g2p_connect import LINK, RESOLVE, UPDATE
from ..spar.jws import KeyProblem
from .g2p_spar_mapping import NEWER_CHANGE

_logger = logging.getLogger(__name__)

#: Rounds in one job. Unlink, link, duplicate, resolve, update are five.
MAX_ROUNDS = 6
#: Seconds in which the sender of a claimed mapping takes its lock.
CLAIM_GRACE = 10
#: Seconds after which a wake-up counts as lost, and the sweeper's time for one run.
LOST_AFTER = 30
SWEEP_SECONDS = 45
#: Seconds until a new owner of a SPAR ID asks again whether the old one has left.
ID_TAKEN_DELAY = 5

#: SQL on a mapping ``m``: the engine may take it up now.
DUE = SQL(
    """(m.next_attempt_at IS NULL
        OR m.next_attempt_at <= clock_timestamp() AT TIME ZONE 'UTC')
       AND (m.state IN ('due', 'sending', 'retrying', 'checking') OR %s)""",
    NEWER_CHANGE,
)


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
        deadline = time.monotonic() + SWEEP_SECONDS
        connections = self.env["g2p.spar.connection"].search(
            [("state", "=", "running")]
        )
        for connection in connections:
            while time.monotonic() < deadline:
                mappings = self._due(connection, LOST_AFTER, connection.batch_size)
                if not mappings:
                    break
                mappings._sync(connection)

    @api.model
    def _due(self, connection, since=0, limit=None):
        """Return the mappings that have been due for ``since`` seconds."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.id FROM g2p_spar_mapping m
                 WHERE m.connection_id = %(connection)s AND %(due)s
                   AND GREATEST(m.write_date, m.next_attempt_at, (
                           SELECT max(c.create_date) FROM g2p_spar_change c
                            WHERE c.mapping_id = m.id
                              AND c.state IN ('queued', 'held')))
                       <= now() AT TIME ZONE 'UTC' - %(since)s * INTERVAL '1 second'
                 ORDER BY m.id
                 LIMIT %(limit)s
                """,
                connection=connection.id,
                due=DUE,
                since=since,
                limit=limit,
            )
        )
        return self.browse(id_ for (id_,) in rows)

    # === ROUNDS === #

    def _sync(self, connection):
        """Take these mappings through claim, send and record until none is due."""
        for _round in range(MAX_ROUNDS):
            if connection.state != "running":
                return
            try:
                batches = self._claim(connection)
                self._commit()
            except SerializationFailure:
                # Another worker has just finished with one of them, and nothing was
                # sent yet: look again with fresh eyes.
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                continue
            if not batches:
                break
            self._send_all(connection, batches)
        self._wake_up_again()

    def _commit(self):
        """End a transaction of the engine; inside a test, only flush it."""
        self.env.flush_all()
        if not modules.module.current_test:
            # What this addon is for: see the top of the file.
            self.env.cr.commit()  # pylint: disable=invalid-commit
        # What others committed meanwhile is seen from here on.
        self.env.invalidate_all()

    def _wake_up_again(self):
        """Have those that failed looked at when their time has come."""
        later = self.filtered(
            lambda mapping: mapping.state in ("due", "retrying", "checking")
        )
        for moment, mappings in later.grouped("next_attempt_at").items():
            mappings._wake_up(eta=moment or None)
        self._commit()

    def _after(self, seconds):
        """Return a moment by the database's clock, the one all workers share."""
        ((now,),) = self.env.execute_query(
            SQL("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        )
        return now.replace(microsecond=0) + timedelta(seconds=seconds)

    # === CLAIM === #

    def _claim(self, connection):
        """Lock what is due, decide the next step of each, and write it down.

        :return: the requests to send, as ``[(operation, {mapping: Item})]``
        """
        due = self._lock_due()
        if not due:
            return []
        due._take_up_changes()
        due._declare_lost()
        now = due._after(0)
        batches = {}
        for mapping, step, value in due._steps(connection, now):
            mapping.write(
                {
                    "state": "sending",
                    "sending_operation": step.operation,
                    "sending_spar_id": step.spar_id,
                    "sending_since": now,
                    # Nobody takes it for lost before its sender had time to lock it.
                    "next_attempt_at": now + timedelta(seconds=CLAIM_GRACE),
                }
            )
            text, strategy_number = value or ("", None)
            key = step.operation, mapping.id if mapping.send_alone else 0
            batches.setdefault(key, {})[mapping] = Item(
                uuid.uuid4().hex, step.spar_id, text, strategy_number
            )
        return [(operation, items) for (operation, _alone), items in batches.items()]

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
                "held_value": False,
            }
            if mapping.state not in ("sending", "checking"):
                vals.update(state="due", next_attempt_at=False)
            mapping.write(vals)

    def _declare_lost(self):
        """Have claimed mappings whose sender died checked before they are sent."""
        for mapping in self.filtered(lambda mapping: mapping.state == "sending"):
            _logger.info("mapping %s: its sender died, to be resolved", mapping.id)
            mapping._expect_unknown("sender.died")

    def _steps(self, connection, now):
        """Yield ``(mapping, step, value)`` for those with a call to make.

        The others are settled in the state they have reached.
        """
        wanted = self._wanted()
        holders = self._holders(connection, wanted)
        taken = set()
        for mapping in self:
            if mapping.next_attempt_at and mapping.next_attempt_at > now:
                continue  # has just been declared lost
            if mapping.state == "checking":
                step = Step(RESOLVE, mapping.sending_spar_id)
            else:
                step = next_step(mapping._facts(wanted))
            if isinstance(step, str):
                mapping._settle(step)
            elif step.spar_id in taken or holders.get(step.spar_id, mapping) != mapping:
                # The ID was another registrant's: theirs leaves SPAR first.
                moment = now + timedelta(seconds=ID_TAKEN_DELAY)
                mapping.write({"state": "retrying", "next_attempt_at": moment})
            else:
                taken.add(step.spar_id)
                sends_value = step.operation in (LINK, UPDATE)
                yield mapping, step, wanted[mapping][1] if sends_value else None

    def _wanted(self):
        """Return what each registrant should have at SPAR, as of this moment.

        :return: ``{mapping: (SPAR ID or None, (string, strategy number) or None)}``
        """
        addresses = self.env["g2p.financial.address"].search(
            [("partner_id", "in", self.partner_id.ids), ("state", "=", "effective")]
        )
        address_of = addresses.grouped("partner_id")
        wanted = {}
        for mapping in self:
            partner = mapping.partner_id
            address = address_of.get(partner)
            paid = address and partner._spar_is_registrant()
            wanted[mapping] = (
                partner._spar_get_id() or None,
                address._spar_value() if paid else None,
            )
        return wanted

    def _facts(self, wanted):
        wanted_id, value = wanted[self]
        return Facts(
            wanted_id=wanted_id,
            wanted_value=value and value[0],
            linked_id=self.linked_spar_id or None,
            held_value=self.held_value or None,
        )

    def _holders(self, connection, wanted):
        """Return which mapping has or may have a row at SPAR, by wanted SPAR ID."""
        ids = [wanted_id for wanted_id, _value in wanted.values() if wanted_id]
        holders = self.search(
            [
                ("connection_id", "=", connection.id),
                "|",
                ("linked_spar_id", "in", ids),
                ("sending_spar_id", "in", ids),
            ]
        )
        return {
            spar_id: holder
            for holder in holders
            for spar_id in (holder.linked_spar_id, holder.sending_spar_id)
        }

    # === SEND === #

    def _send_all(self, connection, batches):
        try:
            client = connection._client()
        except KeyProblem as problem:
            connection._pause(self.env._("The signing key: %s", problem))
            for _operation, items in batches:
                self.browse(mapping.id for mapping in items)._release()
            self._commit()
            return
        with client:
            for operation, items in batches:
                self._send(connection, client, operation, items)
                self._commit()

    def _send(self, connection, client, operation, items):
        """Send one request and record what became of each of its items.

        The rows stay locked from before the call until the result is committed: that,
        not a clock, is what keeps a second request for them from being sent.
        """
        mine = self.browse(mapping.id for mapping in items)._lock_claimed(operation)
        if not mine:
            return
        wanted = mine._wanted()
        request_id = str(uuid.uuid4())
        sent = {mapping: items[mapping] for mapping in mine}
        answer = client.send(operation, list(sent.values()), request_id)
        for mapping, item in sent.items():
            mapping.request_id = request_id
            mapping._record(answer, operation, item, wanted, alone=len(sent) == 1)
        mine.wanted_change_id._count_attempt(request_id)
        outcomes = {result.outcome for result in answer.results.values()}
        if Outcome.PARTNER in outcomes:
            connection._pause(
                self.env._(
                    "SPAR refused the signature. Check that the certificate is "
                    "registered with SPAR and that SPAR's key service is up; then "
                    "resume."
                )
            )

    def _lock_claimed(self, operation):
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM g2p_spar_mapping
                    WHERE id = ANY(%s) AND state = 'sending' AND sending_operation = %s
                    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED""",
                list(self.ids),
                operation,
            )
        )
        return self.browse(id_ for (id_,) in rows)
