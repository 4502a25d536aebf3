from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.misc import format_datetime


class G2pSparChange(models.Model):
    """The history of one change, in sentences that can be read out on the phone."""

    _inherit = "g2p.spar.change"

    attempt_ids = fields.One2many(
        "g2p.spar.attempt", "change_id", string="Attempts that failed"
    )
    timeline = fields.Html(compute="_compute_timeline", sanitize=False)

    # Captured in the last day, week or month.
    _captured = models.Index("(create_date, id)")

    @api.depends("state", "attempts", "confirmed_at", "attempt_ids")
    def _compute_timeline(self):
        for change in self:
            steps = Markup().join(
                Markup("<li><strong>{}</strong> {}</li>").format(when, what)
                for when, what in change._steps()
            )
            change.timeline = Markup("<ol class='o_spar_timeline'>{}</ol>").format(
                steps
            )

    def action_open_mapping(self):
        """Open the registrant's mapping at SPAR."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "g2p.spar.mapping",
            "res_id": self.mapping_id.id,
            "view_mode": "form",
        }

    def _steps(self):
        """Return ``[(time in words, sentence)]``, oldest first."""
        self.ensure_one()
        change = self.sudo()
        steps = [
            (change.create_date, change._captured_sentence()),
            *change._approved_steps(),
            *change._attempt_steps(),
            *change._intervention_steps(),
            *change._end_steps(),
        ]
        # The entry without a time is the next step, so it comes last.
        told = sorted((step for step in steps if step[0]), key=lambda step: step[0])
        told += [step for step in steps if not step[0]]
        return [
            (format_datetime(self.env, moment) if moment else "", what)
            for moment, what in told
        ]

    def _captured_sentence(self):
        channel = dict(self._fields["channel"]._description_selection(self.env))
        values = {
            "name": self.entered_by,
            "channel": channel[self.channel],
            "address": self.address_id.display_name,
        }
        if self.address_id:
            return self.env._(
                "%(address)s: captured by %(name)s (%(channel)s).", **values
            )
        return self.env._(
            "The registrant was left without an address by %(name)s (%(channel)s).",
            **values,
        )

    def _approved_steps(self):
        address = self.address_id
        if not address.approved_by_id or not address.effective_date:
            return []
        sentence = self.env._("Approved by %s.", address.approved_by_id.name)
        return [(address.effective_date, sentence)]

    def _attempt_steps(self):
        return [
            (attempt.create_date, attempt._sentence())
            for attempt in self.attempt_ids.sorted("id")
        ]

    def _intervention_steps(self):
        done = self.env["g2p.spar.intervention"].search(
            [
                ("mapping_id", "=", self.mapping_id.id),
                "|",
                ("change_id", "=", self.id),
                "&",
                ("change_id", "=", False),
                ("create_date", ">=", self.create_date),
            ],
            order="id",
            limit=20,
        )
        if self.state in ("sent", "superseded"):
            done = done.filtered(
                lambda step: step.change_id or step.create_date <= self.write_date
            )
        return [(step.create_date, step._sentence()) for step in done]

    def _end_steps(self):
        """Return the final result, or the next step."""
        if self.state == "sent":
            sentence = self.env._("SPAR confirmed it.")
            return [(self.confirmed_at, sentence)]
        if self.state == "superseded":
            sentence = self.env._(
                "A newer change took its place; this one is not sent."
            )
            return [(self.write_date, sentence)]
        if self.state == "cancelled":
            return []
        if self.state == "queued":
            return [(False, self.env._("It waits for its turn."))]
        return [(False, self.mapping_id.sentence)]


class G2pSparIntervention(models.Model):
    _inherit = "g2p.spar.intervention"

    def _sentence(self):
        actions = dict(self._fields["action"]._description_selection(self.env))
        values = {"action": actions[self.action], "name": self.create_uid.name}
        if self.reason:
            return self.env._(
                "%(action)s by %(name)s: %(reason)s", reason=self.reason, **values
            )
        return self.env._("%(action)s by %(name)s.", **values)
