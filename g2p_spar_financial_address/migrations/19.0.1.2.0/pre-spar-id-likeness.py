from odoo.addons.g2p_spar_financial_address.values import identifiers

CHUNK = 10_000


def migrate(cr, version):
    """Store what SPAR IDs have in common with those they may be taken for.

    The ORM would read every contact for it. The IDs themselves stay as they are: SPAR
    holds them.
    """
    cr.execute(
        "ALTER TABLE res_partner ADD COLUMN IF NOT EXISTS spar_id_likeness varchar"
    )
    last = 0
    while True:
        cr.execute(
            "SELECT id, spar_id FROM res_partner"
            " WHERE spar_id IS NOT NULL AND id > %s ORDER BY id LIMIT %s",
            [last, CHUNK],
        )
        rows = cr.fetchall()
        if not rows:
            break
        ids = [id_ for id_, _spar_id in rows]
        likenesses = [identifiers.likeness(spar_id) or None for _id, spar_id in rows]
        cr.execute(
            """UPDATE res_partner AS p SET spar_id_likeness = new.likeness
                 FROM unnest(%s::int[], %s::text[]) AS new(id, likeness)
                WHERE p.id = new.id""",
            [ids, likenesses],
        )
        last = ids[-1]
