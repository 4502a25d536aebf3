from odoo.tools import SQL


def migrate(cr, version):
    """Take those for able to call as a caller who are known to have set it up."""
    for table in ("g2p_api_client", "g2p_api_issuer"):
        for column in ("create_uid", "write_uid"):
            cr.execute(
                SQL(
                    """INSERT INTO %s (%s, res_users_id)
                       SELECT id, %s FROM %s WHERE %s IS NOT NULL
                           ON CONFLICT DO NOTHING""",
                    SQL.identifier(f"{table}_res_users_rel"),
                    SQL.identifier(f"{table}_id"),
                    SQL.identifier(column),
                    SQL.identifier(table),
                    SQL.identifier(column),
                )
            )
    cr.execute(
        """UPDATE g2p_financial_address a SET api_caller_key = p.caller
             FROM g2p_api_proposal p
            WHERE p.address_id = a.id AND a.api_caller_key IS NULL"""
    )
