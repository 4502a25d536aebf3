from datetime import timedelta
from functools import partial

from odoo import fields, models

from ..central.rows import Unreadable
from ..transactions import apart, commit


class G2pOdkForm(models.Model):
    """Comparing everything with Central, for what moves no timestamp there.

    A submission restored at Central comes back with its old dates, and a file that
    arrives later changes none.
    """

    _inherit = "g2p.odk.form"

    def _is_sweep_due(self):
        before = fields.Datetime.now() - timedelta(hours=self.sweep_hours)
        return not self.swept_at or self.swept_at <= before

    def _sweep(self, client, run, deadline):
        """Compare with all that Central has, page by page, and apply what differs.

        :param ~..central.client.CentralClient client: asks Central
        :param run: the run this belongs to
        :param float deadline: as for :meth:`_pull`
        :raise CentralTrouble: when Central could not be asked for all
        :raise OutOfTime: when the time is up; the next run goes on
        """
        commit(self.env)
        feed = self._feed(client)
        look = partial(self._check_twins, client, checked=set())
        place = self.sweeping or None
        for page in feed.overview(place):
            # Others may have the moment of the last one of the page before.
            after = place and place[0] or ""
            until = page.until if page.left else None
            self._compare(feed, page.rows, after, until, run, look)
            self._apply_staged(after, until)
            place = page.place

            def keep(page=page):
                self.sweeping = page.place if page.left else False
                run.unread_count = page.left
                if not page.left:
                    self.swept_at = fields.Datetime.now()

            apart(self.env, keep)
            if page.left:
                self._check_time(deadline)

    def _compare(self, feed, rows, after, until, run, look):
        """Ask again about what is not here as Central lists it, and stage that.

        Central is asked by date: its read of one submission does not find every ID.

        :param look: called with the rows that are to be staged, before they are
        """
        unreadable = [row for row in rows if isinstance(row, Unreadable)]
        listed = {
            row.instance_id: row
            for row in rows
            if not isinstance(row, Unreadable) and not row.deleted
        }
        # A missing one among them would be equal to nothing, and hide what is gone.
        ids = [*listed, *(row.instance_id for row in unreadable if row.instance_id)]
        here = {one.instance_id: _mark(one) for one in self._staged(ids)}
        asked = {
            instance_id: row.submitted
            for instance_id, row in listed.items()
            if here.get(instance_id) != _row_mark(row)
        }
        unseen = self._unseen(ids, after, until)
        commit(self.env)
        asked |= unseen
        found = [
            row for row in feed.of_dates(asked.values()) if row.instance_id in asked
        ]
        look(found)
        if found or unreadable:
            self._stage(found + unreadable, run)
        gone = unseen.keys() - {row.instance_id for row in found}
        if gone:
            self._stage_gone(list(gone), run)

    def _unseen(self, ids, after, until):
        """Return those that are here and not among these, with their dates.

        :param str after: submitted at this moment or later
        :param until: submitted at this moment or before, or None
        """
        self.env.cr.execute(
            """SELECT instance_id, submitted_stamp FROM g2p_odk_submission
                WHERE form_id = %(form)s AND state != 'removed'
                  AND submitted_stamp >= %(after)s
                  AND (%(until)s IS NULL OR submitted_stamp <= %(until)s)
                  AND instance_id != ALL(%(ids)s::varchar[])""",
            {"form": self.id, "after": after, "until": until, "ids": ids},
        )
        return dict(self.env.cr.fetchall())


def _mark(one):
    """Return by what a staged submission is compared."""
    return (
        one.state == "removed",
        one.submitted_stamp,
        one.updated_stamp or None,
        one.attachments_present,
        one.edits,
    )


def _row_mark(row):
    """Return the same of one that Central tells of."""
    return False, row.submitted, row.updated, row.attachments_present, row.edits
