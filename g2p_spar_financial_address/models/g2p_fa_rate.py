import hashlib
import math

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import api, models
from odoo.sql_db import Cursor

#: What is asked for at once is counted in one statement and one round trip. Where the
#: row says so much is taken that nothing is left, nothing is written.
_TAKE = """
    WITH asked AS (
        SELECT key, span, span / allowed AS step, clock_timestamp() AS now
          FROM unnest(%(keys)s, %(limits)s, %(spans)s) AS asked (key, allowed, seconds),
               LATERAL make_interval(secs => seconds) AS span
         ORDER BY key
    ), taken AS (
        INSERT INTO g2p_fa_rate_store AS rate (key, until)
        SELECT key, now + step FROM asked
        ON CONFLICT (key) DO UPDATE
           SET until = greatest(rate.until, clock_timestamp())
                       + (SELECT step FROM asked WHERE asked.key = rate.key)
         WHERE greatest(rate.until, clock_timestamp())
               + (SELECT step - span FROM asked WHERE asked.key = rate.key)
               <= clock_timestamp()
        RETURNING key
    )
    SELECT max(extract(epoch FROM greatest(
               rate.until + asked.step - asked.span - asked.now,
               interval '1 millisecond')))
      FROM asked
      LEFT JOIN g2p_fa_rate_store rate USING (key)
     WHERE key NOT IN (SELECT key FROM taken)"""


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
            """CREATE UNLOGGED TABLE IF NOT EXISTS g2p_fa_rate_store (
                   key bytea PRIMARY KEY,
                   until timestamptz NOT NULL)"""
        )
        return super().init()

    @api.model
    def _take(self, key, limit, seconds):
        """Count one request, if there is one left.

        It is counted in a transaction of its own at once, so neither a rollback nor a
        kill gives it back. The clock is the database's.

        :param str key: whose request, and for what; kept as a hash only
        :param int limit: how many are allowed
        :param float seconds: in how much time
        :return: 0 when it is allowed, or else how many seconds to wait
        :rtype: int
        """
        return self._take_all([(key, limit, seconds)])

    @api.model
    def _take_all(self, takings):
        """Count one request for several keys, at the price of one.

        :param list takings: of key, limit and seconds, as in :meth:`_take`
        :return: 0 when all of them allow it, or else how many seconds to wait; those
            that allow it have counted it all the same
        :rtype: int
        """
        # One key twice would have the statement write one row twice.
        by_key = {_digest(key): (limit, seconds) for key, limit, seconds in takings}
        if not by_key:
            return 0
        limits, spans = zip(*by_key.values(), strict=True)
        values = {
            "keys": list(by_key),
            "limits": list(limits),
            "spans": [float(span) for span in spans],
        }
        with self._apart() as cr:
            cr.execute(_TAKE, values)
            [wait] = cr.fetchone()
        return math.ceil(wait) if wait is not None else 0

    @api.autovacuum
    def _gc_rates(self):
        """Forget the keys that have everything back."""
        with self._apart() as cr:
            cr.execute("DELETE FROM g2p_fa_rate_store WHERE until < clock_timestamp()")

    def _apart(self):
        """Return a cursor whose statements wait for others at a row, and then go on.

        Odoo's own transactions would fail there instead. A cursor of a test is inside
        the transaction of the test, where nobody else is.
        """
        cr = self.env.registry.cursor()
        if isinstance(cr, Cursor):
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
        return cr


def _digest(key):
    """Return what a key is kept as: who is behind it cannot be read from the table."""
    return hashlib.sha256(key.encode()).digest()
