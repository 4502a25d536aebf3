from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.values.checks import mask_note

NOTES = (
    ("g2p_spar_connection", "pause_reason"),
    ("g2p_spar_intervention", "reason"),
    ("g2p_spar_reconciliation_line", "reason"),
)


def migrate(cr, version):
    """Hide the numbers in reasons typed before they were refused."""
    for names in NOTES:
        table, column = map(SQL.identifier, names)
        cr.execute(
            SQL("SELECT id, %s FROM %s WHERE %s IS NOT NULL", column, table, column)
        )
        for row, text in cr.fetchall():
            masked = mask_note(text)
            if masked != text:
                cr.execute(
                    SQL(
                        "UPDATE %s SET %s = %s WHERE id = %s",
                        table,
                        column,
                        masked,
                        row,
                    )
                )
