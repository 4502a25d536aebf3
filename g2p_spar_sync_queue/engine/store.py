"""The engine's SQL: every statement it needs, named.

By SQL, a batch at a time: through the ORM each mapping would be a statement of its own,
which is most of the cost of a batch. A new stored field that depends on a mapping's
columns would therefore not be recomputed.

``statement_timestamp()`` is used where an index is searched: a volatile clock would
rule the index out.
"""

import json
from datetime import datetime
from operator import attrgetter

from odoo.tools import SQL

from ..transactions import LOCK_SECONDS
from .decide import Progress

#: Columns of a mapping that the engine writes, with their types in PostgreSQL.
COLUMNS = {
    "state": "text",
    "wanted_change_id": "int",
    "attempts": "int",
    "next_attempt_at": "timestamp",
    "send_group": "text",
    "outcome": "text",
    "reason_code": "text",
    "request_id": "text",
    "recorded_sending": "int",
    "sending_operation": "text",
    "sending_spar_id": "text",
    "linked_spar_id": "text",
    "held_digest": "text",
    "seen_at": "timestamp",
}
KEYS = ("id", "partner_id", "connection_id")

#: What is read of a mapping ``m``, in the order of the fields of :class:`Progress`.
_READ = SQL(", ".join(f"m.{name}" for name in KEYS + tuple(COLUMNS)))
_WRITTEN = {"id": "int", **COLUMNS}
_VALUES = attrgetter(*_WRITTEN)
_ASSIGNED = SQL(", ".join(f"{name} = v.{name}" for name in COLUMNS))
_TYPED = SQL(", ".join(f"{name} {type_}" for name, type_ in _WRITTEN.items()))

# === CONDITIONS === #

#: States in which the engine has something to do. As literals, for the partial index.
MOVING = SQL("('due', 'retrying', 'checking')")


def newer_change(alias):
    """Return SQL: a mapping has a change the engine has not taken up yet.

    :param str alias: of the mapping
    :rtype: SQL
    """
    return SQL(
        """EXISTS (SELECT FROM g2p_spar_change c
                    WHERE c.mapping_id = %s AND c.state = 'queued')""",
        SQL.identifier(alias, "id"),
    )


#: SQL on a mapping ``m``: it has a change the engine has not taken up yet.
NEWER_CHANGE = newer_change("m")

#: SQL on a mapping ``m``: neither a wait nor an operator keeps the engine from it now.
READY = SQL(
    """(m.next_attempt_at IS NULL
        OR m.next_attempt_at <= statement_timestamp() AT TIME ZONE 'UTC')
       AND m.paused IS NOT TRUE"""
)

#: SQL on a mapping ``m``: the engine has nothing to do with it. A mapping that was
#: given up or held with a lost answer is included as soon as SPAR cannot be processing
#: that request any more.
AT_REST = SQL(
    """m.state IN ('in_sync', 'ended', 'held', 'skipped', 'waiting_id')
       AND (m.sending_spar_id IS NULL OR m.next_attempt_at IS NULL
            OR m.next_attempt_at <= statement_timestamp() AT TIME ZONE 'UTC')
       AND NOT %s""",
    NEWER_CHANGE,
)

# === LOCKING MAPPINGS === #
# Rows are locked before anything is read of them. On a row that was changed since the
# transaction's snapshot PostgreSQL raises, before anything is sent. Does another
# transaction have a lock on the newer version, PostgreSQL waits for it, in spite of
# SKIP LOCKED. It may be the other one of the same worker, so the wait has an end.


def lock_due(env, ids, limit):
    """Lock those of these mappings that are due, skipping locked ones.

    :rtype: list[Progress]
    """
    return _progress(
        env,
        SQL(
            """SELECT %s FROM g2p_spar_mapping m
                WHERE m.id = ANY(%s) AND %s AND (m.state IN %s OR %s)
                ORDER BY m.id LIMIT %s FOR NO KEY UPDATE OF m SKIP LOCKED""",
            _READ,
            list(ids),
            READY,
            MOVING,
            NEWER_CHANGE,
            limit,
        ),
    )


def lock_again(env, ids):
    """Lock these of the mappings that were released; another worker may hold some.

    :rtype: list[Progress]
    """
    return _progress(
        env,
        SQL(
            """SELECT %s FROM g2p_spar_mapping m
                WHERE m.id = ANY(%s) AND %s AND m.state IN %s
                ORDER BY m.id FOR NO KEY UPDATE SKIP LOCKED""",
            _READ,
            ids,
            READY,
            MOVING,
        ),
    )


