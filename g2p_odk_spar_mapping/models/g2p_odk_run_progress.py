from odoo import api, fields, models

#: Of the events of a run, those that tell of a submission that was read.
READ = ("new", "changed", "unchanged", "restored")


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

    @api.depends("state", "unread_count", *(f"{name}_count" for name in READ))
    def _compute_progress(self):
        running = self.filtered(lambda run: run.state == "running")
        by_form = {form: form.staged_count for form in running.form_id}
        for run in self:
            run.left_count = by_form.get(run.form_id, 0) if run in running else 0
            run.progress = run._progress() if run in running else 100.0

    def _progress(self):
        """Return how much of what Central told is applied, in percent."""
        read = sum(self[f"{name}_count"] for name in READ)
        done = max(read - self.left_count, 0)
        whole = read + self.unread_count
        return 100.0 * done / whole if whole else 100.0
