from odoo import SUPERUSER_ID, api
from odoo.tools.sql import column_exists


def migrate(cr, version):
    """Make a key of the files each connection named; they stay where they are."""
    if not column_exists(cr, "g2p_spar_connection", "private_key_path"):
        return
    # By SQL: a file that cannot be read now is no reason for the upgrade to fail.
    cr.execute(
        """INSERT INTO g2p_spar_key (name, connection_id, source, key_path,
                                     certificate_path, use_from,
                                     create_uid, create_date, write_uid, write_date)
           SELECT 'Signing key', c.id, 'file', c.private_key_path, c.certificate_path,
                  date_trunc('second',
                             COALESCE(c.create_date, now() AT TIME ZONE 'UTC')),
                  %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
             FROM g2p_spar_connection c
            WHERE c.private_key_path IS NOT NULL
              AND NOT EXISTS (SELECT FROM g2p_spar_key k WHERE k.connection_id = c.id)
        RETURNING id""",
        {"uid": SUPERUSER_ID},
    )
    ids = [id_ for (id_,) in cr.fetchall()]
    env = api.Environment(cr, SUPERUSER_ID, {})
    for key in env["g2p.spar.key"].browse(ids):
        key._refresh_certificate()
