def migrate(cr, version):
    """Every address so far is paid to the registrant.

    With a default PostgreSQL writes no row; the ORM would write each of them.
    """
    cr.execute(
        """ALTER TABLE g2p_financial_address
           ADD COLUMN IF NOT EXISTS payee varchar NOT NULL DEFAULT 'self'"""
    )
    cr.execute("ALTER TABLE g2p_financial_address ALTER payee DROP DEFAULT")
