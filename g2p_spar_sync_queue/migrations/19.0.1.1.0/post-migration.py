from odoo.tools.sql import column_exists


def migrate(cr, version):
    """Carry over what is on its way: nothing of it is lost or sent twice."""
    cr.execute(
        """UPDATE g2p_spar_change c SET state = 'taken' FROM g2p_spar_mapping m
            WHERE m.wanted_change_id = c.id AND c.state = 'queued'"""
    )
    if column_exists(cr, "g2p_spar_mapping", "send_alone"):
        cr.execute(
            """UPDATE g2p_spar_mapping SET send_group = 'tell:alone/' || id
                WHERE send_alone"""
        )
