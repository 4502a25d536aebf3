"""How the engine reads and writes a batch of mappings: a few statements for all."""

import json
from datetime import datetime
from operator import attrgetter

from odoo import models
from odoo.tools import SQL

from ..engine.decide import COLUMNS, Progress
from .g2p_spar_mapping import MOVING, NEWER_CHANGE

# ``statement_timestamp()``, as an index cannot be searched by a clock that runs on.

#: SQL on a mapping ``m``: nothing keeps the engine from it now.
READY = SQL(
    """(m.next_attempt_at IS NULL
        OR m.next_attempt_at <= statement_timestamp() AT TIME ZONE 'UTC')
       AND m.paused IS NOT TRUE"""
)

#: What is read and written of a mapping, put together once.
KEYS = ("id", "partner_id", "connection_id")
READ = SQL(", ".join(f"m.{name}" for name in KEYS + tuple(COLUMNS)))
WRITTEN = {"id": "int", **COLUMNS}
VALUES = attrgetter(*WRITTEN)
ASSIGNED = SQL(", ".join(f"{name} = v.{name}" for name in COLUMNS))
TYPED = SQL(", ".join(f"{name} {type_}" for name, type_ in WRITTEN.items()))


class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    def _connection_of(self, entries):
        """Return the connection of a batch; all of it has the same one."""
        Connection = self.env["g2p.spar.connection"].sudo()
        return Connection.browse(entries[0].connection_id)

    # === LOCKS === #
    # Rows are locked before anything is read of them. On a row that was changed since
    # this transaction's snapshot PostgreSQL raises, before anything is sent.

    def _lock_due(self):
        return self._locked(
            SQL(
                """SELECT %s FROM g2p_spar_mapping m
                    WHERE m.id = ANY(%s) AND %s AND (m.state IN %s OR %s)
                    ORDER BY m.id LIMIT %s FOR NO KEY UPDATE OF m SKIP LOCKED""",
                READ,
                list(self.ids),
                READY,
                MOVING,
                NEWER_CHANGE,
                self.sudo().connection_id[:1]._batch_limit(),
            )
        )

    def _lock_again(self, ids):
        """Lock these rows of those that were given back; whoever is busy has them."""
        return self._locked(
            SQL(
                """SELECT %s FROM g2p_spar_mapping m
                    WHERE m.id = ANY(%s) AND %s AND m.state IN %s
                    ORDER BY m.id FOR NO KEY UPDATE SKIP LOCKED""",
                READ,
                ids,
                READY,
                MOVING,
            )
        )

    def _lock_moving(self, connection, limit, since):
        return self._locked(
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
                columns=READ,
                connection=connection.id,
                moving=MOVING,
                since=_interval(since),
                limit=limit,
            )
        )

    def _lock_queued(self, connection, limit, position, since):
        # Not simply by id: the primary key would serve that, too, and PostgreSQL
        # takes it when it has not noticed yet that most changes are done.
        self.env.cr.execute(
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
                columns=READ,
                connection=connection.id,
                date=position[0],
                id=position[1],
                since=_interval(since),
                ready=READY,
                limit=limit,
            ),
            log_exceptions=False,
        )
        return self.env.cr.fetchall()

    def _locked(self, query):
        self.env.cr.execute(query, log_exceptions=False)
        return [Progress(*row) for row in self.env.cr.fetchall()]

    # === WRITING DOWN === #

    def _save_progress(self, entries, sent=()):
        """Write a batch back in two statements: the mappings, their changes.

        By SQL: through the ORM each mapping would be a statement of its own, which is
        most of what a batch costs. Nothing stored depends on these columns.

        :param sent: ids of those for which an attempt was made, to be counted
        """
        if not entries:
            return
        rows = [dict(zip(WRITTEN, VALUES(entry), strict=True)) for entry in entries]
        self.env.cr.execute(
            SQL(
                """UPDATE g2p_spar_mapping m
                      SET %s, write_date = clock_timestamp() AT TIME ZONE 'UTC'
                     FROM json_to_recordset(%s) AS v(%s)
                    WHERE m.id = v.id AND m.id = ANY(%s)""",
                ASSIGNED,
                # One value, however large the batch.
                json.dumps(rows, default=datetime.isoformat),
                TYPED,
                # Said twice, so that the index is used whatever the planner thinks.
                [entry.id for entry in entries],
            ),
            log_exceptions=False,
        )
        self._save_changes(
            [
                {
                    "id": entry.wanted_change_id,
                    "state": entry.change_state,
                    "reason_code": entry.reason_code,
                    "request_id": entry.request_id if entry.id in sent else None,
                }
                for entry in entries
                if entry.wanted_change_id and (entry.change_state or entry.id in sent)
            ]
        )
        replaced = [id_ for entry in entries for id_ in entry.replaced if id_]
        if replaced:
            self._save_replaced(replaced)

    def _save_changes(self, rows):
        if not rows:
            return
        self.env.cr.execute(
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

    def _save_replaced(self, ids):
        self.env.cr.execute(
            """UPDATE g2p_spar_change
                  SET state = 'superseded', write_date = now() AT TIME ZONE 'UTC'
                WHERE id = ANY(%s) AND state IN ('queued', 'taken', 'held')""",
            [ids],
            log_exceptions=False,
        )


def _interval(seconds):
    return SQL("%s * INTERVAL '1 second'", seconds)
