"""The second transaction of a round: one request is sent, and what came of it."""

from odoo import models
from odoo.tools import SQL

from ..progress import Recorder
from .g2p_spar_mapping_rows import READ


class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    def _send(self, client, request):
        """Send one request and record what became of each of its items.

        The rows stay locked from before the call until the result is committed: that,
        not a clock, is what keeps a second request for them from being sent.

        :param ~..spar.client.SparClient client: an open client
        :param Request request: what was claimed
        :return: SPAR's :class:`~..spar.answers.Answer`, or None if nothing was left to
            send
        """
        mine = self._lock_claimed(request)
        if not mine:
            return None
        # What was wanted when it was claimed: whatever came since is a change that
        # waits for its turn.
        parts = [request.parts[entry.id] for entry in mine]
        items = [part.item for part in parts]
        answer = client.send(request.operation, items, request.id)
        recorder = Recorder(
            answer,
            request.id,
            request.operation,
            alone=len(mine) == 1,
            well=request.well,
            pacing=request.pacing.at(self._connection_of(mine)._now()),
        )
        for position, (entry, part) in enumerate(zip(mine, parts, strict=True)):
            half = int(position >= len(mine) / 2)
            recorder.record(entry, part.item, part.wanted, half)
        self._save_progress(mine, request.id)
        self.env["g2p.spar.attempt"]._log(mine, request)
        return answer

    def _lock_claimed(self, request):
        """Lock the rows that are still claimed for this very request."""
        return self._locked(
            SQL(
                """SELECT %s FROM g2p_spar_mapping m
                    WHERE m.id = ANY(%s) AND m.state = 'sending' AND m.request_id = %s
                    ORDER BY m.id FOR NO KEY UPDATE SKIP LOCKED""",
                READ,
                list(request.parts),
                request.id,
            )
        )

    def _take_back(self, request):
        """Take back a claim under which nothing was sent."""
        mine = self._lock_claimed(request)
        for entry in mine:
            entry.release()
        self._save_progress(mine)
