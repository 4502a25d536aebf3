import logging
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.transactions import alone

from ..asking import client_of
from ..central import troubles
from ..central.feed import BEGINNING, earlier
from ..central.troubles import CentralTrouble
from ..transactions import CONCURRENT, apart, commit, roll_back

_logger = logging.getLogger(__name__)

#: First number of the lock that keeps two runs of one form apart: "ODK" in ASCII.
LOCK = 0x4F444B
#: How often everything is read again when Central told less than it has.
READINGS = 3
#: How many submissions are applied in one transaction.
APPLY_CHUNK = 100
#: Hours, at most, until a form with trouble is tried again.
LONGEST_PAUSE = 6


class G2pOdkForm(models.Model):
    """Runs: when Central is asked, and in which order things happen then."""

    _inherit = "g2p.odk.form"

    # === SCHEDULE === #

    def action_run_now(self):
        """Have the form fetched in the background, right away.

        :raise AccessError: when the user is no administrator
        """
        self.check_access("write")
        self.filtered("active").next_pull_at = fields.Datetime.now()
        self.env.ref("g2p_odk_spar_mapping.cron_pull").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("Central is asked in a moment."),
            },
        }

    def _schedule(self):
        """Set when each form is fetched next, counted from now."""
        now = fields.Datetime.now()
        for form in self:
            wait = timedelta(minutes=form.interval_minutes)
            if form.failures and wait:
                pause = wait * 2 ** min(form.failures, 10)
                wait = max(wait, min(pause, timedelta(hours=LONGEST_PAUSE)))
            form.next_pull_at = bool(wait) and now + wait

    @api.model
    def _cron_pull(self):
        """Fetch every form whose time has come."""
        due = self.search(
            [
                ("next_pull_at", "<=", fields.Datetime.now()),
                ("server_id.active", "=", True),
            ],
            order="next_pull_at, id",
        )
        for form in due:
            alone(self.env, form._pull)

    # === ONE RUN === #

    def _pull(self):
        """Fetch what is new at Central, stage it, and apply it.

        It commits as it goes. Killed at any moment, the next run ends right.

        :return: the run, or an empty recordset while another run of this form goes on
        """
        self.ensure_one()
        Run = self.env["g2p.odk.run"]
        with self._alone() as is_alone:
            if not is_alone:
                return Run
            run = apart(self.env, self._begin)
            try:
                with client_of(self.server_id) as client:
                    self._fetch(self._feed(client), run)
                self._apply_staged()
                state, message = "done", False
            except CentralTrouble as trouble:
                roll_back(self.env)
                state, message = "failed", self.server_id._worded(trouble)
            except UserError as error:
                roll_back(self.env)
                state, message = "failed", str(error)
            except Exception as error:
                roll_back(self.env)
                # Its text may hold what somebody answered.
                _logger.error("ODK run %s failed: %s", run.id, _place(error))
                state = "failed"
                message = self.env._(
                    "Something unexpected happened. The server's log says where."
                )
            apart(self.env, lambda: self._finish(run, state, message))
            return run

    @contextmanager
    def _alone(self):
        """Hold the lock of this form, across transactions, until the process ends.

        :return: whether it could be had
        """
        self.env.cr.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, self.id])
        (is_alone,) = self.env.cr.fetchone()
        try:
            yield is_alone
        except Exception:
            # A transaction that failed could not give the lock back.
            roll_back(self.env)
            raise
        finally:
            if is_alone:
                unlock = "SELECT pg_advisory_unlock(%s, %s)"
                self.env.cr.execute(unlock, [LOCK, self.id])

    def _begin(self):
        # Whoever holds the lock knows that those are dead.
        dead = self.env["g2p.odk.run"].search(
            [("form_id", "=", self.id), ("state", "=", "running")]
        )
        dead._end("cut", self.env._("The server was stopped during this run."))
        # Now and not at the end: somebody may ask for another run meanwhile.
        self._schedule()
        return dead.create({"form_id": self.id})

    def _finish(self, run, state, message):
        run._end(state, message)
        if state == "failed":
            self.write({"trouble": message, "failures": self.failures + 1})
            self._schedule()
        elif self.failures or self.trouble:
            self.write({"trouble": False, "failures": 0})
            self._schedule()

    # === FETCHING === #

    def _fetch(self, feed, run):
        """Stage everything that happened since the last run; then move the cursor.

        :param ~..central.feed.Feed feed: of this form
        :param run: the run this belongs to
        :raise CentralTrouble: when not everything could be read; the cursor stays
        """
        cursor = self.cursor
        since = cursor and earlier(cursor, self.overlap_minutes * 60)
        sweep = bool(cursor) and self._is_sweep_due()
        commit(self.env)
        self._stage_all(feed, since or BEGINNING, run)
        if sweep:
            self._sweep(feed, run)

        def move():
            self.cursor = feed.reached(cursor)
            if sweep or not cursor:
                self.swept_at = fields.Datetime.now()
                run.swept = True

        apart(self.env, move)

    def _stage_all(self, feed, since, run):
        for reading in range(READINGS):
            try:
                for rows in feed.changes(since):
                    self._stage(rows, run)
                return
            except CentralTrouble as trouble:
                # Staging the same again is harmless.
                if trouble.code != troubles.INCOMPLETE or reading == READINGS - 1:
                    raise

    # === APPLYING === #

    def _apply_staged(self):
        """Have everything applied that is staged, the oldest first."""
        after = None
        while chunk := apart(self.env, lambda after=after: self._next_staged(after)):
            *_before, last = chunk
            after = last.submitted_stamp, last.instance_id
            self._apply_chunk(chunk)

    def _next_staged(self, after):
        domain = [("form_id", "=", self.id), ("state", "=", "staged")]
        if after:
            stamp, instance_id = after
            domain += [
                # Said by itself, so that the index is entered where it goes on.
                ("submitted_stamp", ">=", stamp),
                "|",
                ("submitted_stamp", ">", stamp),
                "&",
                ("submitted_stamp", "=", stamp),
                ("instance_id", ">", instance_id),
            ]
        return self.env["g2p.odk.submission"].search(
            domain, order="submitted_stamp, instance_id", limit=APPLY_CHUNK
        )

    def _apply_chunk(self, chunk):
        """Apply some in one transaction; if that fails, each in its own."""
        try:
            apart(self.env, lambda: self._apply_all(chunk))
        except CONCURRENT:
            roll_back(self.env)
            # They stay staged for the next run.
        except Exception:
            roll_back(self.env)
            for one in chunk:
                self._apply_one(one)

    def _apply_all(self, chunk):
        with self.env.cr.savepoint():
            chunk.filtered(lambda one: one.state == "staged")._apply()

    def _apply_one(self, one):
        try:
            apart(self.env, lambda: self._apply_all(one))
        except CONCURRENT:
            roll_back(self.env)
        except Exception as error:
            roll_back(self.env)
            _logger.error("ODK submission %s: %s", one.id, _place(error))
            apart(self.env, one._set_aside_unexpected)


def _place(error):
    """Return what kind of error it was and where, without what it says."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_name}, line {trace.tb_lineno}"
