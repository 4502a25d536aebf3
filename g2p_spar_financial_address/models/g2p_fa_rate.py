import hashlib
import math

from odoo import api, models

from ..toolkit.transactions import waiting_cursor

#: All that is asked for at once, in one round trip. Where too little is left, nothing
#: is written, and the key is not among those returned. What comes after the first is
#: asked for only where the first allows it. Made of constants only.
_TAKE = """
    WITH asked AS (
        SELECT * FROM unnest(%(keys)s, %(steps)s, %(spans)s)
               WITH ORDINALITY AS asked (key, step, span, place)
    ), first AS ({take} WHERE place = 1 {unless_full}
    ), others AS ({take} WHERE place > 1 AND EXISTS (SELECT FROM first)
                        ORDER BY key {unless_full}
    )
    SELECT key FROM first UNION ALL SELECT key FROM others""".format(  # nosec B608
    take="""INSERT INTO g2p_fa_rate_taken AS rate (key, until, step, span)
    SELECT key, clock_timestamp() + step * interval '1 second', step, span
      FROM asked""",
    unless_full="""ON CONFLICT (key) DO UPDATE
       SET until = greatest(rate.until, clock_timestamp())
                   + excluded.step * interval '1 second'
     WHERE greatest(rate.until, clock_timestamp())
           + (excluded.step - excluded.span) * interval '1 second'
           <= clock_timestamp()
    RETURNING key""",
)


class G2pFaRate(models.AbstractModel):
    """How often something was done lately, by whom or what a key stands for.

    Each key has one moment: until when what it took lasts. Every taking moves it on by
    a step, the limit's seconds divided by how many are allowed in them, and is refused
    where it would end more than these seconds ahead. So a whole limit may be used at
    once, and comes back one by one.
    """

    _name = "g2p.fa.rate"
    _description = "Limit of requests"

    def init(self):
        """Create the table of these moments, if it is not there.

        No model knows of it, so nobody can read or empty it. It is unlogged: nobody
        waits for a disk, and all that a crash of the database costs is that everybody
        may begin anew.
        """
        self.env.cr.execute(
            """CREATE UNLOGGED TABLE IF NOT EXISTS g2p_fa_rate_taken (
                   key bytea PRIMARY KEY,
                   until timestamptz NOT NULL,
                   step float8 NOT NULL,
                   span float8 NOT NULL)"""
        )
        return super().init()

    @api.private
    @api.model
    def take(self, key, limit, seconds):
        """Count one request, if there is one left.

        It is counted in a transaction of its own at once, so neither a rollback nor a
        kill gives it back. The clock is the database's.

        :param str key: whose request, and for what; kept as a hash only
        :param int limit: how many are allowed
        :param float seconds: in how much time
        :return: 0 when it is allowed, or else how many seconds to wait
        :rtype: int
        """
        return self.take_all([(key, limit, seconds)])

    @api.private
    @api.model
    def take_all(self, takings):
        """Count one request for several keys, at the price of one.

        :param list takings: of key, limit and seconds, as in :meth:`take`. Those after
            the first are not counted when the first does not allow it: so one person,
            named first, uses up nothing of others
        :return: 0 when all of them allow it, or else how many seconds to wait; those
            after the first that allow it have counted it all the same
        :rtype: int
        """
        # A row is not written twice.
        asked = {
            _digest(key): (seconds / limit, float(seconds))
            for key, limit, seconds in takings
        }
        if not asked:
            return 0
        steps, spans = zip(*asked.values(), strict=True)
        values = {"keys": list(asked), "steps": list(steps), "spans": list(spans)}
        with self._apart() as cr:
            cr.execute(_TAKE, values)
            taken = {bytes(key) for [key] in cr.fetchall()}
            refused = asked.keys() - taken
            return self._wait(cr, asked, list(refused)) if refused else 0

    @api.model
    def _wait(self, cr, asked, refused):
        """Return the seconds until each of these keys has one left."""
        cr.execute(
            """SELECT key, extract(epoch FROM until - clock_timestamp())
                 FROM g2p_fa_rate_taken WHERE key = ANY(%s)""",
            [refused],
        )
        waits = [1]
        for key, left in cr.fetchall():
            step, span = asked[bytes(key)]
            waits.append(math.ceil(float(left) + step - span))
        return max(waits)

    @api.autovacuum
    def _gc_rates(self):
        """Forget the keys that have everything back."""
        with self._apart() as cr:
            cr.execute("DELETE FROM g2p_fa_rate_taken WHERE until < clock_timestamp()")

    def _apart(self):
        return waiting_cursor(self.env.registry)


def _digest(key):
    """Return what a key is kept as: who is behind it cannot be read from the table."""
    return hashlib.sha256(key.encode()).digest()
