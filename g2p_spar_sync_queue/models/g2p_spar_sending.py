from collections import namedtuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..spar.words import LINK

#: What a request was about for one mapping, whose sender died before it could write
#: down what came of it.
Doubt = namedtuple("Doubt", "number request_id operation spar_id")

#: Seconds after which another worker looks what has become of a request.
GRACE = 10

#: SQL on a mapping ``m`` and a request ``s`` it is part of: what came of that has been
#: written down.
RECORDED = SQL("s.id <= COALESCE(m.recorded_sending, 0)")


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

    @api.model
    def _doubts(self, ids):
        """Return what nobody knows the outcome of.

        :param list ids: of mappings
        :return: by mapping id, each a :class:`Doubt`
        :rtype: dict
        """
        return {
            id_: Doubt(*doubt)
            for id_, *doubt in self.env.execute_query(
                SQL(
                    """SELECT m.id, s.id, s.request_id, s.operation, part.value
                         FROM g2p_spar_sending s
                        CROSS JOIN jsonb_each_text(s.parts) AS part
                         JOIN g2p_spar_mapping m ON m.id = part.key::int
                        WHERE s.parts ?| %s AND m.id = ANY(%s) AND NOT %s""",
                    [str(id_) for id_ in ids],
                    list(ids),
                    RECORDED,
                )
            )
        }

    @api.model
    def _write_down(self, connection_id, request, done=None):
        """Write down what is about to be sent; the locks on its mappings are held.

        What would link an ID that has, or may have, another registrant's row at SPAR is
        left out. Two workers cannot both find the same ID free: only one looks and
        writes at a time.

        :param int connection_id: of the connection it is sent through
        :param Request request: what was claimed
        :param int done: number of an earlier request that is forgotten, since what came
            of it has been written down
        :return: the request with its number and the parts that may be sent
        """
        # Before anything is read, so that whatever was committed until then is seen.
        self.env.cr.execute(
            "LOCK TABLE g2p_spar_sending IN SHARE ROW EXCLUSIVE MODE",
            log_exceptions=False,
        )
        if done:
            self._forget(done)
        parts = request.parts
        if request.operation == LINK:
            wanted = {part.item.spar_id: id_ for id_, part in parts.items()}
            for spar_id in self._elsewhere(connection_id, wanted):
                parts = {**parts}
                del parts[wanted[spar_id]]
        sending = self.browse()
        if parts:
            sending = self.create(
                {
                    "connection_id": connection_id,
                    "request_id": request.id,
                    "operation": request.operation,
                    "parts": {id_: part.item.spar_id for id_, part in parts.items()},
                }
            )
        return request._replace(number=sending.id, parts=parts)

    def _elsewhere(self, connection_id, wanted):
        """Return the SPAR IDs under which another mapping has or may have a row.

        :param dict wanted: mapping ids by SPAR ID
        :rtype: set
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT COALESCE(m.linked_spar_id, m.sending_spar_id), m.id
                     FROM g2p_spar_mapping m
                    WHERE m.connection_id = %(connection)s
                      AND COALESCE(m.linked_spar_id, m.sending_spar_id) = ANY(%(ids)s)
                    UNION ALL
                   SELECT part.value, m.id
                     FROM g2p_spar_sending s
                    CROSS JOIN jsonb_each_text(s.parts) AS part
                     JOIN g2p_spar_mapping m ON m.id = part.key::int
                    WHERE s.connection_id = %(connection)s AND s.operation = %(link)s
                      AND part.value = ANY(%(ids)s) AND NOT %(recorded)s""",
                connection=connection_id,
                ids=list(wanted),
                link=LINK,
                recorded=RECORDED,
            )
        )
        return {spar_id for spar_id, id_ in rows if id_ != wanted[spar_id]}

    @api.model
    def _forget(self, number):
        """Forget a request, since what came of it has been written down."""
        self.env.cr.execute("DELETE FROM g2p_spar_sending WHERE id = %s", [number])

    @api.model
    def _forget_recorded(self):
        """Forget what was left by workers that died after they had recorded it."""
        self.env.cr.execute(
            SQL(
                """DELETE FROM g2p_spar_sending s WHERE NOT EXISTS (
                       SELECT FROM jsonb_each_text(s.parts) AS part
                         JOIN g2p_spar_mapping m ON m.id = part.key::int
                        WHERE NOT %s)""",
                RECORDED,
            )
        )
