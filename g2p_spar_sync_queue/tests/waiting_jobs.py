"""Reads the jobs that wait, whichever queue runs them."""

from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from odoo.modules.registry import Registry
from odoo.tests import get_db_name

from ..jobs import due_moment


class WaitingJob(NamedTuple):
    """What all queues store of a job that has not begun."""

    model: str
    method: str
    ids: list
    args: list
    eta: Any
    identity_key: str | bool


def queue_of(env):
    """Return which queue the jobs are in: ``queue_job``, ``job_worker``, or none."""
    if "queue.job" not in env:
        return None
    return "job_worker" if "queue.limit" in env else "queue_job"


def table_of(env):
    """Return the table the jobs are in."""
    return "queue_job" if queue_of(env) else "g2p_spar_job"


def waiting_jobs(env, method=None):
    """Return the jobs that wait, in the order they were made.

    :param str method: only those that call it
    :rtype: list[WaitingJob]
    """
    env.flush_all()
    env.invalidate_all()
    read = {None: _kept, "queue_job": _of_queue_job, "job_worker": _of_job_worker}
    jobs = [read[queue_of(env)](row) for row in _rows(env)]
    return [job for job in jobs if method in (None, job.method)]


def forget_jobs(env):
    """Delete all jobs, as if they were lost."""
    env.flush_all()
    env.cr.execute(f"DELETE FROM {table_of(env)}")
    env.invalidate_all()


def run_job(env, method=None):
    """Do what a runner does with the only job that waits, in this transaction."""
    (job,) = waiting_jobs(env, method)
    records = env(user=1, su=True, context={})[job.model].browse(job.ids)
    getattr(records, job.method)(*job.args)


@contextmanager
def trapped_jobs():
    """Collect the jobs that are made, instead of handing them to a queue.

    :return: a list, to which a :class:`WaitingJob` is added for each
    """
    made = []

    def enqueue(_self, records, method, args, eta=None, identity_key=None, **_other):
        at = eta and due_moment(eta)
        job = WaitingJob(records._name, method, records.ids, args, at, identity_key)
        made.append(job)

    with patch.object(Registry(get_db_name())["g2p.spar.job"], "enqueue", enqueue):
        yield made


def _rows(env):
    if queue_of(env):
        waiting = [("state", "in", ("pending", "enqueued", "waiting"))]
        return env["queue.job"].sudo().search(waiting, order="id")
    return env["g2p.spar.job"].sudo().search([], order="id")


def _kept(row):
    # One that is due at once is stored with the moment it was made.
    eta = row.due_at > row.env.cr.now() and row.due_at
    return WaitingJob(
        row.model_name,
        row.method_name,
        row.record_ids or [],
        row.args or [],
        eta,
        row.identity_key,
    )


def _of_queue_job(row):
    return WaitingJob(
        row.model_name,
        row.method_name,
        row.records.ids,
        list(row.args),
        row.eta,
        row.identity_key,
    )


def _of_job_worker(row):
    return WaitingJob(
        row.model_name,
        row.method_name,
        row.record_ids or [],
        row.payload["args"],
        row.scheduled_at,
        row.identity_key,
    )
