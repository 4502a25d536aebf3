import json
from collections import Counter
from dataclasses import replace
from datetime import datetime

from odoo import fields, models

from ..central.feed import FORMAT
from ..central.rows import Unreadable
from ..staging import gone, next_step
from ..transactions import apart


class G2pOdkForm(models.Model):
    """Staging: what Central tells becomes rows here."""

    _inherit = "g2p.odk.form"

    def _stage(self, rows, run):
        """Write down what Central told, in a transaction of its own.

        Doing it again changes nothing.

        :param rows: list of :class:`~..central.rows.Row` and
            :class:`~..central.rows.Unreadable`
        :param run: the run this belongs to
        """
        apart(self.env, lambda: self._stage_now(rows, run))

    def _stage_gone(self, instance_ids, run):
        """Write down that Central has these submissions no more."""

        def work():
            events = Counter()
            for one in self._staged(instance_ids):
                self._take_step(one, gone(one._known()[one.instance_id]), events)
            run._count(events)

        apart(self.env, work)

    def _stage_now(self, rows, run):
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
        """Store what was answered.

        Apart from the other fields, since what fails in the database is logged with
        all its values.
        """
        self.env.flush_all()
        values = [
            {"id": staged[row.instance_id].id, "payload": row.data} for row in rows
        ]
        self.env.cr.execute(
            """UPDATE g2p_odk_submission s SET payload = v.payload
                 FROM json_to_recordset(%s) AS v(id int, payload jsonb)
                WHERE s.id = v.id AND s.id = ANY(%s)""",
            # Said twice, so that the index is used whatever the planner thinks.
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
            # Otherwise what a person or applying said of it stays.
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
        return values

    def _stage_unreadable(self, unreadable, staged, fresh, events):
        """Set aside what could not be read; without an ID it is only counted."""
        instance_id = unreadable.instance_id
        one = staged.get(instance_id)
        if one and unreadable.submitted and not one.submitted_stamp:
            # When it was submitted is where comparisons look for it.
            one.submitted_stamp = unreadable.submitted
        if one and one.error_kind == "unreadable":
            events["unchanged"] += 1
            return
        events["set_aside"] += 1
        values = {
            "state": "set_aside",
            "error_kind": "unreadable",
            "error_text": self._reason("unreadable"),
            # Whatever it says next is news.
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
            "unreadable": self.env._("What Central tells of it cannot be stored."),
            "rejected": self.env._("Somebody rejected it at Central."),
            "not_reviewed": self.env._(
                "Waiting until somebody approves it at Central."
            ),
            "has_issues": self.env._("Somebody marked it at Central as having issues."),
        }.get(kind, False)


def _was_clear(known, row):
    """Return whether it said the same when each of its questions had its own name."""
    return bool(known) and not known.twins and known.content_hash == row.content_hash


def _is_news(step):
    return step.event in ("new", "changed", "restored")


def _differs(one, name, value):
    field = one._fields[name]
    return field.convert_to_write(one[name], one) != value


def _moment(stamp):
    """Return a moment as fields keep it."""
    if not stamp:
        return False
    return datetime.strptime(stamp.rstrip("Z"), FORMAT).replace(microsecond=0)