def lock_moving(env, connection_id, limit, since, untried=False):
    """Lock the mappings that are on their way and have been due longest.

    :param int since: seconds for which they must have been due
    :param bool untried: only those that have not failed yet
    :rtype: list[Progress]
    """
    return _progress(
        env,
        SQL(
            """SELECT %(columns)s FROM g2p_spar_mapping m
                WHERE m.connection_id = %(connection)s AND m.state IN %(moving)s
                  AND m.paused IS NOT TRUE
                  AND COALESCE(m.next_attempt_at, '-infinity') <=
                      statement_timestamp() AT TIME ZONE 'UTC' - %(since)s
                  AND m.write_date <=
                      statement_timestamp() AT TIME ZONE 'UTC' - %(since)s
                  AND (NOT %(untried)s OR COALESCE(m.attempts, 0) = 0)
                ORDER BY COALESCE(m.next_attempt_at, '-infinity')
                LIMIT %(limit)s FOR NO KEY UPDATE OF m SKIP LOCKED""",
            columns=_READ,
            connection=connection_id,
            moving=MOVING,
            untried=untried,
            since=_interval(since),
            limit=limit,
        ),
    )


def lock_queued(env, connection_id, limit, position, since):
    """Lock the mappings of the oldest changes the engine has not taken up.

    :param tuple position: date and id of the change after which to begin
    :param int since: seconds for which they must have waited
    :return: by change its date, its id and the mapping's :class:`Progress`
    :rtype: list[tuple]
    """
    # Not simply by id: the primary key would serve that, too, and PostgreSQL takes it
    # as long as its statistics do not show that most changes are done.
    rows = _lock(
        env,
        SQL(
            """SELECT c.create_date, c.id, %(columns)s
                 FROM g2p_spar_change c
                 JOIN g2p_spar_mapping m ON m.id = c.mapping_id
                WHERE c.connection_id = %(connection)s AND c.state = 'queued'
                  AND (c.create_date, c.id) > (%(date)s, %(id)s)
                  AND c.create_date <=
                      statement_timestamp() AT TIME ZONE 'UTC' - %(since)s
                  AND %(ready)s
                ORDER BY c.create_date, c.id
                LIMIT %(limit)s FOR NO KEY UPDATE OF m SKIP LOCKED""",
            columns=_READ,
            connection=connection_id,
            date=position[0],
            id=position[1],
            since=_interval(since),
            ready=READY,
            limit=limit,
        ),
    )
    return [(date, change_id, Progress(*row)) for date, change_id, *row in rows]


def _progress(env, query):
    return [Progress(*row) for row in _lock(env, query)]


def _lock(env, query):
    """Return the rows that a query locks.

    :raise psycopg2.errors.LockNotAvailable: when it had to wait too long
    """
    limit = int(1000 * LOCK_SECONDS)
    env.cr.execute(
        SQL("SET LOCAL lock_timeout = %s; %s", limit, query), log_exceptions=False
    )
    return env.cr.fetchall()


def _interval(seconds):
    return SQL("%s * INTERVAL '1 second'", seconds)


# === READING MAPPINGS AND CHANGES === #


def read_mappings(env, chosen):
    """Return mappings as the engine reads them, without locks.

    :param SQL chosen: a condition on mappings ``m``, and their order
    :rtype: list[Progress]
    """
    env.cr.execute(SQL("SELECT %s FROM g2p_spar_mapping m WHERE %s", _READ, chosen))
    return [Progress(*row) for row in env.cr.fetchall()]


def read_at_rest(env, ids, others=None):
    """Return those of these mappings the engine has nothing to do with, in order.

    :param others: ids of mappings that are returned whatever the engine has to do
    :rtype: list[Progress]
    """
    at_rest = AT_REST
    if others is not None:
        at_rest = SQL("(%s OR m.id = ANY(%s))", AT_REST, list(others))
    chosen = SQL("m.id = ANY(%s) AND %s ORDER BY m.id", list(ids), at_rest)
    return read_mappings(env, chosen)


def paused_mappings(env, ids):
    """Return those of these mappings for which sending is paused, by one or for all.

    :return: by id the SPAR ID of a lost answer that waits to be resolved, or None
    :rtype: dict
    """
    rows = env.execute_query(
        SQL(
            """SELECT m.id, CASE WHEN m.state IN %s THEN m.sending_spar_id END
                 FROM g2p_spar_mapping m
                 JOIN g2p_spar_connection k ON k.id = m.connection_id
                WHERE m.id = ANY(%s) AND (m.paused OR k.state != 'running')""",
            MOVING,
            list(ids),
        )
    )
    return dict(rows)


