"""Capture: what happens in the transaction of whoever changes an address."""

from odoo import api, models
from odoo.tools import SQL

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

        Also without a connection: see ``g2p.spar.capture``.

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
        for name, fnames in READ_BY_SQL.items():
            self.env[name].flush_model(fnames)
        rows = self._append_changes(partners, channel, chosen)
        for name, fnames in ALTERED.items():
            self.env[name].invalidate_model(fnames, flush=False)
        for batch_size, ids in rows:
            self.sudo().browse(ids)._enqueue(batch_size)

    @api.model
    def _being_captured(self, partners):
        """Return those of whom another transaction holds the row of captures.

        Those of the others are held by this one from here on. Nothing is waited for.
        """
        query = SQL(
            "SELECT partner_id FROM g2p_spar_capture WHERE partner_id = ANY(%s)",
            partners.ids,
        )
        known = {id_ for (id_,) in self.env.execute_query(query)}
        self.env.cr.execute(
            SQL("%s ORDER BY partner_id FOR NO KEY UPDATE SKIP LOCKED", query),
            log_exceptions=False,
        )
        known -= {id_ for (id_,) in self.env.cr.fetchall()}
        return partners.browse(known)

    def _append_changes(self, partners, channel, chosen):
        """Append the changes, and create the mappings that are missing for them.

        First the row of each registrant in ``g2p.spar.capture`` is written, in one
        order, so that two transactions cannot deadlock. Until the end no other one
        captures these registrants, so the ids of their changes follow the commits.

        Every registrant gets a mapping, even without an address, so that a comparison
        asks about their ID, too. It is created in state ``ended``: nothing was wanted
        yet.

        In one statement, whatever their number. Which connections have been started is
        read here and not remembered: nothing captured for one would never be noticed.

        :param SQL chosen: a condition on connections ``k``
        :return: for each connection its batch size, and the ids of the mappings that
            got a change
        """
        query = SQL(
            """
            WITH captured AS (
                INSERT INTO g2p_spar_capture AS c (partner_id, number)
                SELECT DISTINCT id, 1 FROM unnest(%(partners)s) AS id ORDER BY id
                    ON CONFLICT (partner_id) DO UPDATE SET number = c.number + 1
             RETURNING partner_id
            ), asked AS (
                SELECT k.id AS connection_id, k.batch_size, p.partner_id,
                       a.id AS address_id,
                       COALESCE(%(channel)s, a.channel, 'admin') AS channel
                  FROM g2p_spar_connection k
                 CROSS JOIN captured p
                  LEFT JOIN g2p_financial_address a
                    ON a.partner_id = p.partner_id AND a.state = 'effective'
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
        # To be beaten by another capture is no error: Odoo runs the request again.
        self.env.cr.execute(query, log_exceptions=False)
        return self.env.cr.fetchall()
