"""Capture: what happens in the transaction of whoever changes an address."""

from odoo import api, models
from odoo.tools import SQL

#: First key of the advisory locks on registrants; the second is the partner's id.
REGISTRANT_LOCK = 0x53504152  # "SPAR"
#: Registrants that are locked one by one in a transaction; zero stands for all.
MANY_LOCKS = 2500

# Everything here goes by SQL: somebody waits for it.

#: What is read, and therefore must have reached the database.
READ_BY_SQL = {
    "g2p.financial.address": ["partner_id", "state", "channel"],
    "g2p.spar.connection": ["state", "batch_size"],
    "g2p.spar.mapping": ["partner_id", "connection_id"],
}
#: What is different afterwards from what the ORM may remember.
ALTERED = {
    "g2p.spar.connection": ["mapping_ids"],
    "g2p.spar.mapping": ["change_ids", "display_state", "sentence"],
    "res.partner": ["spar_mapping_ids", "spar_state", "spar_sentence"],
}


class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    @api.model
    def _capture(self, partners, channel, connections=None):
        """Append a change for each registrant, and wake the engine.

        In the transaction of whoever made the change: rolled back with it, published
        with it. Nothing is sent here, and no existing mapping is written.

        Every registrant gets a mapping here, even without an address. The row is what
        two transactions about one registrant meet at: neither sees the other's, but
        the second to create it is run again by Odoo, and then sees both.

        :param recordset partners: whose address, ID or being paid has changed
        :param str channel: one of the channels of a financial address; None for the
            one each address came in by
        :param connections: by default all that have been started
        """
        if not partners:
            return
        chosen = SQL("k.state != 'draft'")
        if connections is not None:
            chosen = SQL("k.id = ANY(%s)", connections.ids)
        self._lock_registrants(partners)
        for name, fnames in READ_BY_SQL.items():
            self.env[name].flush_model(fnames)
        rows = self._append_changes(partners, channel, chosen)
        for name, fnames in ALTERED.items():
            self.env[name].invalidate_model(fnames, flush=False)
        for batch_size, ids in rows:
            self.sudo().browse(ids)._enqueue(batch_size)

    def _lock_registrants(self, partners):
        """Let changes of these registrants be appended by nobody else until the end.

        Serial ids are not commit order: whoever takes the lock first also commits
        first. In one order, so that two batches cannot wait for each other.
        """
        ids = sorted(partners.ids)
        # PostgreSQL has room for some thousands of locks in all. Whoever needs more
        # locks out everybody else instead.
        if len(ids) > MANY_LOCKS:
            query = SQL("SELECT pg_advisory_xact_lock(%s, 0)", REGISTRANT_LOCK)
        else:
            query = SQL(
                """SELECT pg_advisory_xact_lock_shared(%(lock)s, 0) UNION ALL
                   SELECT pg_advisory_xact_lock(%(lock)s, id)
                     FROM unnest(%(ids)s) AS id""",
                lock=REGISTRANT_LOCK,
                ids=ids,
            )
        self.env.cr.execute(query)

    def _append_changes(self, partners, channel, chosen):
        """Append the changes, and create the mappings that are missing for them.

        A missing mapping is created in state ``ended``: nothing was wanted yet. One
        this transaction sees is left out rather than met: PostgreSQL refuses to meet a
        row that was written since, as the engine does all the time. So only two that
        both create it meet.

        In one statement, whatever their number. Which connections have been started is
        read here and not remembered: nothing captured for one would never be noticed.

        :param SQL chosen: a condition on connections ``k``
        :return: for each connection its batch size, and the ids of the mappings that
            got a change
        """
        query = SQL(
            """
            WITH asked AS (
                SELECT k.id AS connection_id, k.batch_size, p.id AS partner_id,
                       a.id AS address_id, COALESCE(%(channel)s, a.channel) AS channel
                  FROM g2p_spar_connection k
                 CROSS JOIN unnest(%(partners)s) AS p(id)
                  LEFT JOIN g2p_financial_address a
                    ON a.partner_id = p.id AND a.state = 'effective'
                 WHERE %(chosen)s
            ), known AS (
                SELECT m.id, asked.*
                  FROM asked
                  LEFT JOIN g2p_spar_mapping m USING (partner_id, connection_id)
            ), created AS (
                INSERT INTO g2p_spar_mapping
                       (connection_id, partner_id, state, create_uid, create_date,
                        write_uid, write_date)
                SELECT connection_id, partner_id, 'ended', %(uid)s,
                       now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM known
                 WHERE id IS NULL
                 ORDER BY connection_id, partner_id
                    ON CONFLICT (partner_id, connection_id) DO NOTHING
             RETURNING id, partner_id, connection_id
            ), to_tell AS (
                SELECT COALESCE(known.id, created.id) AS mapping_id,
                       known.connection_id, batch_size, address_id, channel
                  FROM known
                  LEFT JOIN created USING (partner_id, connection_id)
                 -- Who has no address and never had a mapping has nothing to be sent.
                 WHERE known.id IS NOT NULL OR address_id IS NOT NULL
            ), appended AS (
                INSERT INTO g2p_spar_change
                       (mapping_id, connection_id, address_id, channel, state,
                        create_uid, create_date, write_uid, write_date)
                SELECT mapping_id, connection_id, address_id, channel, 'queued',
                       %(uid)s, now() AT TIME ZONE 'UTC',
                       %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM to_tell
                 ORDER BY mapping_id
            )
            SELECT batch_size, array_agg(mapping_id ORDER BY mapping_id)
              FROM to_tell
             GROUP BY connection_id, batch_size
             ORDER BY connection_id
            """,
            channel=channel,
            partners=partners.ids,
            chosen=chosen,
            uid=self.env.uid,
        )
        # Being beaten to a first mapping is no error: Odoo runs the request again.
        self.env.cr.execute(query, log_exceptions=False)
        return self.env.cr.fetchall()
