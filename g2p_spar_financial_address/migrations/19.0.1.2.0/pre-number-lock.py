def migrate(cr, version):
    """Drop the table of locks by its old name: its rows last a transaction."""
    cr.execute("DROP TABLE IF EXISTS g2p_fa_meeting")
