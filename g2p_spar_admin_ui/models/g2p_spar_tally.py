from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone

#: Days that are shown, and hours that are counted: days begin at the user's midnight.
DAYS = 7
HOURS = 24 * (DAYS + 1)
#: Outcomes of attempts by which SPAR said no. After all others it is tried again.
REFUSALS = ("refused", "partner")
#: First key of the lock on counting.
COUNTING = 0x54414C59
#: Days after which these rows are deleted.
KEPT_DAYS = 90


class G2pSparTally(models.Model):
    """Hourly statistics of one connection: what SPAR confirmed and what it did not.

    Counting the mappings in sync reads every registrant, so it is done once a minute in
    the background and not each time the overview is opened. Mappings that need
    attention are few, and counted directly.
    """

    _name = "g2p.spar.tally"
    _description = "Hour at SPAR"
    _order = "hour desc, id desc"

    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="cascade"
    )
    hour = fields.Datetime(required=True, readonly=True)
    sent = fields.Integer(readonly=True, help="Changes SPAR confirmed in this hour.")
    failed = fields.Integer(readonly=True, help="Attempts that failed in this hour.")
    refused = fields.Integer(readonly=True, help="Those of them that SPAR refused.")
    registrants = fields.Integer(
        readonly=True, help="Registrants with an address, when last counted."
    )
    in_sync = fields.Integer(readonly=True, help="Those in sync, when last counted.")

    _one_per_hour = models.UniqueIndex(
        "(connection_id, hour)", "This hour has been counted already."
    )

    @api.model
    def _cron_count(self):
        """Count the hours that are not over, and the current state."""
        alone(self.env, self._count)

    @api.model
    def _count(self):
        """Count this hour and the one before again, or all that are shown at first.

        A confirmation becomes visible a little after its time, so the hour before is
        counted again. Only one transaction counts at a time; a second one does nothing.
        """
        self.env.flush_all()
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [COUNTING])
        if not self.env.cr.fetchone()[0]:
            return
        for connection in (
            self.env["g2p.spar.connection"].sudo().search([("id", "!=", False)])
        ):
            newest = self.search([("connection_id", "=", connection.id)], limit=1).hour
            this_hour = _hour(fields.Datetime.now())
            first = max(
                newest - timedelta(hours=1) if newest else this_hour,
                this_hour - timedelta(hours=HOURS),
            )
            if not newest:
                first = this_hour - timedelta(hours=HOURS)
            self.env.cr.execute(self._counting(connection.id, first))
        self.env.invalidate_all(flush=False)

    def _counting(self, connection_id, first):
        """Return the statement that counts the hours of one connection."""
        return SQL(
            """
            WITH hours AS (
                SELECT generate_series(%(first)s,
                           date_trunc('hour', now() AT TIME ZONE 'UTC'),
                           INTERVAL '1 hour') AS hour
            ), sent AS (
                SELECT date_trunc('hour', confirmed_at) AS hour, count(*) AS number
                  FROM g2p_spar_change
                 WHERE connection_id = %(connection)s AND confirmed_at >= %(first)s
                 GROUP BY 1
            ), failed AS (
                SELECT date_trunc('hour', create_date) AS hour, count(*) AS number,
                       count(*) FILTER (WHERE outcome IN %(refusals)s) AS refused
                  FROM g2p_spar_attempt
                 WHERE connection_id = %(connection)s AND create_date >= %(first)s
                 GROUP BY 1
            ), standing AS (
                SELECT count(*) FILTER (WHERE state != 'ended') AS registrants,
                       count(*) FILTER (WHERE state = 'in_sync') AS in_sync
                  FROM g2p_spar_mapping WHERE connection_id = %(connection)s
            )
            INSERT INTO g2p_spar_tally
                   (connection_id, hour, sent, failed, refused, registrants, in_sync,
                    create_uid, create_date, write_uid, write_date)
            SELECT %(connection)s, hours.hour, COALESCE(sent.number, 0),
                   COALESCE(failed.number, 0), COALESCE(failed.refused, 0),
                   registrants, in_sync,
                   %(uid)s, clock_timestamp() AT TIME ZONE 'UTC',
                   %(uid)s, clock_timestamp() AT TIME ZONE 'UTC'
              FROM hours CROSS JOIN standing
              LEFT JOIN sent USING (hour) LEFT JOIN failed USING (hour)
                ON CONFLICT (connection_id, hour) DO UPDATE
               SET sent = EXCLUDED.sent, failed = EXCLUDED.failed,
                   refused = EXCLUDED.refused,
                   registrants = EXCLUDED.registrants, in_sync = EXCLUDED.in_sync,
                   write_date = EXCLUDED.write_date
            """,
            connection=connection_id,
            first=first,
            refusals=REFUSALS,
            uid=self.env.uid,
        )

    @api.autovacuum
    def _gc_hours(self):
        """Delete rows older than :data:`KEPT_DAYS`."""
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.search([("hour", "<", before)]).unlink()


class G2pSparChange(models.Model):
    _inherit = "g2p.spar.change"

    # Changes confirmed in an hour. A BRIN index would cost the engine less, and the
    # overview more.
    _confirmed = models.Index(
        "(connection_id, confirmed_at) WHERE confirmed_at IS NOT NULL"
    )


def _hour(moment):
    return moment.replace(minute=0, second=0, microsecond=0)