def queued_changes(env, ids):
    """Return the waiting changes of these mappings, oldest first, by mapping id.

    :rtype: dict[int, list]
    """
    env.cr.execute(
        """SELECT mapping_id, array_agg(id ORDER BY id) FROM g2p_spar_change
            WHERE mapping_id = ANY(%s) AND state = 'queued' GROUP BY mapping_id""",
        [ids],
    )
    return dict(env.cr.fetchall())


def changes_not_sent(env, ids):
    """Return those changes that are passed over where every value is sent.

    They were captured under an ID the registrant had before, or are followed by another
    one of the same transaction: that state was never committed.

    :param ids: of changes
    :rtype: set[int]
    """
    # create_date is when the transaction began. Two transactions never capture one
    # registrant with the same: the later one waits for the earlier one, and Odoo then
    # runs it again.
    env.cr.execute(
        """SELECT c.id FROM g2p_spar_change c
             JOIN g2p_spar_mapping m ON m.id = c.mapping_id
             JOIN res_partner p ON p.id = m.partner_id
            WHERE c.id = ANY(%s)
              AND (c.spar_id IS DISTINCT FROM p.spar_id
                   OR EXISTS (SELECT FROM g2p_spar_change n
                               WHERE n.mapping_id = c.mapping_id AND n.id > c.id
                                 AND n.create_date = c.create_date))""",
        [ids],
    )
    return {id_ for (id_,) in env.cr.fetchall()}


def addresses_of_changes(env, change_ids):
    """Return the address of each change that has one, by mapping id.

    :rtype: dict[int, int]
    """
    env.cr.execute(
        "SELECT mapping_id, address_id FROM g2p_spar_change"
        " WHERE id = ANY(%s) AND address_id IS NOT NULL",
        [change_ids],
    )
    return dict(env.cr.fetchall())


# === SAVING MAPPINGS AND CHANGES === #


def save_progress(env, entries, sent=()):
    """Write a batch back: one statement for the mappings, two for their changes.

    :param entries: list of :class:`Progress`
    :param sent: ids of the mappings for which a request was sent, to be counted
    """
    if not entries:
        return
    rows = [dict(zip(_WRITTEN, _VALUES(entry), strict=True)) for entry in entries]
    env.cr.execute(
        SQL(
            """UPDATE g2p_spar_mapping m
                  SET %s, write_date = clock_timestamp() AT TIME ZONE 'UTC'
                 FROM json_to_recordset(%s) AS v(%s)
                WHERE m.id = v.id AND m.id = ANY(%s)""",
            _ASSIGNED,
            # One value, however large the batch.
            json.dumps(rows, default=datetime.isoformat),
            _TYPED,
            # Redundant, so that the index is used whatever the planner estimates.
            [entry.id for entry in entries],
        ),
        log_exceptions=False,
    )
    _save_changes(
        env,
        [
            {
                "id": entry.wanted_change_id,
                "state": entry.change_state,
                "reason_code": entry.reason_code,
                "request_id": entry.request_id if entry.id in sent else None,
            }
            for entry in entries
            if entry.wanted_change_id and (entry.change_state or entry.id in sent)
        ],
    )
    replaced = [id_ for entry in entries for id_ in entry.replaced if id_]
    if replaced:
        _supersede_changes(env, replaced)


def _save_changes(env, rows):
    if not rows:
        return
    env.cr.execute(
        """UPDATE g2p_spar_change c
              SET state = COALESCE(v.state, c.state),
                  reason_code = CASE v.state WHEN 'held' THEN v.reason_code
                                             WHEN 'sent' THEN NULL
                                             ELSE c.reason_code END,
                  confirmed_at = CASE v.state
                                 WHEN 'sent' THEN now() AT TIME ZONE 'UTC'
                                 ELSE c.confirmed_at END,
                  attempts = COALESCE(c.attempts, 0)
                             + (v.request_id IS NOT NULL)::int,
                  request_id = COALESCE(v.request_id, c.request_id),
                  write_date = now() AT TIME ZONE 'UTC'
             FROM json_to_recordset(%s)
               AS v(id int, state text, reason_code text, request_id text)
            WHERE c.id = v.id AND c.id = ANY(%s) AND c.state != 'cancelled'""",
        [json.dumps(rows), [row["id"] for row in rows]],
        log_exceptions=False,
    )


def _supersede_changes(env, ids):
    env.cr.execute(
        """UPDATE g2p_spar_change
              SET state = 'superseded', write_date = now() AT TIME ZONE 'UTC'
            WHERE id = ANY(%s) AND state IN ('queued', 'taken', 'held')""",
        [ids],
        log_exceptions=False,
    )


