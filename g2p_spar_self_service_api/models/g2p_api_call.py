from odoo import api, fields, models
from odoo.exceptions import UserError

#: Rows forgotten in one transaction.
CHUNK = 10_000


class G2pApiCall(models.Model):
    """Who called the API, when, for whom and what became of it.

    Written for every call of an operation, also for those that were refused; never
    with anything that was sent: neither payment data nor tokens nor paths.
    """

    _name = "g2p.api.call"
    _description = "Call of the self-service API"
    _order = "call_date desc, id desc"
    _log_access = False
    _rec_name = "request_id"

    call_date = fields.Datetime("When", readonly=True, required=True)
    request_id = fields.Char(
        "Request ID",
        readonly=True,
        required=True,
        help="The caller was told it, in the header X-Request-Id.",
    )
    client_id = fields.Many2one("g2p.api.client", readonly=True, index="btree_not_null")
    issuer_id = fields.Many2one(
        "g2p.api.issuer",
        "Citizen, by",
        readonly=True,
        index="btree_not_null",
        help="Who issued the token the citizen showed.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Registrant",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    operation = fields.Char(readonly=True, required=True)
    method = fields.Char(readonly=True)
    path = fields.Char(readonly=True, help="Without what stands for a single thing.")
    status = fields.Integer(readonly=True, aggregator=None)
    problem = fields.Char(readonly=True, help="What the caller was told was wrong.")
    took_ms = fields.Integer("Took (ms)", readonly=True, aggregator="avg")

    _recent = models.Index("(call_date)")
    _request = models.Index("(request_id)")

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The calls of the API are kept as they are."))

    @api.autovacuum
    def _gc_calls(self):
        """Forget calls kept as long as the settings say."""
        days = self.env["g2p.fa.settings"].cached_values()["api_call_days"]
        if not days:
            return 0, 0
        self.env.cr.execute(
            """DELETE FROM g2p_api_call WHERE id IN (
                   SELECT id FROM g2p_api_call
                    WHERE call_date < now() AT TIME ZONE 'UTC'
                                      - make_interval(days => %s)
                    LIMIT %s)""",
            [days, CHUNK],
        )
        return self.env.cr.rowcount, self.env.cr.rowcount == CHUNK


def note(cr, call, status, problem=None):
    """Write a call down.

    A function, and one statement: it is part of the time of every call.

    :param cr: the cursor; its transaction is committed by whoever calls
    :param ~..call.Call call: what is known of it
    :param int status: it was answered with
    :param str problem: what was wrong, if anything
    """
    caller = call.caller
    client = caller.record_id if caller and caller.kind == "client" else None
    issuer = caller.record_id if caller and caller.kind == "citizen" else None
    cr.execute(
        """INSERT INTO g2p_api_call (call_date, request_id, client_id, issuer_id,
               partner_id, operation, method, path, status, problem, took_ms)
           VALUES (clock_timestamp() AT TIME ZONE 'UTC', %s, %s, %s, %s, %s, %s, %s,
                   %s, %s, %s)""",
        [
            call.request_id,
            client,
            issuer,
            call.partner_id,
            call.operation,
            call.method,
            call.path,
            status,
            problem,
            call.took_ms,
        ],
    )
