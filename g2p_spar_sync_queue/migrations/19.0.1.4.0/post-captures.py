"""Each registrant with a payment address has a row of captures."""

from odoo.addons.g2p_spar_sync_queue.hooks import add_capture_rows


def migrate(cr, version):
    """Add the rows of those who were entered before there were any."""
    add_capture_rows(cr)
