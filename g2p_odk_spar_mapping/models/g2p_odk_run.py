from datetime import timedelta

from odoo import api, fields, models

#: Days after which runs without new submissions are deleted.
KEPT_DAYS = 30

#: Counted events of submissions; each has a field ``<event>_count``.
EVENTS = ("new", "changed", "unchanged", "deleted", "restored", "set_aside")

#: Events of submissions that were read in the run.
READ = ("new", "changed", "unchanged", "restored")


class G2pOdkRun(models.Model):
    """One run: a query of Central for one form, with its results."""

    _name = "g2p.odk.run"
    _description = "ODK run"
    _order = "id desc"
    form_id = fields.Many2one(
        "g2p.odk.form", required=True, readonly=True, ondelete="cascade", index=True
    )
    started = fields.Datetime(readonly=True, required=True, default=fields.Datetime.now)
    ended = fields.Datetime(readonly=True)
    state = fields.Selection(
        [
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cut", "Cut short"),
        ],
        required=True,
        readonly=True,
        default="running",
    )
    phase = fields.Selection(
        [
            ("resume", "Going on where a run stopped"),
            ("fetch", "Reading what is new"),
            ("compare", "Comparing all"),
        ],
        "Doing",
        required=True,
        readonly=True,
        default="fetch",
    )
    unread_count = fields.Integer(
        "Left to read",
        readonly=True,
        help="Submissions at Central that this run has not come to yet.",
    )
    swept = fields.Boolean("Compared all", readonly=True)
    new_count = fields.Integer("New", readonly=True)
    changed_count = fields.Integer("Changed", readonly=True)
    unchanged_count = fields.Integer("Unchanged", readonly=True)
    deleted_count = fields.Integer("Deleted", readonly=True)
    restored_count = fields.Integer("Restored", readonly=True)
    set_aside_count = fields.Integer("Set aside", readonly=True)
    message = fields.Char(readonly=True)
    took = fields.Float(
        "Took (seconds)", compute="_compute_took", help="Until now, while it runs."
    )
    left_count = fields.Integer(
        "Left to apply",
        compute="_compute_progress",
        help="Submissions of this form that are fetched and not applied yet.",
    )
    progress = fields.Float(compute="_compute_progress")

    # === COMPUTE METHODS === #

    @api.depends("form_id", "started")
    def _compute_display_name(self):
        for run in self:
            run.display_name = f"{run.form_id.name} {run.started:%Y-%m-%d %H:%M}"

    # === BUSINESS METHODS === #

    def _count(self, events):
        """Add to the counts of the run.

        :param events: a ``Counter`` of :data:`EVENTS`
        """
        self.write(
            {f"{name}_count": self[f"{name}_count"] + events[name] for name in events}
        )

    def _end(self, state, message=False):
        """Close the run.

        :param str state: ``done``, ``failed`` or ``cut``
        :param str message: the result in words; by default the counts
        """
        self.write(
            {
                "state": state,
                "ended": fields.Datetime.now(),
                "message": message or self._summary(),
            }
        )

    def _summary(self):
        """Return the results of the run in words."""
        parts = [
            (self.new_count, self.env._("%s new")),
            (self.changed_count, self.env._("%s changed")),
            (self.deleted_count, self.env._("%s deleted at Central")),
            (self.restored_count, self.env._("%s restored at Central")),
            (self.set_aside_count, self.env._("%s set aside")),
        ]
        told = ", ".join(text % count for count, text in parts if count)
        return told or self.env._("Nothing new.")

    @api.autovacuum
    def _forget_idle(self):
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        idle = [(f"{name}_count", "=", 0) for name in EVENTS if name != "unchanged"]
        self.search(
            [("state", "=", "done"), ("started", "<", before), *idle], limit=10_000
        ).unlink()

    # === PROGRESS === #

    # The progress of a run.

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
        """Return the share of the read submissions that are applied, in percent."""
        read = sum(self[f"{name}_count"] for name in READ)
        done = max(read - self.left_count, 0)
        whole = read + self.unread_count
        return 100.0 * done / whole if whole else 100.0
