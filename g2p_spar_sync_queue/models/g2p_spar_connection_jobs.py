"""What runs in the background for a whole connection."""

from datetime import timedelta

from psycopg2.errors import DeadlockDetected

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.transactions import alone

from ..jobs import later
from ..shift import JOB_SECONDS, Shift
from ..transactions import BEATEN, began_before, commit, roll_back
from .g2p_spar_mapping import MOVING
from .g2p_spar_sending import GRACE

#: After the 10 of other jobs.
BACKLOG_PRIORITY = 15
#: How many registrants one transaction of the first load takes in.
ENLIST_CHUNK = 1000
#: Seconds, at least, until it is looked again for those who were left out of it.
ENLIST_AGAIN = 60


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

    def _job_enlist(self, since=None):
        """Job: take up registrants whose address was not captured, and wake the rest.

        A transaction that began before the connection was started knows nothing of it.
        What it saves is found once it has ended: so it is looked again, less and less
        often, until the last of them has.

        :param datetime since: when the first of these jobs began; None for that one
        """
        self.ensure_one()
        since = since or self._now()
        # Before anything is read: what ends meanwhile may not be seen.
        goes_on = began_before(self.env, since)
        if self._enlist() or goes_on:
            age = (self._now() - since).total_seconds()
            later(
                self,
                eta=max(ENLIST_AGAIN, int(age)),
                identity_key=f"spar-enlist-{self.id}",
                description=self.env._("Take up registrants"),
            )._job_enlist(since)

    def _enlist(self):
        """Take up registrants whose address was not captured, and wake the rest.

        In chunks of one transaction each; stopped anywhere, it goes on from there. One
        who is being saved is left out: to wait would keep others waiting who save
        registrants of the same chunk.

        :return: whether any was left out
        """
        self._wake_up()
        commit(self.env)
        Mapping = self.env["g2p.spar.mapping"]
        last, size, busy = 0, ENLIST_CHUNK, False
        while partners := self._unlisted_partners(last, size):
            try:
                free = partners - Mapping._being_captured(partners)
                Mapping._capture(free, None, self)
                commit(self.env)
            except (*BEATEN, DeadlockDetected):
                # One of them was changed meanwhile. Fewer are not beaten so easily.
                roll_back(self.env)
                size = max(1, size // 2)
            else:
                busy = busy or free != partners
                last, size = partners[-1].id, ENLIST_CHUNK
        return busy

    @api.model
    def _cron_enlist(self):
        """Take up registrants who were left out, whatever kept them from it."""
        for connection in self.search([("state", "=", "running")]):
            alone(self.env, connection._enlist)

    def _unlisted_partners(self, last, limit):
        """Return registrants whose newest change says another address than is in use.

        Or who have an address and no change, or a change with an address and none.

        :param int last: id of the registrant after whom to begin
        :param int limit: how many, at most
        :return: in order of their ids
        """
        self.env.flush_all()
        newest = SQL(
            """(SELECT c.address_id FROM g2p_spar_change c
                 WHERE c.mapping_id = m.id ORDER BY c.id DESC LIMIT 1)"""
        )
        self.env.cr.execute(
            SQL(
                """(SELECT a.partner_id AS id
                      FROM g2p_financial_address a
                      LEFT JOIN g2p_spar_mapping m
                        ON m.partner_id = a.partner_id
                       AND m.connection_id = %(connection)s
                     WHERE a.state = 'effective' AND a.partner_id > %(last)s
                       AND a.id IS DISTINCT FROM %(newest)s
                     ORDER BY 1 LIMIT %(limit)s)
                    UNION
                   (SELECT m.partner_id
                      FROM g2p_spar_mapping m
                     WHERE m.connection_id = %(connection)s
                       AND m.partner_id > %(last)s
                       AND NOT EXISTS (SELECT FROM g2p_financial_address a
                                        WHERE a.partner_id = m.partner_id
                                          AND a.state = 'effective')
                       AND %(newest)s IS NOT NULL
                     ORDER BY 1 LIMIT %(limit)s)
                    ORDER BY 1 LIMIT %(limit)s""",
                connection=self.id,
                last=last,
                newest=newest,
                limit=limit,
            )
        )
        return self.env["res.partner"].browse(id_ for (id_,) in self.env.cr.fetchall())
