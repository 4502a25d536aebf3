"""What OpenSPP's ``job_worker`` does with a job, as far as the SPAR addons see it.

Facts of its public source, version 1.1 to 1.3, told in other words and code:

- ``with_delay(...)`` takes priority, eta, max_retries, description, channel,
  identity_key, scheduled_at and timeout. A method whose name begins with ``_`` is an
  ``AttributeError``. The channel is a plain text, ``root`` when none is named.
- A number of seconds as ``eta`` is added to the local time of the process.
- An identity key is held by jobs that wait, are pending or have *started*: a unique
  index says so, and another job with the key is not made; the one there is returned.
- Arguments are stored as JSON, with dates, moments and records in a form of its own.
- A job runs as its user, in its company, with ``allowed_company_ids`` of that company
  alone, in the language of the user. The language of who made it is lost.
- Records that are gone are an error. An error is tried again after 10, 20, 40 s,
  ``max_retries`` times, 5 by default.
- A channel without a row in ``queue.limit`` runs one job at a time.
- The state of a job is written with another cursor than the one the job has, so a job
  may commit.
"""

import json
from datetime import date, datetime, timedelta

from odoo import models

ACTIVE = ("waiting", "pending", "started")
MAX_RETRIES = 5
PRIORITY = 10
FIRST_WAIT, LONGEST_WAIT = 10, 3600
OPTIONS = (
    "priority",
    "eta",
    "max_retries",
    "description",
    "channel",
    "identity_key",
    "timeout",
)


class Delayed:
    """Enqueues whichever public method is called."""

    def __init__(self, records, options):
        self._records, self._options = records, options

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def enqueue(*args, **kwargs):
            options = dict(self._options)
            eta = options.pop("eta", None)
            if isinstance(eta, int | float):
                eta = timedelta(seconds=eta)
            if isinstance(eta, timedelta):
                eta = datetime.now() + eta
            records = self._records
            return records.env["queue.job"].enqueue(
                records._name, name, records.ids, args, kwargs, eta=eta, **options
            )

        return enqueue


def encoded(value):
    """Return a form of a value that JSON does not know."""
    if isinstance(value, models.BaseModel):
        return {"__type__": "odoo_recordset", "model": value._name, "ids": value.ids}
    if isinstance(value, datetime | date):
        kind = "datetime" if isinstance(value, datetime) else "date"
        return {"__type__": f"{kind}_isoformat", "value": value.isoformat()}
    raise TypeError(type(value).__name__)


def decoder(env):
    """Return a function that makes values of their forms."""

    def decoded(form):
        kind = form.get("__type__")
        if kind == "odoo_recordset":
            return env[form["model"]].browse(form["ids"])
        if kind == "datetime_isoformat":
            return datetime.fromisoformat(form["value"])
        if kind == "date_isoformat":
            return date.fromisoformat(form["value"])
        return form

    return decoded


def environment_of(job):
    """Return the environment a job runs in."""
    company = job.company_id or job.env.company
    context = {
        "allowed_company_ids": company.ids,
        "company_id": company.id,
        "job_uuid": job.uuid,
    }
    user = job.user_id or job.env.ref("base.user_root")
    for name in ("lang", "tz"):
        if user[name]:
            context[name] = user[name]
    return job.env(user=user.id, su=False, context=context)


def call(job):
    """Call the method of a job."""
    env = environment_of(job)
    payload = json.loads(json.dumps(job.payload), object_hook=decoder(env))
    records = env[payload["model"]]
    if ids := payload["ids"]:
        records = records.browse(ids)
        if records - records.exists():
            raise ValueError("records of a job are gone")
    return getattr(records, payload["method"])(*payload["args"], **payload["kwargs"])
