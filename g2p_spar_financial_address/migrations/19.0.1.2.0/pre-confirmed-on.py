def migrate(cr, version):
    """Count addresses in use as confirmed when they came into use.

    Before the index is made, which each of these rows would be added to otherwise.
    """
    cr.execute(
        "ALTER TABLE g2p_financial_address"
        " ADD COLUMN IF NOT EXISTS confirmed_on timestamp"
    )
    cr.execute(
        """UPDATE g2p_financial_address SET confirmed_on = effective_date
            WHERE state = 'effective' AND confirmed_on IS NULL"""
    )
