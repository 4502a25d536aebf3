"""What runs in the background for a whole connection."""

from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.transactions import alone

from ..jobs import later
from ..shift import JOB_SECONDS, Shift
from .g2p_spar_mapping import MOVING
from .g2p_spar_sending import GRACE

#: After the 10 of other jobs.
BACKLOG_PRIORITY = 15
#: How many registrants one transaction of the first load takes in.
ENLIST_CHUNK = 1000


class G2pSparConnection(models.Model):
    _inherit = "g2p.spar.connection"

    def _wake_up(self, eta=None):
        """Have the engine work off whatever is due, soon or at a given time.

        :param eta: seconds from now, or a moment in UTC, before which nothing happens
        """
        for connection in self.sudo():
            for slot in range(connection.workers):
                later(
                    connection,
                    eta=eta,
                    # An edit somebody waits for goes before a backlog.
                    priority=BACKLOG_PRIORITY,
                    identity_key=f"spar-{connection.id}-{slot}",
                    description=self.env._("Send to SPAR"),
                )._job_work_off()

    def _moved_on(self, last=False):
        """What became of a request was written down; for whoever shows that live.

        Called once for each request and never for each registrant, in the transaction
        that is about to be committed.

        :param bool last: whether this worker is done for now
        """

    def _wake_up_when_due(self):
        """Have the engine look again when the next of those that wait is due.

        That includes what another worker is sending, which may not live to record it.
        """
        self.env.flush_all()
        self.env.cr.execute(
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
                connection=self.id,
                moving=MOVING,
                grace=timedelta(seconds=GRACE),
            )
        )
        for (moment,) in self.env.cr.fetchall():
            later(
                self,
                eta=moment,
                identity_key=f"spar-{self.id}-{moment}",
                description=self.env._("Send to SPAR"),
            )._job_work_off()

    def _job_work_off(self):
        """Job: bring to SPAR whatever is due through this connection."""
        for connection in self.exists():
            Shift(connection, JOB_SECONDS).work()

    def _job_enlist(self):
        """Job: take up registrants with an address and no mapping, and wake the rest.

        In chunks of one transaction each; stopped anywhere, it goes on from there.
        """
        self.ensure_one()
        Mapping = self.env["g2p.spar.mapping"]
        self._wake_up()
        while partners := self._unlisted_partners(ENLIST_CHUNK):
            Mapping._capture(partners, None, self)
            Mapping._commit()

    @api.model
    def _cron_enlist(self):
        """Take up registrants whose address was saved during the start."""
        for connection in self.search([("state", "=", "running")]):
            alone(self.env, connection._job_enlist)

    def _unlisted_partners(self, limit):
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT a.partner_id
              FROM g2p_financial_address a
             WHERE a.state = 'effective'
               AND NOT EXISTS (
                   SELECT FROM g2p_spar_mapping m
                     JOIN g2p_spar_change c ON c.mapping_id = m.id
                    WHERE m.partner_id = a.partner_id AND m.connection_id = %s)
             ORDER BY a.partner_id
             LIMIT %s
            """,
            [self.id, limit],
        )
        return self.env["res.partner"].browse(id_ for (id_,) in self.env.cr.fetchall())
