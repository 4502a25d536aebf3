"""Changes, attempts and interventions have the company of their registrant.

Before the addon is loaded: Odoo would compute the new column row by row.
"""

from odoo.tools import SQL

#: Rows in one statement.
BATCH = 100_000
TABLES = ("g2p_spar_change", "g2p_spar_attempt", "g2p_spar_intervention")


def migrate(cr, version):
    """Add the columns, and fill them with the company each registrant has now."""
    cr.execute("SELECT EXISTS (SELECT FROM res_partner WHERE company_id IS NOT NULL)")
    (has_companies,) = cr.fetchone()
    for table in TABLES:
        cr.execute(
            SQL(
                "ALTER TABLE %s ADD COLUMN IF NOT EXISTS company_id int4",
                SQL.identifier(table),
            )
        )
        if has_companies:
            fill(cr, table)


def fill(cr, table):
    """Set the company of the rows of a table, a part of them at a time."""
    name = SQL.identifier(table)
    cr.execute(SQL("SELECT COALESCE(max(id), 0) FROM %s", name))
    (last,) = cr.fetchone()
    for first in range(0, last + 1, BATCH):
        cr.execute(
            SQL(
                """UPDATE %s t SET company_id = p.company_id
                     FROM g2p_spar_mapping m JOIN res_partner p ON p.id = m.partner_id
                    WHERE m.id = t.mapping_id AND p.company_id IS NOT NULL
                      AND t.company_id IS NULL AND t.id >= %s AND t.id < %s""",
                name,
                first,
                first + BATCH,
            )
        )