def close_differences(env, confirmed):
    """Close what comparisons listed about rows that are at SPAR as they should be.

    A person who is deciding one of them right now has it locked, and decides.

    :param list confirmed: pairs of a mapping's id and the SPAR ID of such a row
    """
    if not confirmed:
        return
    mapping_ids, spar_ids = zip(*confirmed, strict=True)
    env.cr.execute(
        """UPDATE g2p_spar_reconciliation_line
              SET state = 'gone', write_date = now() AT TIME ZONE 'UTC'
            WHERE id IN (SELECT l.id
                           FROM g2p_spar_reconciliation_line l
                           JOIN unnest(%s, %s) AS v(mapping_id, spar_id)
                                USING (mapping_id, spar_id)
                          WHERE l.state = 'open'
                            FOR UPDATE OF l SKIP LOCKED)""",
        [list(mapping_ids), list(spar_ids)],
        log_exceptions=False,
    )


def insert_attempts(env, rows, operation, request_id):
    """Insert one row for each mapping for which a request did not succeed.

    :param list rows: values by column name
    :param str operation: what was sent
    :param str request_id: the request's message ID
    """
    env.cr.execute(
        """INSERT INTO g2p_spar_attempt
                  (mapping_id, change_id, connection_id, outcome, reason_code,
                   company_id, operation, request_id, create_uid, create_date,
                   write_uid, write_date)
           SELECT v.*, r.company_id, %(operation)s, %(request)s, %(uid)s,
                  clock_timestamp() AT TIME ZONE 'UTC', %(uid)s,
                  clock_timestamp() AT TIME ZONE 'UTC'
             FROM json_to_recordset(%(rows)s)
               AS v(mapping_id int, change_id int, connection_id int,
                    outcome text, reason_code text)
             JOIN g2p_spar_mapping m ON m.id = v.mapping_id
             JOIN res_partner r ON r.id = m.partner_id""",
        {
            "operation": operation,
            "request": request_id,
            "uid": env.uid,
            "rows": json.dumps(rows),
        },
        log_exceptions=False,
    )


# === JOURNAL === #


def lock_journal(env):
    """Let only one worker at a time read the journal and write to it.

    The first statement of its transaction: all that was committed until the lock is
    held is seen.
    """
    env.cr.execute(
        "LOCK TABLE g2p_spar_sending IN SHARE ROW EXCLUSIVE MODE",
        log_exceptions=False,
    )


def requests_about(env, mapping_ids):
    """Return the journaled requests that any of these mappings is a part of.

    :return: number, message ID, operation, SPAR IDs by mapping
    :rtype: list[tuple]
    """
    # There is hardly ever one, and PostgreSQL need not plan for more.
    ids = [str(id_) for id_ in mapping_ids]
    return _journaled_requests(env, SQL("s.parts ?| %s", ids))


def requests_for(env, connection_id, operation, spar_ids):
    """Return the journaled requests of a kind that are about any of these SPAR IDs.

    :return: as :func:`requests_about`
    :rtype: list[tuple]
    """
    chosen = SQL(
        "s.connection_id = %s AND s.operation = %s AND s.spar_ids ?| %s",
        connection_id,
        operation,
        list(spar_ids),
    )
    return _journaled_requests(env, chosen)


def _journaled_requests(env, chosen):
    return env.execute_query(
        SQL(
            """SELECT s.id, s.request_id, s.operation, s.parts
                 FROM g2p_spar_sending s WHERE %s ORDER BY s.id""",
            chosen,
        )
    )


def recorded_numbers(env, ids):
    """Return the newest request each mapping has a recorded outcome of, by mapping id.

    :rtype: dict[int, int]
    """
    return dict(
        env.execute_query(
            SQL(
                """SELECT id, COALESCE(recorded_sending, 0)
                     FROM g2p_spar_mapping WHERE id = ANY(%s)""",
                list(ids),
            )
        )
    )


def holders_of(env, connection_id, spar_ids):
    """Return pairs of a SPAR ID and the mapping that has, or may have, its row.

    :rtype: list[tuple]
    """
    # In a subquery, so that PostgreSQL does not compare the IDs with its statistics.
    # In a first load these are wrong until the next ANALYZE, and it would scan the
    # whole table for each request.
    return env.execute_query(
        SQL(
            """SELECT COALESCE(m.linked_spar_id, m.sending_spar_id), m.id
                 FROM g2p_spar_mapping m
                WHERE m.connection_id = %s
                  AND COALESCE(m.linked_spar_id, m.sending_spar_id)
                      = ANY((SELECT %s::text[])::text[])""",
            connection_id,
            list(spar_ids),
        )
    )


