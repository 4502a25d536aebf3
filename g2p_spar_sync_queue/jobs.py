"""Jobs in the background: as whom they run, and the one way to make them."""

import json
import logging
import traceback
from datetime import datetime, timedelta
from functools import partial

from psycopg2 import OperationalError
from psycopg2.errors import ReadOnlySqlTransaction
from psycopg2.extras import Json

from odoo import SUPERUSER_ID, fields
from odoo.tools.sql import column_exists

_logger = logging.getLogger(__name__)

#: Of all jobs, in queues that have channels.
CHANNEL = "root.spar"
#: Of a job, unless another is named; a smaller one goes first.
PRIORITY = 10


def later(records, **properties):
    """Prepare a job as the system user: ``later(records).job_sync()`` makes it.

    A job is loaded as the user, and in the company and language, it was made with. One
    of a deleted user can never be loaded, and blocks its channel. Only the company and
    the language are kept.

    :param records: whose method is the job. Its name is public, because not every queue
        takes others, and it is ``@api.private``. Its arguments are what JSON can hold
    :param properties: ``priority``; ``eta``, seconds from now or a moment in UTC;
        ``identity_key``, of which one job waits at a time, beside one that is running;
        ``description``
    """
    # The row itself has no company, so it is everybody's. The person who saves an
    # address waits for this: a company that is given is not read from the system user.
    context = {"company_id": False, "allowed_company_ids": records.env.company.ids}
    if lang := records.env.context.get("lang"):
        context["lang"] = lang
    env = records.env(user=SUPERUSER_ID, su=True, context=context)
    return _Later(records.with_env(env), properties)


class _Later:
    """Makes a job of whichever method is called."""

    def __init__(self, records, properties):
        self._records = records
        self._properties = properties

    def __getattr__(self, method):
        return partial(_hand_to_queue, self._records, method, self._properties)


def _hand_to_queue(records, method, properties, *args):
    """Hand a job to the queue; keep it for Odoo's cron when the queue refuses it.

    The work that caused the job must not fail for that.
    """
    env = records.env
    jobs = env["g2p.spar.job"]
    # What was written until now must stay when only the job is undone.
    env.flush_all()
    try:
        with env.cr.savepoint(flush=False):
            jobs.enqueue(records, method, args, **properties)
            env.flush_all()
    except (OperationalError, ReadOnlySqlTransaction):
        # Odoo runs the whole transaction again.
        raise
    except Exception as error:  # pylint: disable=broad-except
        env.clear()
        # Without its text, which may contain data of a registrant.
        place = "".join(traceback.format_tb(error.__traceback__))
        _logger.error(
            "%s: the queue refused a job, a scheduled action will run it:\n%s",
            type(error).__name__,
            place,
        )
        jobs.keep(records, method, args, **properties)


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


def due_moment(eta):
    """Return the moment in UTC that the ``eta`` of a job means, without fractions."""
    if isinstance(eta, int | float):
        eta = fields.Datetime.now() + timedelta(seconds=eta)
    return eta.replace(microsecond=0)


def as_moment(argument):
    """Return the moment that an argument of a job says in ISO's form.

    Jobs of earlier versions have the moment itself.
    """
    is_text = isinstance(argument, str)
    return datetime.fromisoformat(argument) if is_text else argument


def hand_over(cr, models):
    """Give jobs of OCA's queue that have not ended to the system user; for upgrades.

    :param models: names of the models whose jobs these are
    """
    if not column_exists(cr, "queue_job", "records"):
        return
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
