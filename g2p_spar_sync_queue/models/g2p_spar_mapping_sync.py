"""The engine: brings mappings to SPAR.

Each request is one transaction: it locks the mappings that are due, decides one
request, sends it, records what became of it, and commits. What is about to be sent is
written down beside it, in a transaction of its own that is committed before the call.

So after a kill at any moment the database says the truth: a mapping that is part of a
``g2p.spar.sending`` and whose row nobody has locked is one whose sender died, and whose
outcome is unknown. Whatever is in doubt (``sending_spar_id`` is set) is resolved before
anything else is sent.
"""

from functools import partial

from odoo import api, models

from odoo.addons.g2p_spar_financial_address.transactions import alone

from ..engine import store
from ..engine.sync_run import JOB_SECONDS, SyncRun
from ..jobs import later
from ..transactions import commit_with_retry

#: Seconds after which a wake-up counts as lost, and the sweeper's time for one run.
LOST_AFTER = 30
SWEEP_SECONDS = 45


class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    # === WAKE-UP === #

    def _wake_up(self):
        """Have the engine look at these mappings soon.

        Losing, doubling or reordering wake-ups is harmless: what is due is decided by
        the mappings' rows alone. Here and in the connection's method of the same name
        is all that knows of ``queue_job``.
        """
        for connection, mappings in self.sudo().grouped("connection_id").items():
            mappings._enqueue(connection.batch_size)

    def _enqueue(self, batch_size):
        """Have these mappings of one connection looked at, so many by each job.

        :param int batch_size: of their connection
        """
        for start in range(0, len(self), batch_size):
            chunk = self[start : start + batch_size]
            description = self.env._("Send to SPAR")
            later(chunk, urgent=True, description=description)._job_sync()

    def _job_sync(self):
        """Job: bring these mappings to SPAR, and then whatever else is due."""
        for connection, mappings in self.exists().grouped("connection_id").items():
            SyncRun(connection, JOB_SECONDS).work(mappings)

    @api.model
    def _cron_sweep(self):
        """Bring to SPAR what is due although its wake-up was lost."""
        alone(self.env, self.env["g2p.spar.reconciliation"]._wake_up_stale)
        forget = partial(store.delete_recorded_requests, self.env)
        alone(self.env, commit_with_retry, self.env, forget)
        connections = self.env["g2p.spar.connection"].search(
            [("state", "=", "running")]
        )
        for connection in connections:
            # Each has its share, so that a slow SPAR does not starve the others.
            share = SWEEP_SECONDS / len(connections)
            alone(self.env, SyncRun(connection, share, LOST_AFTER).work)
