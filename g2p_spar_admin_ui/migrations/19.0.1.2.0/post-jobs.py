"""Bulk amendments know who started them, and their jobs belong to the system user."""

from odoo.addons.g2p_spar_sync_queue.jobs import hand_over


def migrate(cr, version):
    """Note the person whose rights count, before the job forgets them."""
    # Starting, stopping and going on are all that people write to it.
    cr.execute(
        """UPDATE g2p_fa_bulk SET requester_id = write_uid
            WHERE requester_id IS NULL AND state IN ('running', 'cancelled')"""
    )
    hand_over(cr, ["g2p.fa.bulk"])
