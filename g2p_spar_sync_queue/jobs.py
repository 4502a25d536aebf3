"""Jobs in the background: as whom they run, and which of them cannot run."""

import json
from datetime import timedelta

import requests
from psycopg2.extras import Json

from odoo import SUPERUSER_ID, fields
from odoo.http import db_filter

from odoo.addons.queue_job.job import CANCELLED, ENQUEUED, PENDING, Job
from odoo.addons.queue_job.jobrunner.runner import (
    PG_ADVISORY_LOCK_ID,
    QueueJobRunner,
)

#: Beginning of the names of the models whose jobs may be set aside here.
OURS = "g2p."
#: Seconds after which the runner has tried a job more than once.
REACHED_AFTER = 30


def later(records, **properties):
    """Prepare a job as the system user.

    A job is loaded as the user, and in the company and language, it was made with. One
    of a deleted user can never be loaded, and blocks its channel. Only the company and
    the language are kept.

    :param records: whose method is the job
    :param properties: of the job, as of ``with_delay``
    """
    # The row itself has no company, so it is everybody's. The person who saves an
    # address waits for this: a company that is given is not read from the system user.
    context = {"company_id": False, "allowed_company_ids": records.env.company.ids}
    if lang := records.env.context.get("lang"):
        context["lang"] = lang
    env = records.env(user=SUPERUSER_ID, su=True, context=context)
    return records.with_env(env).with_delay(**properties)


def on_behalf(records, requester):
    """Return records as the person sees them who asked for a job.

    What they may do is checked again by the caller: rights may be gone by now.

    :param records: what the job is about
    :param requester: the ``res.users`` on its record; empty once deleted
    :return: the records, or None when the person is deleted or archived
    """
    person = requester.sudo()
    # The system user is always archived.
    if not person.active and not (person and person._is_superuser()):
        return None
    env = records.env(user=person.id, su=False, context={"lang": person.lang})
    return records.with_env(env)


def is_runner_there(env):
    """Return whether a job runner holds the lock on this database."""
    env.cr.execute(
        """SELECT EXISTS (
               SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                  AND d.datname = current_database()
                  AND (l.classid::bigint << 32) | l.objid::bigint = %s)""",
        [PG_ADVISORY_LOCK_ID],
    )
    return env.cr.fetchone()[0]


def runner_troubles(env):
    """Return why jobs are not run, as far as it can be seen from here.

    The runner starts a job by a call to this server, which a proxy or the filter of
    databases may lead away. It is not told, and tries again.

    :return: ``no_runner``, ``hidden_database``, ``proxy``, or ``not_reached`` for any
        other cause
    :rtype: list[str]
    """
    if not is_runner_there(env):
        return ["no_runner"]
    runner = QueueJobRunner.from_environ_or_config()
    url = f"{runner.scheme}://{runner.host}:{runner.port}/"
    found = []
    if not db_filter([env.cr.dbname], host=runner.host):
        found.append("hidden_database")
    if requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)):
        found.append("proxy")
    if not found and _is_not_reached(env):
        found.append("not_reached")
    return found


def _is_not_reached(env):
    """Return whether a job that could run was tried for some time, in vain."""
    before = fields.Datetime.now() - timedelta(seconds=REACHED_AFTER)
    tried = (
        env["queue.job"]
        .sudo()
        .search(
            [
                ("state", "in", (ENQUEUED, PENDING)),
                ("date_enqueued", "!=", False),
                ("date_created", "<", before),
                "|",
                ("eta", "=", False),
                ("eta", "<", before),
            ],
            limit=10,
        )
    )
    return any(map(_can_be_loaded, ours(tried)))


def unreadable(env):
    """Return the jobs that the runner has tried to start and that cannot be loaded.

    :rtype: ``queue.job``
    """
    tried = (
        env["queue.job"]
        .sudo()
        .search([("state", "in", (ENQUEUED, PENDING)), ("date_enqueued", "!=", False)])
    )
    return tried.filtered(lambda job: not _can_be_loaded(job))


def _can_be_loaded(job):
    try:
        Job.load(job.with_user(SUPERUSER_ID).env, job.uuid)
    except Exception:  # pylint: disable=broad-except
        # Whatever it is, the runner fails in the same way.
        return False
    return True


def ours(jobs):
    """Return those of these jobs that are of this suite."""
    return jobs.filtered(lambda job: (job.model_name or "").startswith(OURS))


def set_aside(env):
    """Cancel the jobs of this suite that cannot be loaded.

    A wake-up that is lost is harmless; other work has to be woken for again.
    """
    ours(unreadable(env)).write(
        {"state": CANCELLED, "date_cancelled": fields.Datetime.now()}
    )


def hand_over(cr, models):
    """Give jobs that have not ended to the system user; for upgrades.

    :param models: names of the models whose jobs these are
    """
    cr.execute(
        """SELECT id, records FROM queue_job
            WHERE model_name = ANY(%s) AND state NOT IN ('done', 'cancelled')""",
        [list(models)],
    )
    for id_, stored in cr.fetchall():
        # Stored in one statement, it is JSON within JSON.
        is_text = isinstance(stored, str)
        records = json.loads(stored) if is_text else stored
        context = records.get("context") or {}
        kept = {"lang": context["lang"]} if context.get("lang") else {}
        records.update(uid=SUPERUSER_ID, su=True, context=kept)
        cr.execute(
            "UPDATE queue_job SET records = %s, user_id = %s WHERE id = %s",
            [Json(json.dumps(records) if is_text else records), SUPERUSER_ID, id_],
        )
