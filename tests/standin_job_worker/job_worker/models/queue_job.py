import json
from datetime import timedelta
from uuid import uuid4

from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID, api, fields, models

from ..jobs import (
    ACTIVE,
    FIRST_WAIT,
    LONGEST_WAIT,
    MAX_RETRIES,
    PRIORITY,
    call,
    encoded,
)


class QueueJob(models.Model):
    _name = "queue.job"
    _description = "Queue Job"
    _order = "priority ASC, scheduled_at ASC NULLS LAST, id ASC"

    payload = fields.Json(required=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("pending", "Pending"),
            ("started", "Started"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        default="pending",
        required=True,
        index=True,
    )
    priority = fields.Integer(default=PRIORITY, index=True)
    scheduled_at = fields.Datetime(index=True)
    channel = fields.Char(index=True)
    attempts = fields.Integer(default=0, readonly=True)
    max_retries = fields.Integer(default=MAX_RETRIES)
    timeout = fields.Integer(default=0)
    exc_info = fields.Text(readonly=True)
    heartbeat = fields.Datetime(index=True)
    worker_id = fields.Char(index=True)
    identity_key = fields.Char(index=True)
    started_at = fields.Datetime(readonly=True)
    completed_at = fields.Datetime(readonly=True)
    cancelled_at = fields.Datetime(readonly=True)
    name = fields.Char()
    uuid = fields.Char(default=lambda self: str(uuid4()), readonly=True, copy=False)
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    model_name = fields.Char(compute="_compute_of_payload", store=True, index=True)
    method_name = fields.Char(compute="_compute_of_payload", store=True, index=True)
    record_ids = fields.Json(compute="_compute_of_payload", store=True)

    def init(self):
        """Have an identity key be held by one job that has not ended."""
        self.env.cr.execute(
            """CREATE UNIQUE INDEX IF NOT EXISTS queue_job_identity_key_active_uniq
                   ON queue_job (identity_key)
                WHERE state IN ('waiting', 'pending', 'started')"""
        )

    @api.depends("payload")
    def _compute_of_payload(self):
        for job in self:
            payload = job.payload or {}
            job.model_name = payload.get("model")
            job.method_name = payload.get("method")
            job.record_ids = payload.get("ids")

    @api.model
    def enqueue(
        self,
        model_name,
        method_name,
        record_ids,
        args,
        kwargs,
        channel=None,
        priority=None,
        max_retries=None,
        eta=None,
        description=None,
        identity_key=None,
        timeout=None,
    ):
        """Make a job; return it, or the one that holds the identity key."""
        if model_name not in self.env:
            raise ValueError(f"there is no model {model_name!r}")
        if found := self._holder(identity_key):
            return found
        payload = {
            "model": model_name,
            "method": method_name,
            "ids": list(record_ids or []),
            "args": list(args or []),
            "kwargs": dict(kwargs or {}),
        }
        values = {
            "payload": json.loads(json.dumps(payload, default=encoded)),
            "priority": PRIORITY if priority is None else priority,
            "channel": channel or "root",
            "max_retries": MAX_RETRIES if max_retries is None else max_retries,
            "timeout": timeout or 0,
            "scheduled_at": eta and fields.Datetime.to_datetime(eta),
            "identity_key": identity_key or None,
            "name": description or False,
            "company_id": self.env.company.id,
        }
        try:
            with self.env.cr.savepoint():
                job = self.create(values)
        except IntegrityError:
            if found := self._holder(identity_key):
                return found
            raise
        self.env.cr.execute("NOTIFY queue_job_wake_up")
        return job

    def _holder(self, key):
        held = [("identity_key", "=", key), ("state", "in", ACTIVE)]
        return key and self.search(held, limit=1)

    # === THE WORKER === #

    @api.model
    def work_off(self):
        """Run all jobs that are due, one after the other, each to its end.

        What a worker's thread does, in this transaction.

        :return: how many.
        """
        count = 0
        while job := self._next():
            now = fields.Datetime.now()
            job.write({"state": "started", "started_at": now, "heartbeat": now})
            self.env.flush_all()
            try:
                with self.env.cr.savepoint():
                    call(job)
            except Exception as error:  # pylint: disable=broad-except
                job._failed(error)
            else:
                job.write({"state": "done", "completed_at": fields.Datetime.now()})
            count += 1
        return count

    def _next(self):
        now = fields.Datetime.now()
        due = ["|", ("scheduled_at", "=", False), ("scheduled_at", "<=", now)]
        jobs = self.with_user(SUPERUSER_ID).search([("state", "=", "pending"), *due])
        return next((job for job in jobs if job._has_room()), None)

    def _has_room(self):
        limit = self.env["queue.limit"].search([("name", "=", self.channel)])
        running = [("state", "=", "started"), ("channel", "=", self.channel)]
        return self.search_count(running) < (limit.limit if limit else 1)

    def _failed(self, error):
        self.attempts += 1
        self.exc_info = type(error).__name__
        if self.attempts > self.max_retries:
            self.write({"state": "failed", "completed_at": fields.Datetime.now()})
            return
        wait = min(FIRST_WAIT * 2 ** (self.attempts - 1), LONGEST_WAIT)
        at = fields.Datetime.now() + timedelta(seconds=wait)
        self.write({"state": "pending", "scheduled_at": at})


class QueueLimit(models.Model):
    _name = "queue.limit"
    _description = "Limit of a channel"

    name = fields.Char(required=True, index=True)
    limit = fields.Integer(default=1, required=True)
    rate_limit = fields.Integer(default=0)

    _name_uniq = models.Constraint("UNIQUE(name)", "A channel has one limit.")


class QueueJobChannel(models.Model):
    _name = "queue.job.channel"
    _description = "Channel, for filters"
    _log_access = False

    name = fields.Char(required=True, index=True)


class QueueJobFunction(models.Model):
    _name = "queue.job.function"
    _description = "Function, for filters"
    _log_access = False

    name = fields.Char(required=True, index=True)
