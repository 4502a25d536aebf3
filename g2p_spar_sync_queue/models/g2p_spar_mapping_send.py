"""The second half of a round: what came of a request is recorded."""

from odoo import models

from ..engine.decide import Recorder, wait_for_id


class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    def _record(self, claim, answer):
        """Record what became of each item of a request.

        The rows were locked when the request was decided and stay locked until the
        result is committed: that, not a clock, is what keeps a second request for them
        from being sent.

        :param Claim claim: what was claimed, its request written down
        :param ~..spar.answers.Answer answer: SPAR's
        """
        request = claim.request
        mine = [entry for entry in claim.entries if entry.id in request.parts]
        # What was wanted when it was claimed: whatever came since is a change that
        # waits for its turn.
        parts = [request.parts[entry.id] for entry in mine]
        recorder = Recorder(
            answer,
            request.id,
            request.operation,
            alone=len(mine) == 1,
            well=request.well,
            policy=request.policy.at(self._connection_of(mine)._now()),
        )
        for position, (entry, part) in enumerate(zip(mine, parts, strict=True)):
            half = int(position >= len(mine) / 2)
            entry.mark_sent(request, part.item)
            recorder.record(entry, part.item, part.wanted, half)
        self._save_progress(claim.entries, request.parts)
        self.env["g2p.spar.attempt"]._log(mine, request)

    def _leave_out(self, claim, request):
        """Let those wait whose ID has another registrant's row; that leaves first.

        :param Claim claim: what was claimed
        :param Request request: what of it may be sent
        :return: the claim with that request, or with none
        """
        for entry in claim.entries:
            if entry.id in claim.request.parts and entry.id not in request.parts:
                wait_for_id(entry, request.policy)
        return claim._replace(request=request if request.parts else None)
