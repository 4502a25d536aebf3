import json
from collections import namedtuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..spar.words import LINK

#: What a request was about for one mapping, whose sender died before it could write
#: down what came of it.
Doubt = namedtuple("Doubt", "number request_id operation spar_id")

#: Seconds after which another worker looks what has become of a request.
GRACE = 10


class G2pSparSending(models.Model):
    """A request that is about to be sent, written down before it is.

    One row for the whole request, in a transaction of its own: its sender goes on
    holding the locks on the mappings, whose rows it changes once, when it knows what
    came of the request. So a mapping that is part of a request here, that has recorded
    no request as young as this one and that nobody has locked, is one whose sender
    died. A mapping is part of one such request at most.

    Everything here is looked up with the mappings' locks held, and in a transaction
    that began afterwards: an older one would not see what their last holder wrote.
    """

    _name = "g2p.spar.sending"
    _description = "Request about to be sent"
    _order = "id"

    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="cascade"
    )
    request_id = fields.Char(
        required=True, readonly=True, help="The message ID to tell SPAR's support."
    )
    operation = fields.Char(required=True, readonly=True)
    parts = fields.Json(
        required=True, readonly=True, help="The SPAR ID by the id of the mapping."
    )
    spar_ids = fields.Json("SPAR IDs", required=True, readonly=True)

    @api.model
    def _doubts(self, ids):
        """Return what nobody knows the outcome of.

        :param list ids: of mappings
        :return: by mapping id, each a :class:`Doubt`
        :rtype: dict
        """
        # There is hardly ever one, and PostgreSQL need not plan for more.
        found = self._unrecorded(SQL("s.parts ?| %s", [str(id_) for id_ in ids]))
        wanted = set(ids)
        return {id_: doubt for id_, doubt in found if id_ in wanted}

    def _unrecorded(self, chosen):
        """Return of which mappings it is not known what came of these requests.

        :param SQL chosen: a condition on requests ``s``
        :return: pairs of a mapping's id and a :class:`Doubt`
        :rtype: list
        """
        requests = self.env.execute_query(
            SQL(
                """SELECT s.id, s.request_id, s.operation, s.parts
                     FROM g2p_spar_sending s WHERE %s ORDER BY s.id""",
                chosen,
            )
        )
        if not requests:
            return []
        ids = {int(id_) for *_request, parts in requests for id_ in parts}
        recorded = dict(
            self.env.execute_query(
                SQL(
                    """SELECT id, COALESCE(recorded_sending, 0)
                         FROM g2p_spar_mapping WHERE id = ANY(%s)""",
                    list(ids),
                )
            )
        )
        return [
            (int(id_), Doubt(number, request_id, operation, spar_id))
            for number, request_id, operation, parts in requests
            for id_, spar_id in parts.items()
            if recorded.get(int(id_), number) < number
        ]

    @api.model
    def _write_down(self, connection_id, request, done=()):
        """Write down what is about to be sent; the locks on its mappings are held.

        What would link an ID that has, or may have, another registrant's row at SPAR is
        left out. Two workers cannot both find the same ID free: only one looks and
        writes at a time.

        :param int connection_id: of the connection it is sent through
        :param Request request: what was claimed
        :param list done: numbers of earlier requests that are forgotten, since what
            came of them has been recorded
        :return: the request with its number and the parts that may be sent; None when
            the connection has changed since it was claimed
        """
        # Before anything is read, so that whatever was committed until then is seen.
        self.env.cr.execute(
            "LOCK TABLE g2p_spar_sending IN SHARE ROW EXCLUSIVE MODE",
            log_exceptions=False,
        )
        if done:
            self._forget(done)
        connection = self.env["g2p.spar.connection"].sudo().browse(connection_id)
        if connection._version() != request.version:
            return None
        parts = request.parts
        if request.operation == LINK:
            wanted = {part.item.spar_id: id_ for id_, part in parts.items()}
            for spar_id in self._elsewhere(connection_id, wanted):
                parts = {**parts}
                del parts[wanted[spar_id]]
        if not parts:
            return request._replace(parts=parts)
        spar_ids = {id_: part.item.spar_id for id_, part in parts.items()}
        ((number,),) = self.env.execute_query(
            SQL(
                """INSERT INTO g2p_spar_sending
                          (connection_id, request_id, operation, parts, spar_ids,
                           create_uid, create_date)
                   VALUES (%s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')
                RETURNING id""",
                connection_id,
                request.id,
                request.operation,
                json.dumps(spar_ids),
                json.dumps(list(spar_ids.values())),
                self.env.uid,
            )
        )
        return request._replace(number=number, parts=parts)

    def _elsewhere(self, connection_id, wanted):
        """Return the SPAR IDs under which another mapping has or may have a row.

        :param dict wanted: mapping ids by SPAR ID
        :rtype: set
        """
        # In a query of its own, so that PostgreSQL does not compare the IDs with what
        # it remembers of the table. In a first load that is wrong until it looks anew,
        # and it would read the whole table for each request.
        held = self.env.execute_query(
            SQL(
                """SELECT COALESCE(m.linked_spar_id, m.sending_spar_id), m.id
                     FROM g2p_spar_mapping m
                    WHERE m.connection_id = %s
                      AND COALESCE(m.linked_spar_id, m.sending_spar_id)
                          = ANY((SELECT %s::text[])::text[])""",
                connection_id,
                list(wanted),
            )
        )
        linking = self._unrecorded(
            SQL(
                "s.connection_id = %s AND s.operation = %s AND s.spar_ids ?| %s",
                connection_id,
                LINK,
                list(wanted),
            )
        )
        held += [(doubt.spar_id, id_) for id_, doubt in linking]
        return {id_ for id_, mapping in held if wanted.get(id_, mapping) != mapping}

    @api.model
    def _forget(self, numbers):
        """Forget requests, since what came of them has been recorded."""
        self.env.cr.execute(
            "DELETE FROM g2p_spar_sending WHERE id = ANY(%s)", [list(numbers)]
        )

    @api.model
    def _forget_recorded(self):
        """Forget what was left by workers that died after they had recorded it."""
        self.env.cr.execute(
            """DELETE FROM g2p_spar_sending s WHERE NOT EXISTS (
                   SELECT FROM jsonb_each_text(s.parts) AS part
                     JOIN g2p_spar_mapping m ON m.id = part.key::int
                    WHERE s.id > COALESCE(m.recorded_sending, 0))"""
        )
