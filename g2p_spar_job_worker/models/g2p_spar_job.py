from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.g2p_spar_sync_queue.jobs import CHANNEL, due_moment

#: Seconds after which a worker would have taken a job that is due.
TAKEN_AFTER = 60
#: States in which a job holds its identity key.
ACTIVE = ("waiting", "pending", "started")


class G2pSparJob(models.Model):
    _inherit = "g2p.spar.job"

    @api.private
    @api.model
    def enqueue(self, records, method, args, eta=None, identity_key=None, **properties):
        """Make a job of OpenSPP's queue, unless one of the same kind waits."""
        if identity_key and not (identity_key := self._free_key(identity_key)):
            return
        delayed = records.with_delay(
            channel=CHANNEL,
            eta=eta and due_moment(eta),
            identity_key=identity_key,
            **properties,
        )
        getattr(delayed, method)(*args)

    @api.private
    @api.model
    def is_kept(self):
        """Jobs wait for OpenSPP's workers: none of their causes is seen from here."""
        return False

    def _free_key(self, key):
        """Return the identity key for another job, or None while one waits.

        This queue counts a job that has started as one that waits. But a job that has
        started may have passed what the next one is for, and hands over to it.
        """
        jobs = self.env["queue.job"].sudo()
        holds = [("state", "in", ACTIVE)]
        while job := jobs.search([("identity_key", "=", key), *holds], limit=1):
            if job.state != "started":
                return None
            key = f"{key}~{job.id}"
        return key

    @api.private
    @api.model
    def troubles(self):
        """Return why jobs are not run: no worker takes those that are due."""
        found = super().troubles()
        before = fields.Datetime.now() - timedelta(seconds=TAKEN_AFTER)
        jobs = self.env["queue.job"].sudo()
        left = [
            ("state", "=", "pending"),
            ("channel", "=", CHANNEL),
            ("create_date", "<", before),
            "|",
            ("scheduled_at", "=", False),
            ("scheduled_at", "<", before),
        ]
        started = [("state", "=", "started"), ("channel", "=", CHANNEL)]
        if jobs.search_count(left, limit=1) and not jobs.search_count(started, limit=1):
            found["no_runner"] = self.env._(
                "No worker takes the jobs that wait. Have a worker process of "
                "job_worker started for this database."
            )
        return found