def insert_request(env, connection_id, request_id, operation, spar_ids):
    """Insert a request into the journal; return its number.

    :param dict spar_ids: by mapping id
    :rtype: int
    """
    ((number,),) = env.execute_query(
        SQL(
            """INSERT INTO g2p_spar_sending
                      (connection_id, request_id, operation, parts, spar_ids,
                       create_uid, create_date)
               VALUES (%s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')
            RETURNING id""",
            connection_id,
            request_id,
            operation,
            json.dumps(spar_ids),
            json.dumps(list(spar_ids.values())),
            env.uid,
        )
    )
    return number


def delete_requests(env, numbers):
    """Delete these requests from the journal."""
    env.cr.execute("DELETE FROM g2p_spar_sending WHERE id = ANY(%s)", [list(numbers)])


def delete_recorded_requests(env):
    """Delete the requests whose outcome is recorded for all their mappings."""
    env.cr.execute(
        """DELETE FROM g2p_spar_sending s WHERE NOT EXISTS (
               SELECT FROM jsonb_each_text(s.parts) AS part
                 JOIN g2p_spar_mapping m ON m.id = part.key::int
                WHERE s.id > COALESCE(m.recorded_sending, 0))"""
    )


# === CONNECTION === #


def now(env):
    """Return the moment by the database's clock, the one all workers share.

    :rtype: datetime
    """
    env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
    return env.cr.fetchone()[0]


def check_session(env):
    """Make sure that this session, and with it its locks, still lasts.

    :raise psycopg2.Error: when it has ended
    """
    env.cr.execute("SELECT 1", log_exceptions=False)


def version(env, connection_id):
    """Return by what requests are decided, written, signed and read, as one value.

    Another value once the connection was changed, stopped, or its breaker opened; a key
    was changed, became the one that signs or expired; or a strategy changed. Read
    before each request, therefore one statement.

    :rtype: tuple
    """
    env.cr.execute(
        """SELECT c.write_date,
                  c.state = 'running' AND c.breaker_state = 'closed',
                  (SELECT array_agg((k.id, k.write_date, k.use_from <= t.now,
                                     k.not_after < t.now)::text ORDER BY k.id)
                     FROM g2p_spar_key k WHERE k.connection_id = c.id),
                  (SELECT array_agg((s.id, s.write_date)::text ORDER BY s.id)
                     FROM g2p_fa_strategy s)
             FROM g2p_spar_connection c,
                  (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) t
            WHERE c.id = %s""",
        [connection_id],
        log_exceptions=False,
    )
    write_date, is_open, keys, strategies = env.cr.fetchone()
    return write_date, is_open, tuple(keys or ()), tuple(strategies or ())


def served_companies(env, connection_id):
    """Return the ids of the companies a connection serves; empty for all.

    :rtype: set[int]
    """
    rows = env.execute_query(
        SQL(
            """SELECT res_company_id FROM g2p_spar_connection_res_company_rel
                WHERE g2p_spar_connection_id = %s""",
            connection_id,
        )
    )
    return {id_ for (id_,) in rows}


def lock_connection(env, connection_id):
    """Wait until no other transaction writes this connection, and lock it."""
    env.cr.execute(
        "SELECT FROM g2p_spar_connection WHERE id = %s FOR NO KEY UPDATE",
        [connection_id],
        log_exceptions=False,
    )


# === BREAKER === #


def count_failure(env, connection_id, on_change):
    """Count a failed request; return a row whether the threshold is reached.

    :param bool on_change: whether SPAR itself failed, on a change
    :return: None when the breaker is not closed
    """
    env.cr.execute(
        """UPDATE g2p_spar_connection
              SET breaker_failures = breaker_failures + 1,
                  breaker_change_failures = breaker_change_failures + %s
            WHERE id = %s AND breaker_state = 'closed'
        RETURNING GREATEST(breaker_failures, breaker_change_failures)
                  >= breaker_threshold""",
        [int(on_change), connection_id],
        log_exceptions=False,
    )
    return env.cr.fetchone()


