from odoo import models

from odoo.addons.g2p_spar_sync_queue.jobs import CHANNEL

from .g2p_spar_job import OURS


class QueueJobFunction(models.Model):
    _inherit = "queue.job.function"

    def job_config(self, name):
        """Let jobs of this suite commit: the engine ends its own transactions.

        What it is about to send is stored before it is sent.
        """
        config = super().job_config(name)
        if config.job_function_id or not name.startswith(f"<{OURS}"):
            return config
        return config._replace(channel=CHANNEL, allow_commit=True)
