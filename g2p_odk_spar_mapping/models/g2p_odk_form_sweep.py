from datetime import timedelta

from odoo import fields, models

from ..central.rows import Unreadable
from ..transactions import commit

#: How many submissions that seem to be gone are looked up before each commit.
GONE_CHUNK = 100


class G2pOdkForm(models.Model):
    """Comparing everything with Central, for what moves no timestamp there.

    A submission restored at Central comes back with its old dates, and a file that
    arrives later changes none.
    """

    _inherit = "g2p.odk.form"

    def _is_sweep_due(self):
        before = fields.Datetime.now() - timedelta(hours=self.sweep_hours)
        return not self.swept_at or self.swept_at <= before

    def _sweep(self, feed, run):
        """Compare with all that Central has, and stage what differs.

        :param ~..central.feed.Feed feed: of this form
        :param run: the run this belongs to
        :raise CentralTrouble: when Central could not be asked for all
        """
        # What was seen is kept by the database: a large form would fill the memory.
        cr = self.env.cr
        cr.execute("DROP TABLE IF EXISTS g2p_odk_seen")
        cr.execute("CREATE TEMP TABLE g2p_odk_seen (instance_id varchar PRIMARY KEY)")
        commit(self.env)
        for rows in feed.overview():
            self._look_again(feed, self._different(rows), run)
        last = ""
        while gone := self._unseen(last):
            last = gone[-1]
            self._look_again(feed, gone, run)
        cr.execute("DROP TABLE g2p_odk_seen")
        commit(self.env)

    def _different(self, rows):
        """Return the IDs of those that are not here as Central says they are."""
        readable = [row for row in rows if not isinstance(row, Unreadable)]
        # Of those deleted, the ones that are here are asked for afterwards.
        readable = [row for row in readable if not row.deleted]
        ids = [row.instance_id for row in readable]
        ids += [u.instance_id for u in rows if isinstance(u, Unreadable)]
        ids = [instance_id for instance_id in ids if instance_id]
        self.env.cr.execute(
            """INSERT INTO g2p_odk_seen SELECT unnest(%s::varchar[])
               ON CONFLICT DO NOTHING""",
            [ids],
        )
        here = {one.instance_id: _mark(one) for one in self._staged(ids)}
        different = [
            row.instance_id
            for row in readable
            if here.get(row.instance_id) != _row_mark(row)
        ]
        commit(self.env)
        return different

    def _unseen(self, last):
        """Return the next IDs of those that are here and were not seen at Central."""
        self.env.cr.execute(
            """SELECT s.instance_id FROM g2p_odk_submission s
                WHERE s.form_id = %s AND s.state != 'removed' AND s.instance_id > %s
                  AND NOT EXISTS (SELECT FROM g2p_odk_seen n
                                   WHERE n.instance_id = s.instance_id)
                ORDER BY s.instance_id LIMIT %s""",
            [self.id, last, GONE_CHUNK],
        )
        found = [instance_id for (instance_id,) in self.env.cr.fetchall()]
        commit(self.env)
        return found

    def _look_again(self, feed, instance_ids, run):
        """Ask for submissions one by one, and stage what Central says now."""
        rows, gone = [], []
        for instance_id in instance_ids:
            if "'" in instance_id:
                # Central cannot be asked for it.
                continue
            try:
                row = feed.one(instance_id)
            except Unreadable as unreadable:
                row = unreadable
            if row is None:
                gone.append(instance_id)
            else:
                rows.append(row)
        if rows:
            self._stage(rows, run)
        if gone:
            self._stage_gone(gone, run)


def _mark(one):
    """Return by what a staged submission is compared."""
    return (
        one.state == "removed",
        one.updated_stamp or None,
        one.attachments_present,
        one.edits,
    )


def _row_mark(row):
    """Return the same of one that Central tells of."""
    return False, row.updated, row.attachments_present, row.edits
