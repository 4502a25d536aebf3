from odoo import api, fields, models

from odoo.addons.g2p_spar_sync_queue.spar.answers import Outcome


class G2pSparAttempt(models.Model):
    _inherit = "g2p.spar.attempt"

    answer = fields.Char(compute="_compute_answer")

    @api.depends("outcome", "reason_code")
    def _compute_answer(self):
        for attempt in self:
            attempt.answer = attempt._sentence()

    def _sentence(self):
        """Return the result of the attempt in plain words."""
        self.ensure_one()
        sentences = {
            Outcome.SWAP.value: self.env._(
                "SPAR held another address than expected, and was queried."
            ),
            Outcome.TRANSIENT.value: self.env._(
                "SPAR could not take it; tried again later."
            ),
            Outcome.AMBIGUOUS.value: self.env._(
                "The answer was lost; SPAR was asked what it holds before anything was "
                "sent again."
            ),
            Outcome.PARTNER.value: self.env._(
                "SPAR refused the registry's signature; sending was paused."
            ),
            Outcome.BATCH_REFUSED.value: self.env._(
                "SPAR refused a request as a whole; it was sent again in parts."
            ),
        }
        refusals = {
            "rjct.id.invalid": self.env._("SPAR does not accept this registrant's ID."),
            "rjct.fa.invalid": self.env._("SPAR does not accept this address."),
        }
        refused = self.env._("SPAR refused it.")
        return sentences.get(self.outcome) or refusals.get(self.reason_code, refused)