def reset_failures(env, connection_id, on_change):
    """Forget failures, unless the breaker is open: SPAR has answered.

    :param bool on_change: whether it was a change; an answer to a query does not say
        that changes succeed
    :return: a row if they are forgotten, else None
    """
    # No FOR UPDATE: each transaction that captures holds a key lock on this row.
    env.cr.execute(
        """UPDATE g2p_spar_connection
              SET breaker_failures = 0,
                  breaker_change_failures =
                      CASE WHEN %(all)s THEN 0 ELSE breaker_change_failures END,
                  breaker_trips =
                      CASE WHEN %(all)s OR breaker_change_failures = 0
                           THEN 0 ELSE breaker_trips END,
                  changes_problem =
                      CASE WHEN %(all)s OR breaker_change_failures = 0
                           THEN NULL ELSE changes_problem END
            WHERE id = %(id)s AND breaker_state = 'closed'
        RETURNING id""",
        {"all": on_change, "id": connection_id},
        log_exceptions=False,
    )
    return env.cr.fetchone()


def open_breaker(env, connection_id, trips, until, changes_problem):
    """Open the breaker until a moment.

    :param changes_problem: why SPAR fails on changes, although it answers queries, as a
        reason code; None if that is not so
    """
    env.cr.execute(
        """UPDATE g2p_spar_connection
              SET breaker_state = 'open', breaker_trips = %s, breaker_until = %s,
                  changes_problem = %s
            WHERE id = %s""",
        [trips, until, changes_problem, connection_id],
        log_exceptions=False,
    )


def take_probe(env, connection_id, seconds):
    """Become the one worker that sends the probe, for some seconds.

    :return: a row, or None when it is not time, or another worker's turn
    """
    env.cr.execute(
        """UPDATE g2p_spar_connection
              SET breaker_state = 'half_open',
                  breaker_until = clock_timestamp() AT TIME ZONE 'UTC'
                      + %s * INTERVAL '1 second'
            WHERE id = %s AND breaker_state != 'closed'
              AND breaker_until <= clock_timestamp() AT TIME ZONE 'UTC'
        RETURNING id""",
        [seconds, connection_id],
        log_exceptions=False,
    )
    return env.cr.fetchone()


def close_breaker(env, connection_id):
    """Close the breaker, with one failure left until it opens again."""
    env.cr.execute(
        """UPDATE g2p_spar_connection
              SET breaker_state = 'closed', breaker_until = NULL,
                  breaker_failures = breaker_threshold - 1,
                  breaker_change_failures = CASE breaker_change_failures
                      WHEN 0 THEN 0 ELSE GREATEST(breaker_threshold - 1, 1) END
            WHERE id = %s""",
        [connection_id],
        log_exceptions=False,
    )


def retry_key(env, connection_id, seconds):
    """Let a new key be tried again in so many seconds; None when SPAR accepts it."""
    env.cr.execute(
        """UPDATE g2p_spar_connection
              SET key_retry_at = clock_timestamp() AT TIME ZONE 'UTC'
                      + %s * INTERVAL '1 second'
            WHERE id = %s""",
        [seconds, connection_id],
        log_exceptions=False,
    )


def make_failed_due(env, connection_id):
    """Make mappings due that failed while SPAR was down; skip locked ones."""
    env.cr.execute(
        """UPDATE g2p_spar_mapping SET next_attempt_at = NULL
            WHERE id IN (
                SELECT id FROM g2p_spar_mapping
                 WHERE connection_id = %s AND state = 'retrying'
                   AND outcome = 'transient'
                   FOR NO KEY UPDATE SKIP LOCKED)""",
        [connection_id],
        log_exceptions=False,
    )


# === RATE LIMIT AND RESTORE GUARD === #


def reserve(env, connection_id, seconds):
    """Reserve so many seconds of the connection; return those until they begin.

    :rtype: float
    """
    env.cr.execute(
        """UPDATE g2p_spar_connection
              SET rate_free_at = GREATEST(
                      rate_free_at, clock_timestamp() AT TIME ZONE 'UTC')
                  + %(seconds)s * INTERVAL '1 second'
            WHERE id = %(id)s
        RETURNING EXTRACT(EPOCH FROM
            rate_free_at - clock_timestamp() AT TIME ZONE 'UTC') - %(seconds)s""",
        {"seconds": seconds, "id": connection_id},
        log_exceptions=False,
    )
    return float(env.cr.fetchone()[0])


def count_run(env, connection_id, identity, seconds):
    """Give the run a new number after so many seconds.

    :return: the number, or None when that was not due
    """
    env.cr.execute(
        """UPDATE g2p_spar_connection
              SET guard_run = COALESCE(guard_run, 0) + 1, guard_identity = %s,
                  guard_at = clock_timestamp() AT TIME ZONE 'UTC'
            WHERE id = %s AND (guard_identity IS NULL OR guard_at IS NULL
               OR guard_at < clock_timestamp() AT TIME ZONE 'UTC'
                             - %s * INTERVAL '1 second')
        RETURNING guard_run""",
        [identity, connection_id, seconds],
        log_exceptions=False,
    )
    row = env.cr.fetchone()
    return row and row[0]


