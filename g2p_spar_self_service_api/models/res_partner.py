from odoo import models

from odoo.addons.g2p_spar_sync_queue.live.status import spar_status, told_state


class ResPartner(models.Model):
    """What a person is told of where they are paid."""

    _inherit = "res.partner"

    def _api_address(self, asker):
        """Return what SPAR holds for this person, what is requested, and the state.

        SPAR is asked now; what this transaction did before is committed.

        :param str asker: who asks, for the limit of questions
        :rtype: dict
        """
        person = self.sudo()
        rows = spar_status(person, ask=True, asker=asker).get("rows")
        # The first connection speaks for the registrant.
        row = rows[0] if rows else None
        shown = person.financial_address_id
        waiting = person.pending_address_id
        requested = shown if shown != waiting else shown.browse()
        return {
            "at_spar": row and self._api_at_spar(row),
            "requested": requested._api_entry() if requested else None,
            "waiting": waiting._api_entry() if waiting else None,
            "state": person._api_state(row),
        }

    def _api_at_spar(self, row):
        return {
            "text": row["text"],
            "read_at": row["seen_at"],
            "current": row["current"],
            "problem": row["problem"] or None,
        }

    def _api_state(self, row=None):
        """Return the state of the address, and what happens next in words.

        :param dict row: what was just seen at SPAR, if it was looked at
        """
        if self.financial_address_state == "to_approve":
            return {
                "code": "to_approve",
                "sentence": self.pending_address_id._api_progress(False)["sentence"],
            }
        if row:
            return {"code": row["code"], "sentence": row["sentence"]}
        code, sentence = told_state(self)
        return {"code": code, "sentence": sentence}
