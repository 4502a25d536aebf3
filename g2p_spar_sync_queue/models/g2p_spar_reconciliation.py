import time
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone

from ..comparison.run import work
from ..jobs import later

#: Seconds after which a job hands what is left to the next one.
JOB_SECONDS = 45
#: Seconds without a step after which the job of a run counts as lost.
STALE_AFTER = 300


class G2pSparReconciliation(models.Model):
    """One comparison of everything we hold with what SPAR holds.

    It only asks. It goes on after a kill from where it had come to, and leaves out
    whatever the engine is busy with.
    """

    _name = "g2p.spar.reconciliation"
    _description = "Comparison with SPAR"
    _order = "id desc"

    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="cascade"
    )
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("cancelled", "Cancelled")],
        required=True,
        default="running",
        readonly=True,
    )
    last_mapping_id = fields.Integer(
        readonly=True, default=0, help="Where it has come to."
    )
    total = fields.Integer("To compare", readonly=True)
    checked = fields.Integer("Compared", readonly=True, default=0)
    progress = fields.Float(compute="_compute_progress")
    finished_at = fields.Datetime("Finished", readonly=True)
    resume_for_id = fields.Many2one(
        "res.users",
        string="Resumes for",
        readonly=True,
        help="When nothing differs, sending goes on in this manager's name.",
    )
    line_ids = fields.One2many(
        "g2p.spar.reconciliation.line", "reconciliation_id", string="Differences"
    )
    line_count = fields.Integer("Differences found", compute="_compute_line_count")

    _one_at_a_time = models.UniqueIndex(
        "(connection_id) WHERE state = 'running'",
        "A comparison with this SPAR is running already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("create_date")
    def _compute_display_name(self):
        for run in self:
            run.display_name = f"{run.connection_id.name} {run.create_date:%Y-%m-%d}"

    @api.depends("checked", "total", "state")
    def _compute_progress(self):
        for run in self:
            part = run.checked / run.total if run.total else 1.0
            run.progress = 100.0 if run.state == "done" else min(99.0, 100 * part)

    @api.depends("line_ids")
    def _compute_line_count(self):
        counts = dict(
            self.env["g2p.spar.reconciliation.line"]._read_group(
                [("reconciliation_id", "in", self.ids)],
                ["reconciliation_id"],
                ["__count"],
            )
        )
        for run in self:
            run.line_count = counts.get(run, 0)

    # === ACTION METHODS === #

    def action_cancel(self):
        """Stop comparing; what was found stays, and nothing is resumed.

        :raise AccessError: when the user is no operator in all companies of the
            connection
        """
        self._check_may_stop()
        running = self.sudo().filtered(lambda run: run.state == "running")
        running.write(
            {
                "state": "cancelled",
                "finished_at": fields.Datetime.now(),
                "resume_for_id": False,
            }
        )

    def _check_may_stop(self):
        self.env["g2p.spar.mapping"]._check_operator()
        self.check_access("read")
        self.connection_id._check_companies()

    # === JOBS === #

    @api.model
    def _start(self, connections):
        """Begin to compare with each SPAR that is not being compared with already.

        :rtype: ``g2p.spar.reconciliation``
        """
        busy = self.search([("state", "=", "running")]).connection_id
        runs = self.create(
            [
                {
                    "connection_id": connection.id,
                    "total": self.env["g2p.spar.mapping"].search_count(
                        [("connection_id", "=", connection.id)]
                    ),
                }
                for connection in connections - busy
            ]
        )
        runs._wake_up()
        return runs

    @api.model
    def _cron_start(self):
        """Compare with every SPAR that is in use."""
        running = [("state", "=", "running")]
        for connection in self.env["g2p.spar.connection"].search(running):
            alone(self.env, self._start, connection)

    @api.model
    def _wake_up_stale(self):
        """Go on with runs whose job was lost."""
        before = fields.Datetime.now() - timedelta(seconds=STALE_AFTER)
        self.search([("state", "=", "running"), ("write_date", "<", before)])._wake_up()

    def _wake_up(self, eta=None):
        for run in self:
            later(
                run,
                eta=eta,
                priority=20,
                identity_key=f"spar-reconciliation-{run.id}",
                description=self.env._("Compare with SPAR"),
            ).job_run()

    @api.private
    def job_run(self):
        """Job: go on comparing, for as long as a job may last."""
        for run in self.exists():
            work(run, time.monotonic() + JOB_SECONDS)