def database_identity(env):
    """Return PostgreSQL's OID of the database, and its server and timeline if allowed.

    :rtype: list
    """
    env.cr.execute(
        """SELECT oid, has_function_privilege('pg_control_system()', 'EXECUTE')
             FROM pg_database WHERE datname = current_database()"""
    )
    oid, is_allowed = env.cr.fetchone()
    if not is_allowed:
        return [oid]
    # The timeline that is written to. pg_control_checkpoint() keeps the former one
    # until the first checkpoint after a promotion ends, minutes later.
    env.cr.execute(
        """SELECT (pg_control_system()).system_identifier,
                  ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
                  )::bit(32)::bigint"""
    )
    return [oid, *env.cr.fetchone()]


# === CAPTURE AND WAKE-UP === #


def append_changes(partners, channel, chosen):
    """Append a change per registrant, and create the mappings that are missing.

    First the row of each registrant in ``g2p.spar.capture`` is written, in one order,
    so that two transactions cannot deadlock. Until the commit no other transaction
    captures these registrants, so the ids of their changes follow the commits.

    Every registrant gets a mapping, even without an address, so that a comparison
    resolves their ID, too. It is created in state ``ended``: nothing was wanted yet.
    A connection that does not serve the registrant's company gets none, and where it
    has one, a change without an address: there SPAR is to forget them.

    In one statement, whatever their number. Which connections have been started is read
    here and not cached: a change missed for one would never be noticed.

    :param recordset partners: the registrants, as superuser. Joining the contacts here
        would cost each save more than their companies and IDs as values
    :param str channel: as for :func:`~.outbox.capture`
    :param SQL chosen: a condition on connections ``k``
    :return: for each connection its batch size, and the ids of the mappings that got a
        change
    :rtype: list[tuple]
    """
    query = SQL(
        """
        WITH captured AS (
            INSERT INTO g2p_spar_capture AS c (partner_id, number)
            SELECT id, 1 FROM unnest(%(partners)s) AS id ORDER BY id
                ON CONFLICT (partner_id) DO UPDATE SET number = c.number + 1
         RETURNING partner_id
        ), asked AS (
            SELECT k.id AS connection_id, k.batch_size, p.partner_id,
                   p.company_id, p.spar_id, a.id AS address_id,
                   COALESCE(%(channel)s, a.channel, 'admin') AS channel
              FROM g2p_spar_connection k
             CROSS JOIN (captured JOIN unnest(
                       %(partners)s, %(companies)s::int[], %(spar_ids)s::text[]
                   ) AS said (partner_id, company_id, spar_id) USING (partner_id)) p
              LEFT JOIN g2p_financial_address a
                ON a.partner_id = p.partner_id AND a.state = 'effective'
             WHERE %(chosen)s
        ), known AS (
            SELECT m.id, asked.*,
                   -- Those without a company are everybody's.
                   company_id IS NULL OR company_id = ANY(COALESCE(
                       (SELECT array_agg(s.res_company_id)
                          FROM g2p_spar_connection_res_company_rel s
                         WHERE s.g2p_spar_connection_id = asked.connection_id),
                       ARRAY[company_id])) AS served
              FROM asked
              LEFT JOIN g2p_spar_mapping m USING (partner_id, connection_id)
        ), created AS (
            INSERT INTO g2p_spar_mapping
                   (connection_id, partner_id, state, create_uid, create_date,
                    write_uid, write_date)
            SELECT connection_id, partner_id, 'ended', %(uid)s,
                   now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM known
             WHERE id IS NULL AND served
             ORDER BY connection_id, partner_id
         RETURNING id, partner_id, connection_id
        ), to_tell AS (
            SELECT COALESCE(known.id, created.id) AS mapping_id,
                   known.connection_id, known.company_id, known.spar_id, batch_size,
                   CASE WHEN served THEN address_id END AS address_id, channel
              FROM known
              LEFT JOIN created USING (partner_id, connection_id)
             -- Without an address and an earlier mapping there is nothing to send.
             WHERE known.id IS NOT NULL OR served AND address_id IS NOT NULL
        ), appended AS (
            INSERT INTO g2p_spar_change
                   (mapping_id, connection_id, company_id, spar_id, address_id, channel,
                    state, create_uid, create_date, write_uid, write_date)
            SELECT mapping_id, connection_id, company_id, spar_id, address_id, channel,
                   'queued', %(uid)s, now() AT TIME ZONE 'UTC',
                   %(uid)s, now() AT TIME ZONE 'UTC'
              FROM to_tell
             ORDER BY mapping_id
        )
        SELECT batch_size, array_agg(mapping_id ORDER BY mapping_id)
          FROM to_tell
         GROUP BY connection_id, batch_size
         ORDER BY connection_id
        """,
        channel=channel,
        partners=partners.ids,
        companies=[partner.company_id.id or None for partner in partners],
        spar_ids=[partner.spar_id or None for partner in partners],
        chosen=chosen,
        uid=partners.env.uid,
    )
    # A conflict with another capture is no error: Odoo runs the request again.
    cr = partners.env.cr
    cr.execute(query, log_exceptions=False)
    return cr.fetchall()


