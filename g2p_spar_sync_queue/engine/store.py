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
# transaction's snapshot PostgreSQL raises, before anything is sent.


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


def lock_moving(env, connection_id, limit, since):
    """Lock the mappings that are on their way and have been due longest.

    :param int since: seconds for which they must have been due
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
                ORDER BY COALESCE(m.next_attempt_at, '-infinity')
                LIMIT %(limit)s FOR NO KEY UPDATE OF m SKIP LOCKED""",
            columns=_READ,
            connection=connection_id,
            moving=MOVING,
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
    env.cr.execute(
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
        log_exceptions=False,
    )
    return [
        (date, change_id, Progress(*row)) for date, change_id, *row in env.cr.fetchall()
    ]


def _progress(env, query):
    env.cr.execute(query, log_exceptions=False)
    return [Progress(*row) for row in env.cr.fetchall()]


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


def insert_attempts(env, rows, operation, request_id):
    """Insert one row for each mapping for which a request did not succeed.

    :param list rows: values by column name
    :param str operation: what was sent
    :param str request_id: the request's message ID
    """
    env.cr.execute(
        """INSERT INTO g2p_spar_attempt
                  (mapping_id, change_id, connection_id, outcome, reason_code,
                   operation, request_id, create_uid, create_date, write_uid,
                   write_date)
           SELECT v.*, %(operation)s, %(request)s, %(uid)s,
                  clock_timestamp() AT TIME ZONE 'UTC', %(uid)s,
                  clock_timestamp() AT TIME ZONE 'UTC'
             FROM json_to_recordset(%(rows)s)
               AS v(mapping_id int, change_id int, connection_id int,
                    outcome text, reason_code text)""",
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
    """Let only one worker at a time look into the journal and write to it.

    The first statement of its transaction: all that was committed until the lock is
    held is seen.
    """
    env.cr.execute(
        "LOCK TABLE g2p_spar_sending IN SHARE ROW EXCLUSIVE MODE",
        log_exceptions=False,
    )


def journaled_requests(env, chosen):
    """Return journaled requests: number, message ID, operation, SPAR IDs by mapping.

    :param SQL chosen: a condition on requests ``s``
    :rtype: list[tuple]
    """
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
