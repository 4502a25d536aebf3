"""Moments in sentences for people."""

from datetime import UTC

import pytz

from odoo import fields
from odoo.tools import format_datetime
from odoo.tools.misc import format_time


def time_zone(env):
    """Return the name of the reader's time zone, or a falsy value if it is unknown."""
    return env.context.get("tz") or env.user.tz


def moment_text(env, moment):
    """Return a moment in the reader's time zone; if that is unknown, with its offset.

    :param datetime moment: in UTC, as Odoo stores it
    """
    if zone := time_zone(env):
        return format_datetime(env, moment, tz=zone)
    return moment.replace(microsecond=0, tzinfo=UTC).isoformat()


def near_moment_text(env, moment):
    """Return a moment as :func:`moment_text` does, but only the time if it is today.

    :param datetime moment: in UTC, as Odoo stores it
    """
    zone = time_zone(env)
    if not zone:
        return moment_text(env, moment)
    local = pytz.timezone(zone).fromutc
    if local(moment).date() != local(fields.Datetime.now()).date():
        return moment_text(env, moment)
    return format_time(env, moment, tz=zone, time_format="short")
