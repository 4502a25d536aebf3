from datetime import timedelta

from odoo import fields, models

from odoo.addons.g2p_spar_financial_address.const import PAYEE_OTHER
from odoo.addons.g2p_spar_sync_queue.live.status import told_state

#: Where callers are set up, by kind.
CALLERS = {"client": "g2p.api.client", "citizen": "g2p.api.issuer"}


class G2pFinancialAddress(models.Model):
    """Through whom an address was entered, and ended, in the self-service API.

    The user is that of the API, so it says nothing of them.
    """

    _inherit = "g2p.financial.address"
    api_caller = fields.Char("Proposed through", readonly=True, copy=False)
    api_caller_key = fields.Char(
        "Caller",
        readonly=True,
        copy=False,
        help="The client or issuer, as it is kept with the calls of the API.",
    )
    api_ended_by = fields.Char("Ended through", readonly=True, copy=False)

    def _authors(self):
        """Add those who could have called in the caller's name."""
        people = super()._authors()
        for key in set(self.sudo().mapped("api_caller_key")) - {False}:
            kind, _colon, record_id = key.partition(":")
            callers = self.env[CALLERS[kind]].sudo().browse(int(record_id))
            people |= callers.proved_by_ids
        return people

    def _erase(self):
        """Forget the hashes, too, that were made of these numbers."""
        result = super()._erase()
        self.env["g2p.api.proposal"].sudo().search(
            [("address_id", "in", self.ids)]
        )._forget_keys()
        return result

    # === AS THE API SHOWS IT === #

    # What a person sees of their own payment addresses: masked, in plain words.

    def _api_place(self):
        """Return where it is, as its owner may see it."""
        return {
            "type": self.fa_type,
            "provider": self._api_named(self.dfsp_id),
            "branch": self._api_named(self.branch_id),
            "number": self.masked or "",
            "payee": self._api_payee(),
        }

    def _api_payee(self):
        if self.payee != PAYEE_OTHER:
            return None
        return {
            "name": self.payee_name or "",
            "relation": self.payee_relation or None,
            "until": self.payee_until or None,
        }

    def _api_entry(self):
        """Return the address as its owner may see it."""
        return {
            **self._api_place(),
            "entered_at": self.create_date,
            "to_confirm": self.state == "effective" and bool(self.to_confirm_reason),
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
            state, sentence = told_state(self.partner_id)
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
