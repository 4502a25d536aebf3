import functools
from datetime import timedelta

import requests

from odoo import SUPERUSER_ID, api, fields, models
from odoo.http import db_filter
from odoo.tools import config

from odoo.addons.g2p_spar_sync_queue.jobs import CHANNEL
from odoo.addons.queue_job.job import CANCELLED, ENQUEUED, PENDING, Job
from odoo.addons.queue_job.jobrunner.runner import (
    PG_ADVISORY_LOCK_ID,
    QueueJobRunner,
)

#: Beginning of the names of the models whose jobs may be set aside here.
OURS = "g2p."
#: Seconds after which the runner has tried a job more than once.
REACHED_AFTER = 30


class G2pSparJob(models.Model):
    _inherit = "g2p.spar.job"

    @api.private
    @api.model
    def enqueue(self, records, method, args, **properties):
        """Make a job of OCA's queue, where its runner reaches the server."""
        if self.is_kept():
            self.keep(records, method, args, **properties)
            return
        getattr(records.with_delay(channel=CHANNEL, **properties), method)(*args)

    @api.private
    @api.model
    def is_kept(self):
        """Return whether jobs are kept: the configuration lets no runner start them.

        Asked for each job, so without a query where queue_job is loaded.
        """
        is_loaded = "queue_job" in config["server_wide_modules"]
        return bool(self._led_away()) or not (is_loaded or self.is_runner_there())

    @api.private
    @api.model
    def is_runner_there(self):
        """Return whether a job runner holds the lock on this database."""
        self.env.cr.execute(
            """SELECT EXISTS (
                   SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                      AND d.datname = current_database()
                      AND (l.classid::bigint << 32) | l.objid::bigint = %s)""",
            [PG_ADVISORY_LOCK_ID],
        )
        return self.env.cr.fetchone()[0]

    @api.private
    @api.model
    def troubles(self):
        """Return why jobs are not run, as far as it can be seen from here.

        The runner starts a job by a call to this server, which a proxy or the filter of
        databases may lead away. It is not told, and tries again.
        """
        advice = {
            "no_runner": self.env._(
                "No job runner is working. Have the server started with queue_job "
                "among its server-wide modules (--load=base,web,queue_job), and with "
                "room in its channel “root”."
            ),
            "hidden_database": self.env._(
                "The setting dbfilter hides this database from the job runner. Set "
                "“host” in the section [queue_job] of Odoo's configuration to a name "
                "that the filter lets through, or name the database in db_name and "
                "leave dbfilter out."
            ),
            "proxy": self.env._(
                "A proxy in the environment of the server (HTTP_PROXY) gets the calls "
                "of the job runner to the server itself. Set "
                "NO_PROXY=localhost,127.0.0.1 as well, with the “host” of the "
                "section [queue_job] if there is one."
            ),
            "not_reached": self.env._(
                "The job runner works, but its calls do not reach the server. Look "
                "at the log for “exception in GET”, and set “host” and “port” in the "
                "section [queue_job] of Odoo's configuration."
            ),
        }
        found = {name: advice[name] for name in self._runner_troubles()}
        return {**super().troubles(), **found}

    @api.private
    @api.model
    def count_unreadable(self):
        """Return how many jobs were tried to start and cannot be loaded."""
        unreadable = self._unreadable()
        mine = ours(unreadable)
        return len(mine), len(unreadable - mine)

    @api.private
    @api.model
    def set_aside(self):
        """Cancel the jobs of this suite that cannot be loaded."""
        ours(self._unreadable()).write(
            {"state": CANCELLED, "date_cancelled": fields.Datetime.now()}
        )

    def _runner_troubles(self):
        if not self.is_runner_there():
            return ["no_runner"]
        found = self._led_away()
        if not found and self._is_not_reached():
            found.append("not_reached")
        return found

    def _led_away(self):
        """Return what leads the calls of the runner away from this server."""
        host, has_proxy = way_of_runner()
        found = []
        if not db_filter([self.env.cr.dbname], host=host):
            found.append("hidden_database")
        if has_proxy:
            found.append("proxy")
        return found

    def _is_not_reached(self):
        """Return whether a job that could run was tried for some time, in vain."""
        before = fields.Datetime.now() - timedelta(seconds=REACHED_AFTER)
        tried = self._tried(
            [
                ("date_created", "<", before),
                "|",
                ("eta", "=", False),
                ("eta", "<", before),
            ],
            limit=10,
        )
        return any(map(can_be_loaded, ours(tried)))

    def _unreadable(self):
        """Return the jobs that the runner has tried to start and that cannot be loaded.

        :rtype: ``queue.job``
        """
        return self._tried().filtered(lambda job: not can_be_loaded(job))

    def _tried(self, domain=(), limit=None):
        tried = [
            ("state", "in", (ENQUEUED, PENDING)),
            ("date_enqueued", "!=", False),
            *domain,
        ]
        return self.env["queue.job"].sudo().search(tried, limit=limit)


@functools.cache
def way_of_runner():
    """Return the host that the runner calls, and whether a proxy gets its calls.

    The server's configuration and environment are read once, because they stay until it
    is restarted: each saved address asks, and ``QueueJobRunner`` writes a line to the
    log when it is made.

    :rtype: tuple[str, bool]
    """
    runner = QueueJobRunner.from_environ_or_config()
    url = f"{runner.scheme}://{runner.host}:{runner.port}/"
    proxies = requests.utils.get_environ_proxies(url)
    return runner.host, bool(requests.utils.select_proxy(url, proxies))


def can_be_loaded(job):
    """Return whether the runner can load this job."""
    try:
        Job.load(job.with_user(SUPERUSER_ID).env, job.uuid)
    except Exception:  # pylint: disable=broad-except
        # Whatever it is, the runner fails in the same way.
        return False
    return True


def ours(jobs):
    """Return those of these jobs that are of this suite."""
    return jobs.filtered(lambda job: (job.model_name or "").startswith(OURS))
