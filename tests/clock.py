"""Simulated time for a lab.

The stored moments of the engine are moved back, all by the same amount, never while a
worker runs or a request is at SPAR. The engine takes all time from the database, so to
it that much time has passed.
"""

import time

from tools import settings

#: Real seconds after which what has not happened never will.
PATIENCE = 120
#: Moments the engine stores, moved when time passes.
MOMENTS = {
    "g2p_spar_mapping": ["next_attempt_at", "write_date"],
    "g2p_spar_change": ["create_date"],
    "g2p_spar_sending": ["create_date"],
    "g2p_spar_connection": [
        "breaker_until",
        "rate_free_at",
        "guard_at",
        "key_retry_at",
    ],
    "g2p_spar_job": ["due_at"],
}


class Clock:
    """The part of a lab that lets time pass, and knows when something is due."""

    def __init__(self):
        #: When time was simulated, and how many seconds.
        self.shifts = []
        #: Whether Odoo's cron runs the jobs, there being no queue.
        self.cron_only = settings.queue() == "cron"
        self.job_table = "g2p_spar_job" if self.cron_only else "queue_job"

    def time_passes(self, seconds):
        """Let simulated time pass.

        :param float seconds: how much.
        """
        self.wait_for_spar()
        moments = dict(MOMENTS)
        if not self.cron_only:
            moments["queue_job"] = ["eta"]
        with self.env() as env:
            for table, columns in moments.items():
                moved = ", ".join(f"{c} = {c} - %(s)s" for c in columns)
                env.cr.execute(
                    f"UPDATE {table} SET {moved}".replace(
                        "%(s)s", f"INTERVAL '{float(seconds)} seconds'"
                    )
                )
        self.shifts.append((time.time(), seconds))

    @property
    def simulated(self):
        """Seconds that were simulated so far."""
        return sum(seconds for _moment, seconds in self.shifts)

    def by_simulated_clock(self, moment):
        """Return a moment of the real clock as the engine sees it."""
        return moment + sum(s for at, s in self.shifts if at <= moment)

    def wait_for_spar(self):
        """Wait until SPAR works on no request any more."""
        deadline = time.monotonic() + PATIENCE
        while any(r["over"] is None for r in self.spar.state()["requests"]):
            assert time.monotonic() < deadline, "a request is never over"
            time.sleep(0.01)

    def seconds_to_next(self):
        """Return how long until something is due; 0 for now, None for never."""
        with self.env() as env:
            env.cr.execute(
                """SELECT min(COALESCE(next_attempt_at, now() AT TIME ZONE 'UTC'))
                          - clock_timestamp() AT TIME ZONE 'UTC'
                     FROM g2p_spar_mapping m
                    WHERE m.connection_id = %s
                      AND (state IN ('due', 'retrying', 'checking')
                           OR EXISTS (SELECT FROM g2p_spar_change c
                                       WHERE c.mapping_id = m.id
                                         AND c.state = 'queued'))""",
                [self.connection],
            )
            (moving,) = env.cr.fetchone()
            env.cr.execute(
                """SELECT breaker_until - clock_timestamp() AT TIME ZONE 'UTC'
                     FROM g2p_spar_connection
                    WHERE id = %s AND breaker_state != 'closed'""",
                [self.connection],
            )
            breaker = env.cr.fetchone()
        if moving is None:
            return None
        wait = breaker[0] if breaker else moving
        return max(wait.total_seconds(), 0.0)

    def seconds_to_next_job(self):
        """Return how long until a wake-up is due; 0 for now, None for never."""
        moment, waiting = "eta", "state = 'pending'"
        if self.cron_only:
            moment, waiting = "due_at", "true"
        with self.env() as env:
            env.cr.execute(
                f"""SELECT min(COALESCE({moment}, now() AT TIME ZONE 'UTC'))
                           - now() AT TIME ZONE 'UTC'
                      FROM {self.job_table} WHERE {waiting}"""
            )
            (wait,) = env.cr.fetchone()
        return None if wait is None else max(wait.total_seconds(), 0.0)
