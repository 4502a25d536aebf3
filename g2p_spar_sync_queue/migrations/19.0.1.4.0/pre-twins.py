"""Of running connections that lead to the same SPAR only the oldest goes on."""

from odoo.addons.g2p_spar_sync_queue.spar.codes import LINK
from odoo.addons.g2p_spar_sync_queue.spar.g2p_connect import G2pConnect
from odoo.addons.g2p_spar_sync_queue.spar.partner_api import NAME, PartnerApi
from odoo.addons.g2p_spar_sync_queue.spar.place import place

REASON = (
    "Another running connection sends to the same SPAR. Pause that one first, or "
    "correct the address of this one."
)


def migrate(cr, version):
    """Pause the younger of two twins, which the database refuses from now on."""
    cr.execute(
        """SELECT id, base_url, link_path, dialect FROM g2p_spar_connection
            WHERE state = 'running' ORDER BY id"""
    )
    taken = set()
    for id_, base_url, link_path, dialect in cr.fetchall():
        dialect = PartnerApi() if dialect == NAME else G2pConnect()
        path = link_path or dialect.path(LINK)
        places = {("", place(base_url)), (LINK, place(base_url.rstrip("/") + path))}
        if places & taken:
            cr.execute(
                """UPDATE g2p_spar_connection
                      SET state = 'paused', pause_reason = %s,
                          paused_at = now() AT TIME ZONE 'UTC'
                    WHERE id = %s""",
                [REASON, id_],
            )
        else:
            taken |= places
