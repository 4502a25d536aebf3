"""A change knows the SPAR ID that its registrant had when it was captured."""


def migrate(cr, version):
    """Give changes that may still be sent the ID that their registrant has now."""
    cr.execute(
        """UPDATE g2p_spar_change c SET spar_id = p.spar_id
             FROM g2p_spar_mapping m JOIN res_partner p ON p.id = m.partner_id
            WHERE m.id = c.mapping_id AND c.state IN ('queued', 'taken', 'held')"""
    )
