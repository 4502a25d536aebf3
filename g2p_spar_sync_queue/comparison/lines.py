"""The listed differences: the statements that store, close and read their lines."""

from odoo.tools import SQL

from ..engine import journal

LINE = "g2p.spar.reconciliation.line"
#: States of a difference about which a person has not decided, or whose decision is
#: still being carried out: the job that takes one over may have been lost.
UNDECIDED = ("open", "taking")
#: What a comparison says of a difference.
NAMES = ("mapping_id", "kind", "spar_id", "masked", "seen")


def close(env, mapping_ids, kept):
    """Close the undecided differences of mappings that are none any more.

    :param list mapping_ids: of mappings that have just been compared
    :param set kept: pairs of a mapping's id and a SPAR ID, of those that still are
    """
    env[LINE].flush_model(["mapping_id", "spar_id", "state"])
    rows = env.execute_query(
        SQL(
            """SELECT id, mapping_id, spar_id FROM g2p_spar_reconciliation_line
                WHERE mapping_id = ANY(%s) AND state IN %s""",
            mapping_ids,
            UNDECIDED,
        )
    )
    gone = [id_ for id_, *which in rows if tuple(which) not in kept]
    env[LINE].browse(gone).write({"state": "gone"})


def close_settled(env):
    """Close open differences of mappings about which SPAR was told more since.

    SPAR has confirmed something after it was compared, so what was seen then is gone.
    A row left over under a former ID is not.
    """
    env[LINE].flush_model(["mapping_id", "kind", "spar_id", "state"])
    env.cr.execute(
        """UPDATE g2p_spar_reconciliation_line l
              SET state = 'gone', write_date = now() AT TIME ZONE 'UTC'
             FROM g2p_spar_mapping m
            WHERE m.id = l.mapping_id AND l.state = 'open'
              AND m.state IN ('in_sync', 'ended') AND m.seen_at > l.write_date
              AND (l.kind != 'left_over' OR l.spar_id = m.linked_spar_id)""",
        log_exceptions=False,
    )
    env[LINE].invalidate_model(["state"], flush=False)


def renew(run, differences):
    """List what differs in a comparison, one undecided line per mapping and ID.

    In one statement. An undecided line of an earlier comparison becomes one of this
    one; if it is being taken over, it goes on being so, unless SPAR was changed again:
    the decision was about what was seen.

    :param run: the comparison
    :param list differences: values of :data:`NAMES`
    :return: the lines
    """
    env = run.env
    if not differences:
        return env[LINE]
    env.flush_all()
    rows = SQL(", ").join(
        SQL("(%s)", SQL(", ").join(SQL("%s", row[n] or None) for n in NAMES))
        for row in differences
    )
    env.cr.execute(
        SQL(
            """INSERT INTO g2p_spar_reconciliation_line AS line
                      (reconciliation_id, mapping_id, kind, spar_id, masked, seen,
                       state, create_uid, create_date, write_uid, write_date)
               SELECT %(run)s, v.mapping_id, v.kind, v.spar_id, v.masked, v.seen,
                      'open',
                      %(uid)s, now() AT TIME ZONE 'UTC',
                      %(uid)s, now() AT TIME ZONE 'UTC'
                 FROM (VALUES %(rows)s)
                      AS v(mapping_id, kind, spar_id, masked, seen)
                ORDER BY v.mapping_id
                   ON CONFLICT (mapping_id, spar_id)
                         WHERE state IN ('open', 'taking')
                   DO UPDATE SET reconciliation_id = EXCLUDED.reconciliation_id,
                          kind = EXCLUDED.kind, spar_id = EXCLUDED.spar_id,
                          masked = EXCLUDED.masked, seen = EXCLUDED.seen,
                          state = CASE WHEN %(goes_on)s THEN 'taking'
                                       ELSE 'open' END,
                          reason = CASE WHEN %(goes_on)s THEN line.reason END,
                          decided_by_id = CASE WHEN %(goes_on)s
                                          THEN line.decided_by_id END,
                          write_uid = EXCLUDED.write_uid,
                          write_date = EXCLUDED.write_date
            RETURNING id""",
            run=run.id,
            uid=env.uid,
            rows=rows,
            goes_on=SQL(
                """line.state = 'taking'
                   AND (line.spar_id, line.seen)
                       IS NOT DISTINCT FROM (EXCLUDED.spar_id, EXCLUDED.seen)"""
            ),
        ),
        log_exceptions=False,
    )
    ids = [id_ for (id_,) in env.cr.fetchall()]
    env[LINE].invalidate_model(flush=False)
    run.invalidate_model(["line_ids", "line_count"], flush=False)
    return env[LINE].browse(ids)


def left_over(env, mapping_ids):
    """Return the IDs under which SPAR was found to hold an unwanted row.

    An ID that is another registrant's by now is theirs to deal with.

    :param list mapping_ids: of mappings
    :return: by mapping id the SPAR IDs of its undecided differences
    :rtype: dict[int, list[str]]
    """
    env[LINE].flush_model(["mapping_id", "kind", "state", "spar_id"])
    rows = env.execute_query(
        SQL(
            """SELECT l.mapping_id, array_agg(l.spar_id ORDER BY l.id)
                 FROM g2p_spar_reconciliation_line l
                 JOIN g2p_spar_mapping m ON m.id = l.mapping_id
                WHERE l.mapping_id = ANY(%s) AND l.kind = 'left_over'
                  AND l.state IN %s AND NOT EXISTS (
                      SELECT FROM g2p_spar_mapping other
                       WHERE other.connection_id = m.connection_id
                         AND COALESCE(other.linked_spar_id, other.sending_spar_id)
                             = l.spar_id
                         AND other.id != m.id)
                GROUP BY l.mapping_id""",
            list(mapping_ids),
            UNDECIDED,
        )
    )
    return dict(rows)


def have_removed(lines):
    """Have the engine ask about rows it did not know of before it acts.

    Called last in a transaction, as all workers wait until it ends.

    :param lines: differences that are resent
    :return: those of which that is impossible now
    """
    unknown = lines.browse()
    found = left_over(lines.env, lines.mapping_id.ids)
    chosen = lines.filtered(
        lambda line: line.spar_id in found.get(line.mapping_id.id, ())
    )
    locked = chosen.mapping_id.try_lock_for_update(allow_referencing=True)
    locked.invalidate_recordset()
    for connection, mine in chosen.grouped(
        lambda line: line.mapping_id.connection_id
    ).items():
        holders, unresolved = journal.stop_and_read(
            lines.env, connection.id, mine.mapped("spar_id"), mine.mapping_id.ids
        )
        for line in mine:
            mapping = line.mapping_id & locked
            known = mapping.linked_spar_id or mapping.sending_spar_id
            is_free = holders.setdefault(line.spar_id, mapping.id) == mapping.id
            if mapping and not known and is_free and mapping.id not in unresolved:
                mapping.sending_spar_id = line.spar_id
            elif known != line.spar_id:
                unknown |= line
    lines.env.flush_all()
    return unknown
