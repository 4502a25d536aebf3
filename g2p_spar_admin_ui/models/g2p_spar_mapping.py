"""The fields by which *At SPAR* is filtered and grouped, computed by SQL."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import CHANNELS
from odoo.addons.g2p_spar_sync_queue.engine.store import MOVING, newer_change
from odoo.addons.g2p_spar_sync_queue.live.drift import DRIFT_FOUND
from odoo.addons.g2p_spar_sync_queue.live.status import open_drift, shown_state

#: Causes for which a mapping is not in sync, in words.
CAUSES = [
    ("account", "SPAR does not accept the account"),
    ("id", "SPAR does not accept the ID"),
    ("unwritable", "The address cannot be written for SPAR"),
    ("refused", "SPAR refused it"),
    ("id_taken", "Another registrant still has this ID at SPAR"),
    ("id_shared", "Another registrant has the same ID"),
    ("no_id", "The registrant has no ID yet"),
    ("busy", "SPAR could not take it"),
    ("lost", "The answer was lost"),
    ("skipped", "Given up by a person"),
    ("differs", "SPAR holds something else"),
    ("paused", "Paused by a person"),
]
AGES = [
    ("hour", "Less than an hour"),
    ("day", "Less than a day"),
    ("week", "Less than a week"),
    ("older", "A week or more"),
]
#: States shown for mappings with pending work.
MOVING_SHOWN = {"on_its_way", "retrying", "checking", "paused", "waiting_id"}
#: States shown for mappings without pending work, with the stored state.
RESTING_SHOWN = {
    "in_sync": "in_sync",
    "ended": "ended",
    "held": "held",
    "waiting_id": "waiting_id",
    "differs": "skipped",
}
#: Those for which it counts whether a comparison found something else at SPAR.
COMPARED = {"in_sync", "ended"}
#: Fields the database computes.
BY_SQL = ("cause", "dfsp_id", "channel", "waiting_since", "age")


def by_sql(kind, name, *arguments):
    """Return a field whose value the database computes.

    :param kind: class of the field
    :param str name: of the field; ``_<name>_to_sql`` returns its SQL
    """

    def search(mappings, operator, value):
        return mappings._search_by_sql(name, operator, value)

    return kind(*arguments, compute="_compute_by_sql", search=search)


class G2pSparMapping(models.Model):
    """None of these fields is stored: the engine writes mappings by SQL, a batch at a
    time, and would have to update them although they are rarely read.
    """

    _inherit = "g2p.spar.mapping"

    display_state = fields.Selection(search="_search_display_state")
    cause = by_sql(fields.Selection, "cause", CAUSES)
    dfsp_id = by_sql(fields.Many2one, "dfsp_id", "g2p.dfsp", "Provider")
    channel = by_sql(fields.Selection, "channel", CHANNELS)
    waiting_since = by_sql(fields.Datetime, "waiting_since")
    age = by_sql(fields.Selection, "age", AGES, "Waiting for")
    area_id = fields.Many2one(related="partner_id.state_id", string="Area")
    city = fields.Char(related="partner_id.city")

    # Few of very many rows: those that users search for in *At SPAR*.
    _at_hand = models.Index(
        "(state, id) WHERE state IN ('held', 'skipped', 'waiting_id')"
    )
    _by_hand = models.Index("(id) WHERE paused")

    @api.depends("state", "outcome", "reason_code", "paused", "wanted_change_id")
    def _compute_by_sql(self):
        self.env.flush_all()
        query = self._as_query(ordered=False)
        columns = [self._field_to_sql(self._table, name, query) for name in BY_SQL]
        ids = SQL.identifier(self._table, "id")
        rows = self.env.execute_query(query.select(ids, *columns)) if self.ids else []
        found = {row[0]: dict(zip(BY_SQL, row[1:], strict=True)) for row in rows}
        for mapping in self:
            mapping.update(found.get(mapping.id) or dict.fromkeys(BY_SQL, False))

    # === SEARCHING === #

    def _search_by_sql(self, name, operator, value):
        if operator == "any" and self._fields[name].type == "many2one":
            operator = "in"
            value = self.env[self._fields[name].comodel_name].search(value).ids
        if operator != "in":
            return NotImplemented
        self.env.flush_all()
        wanted = tuple(entry for entry in value if entry)

        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, name, query)
            found = SQL("%s IN %s", column, wanted) if wanted else SQL("FALSE")
            if len(wanted) == len(value):
                return found
            return SQL("(%s OR %s IS NULL)", found, column)

        return Domain.custom(to_sql=to_sql)

    def _search_display_state(self, operator, value):
        """Search by the shown state, through partial indexes on the rows concerned.

        Of very many mappings few are on their way, and few need attention.
        """
        if operator != "in":
            return NotImplemented
        self.env.flush_all()
        states = {*value}
        resting = states & RESTING_SHOWN.keys()
        moving = tuple(states & MOVING_SHOWN)

        def to_sql(model, alias, query):
            if resting and not moving and "differs" not in resting:
                return _at_rest_in(alias, resting)
            ids = [_moving_shown(moving)] if moving else []
            if resting:
                ids.append(
                    SQL(
                        "SELECT r.id FROM g2p_spar_mapping r WHERE %s",
                        _at_rest_in("r", resting),
                    )
                )
            if "differs" in resting:
                ids.append(_drifted())
            # One set of ids: with two conditions and an OR between them, PostgreSQL
            # would read every mapping.
            return SQL(
                "%s IN (%s)",
                SQL.identifier(alias, "id"),
                SQL(" UNION ALL ").join(ids) if ids else SQL("NULL"),
            )

        return Domain.custom(to_sql=to_sql)

    # === WHAT THE DATABASE COMPUTES === #

    def _field_to_sql(self, alias, field_expr, query=None):
        method = getattr(self, f"_{field_expr}_to_sql", None)
        if query is None or method is None or field_expr not in self._fields:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        return method(alias, query)

    def _display_state_to_sql(self, alias, query):
        connection = query.left_join(
            alias, "connection_id", "g2p_spar_connection", "id", "connection_id"
        )
        return shown_state(alias, connection)

    def _cause_to_sql(self, alias, query):
        return SQL(
            """CASE
                 WHEN %(m)s.paused THEN 'paused'
                 WHEN %(m)s.state = 'waiting_id' THEN 'no_id'
                 WHEN %(m)s.state = 'skipped' THEN 'skipped'
                 WHEN %(m)s.state IN ('in_sync', 'ended') AND %(drift)s THEN 'differs'
                 WHEN %(m)s.state IN ('in_sync', 'ended') THEN NULL
                 WHEN %(m)s.reason_code = 'id.taken' THEN 'id_taken'
                 WHEN %(m)s.reason_code = 'id.shared' THEN 'id_shared'
                 WHEN %(m)s.reason_code = 'address.unwritable' THEN 'unwritable'
                 WHEN %(m)s.reason_code = 'rjct.fa.invalid' THEN 'account'
                 WHEN %(m)s.reason_code = 'rjct.id.invalid' THEN 'id'
                 WHEN %(m)s.state = 'held' THEN 'refused'
                 WHEN %(m)s.outcome = 'transient' THEN 'busy'
                 WHEN %(m)s.outcome = 'ambiguous' THEN 'lost'
               END""",
            m=SQL.identifier(alias),
            drift=open_drift(alias),
        )

    def _dfsp_id_to_sql(self, alias, query):
        return SQL.identifier(self._join_address(alias, query), "dfsp_id")

    def _channel_to_sql(self, alias, query):
        return SQL.identifier(self._join_address(alias, query), "channel")

    def _waiting_since_to_sql(self, alias, query):
        change = query.left_join(
            alias, "wanted_change_id", "g2p_spar_change", "id", "wanted"
        )
        return SQL(
            """CASE WHEN %(m)s.state IN ('in_sync', 'ended')
                    THEN (SELECT min(c.create_date) FROM g2p_spar_change c
                           WHERE c.mapping_id = %(m)s.id AND c.state = 'queued')
                    ELSE %(change)s.create_date END""",
            m=SQL.identifier(alias),
            change=SQL.identifier(change),
        )

    def _age_to_sql(self, alias, query):
        now = SQL("now() AT TIME ZONE 'UTC'")
        since = self._waiting_since_to_sql(alias, query)
        return SQL(
            """CASE WHEN %(since)s IS NULL THEN NULL
                    WHEN %(since)s > %(now)s - INTERVAL '1 hour' THEN 'hour'
                    WHEN %(since)s > %(now)s - INTERVAL '1 day' THEN 'day'
                    WHEN %(since)s > %(now)s - INTERVAL '7 days' THEN 'week'
                    ELSE 'older' END""",
            since=since,
            now=now,
        )

    def _join_address(self, alias, query):
        """Join the address in use; return its alias."""
        address = query.make_alias(alias, "address")
        query.add_join(
            "LEFT JOIN",
            address,
            "g2p_financial_address",
            SQL(
                "%s = %s AND %s = 'effective'",
                SQL.identifier(address, "partner_id"),
                SQL.identifier(alias, "partner_id"),
                SQL.identifier(address, "state"),
            ),
        )
        return address


def _at_rest_in(alias, shown):
    """Return SQL: no pending work, and one of these states.

    Those that comparisons make ``differs`` are left out of the states they would have.

    :param shown: keys of :data:`RESTING_SHOWN`
    """
    condition = SQL(
        "%s IN %s AND NOT %s",
        SQL.identifier(alias, "state"),
        tuple(RESTING_SHOWN[name] for name in shown),
        newer_change(alias),
    )
    if not COMPARED & set(shown):
        return SQL("(%s)", condition)
    return SQL(
        "(%s AND NOT (%s IN %s AND %s))",
        condition,
        SQL.identifier(alias, "state"),
        tuple(COMPARED),
        open_drift(alias),
    )


def _drifted():
    """Return SQL of the ids of mappings at rest that a comparison found different."""
    return SQL(
        """SELECT d.id FROM g2p_spar_mapping d
            WHERE d.id IN (SELECT l.mapping_id FROM g2p_spar_reconciliation_line l
                            WHERE %s)
              AND d.state IN %s AND NOT %s""",
        DRIFT_FOUND,
        tuple(COMPARED),
        newer_change("d"),
    )


def _moving_shown(shown):
    """Return SQL of the ids of mappings with pending work and this shown state."""
    return SQL(
        """SELECT m.id FROM g2p_spar_mapping m
             JOIN g2p_spar_connection k ON k.id = m.connection_id
            WHERE m.id IN (SELECT id FROM g2p_spar_mapping
                            WHERE state IN %(moving)s AND paused IS NOT TRUE
                            UNION
                           SELECT id FROM g2p_spar_mapping
                            WHERE state IN %(moving)s AND paused
                            UNION
                           SELECT mapping_id FROM g2p_spar_change
                            WHERE state = 'queued')
              AND %(shown_sql)s IN %(shown)s""",
        moving=MOVING,
        shown_sql=shown_state("m", "k"),
        shown=shown,
    )
