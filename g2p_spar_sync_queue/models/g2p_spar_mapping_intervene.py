"""Actions of operators on one or many mappings."""

from odoo import fields, models

from odoo.addons.g2p_spar_financial_address.toolkit.moments import moment_text

from ..engine import journal, outbox, wake_up

#: From which states an operator may do what. A request that is being sent is not
#: interrupted, and the wait after a lost answer is not cut short.
ALLOWED = {
    "retry": ("retrying", "held"),
    "skip": ("retrying", "checking", "held", "waiting_id"),
}
#: Actions after which nothing is sent any more that could bring a lost answer to light.
GIVING_UP = ("skip", "cancel")
#: States of a change that is not finished.
OPEN = ("queued", "taken", "held")


class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    paused = fields.Boolean(
        readonly=True, help="Nothing is sent for this registrant until it is resumed."
    )
    intervention_ids = fields.One2many(
        "g2p.spar.intervention", "mapping_id", string="What people did"
    )

    # === ACTION METHODS === #

    def action_retry(self):
        """Try mappings now that wait for their next attempt or were refused.

        :raise AccessError: when the user is no operator
        """
        return self._report(self._intervene("retry"))

    def action_resend(self):
        """Send the current state again, now.

        :raise AccessError: when the user is no operator
        """
        return self._report(self._intervene("resend"))

    def action_skip(self):
        """Ask why, then give up what is in trouble."""
        return self._ask_why("skip")

    def action_cancel(self):
        """Ask why, then withdraw what has not been sent yet."""
        return self._ask_why("cancel")

    def action_pause(self):
        """Ask why, then send nothing for these registrants for now."""
        return self._ask_why("pause")

    def action_resume(self):
        """Resume sending for these registrants.

        :raise AccessError: when the user is no operator
        """
        return self._report(self._intervene("resume"))

    def _ask_why(self, action):
        return self.env["g2p.spar.intervene"]._ask(action, "mapping_ids", self)

    def _report(self, done):
        """Return a message with the number of mappings that were changed."""
        left = len(self) - len(done)
        message = self.env._("Done for %s.", len(done))
        if left:
            message = self.env._(
                "Done for %(done)s. %(left)s did not need it or are being sent right "
                "now.",
                done=len(done),
                left=left,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if left else "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # === BUSINESS METHODS === #

    def _check_operator(self):
        # Operators are those who may see connections.
        self.env["g2p.spar.connection"].check_access("read")

    def _intervene(self, action, reason=False):
        """Apply an action of an operator to these mappings, and log it.

        Rows that the engine has locked are left out, because waiting for them could
        take as long as SPAR needs.

        :param str action: one of the actions of ``g2p.spar.intervention``
        :param str reason: why, for those that ask
        :return: the mappings that were changed
        :raise AccessError: when the user is no operator, or not of the company
        """
        self._check_operator()
        self.check_access("read")
        if action == "resend":
            chosen = self.sudo()
        else:
            chosen = self.sudo().try_lock_for_update(allow_referencing=True)
            chosen.invalidate_recordset()
            chosen = chosen.filtered(lambda mapping: mapping._allows(action))
            if action in GIVING_UP:
                chosen -= journal.with_unresolved(chosen)
        given_up = getattr(chosen, f"_do_{action}")()
        trail = []
        for mapping in chosen:
            for change in given_up.get(mapping) or [self.env["g2p.spar.change"]]:
                trail.append(
                    {
                        "mapping_id": mapping.id,
                        "change_id": change.id,
                        "action": action,
                        "reason": reason,
                    }
                )
        self.env["g2p.spar.intervention"].sudo().create(trail)
        # The engine reads by SQL.
        self.env.flush_all()
        return chosen

    def _allows(self, action):
        """Whether this is a mapping for such an action, as it is now."""
        if action == "pause":
            return not self.paused
        if action == "resume":
            return self.paused
        if action == "cancel":
            return bool(self._open_changes())
        return self.state in ALLOWED[action]

    def _open_changes(self):
        return self.env["g2p.spar.change"].search(
            [("mapping_id", "in", self.ids), ("state", "in", OPEN)]
        )

    def _do_retry(self):
        held = self.filtered(lambda mapping: mapping.state == "held")
        held.wanted_change_id.write({"state": "taken", "reason_code": False})
        held.state = "due"
        self.next_attempt_at = False
        wake_up.wake_up_mappings(self)
        return {}

    def _do_resend(self):
        # Those the engine is sending right now need no push.
        idle = self.try_lock_for_update(allow_referencing=True)
        idle.filtered(
            lambda mapping: mapping.state == "retrying"
        ).next_attempt_at = False
        for connection, mappings in self.grouped("connection_id").items():
            outbox.capture(mappings.partner_id, "admin", connection)
        return {}

    def _do_skip(self):
        """Give up all that is open; the registrant's next change is sent again."""
        changes = self._open_changes()
        changes.write({"state": "cancelled"})
        self.write({"state": "skipped", "send_group": False})
        return changes.grouped("mapping_id")

    _do_cancel = _do_skip

    def _do_pause(self):
        self.paused = True
        return {}

    def _do_resume(self):
        self.paused = False
        wake_up.wake_up_mappings(self)
        return {}

    def _intervened_sentence(self, action, then):
        """Return who did it last, when and why, and what follows."""
        last = self.sudo().intervention_ids.filtered(
            lambda done: done.action in action
        )[:1]
        who = self.env._(
            "%(action)s by %(name)s on %(time)s (%(reason)s).",
            action=dict(last._fields["action"]._description_selection(self.env)).get(
                last.action, ""
            ),
            name=last.create_uid.name,
            time=moment_text(self.env, last.create_date) if last else "",
            reason=last.reason or "-",
        )
        return f"{who} {then}"
