import time

from odoo import SUPERUSER_ID, api, fields, models

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone

from ..jobs import PRIORITY, due_moment
from ..transactions import commit_with_retry

CRON = "g2p_spar_sync_queue.cron_jobs"
#: How long the scheduled action may take at a time.
CRON_SECONDS = 45
#: Seconds after which a job that has not ended is run again: longer than any lasts.
LEASE = 600
MAX_ATTEMPTS = 5


class G2pSparJob(models.Model):
    """Jobs that a scheduled action runs, and what is asked of a queue.

    Without a queue these are all jobs. The addon that goes between this one and a
    queue overrides :meth:`enqueue` and what follows it; :meth:`keep` stays, for jobs
    that the queue refuses.
    """

    _name = "g2p.spar.job"
    _description = "SPAR job in the background"
    _order = "priority, id"
    _log_access = False

    model_name = fields.Char(required=True, readonly=True)
    method_name = fields.Char(required=True, readonly=True)
    record_ids = fields.Json(readonly=True)
    args = fields.Json(readonly=True)
    lang = fields.Char(readonly=True)
    description = fields.Char(readonly=True)
    priority = fields.Integer(readonly=True)
    due_at = fields.Datetime(required=True, readonly=True, index=True)
    identity_key = fields.Char(readonly=True, index="btree_not_null")
    attempts = fields.Integer(readonly=True)

    # === WHAT A QUEUE DOES === #

    @api.private
    @api.model
    def enqueue(self, records, method, args, **properties):
        """Have a method called in the background; for :func:`~..jobs.later` only.

        Committed or rolled back with the caller's transaction.

        :param records: as the system user
        :param str method: a public name
        :param tuple args: what JSON can hold
        :param properties: those of :func:`~..jobs.later`
        """
        self.keep(records, method, args, **properties)

    @api.private
    @api.model
    def is_kept(self):
        """Return whether :meth:`enqueue` keeps jobs for the scheduled action.

        :rtype: bool
        """
        return True

    @api.private
    @api.model
    def is_runner_there(self):
        """Return whether jobs are run.

        :rtype: bool
        """
        return not self.troubles()

    @api.private
    @api.model
    def troubles(self):
        """Return why jobs are not run, and what to set, by the name of the cause.

        :rtype: dict[str, str]
        """
        cron = self.env.ref(CRON, False)
        if cron and cron.sudo().active:
            return {}
        return {
            "no_cron": self.env._(
                "The scheduled action “SPAR: run jobs” is switched off. An "
                "administrator can switch it on again under Scheduled Actions."
            )
        }

    @api.private
    @api.model
    def count_unreadable(self):
        """Return how many jobs the queue can never start, and so hold up others.

        :return: of this suite, and of other apps
        :rtype: tuple[int, int]
        """
        return 0, 0

    @api.private
    @api.model
    def set_aside(self):
        """Cancel the jobs of this suite that can never be started.

        A wake-up that is lost is harmless; other work has to be woken for again.
        """

    # === WITHOUT A QUEUE === #

    @api.private
    @api.model
    def keep(
        self,
        records,
        method,
        args,
        priority=PRIORITY,
        eta=None,
        identity_key=None,
        description=None,
    ):
        """Keep a job for the scheduled action; parameters as of :meth:`enqueue`."""
        jobs = self.sudo()
        same = [("identity_key", "=", identity_key)]
        if identity_key and jobs.search_count(same, limit=1):
            return
        now = fields.Datetime.now()
        due_at = due_moment(eta) if eta else now
        jobs.create(
            {
                "model_name": records._name,
                "method_name": method,
                "record_ids": records.ids,
                "args": args,
                "lang": records.env.context.get("lang"),
                "description": description,
                "priority": priority,
                "due_at": due_at,
                "identity_key": identity_key,
            }
        )
        if cron := self.env.ref(CRON, False):
            cron.sudo()._trigger(max(due_at, now))

    @api.model
    def _cron_run(self):
        """Run the jobs that are due."""
        deadline = time.monotonic() + CRON_SECONDS
        while time.monotonic() < deadline:
            job = alone(self.env, commit_with_retry, self.env, self._claim)
            if not job:
                return
            alone(self.env, self._run, *job)
        self.env.ref(CRON)._trigger()

    def _claim(self):
        """Return the next job that is due, or None. It is lent, in case this is killed.

        A job of the same kind may be made from now on: this one may have passed what
        that one is for.
        """
        cr = self.env.cr
        cr.execute(
            """DELETE FROM g2p_spar_job
                WHERE attempts >= %s AND due_at <= clock_timestamp() AT TIME ZONE 'UTC'
            """,
            [MAX_ATTEMPTS],
        )
        cr.execute(
            """UPDATE g2p_spar_job
                  SET attempts = COALESCE(attempts, 0) + 1, identity_key = NULL,
                      due_at = clock_timestamp() AT TIME ZONE 'UTC'
                               + %s * INTERVAL '1 second'
                WHERE id = (SELECT id FROM g2p_spar_job
                             WHERE due_at <= clock_timestamp() AT TIME ZONE 'UTC'
                             ORDER BY priority, id LIMIT 1
                               FOR UPDATE SKIP LOCKED)
            RETURNING id, model_name, method_name, record_ids, args, lang""",
            [LEASE],
        )
        return cr.fetchone()

    def _run(self, job, model, method, ids, args, lang):
        context = {"lang": lang} if lang else {}
        env = self.env(user=SUPERUSER_ID, su=True, context=context)
        getattr(env[model].browse(ids or ()), method)(*(args or ()))
        self.env.cr.execute("DELETE FROM g2p_spar_job WHERE id = %s", [job])