def lock_captures(env, partner_ids):
    """Lock the rows of captures of these registrants, skipping locked ones.

    :return: ids of the registrants whose row another transaction has locked
    :rtype: set[int]
    """
    query = SQL(
        "SELECT partner_id FROM g2p_spar_capture WHERE partner_id = ANY(%s)",
        partner_ids,
    )
    known = {id_ for (id_,) in env.execute_query(query)}
    env.cr.execute(
        SQL("%s ORDER BY partner_id FOR NO KEY UPDATE SKIP LOCKED", query),
        log_exceptions=False,
    )
    return known - {id_ for (id_,) in env.cr.fetchall()}


def missed_partners(env, connection_id, last, limit):
    """Return ids of registrants whose newest change is not about the address in use.

    Or who have an address and no change, or a change with an address and none. Where
    the connection does not serve their company, they should have none.

    :param int last: id of the registrant after whom to begin
    :return: in order
    :rtype: list[int]
    """
    newest = SQL(
        """(SELECT c.address_id FROM g2p_spar_change c
             WHERE c.mapping_id = m.id ORDER BY c.id DESC LIMIT 1)"""
    )
    served = SQL("TRUE")
    if companies := served_companies(env, connection_id):
        served = SQL(
            "(a.company_id IS NULL OR a.company_id = ANY(%s))", list(companies)
        )
    env.cr.execute(
        SQL(
            """(SELECT a.partner_id AS id
                  FROM g2p_financial_address a
                  LEFT JOIN g2p_spar_mapping m
                    ON m.partner_id = a.partner_id
                   AND m.connection_id = %(connection)s
                 WHERE a.state = 'effective' AND a.partner_id > %(last)s
                   AND %(served)s AND a.id IS DISTINCT FROM %(newest)s
                 ORDER BY 1 LIMIT %(limit)s)
                UNION
               (SELECT m.partner_id
                  FROM g2p_spar_mapping m
                 WHERE m.connection_id = %(connection)s
                   AND m.partner_id > %(last)s
                   AND NOT EXISTS (SELECT FROM g2p_financial_address a
                                    WHERE a.partner_id = m.partner_id
                                      AND a.state = 'effective' AND %(served)s)
                   AND %(newest)s IS NOT NULL
                 ORDER BY 1 LIMIT %(limit)s)
                ORDER BY 1 LIMIT %(limit)s""",
            connection=connection_id,
            last=last,
            newest=newest,
            served=served,
            limit=limit,
        )
    )
    return [id_ for (id_,) in env.cr.fetchall()]


def next_due(env, connection_id, grace):
    """Return the moment the next waiting mapping or journaled request is due, if any.

    :param timedelta grace: after which a journaled request is checked
    :rtype: list[datetime]
    """
    env.cr.execute(
        SQL(
            """(SELECT m.next_attempt_at FROM g2p_spar_mapping m
                 WHERE m.connection_id = %(connection)s AND m.state IN %(moving)s
                   AND m.paused IS NOT TRUE
                   AND COALESCE(m.next_attempt_at, '-infinity') >
                       statement_timestamp() AT TIME ZONE 'UTC'
                 ORDER BY COALESCE(m.next_attempt_at, '-infinity') LIMIT 1)
                UNION ALL
               (SELECT date_trunc('second', s.create_date) + %(grace)s
                  FROM g2p_spar_sending s
                 WHERE s.connection_id = %(connection)s
                   AND s.create_date + %(grace)s >
                       statement_timestamp() AT TIME ZONE 'UTC'
                 ORDER BY s.id LIMIT 1)
                ORDER BY 1 LIMIT 1""",
            connection=connection_id,
            moving=MOVING,
            grace=grace,
        )
    )
    return [moment for (moment,) in env.cr.fetchall()]
