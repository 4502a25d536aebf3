"""Moments in sentences for people."""

from datetime import UTC

from odoo.tools import format_datetime


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
