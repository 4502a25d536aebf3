def migrate(cr, version):
    """Remove the text of proofs from the index of files."""
    cr.execute(
        """UPDATE ir_attachment SET index_content = NULL
            WHERE res_model = 'g2p.financial.address' AND res_field = 'proof'
              AND index_content IS NOT NULL"""
    )
