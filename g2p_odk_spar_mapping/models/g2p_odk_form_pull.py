import json
import logging
import math
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone

from ..asking import client_of
from ..central.errors import CentralError
from ..central.feed import AHEAD, BEGINNING, FORMAT, earlier
from ..central.rows import Unreadable
from ..pipeline.staging import gone, next_step
from ..transactions import CONCURRENT, apart, commit, roll_back

_logger = logging.getLogger(__name__)

#: First number of the lock that keeps two runs of one form apart: "ODK" in ASCII.
LOCK = 0x4F444B

#: How many submissions are applied in one transaction.
APPLY_CHUNK = 100

#: Hours, at most, until a form with an error is tried again.
LONGEST_PAUSE = 6

#: Seconds after which the scheduled action stops at the next page and is triggered
#: again: half of what Odoo allows one by default before it kills the worker.
CRON_SECONDS = 60


class OutOfTime(Exception):
    """The run has to stop here; the next one continues."""


class Superseded(Exception):
    """The policy or the form was changed during the reading, so it begins again."""


class G2pOdkForm(models.Model):
    """Runs: when Central is queried, and the steps of a run."""

    _inherit = "g2p.odk.form"

    # === SCHEDULE === #

    def action_run_now(self):
        """Fetch the form in the background, at once.

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
        """Set the time of each form's next run, counted from now."""
        now = fields.Datetime.now()
        for form in self:
            wait = timedelta(minutes=form.interval_minutes)
            if form.failures and wait:
                pause = wait * 2 ** min(form.failures, 10)
                wait = max(wait, min(pause, timedelta(hours=LONGEST_PAUSE)))
            form.next_pull_at = bool(wait) and now + wait

    @api.model
    def _cron_pull(self):
        """Run every due form, as far as the time allows."""
        deadline = time.monotonic() + CRON_SECONDS
        due = self.search(
            [
                ("next_pull_at", "<=", fields.Datetime.now()),
                ("server_id.active", "=", True),
            ],
            order="next_pull_at, id",
        )
        goes_on = False
        for form in due:
            run = alone(self.env, form._pull, deadline)
            goes_on |= bool(run) and run.state == "cut"
            if time.monotonic() > deadline and form != due[-1]:
                goes_on = True
                break
        if goes_on:
            self.env.ref("g2p_odk_spar_mapping.cron_pull").sudo()._trigger()
        self._tell_scheduler(remaining=0)

    def _tell_scheduler(self, remaining):
        """Report progress to Odoo's scheduler.

        It deactivates an action whose worker is killed again and again, unless the
        action has reported progress.

        :param int remaining: 0 when this call of the action is complete
        """
        if self.env.context.get("ir_cron_progress_id"):
            self.env["ir.cron"]._commit_progress(1, remaining=remaining)

    # === ONE RUN === #

    def _pull(self, deadline=math.inf):
        """Fetch new submissions from Central, stage and apply them, page by page.

        It commits after each part. After a kill at any moment, the next run continues
        without loss.

        :param float deadline: of the monotonic clock, in seconds; the run stops at the
            first page after it
        :return: the run, or an empty recordset while another run of this form lasts
        """
        self.ensure_one()
        Run = self.env["g2p.odk.run"]
        with self._alone() as is_alone:
            if not is_alone:
                return Run
            run = apart(self.env, self._begin)
            try:
                with client_of(self.server_id) as client:
                    self._fetch(client, run, deadline)
                state, message = "done", False
            except OutOfTime:
                state = "cut"
                message = self.env._(
                    "The time of the run was over. The next run continues from here; "
                    "%s left to read.",
                    run.unread_count,
                )
            except CentralError as trouble:
                roll_back(self.env)
                state, message = "failed", self.server_id._worded(trouble)
            except UserError as error:
                roll_back(self.env)
                state, message = "failed", str(error)
            except Exception as error:
                roll_back(self.env)
                # Its text may contain an answer.
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

        :return: whether it was free
        """
        self.env.cr.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, self.id])
        (is_alone,) = self.env.cr.fetchone()
        try:
            yield is_alone
        except Exception:
            # A failed transaction cannot release the lock.
            roll_back(self.env)
            raise
        finally:
            if is_alone:
                unlock = "SELECT pg_advisory_unlock(%s, %s)"
                self.env.cr.execute(unlock, [LOCK, self.id])

    def _begin(self):
        # With the lock held, no other run of this form can be alive.
        dead = self.env["g2p.odk.run"].search(
            [("form_id", "=", self.id), ("state", "=", "running")]
        )
        dead._end("cut", self.env._("The server was stopped during this run."))
        # Now and not at the end: a user may request another run meanwhile.
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
        if state == "cut":
            # After other forms that are due.
            self.next_pull_at = fields.Datetime.now()

    # === FETCHING === #

    def _fetch(self, client, run, deadline):
        """Stage and apply all changes since the last run.

        :param ~..central.client.CentralClient client: of Central
        :param run: the run this belongs to
        :param float deadline: as for :meth:`_pull`
        :raise CentralError: when not everything could be read
        :raise OutOfTime: when the time is over first
        """
        if self.twins:
            # It may have been corrected since.
            self._read_twins(client)
        # Changes before the place of a continued reading are read after it.
        while not self._read_changes(client, run, deadline):
            pass
        if self._is_sweep_due():
            apart(self.env, lambda: run.write({"phase": "compare"}))
            self._sweep(client, run, deadline)
            apart(self.env, lambda: run.write({"swept": True}))

    def _read_changes(self, client, run, deadline):
        """Continue the reading of changes, or begin one.

        :return: whether it began here and is complete
        """
        try:
            return self._read_pages(self._feed(client), client, run, deadline)
        except Superseded:
            roll_back(self.env)
            return False

    def _read_pages(self, feed, client, run, deadline):
        """Read page by page, the oldest submission first, and apply each page.

        The place is stored with each page.

        :raise Superseded: when it has to begin again
        """
        reading = apart(self.env, lambda: self._begin_reading(run))
        begins = reading["place"] is None
        feed.latest = reading["latest"]
        checked, after = set(), ""
        for page in feed.changes(reading["since"], reading["place"]):
            self._check_twins(client, page.rows, checked)
            now = {
                "since": reading["since"],
                "place": page.place,
                "latest": feed.latest,
                "began": reading["began"] or feed.now,
            }
            take = partial(self._take_page, page, reading, now, run)
            apart(self.env, take)
            self._apply_staged(after, page.until if page.left else None)
            reading, after = now, page.until
            if page.left:
                self._check_time(deadline)
        return begins

    def _begin_reading(self, run):
        """Return the place where the reading continues or begins."""
        run.phase = "resume" if self.reading and self.reading["place"] else "fetch"
        if not self.reading:
            since = self.cursor and earlier(self.cursor, self.overlap_minutes * 60)
            self.reading = {
                "since": since or BEGINNING,
                "place": None,
                "latest": self.cursor or None,
                "began": None,
            }
        return self.reading

    def _take_page(self, page, before, now, run):
        """Stage a page, and store that it was read."""
        if self.reading != before:
            raise Superseded
        self._stage_now(page.rows, run)
        run.unread_count = page.left
        if page.left:
            self.reading = now
            return
        self.write({"cursor": _reached(now), "reading": False})
        if now["since"] == BEGINNING:
            self.swept_at = fields.Datetime.now()
            run.swept = True

    def _check_time(self, deadline):
        """Stop here if the time is over.

        :raise OutOfTime: then
        """
        self._tell_scheduler(remaining=1)
        if time.monotonic() > deadline:
            raise OutOfTime

    # === APPLYING === #

    def _apply_staged(self, after="", until=None):
        """Apply all staged submissions, the oldest first.

        :param str after: submitted at this time or later, in Central's format
        :param until: submitted at this time or before, or None
        """
        last = after or "", ""
        while chunk := apart(
            self.env, lambda last=last: self._next_staged(*last, until)
        ):
            *_before, one = chunk
            last = one.submitted_stamp or "", one.instance_id
            self._apply_chunk(chunk)

    def _next_staged(self, stamp, instance_id, until):
        domain = [
            ("form_id", "=", self.id),
            ("state", "=", "staged"),
            # A condition of its own, so that the index scan starts at the right place.
            ("submitted_stamp", ">=", stamp),
            "|",
            ("submitted_stamp", ">", stamp),
            ("instance_id", ">", instance_id),
        ]
        if until:
            domain.append(("submitted_stamp", "<=", until))
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

    # === STAGING === #

    # Staging: rows of Central's feed are stored here.

    def _stage(self, rows, run):
        """Store rows of the feed, in a transaction of its own.

        Doing it again changes nothing.

        :param rows: list of :class:`~..central.rows.Row` and
            :class:`~..central.rows.Unreadable`
        :param run: the run this belongs to
        """
        apart(self.env, lambda: self._stage_now(rows, run))

    def _stage_gone(self, instance_ids, run):
        """Store that these submissions are no longer at Central."""

        def work():
            events = Counter()
            for one in self._staged(instance_ids):
                self._take_step(one, gone(one._known()[one.instance_id]), events)
            run._count(events)

        apart(self.env, work)

    def _stage_now(self, rows, run):
        rows = self._keyed(rows)
        readable = [row for row in rows if not isinstance(row, Unreadable)]
        ids = [row.instance_id for row in rows if row.instance_id]
        staged = {one.instance_id: one for one in self._staged(ids)}
        events, fresh, news = Counter(), {}, set()
        for row in readable:
            one = staged.get(row.instance_id)
            known = one and one._known()[row.instance_id]
            if self.twins and not _was_clear(known, row):
                row = replace(row, twins=self.twins)
            step = next_step(known, row, self.review_policy)
            if step is None:
                continue
            if one:
                self._take_step(one, step, events, row)
            else:
                events[step.event] += 1
                fresh[row.instance_id] = self._values(step, row, True)
            if _is_news(step):
                news.add(row.instance_id)
                events["set_aside"] += step.state == "set_aside"
        for row in rows:
            if isinstance(row, Unreadable):
                self._stage_unreadable(row, staged, fresh, events)
        created = self.env["g2p.odk.submission"].create(list(fresh.values()))
        staged |= {one.instance_id: one for one in created}
        self._put_payloads(staged, [row for row in readable if row.instance_id in news])
        run._count(events)

    def _put_payloads(self, staged, rows):
        """Store the answers.

        In a statement of its own: PostgreSQL logs a failed statement with all its
        values.
        """
        self.env.flush_all()
        values = [
            {"id": staged[row.instance_id].id, "payload": row.data} for row in rows
        ]
        self.env.cr.execute(
            """UPDATE g2p_odk_submission s SET payload = v.payload
                 FROM json_to_recordset(%s) AS v(id int, payload jsonb)
                WHERE s.id = v.id AND s.id = ANY(%s)""",
            # Repeated, so that the planner can use the index.
            [json.dumps(values), [value["id"] for value in values]],
            log_exceptions=False,
        )
        self.env["g2p.odk.submission"].invalidate_model(["payload"])

    def _staged(self, instance_ids):
        return self.env["g2p.odk.submission"].search(
            [("form_id", "=", self.id), ("instance_id", "in", instance_ids)]
        )

    def _take_step(self, one, step, events, row=None):
        events[step.event] += 1
        values = self._values(step, row, _is_news(step))
        if step.state == "removed":
            # Its answers are erased later: it may be restored.
            values["removed_at"] = one.removed_at or fields.Datetime.now()
        else:
            values["removed_at"] = False
        changed = {name: v for name, v in values.items() if _differs(one, name, v)}
        if changed:
            one.write(changed)
        if step.withdrawn:
            one._withdrawn()

    def _values(self, step, row, with_content):
        values = {
            "state": step.state,
            "error_kind": step.error_kind or False,
            "version": step.version,
        }
        if with_content or step.state == "removed":
            # Otherwise the result of applying it, or of a decision, is kept.
            values["error_text"] = self._reason(step.error_kind)
        if row is None:
            return values
        values |= {
            "version_id": row.version_id or False,
            "edits": row.edits,
            "submitted_stamp": row.submitted,
            "updated_stamp": row.updated or False,
            "submitted_at": _moment(row.submitted),
            "updated_at": _moment(row.updated),
            "deleted_at": _moment(row.deleted),
            "review_state": row.review or "received",
            "submitter_id": row.submitter_id or False,
            "submitter": row.submitter_name or False,
            "device": row.device_id or False,
            "form_version": row.form_version or False,
            "attachments_expected": row.attachments_expected,
            "attachments_present": row.attachments_present,
        }
        if with_content and step.state != "removed":
            values |= {
                "form_id": self.id,
                "instance_id": row.instance_id,
                "content_hash": row.content_hash,
                "twins": row.twins or False,
            }
        elif step.event == "unchanged" and step.state != "removed":
            # Versions before 19.0.1.1.0 stored another hash of the same answers, which
            # a new question in the form would change.
            values["content_hash"] = row.content_hash
        return values

    def _stage_unreadable(self, unreadable, staged, fresh, events):
        """Set aside unreadable submissions; those without an ID are only counted."""
        instance_id = unreadable.instance_id
        one = staged.get(instance_id)
        if one and unreadable.submitted and not one.submitted_stamp:
            # Comparisons search by the date of submission.
            one.submitted_stamp = unreadable.submitted
        if one and one.error_kind == "unreadable":
            events["unchanged"] += 1
            return
        events["set_aside"] += 1
        values = {
            "state": "set_aside",
            "error_kind": "unreadable",
            "error_text": self._reason("unreadable"),
            # Its next version counts as changed.
            "content_hash": False,
        }
        if one:
            one.write(values)
        elif instance_id:
            values |= {
                "form_id": self.id,
                "instance_id": instance_id,
                "submitted_stamp": unreadable.submitted or False,
            }
            fresh[instance_id] = values

    def _reason(self, kind):
        return {
            "encrypted": self.env._(
                "The form is encrypted, so Central cannot tell what was answered."
            ),
            "unreadable": self.env._(
                "Central's data of this submission cannot be stored."
            ),
            "rejected": self.env._("It was rejected at Central."),
            "not_reviewed": self.env._("Waiting for approval at Central."),
            "has_issues": self.env._("It was marked at Central as having issues."),
        }.get(kind, False)

    # === SWEEP === #

    # Comparing all submissions with Central, for changes without a new date there.
    #
    # A submission restored at Central has its old dates, and a file that arrives later
    # changes no date.

    def _is_sweep_due(self):
        before = fields.Datetime.now() - timedelta(hours=self.sweep_hours)
        return not self.swept_at or self.swept_at <= before

    def _sweep(self, client, run, deadline):
        """Compare with all submissions at Central, page by page; apply differences.

        :param ~..central.client.CentralClient client: of Central
        :param run: the run this belongs to
        :param float deadline: as for :meth:`_pull`
        :raise CentralError: when not everything could be read
        :raise OutOfTime: when the time is over first; the next run continues
        """
        commit(self.env)
        feed = self._feed(client)
        look = partial(self._check_twins, client, checked=set())
        place = self.sweeping or None
        for page in feed.overview(place):
            # Several submissions may have the same date as the last one of the page
            # before.
            after = place and place[0] or ""
            until = page.until if page.left else None
            self._compare(feed, page.rows, after, until, run, look)
            self._apply_staged(after, until)
            place = page.place

            def keep(page=page):
                self.sweeping = page.place if page.left else False
                run.unread_count = page.left
                if not page.left:
                    self.swept_at = fields.Datetime.now()

            apart(self.env, keep)
            if page.left:
                self._check_time(deadline)

    def _compare(self, feed, rows, after, until, run, look):
        """Query submissions that differ from Central's list again, and stage them.

        The query is by date: reading one submission at Central does not find every ID.

        :param look: called with the rows before they are staged
        """
        unreadable = [row for row in rows if isinstance(row, Unreadable)]
        listed = {
            row.instance_id: row
            for row in rows
            if not isinstance(row, Unreadable) and not row.deleted
        }
        # With a NULL among them, ``!= ALL`` would be unknown for every row.
        ids = [*listed, *(row.instance_id for row in unreadable if row.instance_id)]
        here = {one.instance_id: _mark(one) for one in self._staged(ids)}
        asked = {
            instance_id: row.submitted
            for instance_id, row in listed.items()
            if here.get(instance_id) != _row_mark(row)
        }
        unseen = self._unseen(ids, after, until)
        commit(self.env)
        asked |= unseen
        found = [
            row for row in feed.of_dates(asked.values()) if row.instance_id in asked
        ]
        look(found)
        if found or unreadable:
            self._stage(found + unreadable, run)
        gone = unseen.keys() - {row.instance_id for row in found}
        if gone:
            self._stage_gone(list(gone), run)

    def _unseen(self, ids, after, until):
        """Return the IDs that are stored here and not among these, with their dates.

        :param str after: submitted at this time or later
        :param until: submitted at this time or before, or None
        """
        self.env.cr.execute(
            """SELECT instance_id, submitted_stamp FROM g2p_odk_submission
                WHERE form_id = %(form)s AND state != 'removed'
                  AND submitted_stamp >= %(after)s
                  AND (%(until)s IS NULL OR submitted_stamp <= %(until)s)
                  AND instance_id != ALL(%(ids)s::varchar[])""",
            {"form": self.id, "after": after, "until": until, "ids": ids},
        )
        return dict(self.env.cr.fetchall())


def _place(error):
    """Return type and place of an error, without its text."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_name}, line {trace.tb_lineno}"


def _reached(reading):
    """Return the time until which all changes are read after a complete reading.

    :return: a time in Central's format, or False
    """
    latest, began = reading["latest"], reading["began"]
    if latest and began and latest > earlier(began, -AHEAD):
        # After edits meanwhile, or if Central's clock was ahead: never in the future,
        # and never later than the beginning of the reading.
        return began
    return latest or False


def _was_clear(known, row):
    """Return whether the same answers were staged with a name for each question."""
    return bool(known) and not known.twins and row.has_answers_of(known.content_hash)


def _is_news(step):
    return step.event in ("new", "changed", "restored")


def _differs(one, name, value):
    field = one._fields[name]
    return field.convert_to_write(one[name], one) != value


def _moment(stamp):
    """Return a time in the format of fields."""
    if not stamp:
        return False
    return datetime.strptime(stamp.rstrip("Z"), FORMAT).replace(microsecond=0)


def _mark(one):
    """Return the values by which a staged submission is compared."""
    return (
        one.state == "removed",
        one.submitted_stamp,
        one.updated_stamp or None,
        one.attachments_present,
        one.edits,
    )


def _row_mark(row):
    """Return the same values of a row of the feed."""
    return False, row.submitted, row.updated, row.attachments_present, row.edits
