import json
from datetime import timedelta

from odoo import api, fields, models

from ..spar.answers import Outcome

#: Days for which attempts are kept.
KEPT_DAYS = 90
#: How many one run of the clean-up deletes.
CLEAN_UP = 10_000


class G2pSparAttempt(models.Model):
    """One request that did not bring a registrant's change to SPAR.

    Only those are written down: what succeeded at once stands on the change itself, and
    a row for every success would cost as much as the rest of recording it.
    """

    _name = "g2p.spar.attempt"
    _description = "Attempt that failed"
    _order = "id desc"

    mapping_id = fields.Many2one(
        "g2p.spar.mapping", required=True, readonly=True, index=True, ondelete="cascade"
    )
    change_id = fields.Many2one(
        "g2p.spar.change", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="cascade"
    )
    operation = fields.Char(readonly=True)
    outcome = fields.Char("Failure class", readonly=True)
    reason_code = fields.Char("SPAR's code", readonly=True)
    request_id = fields.Char(
        readonly=True, help="The message ID to tell SPAR's support."
    )

    _by_hour = models.Index("(connection_id, create_date)")

    @api.model
    def _log(self, entries, request):
        """Write down for whom a request did not succeed, in one statement.

        :param entries: list of :class:`~..engine.decide.Progress`, as recorded
        :param Request request: what was sent for them
        """
        rows = [
            {
                "mapping_id": entry.id,
                "change_id": entry.wanted_change_id,
                "connection_id": entry.connection_id,
                "outcome": entry.outcome,
                "reason_code": entry.reason_code,
            }
            for entry in entries
            if entry.outcome not in (None, Outcome.DONE.value)
        ]
        if not rows:
            return
        self.env.cr.execute(
            """INSERT INTO g2p_spar_attempt
                      (mapping_id, change_id, connection_id, outcome, reason_code,
                       operation, request_id, create_uid, create_date, write_uid,
                       write_date)
               SELECT v.*, %(operation)s, %(request)s, %(uid)s,
                      clock_timestamp() AT TIME ZONE 'UTC', %(uid)s,
                      clock_timestamp() AT TIME ZONE 'UTC'
                 FROM json_to_recordset(%(rows)s)
                   AS v(mapping_id int, change_id int, connection_id int,
                        outcome text, reason_code text)""",
            {
                "operation": request.operation,
                "request": request.id,
                "uid": self.env.uid,
                "rows": json.dumps(rows),
            },
            log_exceptions=False,
        )

    @api.autovacuum
    def _gc_attempts(self):
        """Delete what is too old to help anybody."""
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        old = self.search([("create_date", "<", before)], limit=CLEAN_UP, order="id")
        old.unlink()
        return len(old), len(old) == CLEAN_UP
