"""The hash of the answers of a submission has the registry's key."""

from odoo import SUPERUSER_ID, api
from odoo.tools.misc import split_every

from odoo.addons.g2p_odk_spar_mapping.models.g2p_odk_form import keyed_content

#: Rows in one statement.
CHUNK = 10_000


def migrate(cr, version):
    """Make it of the one without a key, so that no submission counts as changed."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute(
        "SELECT id, content_hash FROM g2p_odk_submission WHERE content_hash IS NOT NULL"
    )
    for rows in split_every(CHUNK, cr.fetchall()):
        hashes = [keyed_content(env, plain) for _id, plain in rows]
        cr.execute(
            """UPDATE g2p_odk_submission AS s SET content_hash = new.hash
                 FROM unnest(%s::int[], %s::text[]) AS new(id, hash)
                WHERE s.id = new.id""",
            [[id_ for id_, _plain in rows], hashes],
        )
    # The next run stores the hash that a new question in the form does not change.
    env["g2p.odk.form"].with_context(active_test=False).search([])._read_anew()
