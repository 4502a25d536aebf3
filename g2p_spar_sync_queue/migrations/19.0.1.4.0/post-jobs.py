"""Jobs that wait belong to the system user from now on."""

from odoo.addons.g2p_spar_sync_queue.jobs import hand_over

MODELS = (
    "g2p.spar.connection",
    "g2p.spar.mapping",
    "g2p.spar.reconciliation",
    "g2p.spar.reconciliation.line",
)


def migrate(cr, version):
    """Let no job depend on a user or a company that may be deleted."""
    hand_over(cr, MODELS)
