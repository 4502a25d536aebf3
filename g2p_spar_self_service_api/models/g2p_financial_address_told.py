from datetime import timedelta

from odoo import models


class G2pFinancialAddress(models.Model):
    """What a person is told of their own payment addresses: masked, in plain words."""

    _inherit = "g2p.financial.address"

    def _api_entry(self):
        """Return the address as its owner may see it."""
        return {
            "type": self.fa_type,
            "provider": self._api_named(self.dfsp_id),
            "branch": self._api_named(self.branch_id),
            "number": self.masked or "",
            "entered_at": self.create_date,
        }

    def _api_named(self, record):
        return {"code": record.code, "name": record.name} if record else None

    def _api_progress(self, replaced):
        """Return how far it has come, and what happens next.

        :param bool replaced: whether a newer one has taken its place
        """
        state, sentence, reason = self.state, "", None
        if state == "to_approve":
            sentence = self.env._("Waiting for a second person to approve it.")
        elif state == "refused":
            sentence = self.env._("A second person refused it.")
            reason = self.decision_note or None
        elif state == "ended" and replaced:
            state, sentence = "replaced", self.env._("Replaced by a newer address.")
        elif state == "ended":
            sentence = self.env._("No longer paid here.")
            reason = self.decision_note or None
        else:
            state = self.partner_id.spar_state
            sentence = self.partner_id.spar_sentence
        return {"state": state, "sentence": sentence, "reason": reason}

    def _api_replaced(self):
        """Return those that ended because a newer one took their place."""
        ended = self.filtered(lambda address: address.state == "ended")
        if not ended:
            return ended
        newer = self.search_fetch(
            [
                ("partner_id", "in", ended.partner_id.ids),
                ("id", ">", min(ended.ids)),
                ("dfsp_id", "!=", False),
            ],
            ["partner_id", "previous_id", "effective_date", "create_date"],
        )
        followed = newer.filtered("effective_date").previous_id
        return ended.filtered(
            lambda address: (
                address in followed
                if address.effective_date
                else any(address._api_gave_way(other) for other in newer)
            )
        )

    def _api_gave_way(self, newer):
        """Return whether this was still waiting when the newer one was entered."""
        # Nothing that waits outlives a newer one, so it ended at the very moment.
        return (
            newer.id > self.id
            and newer.partner_id == self.partner_id
            and newer.create_date < self.end_date + timedelta(seconds=1)
        )
