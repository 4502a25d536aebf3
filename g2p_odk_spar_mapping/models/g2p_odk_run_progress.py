from odoo import api, fields, models


class G2pOdkRun(models.Model):
    """How far a run has come, for whoever watches it."""

    _inherit = "g2p.odk.run"

    took = fields.Float(
        "Took (seconds)", compute="_compute_took", help="Until now, while it runs."
    )
    left_count = fields.Integer(
        "Left to apply",
        compute="_compute_progress",
        help="Submissions of this form that are fetched and not applied yet.",
    )
    progress = fields.Float(compute="_compute_progress")

    @api.depends("started", "ended")
    def _compute_took(self):
        now = fields.Datetime.now()
        for run in self:
            run.took = ((run.ended or now) - run.started).total_seconds()

    @api.depends("state", "new_count", "changed_count", "restored_count")
    def _compute_progress(self):
        running = self.filtered(lambda run: run.state == "running")
        left = running.form_id.mapped(lambda form: (form, form.staged_count))
        by_form = dict(left)
        for run in self:
            run.left_count = by_form.get(run.form_id, 0) if run in running else 0
            read = run.new_count + run.changed_count + run.restored_count
            done = max(read - run.left_count, 0)
            run.progress = 100.0 * done / read if read and run in running else 100.0
