"""What SPAR holds is remembered by hashes with the registry's key."""

from odoo import SUPERUSER_ID, api
from odoo.tools.misc import split_every

from odoo.addons.g2p_spar_sync_queue.engine.digest import keyed

#: Rows in one statement.
CHUNK = 10_000


def migrate(cr, version):
    """Make them of the hashes without a key, which could be guessed."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute(
        "SELECT id, held_digest FROM g2p_spar_mapping WHERE held_digest IS NOT NULL"
    )
    for rows in split_every(CHUNK, cr.fetchall()):
        cr.execute(
            """UPDATE g2p_spar_mapping AS m SET held_digest = new.digest
                 FROM unnest(%s::int[], %s::text[]) AS new(id, digest)
                WHERE m.id = new.id""",
            [[id_ for id_, _plain in rows], [keyed(env, plain) for _id, plain in rows]],
        )
