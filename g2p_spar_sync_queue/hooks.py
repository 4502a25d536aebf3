"""What the module system does not do by itself."""


def post_init_hook(env):
    """Give each registrant with a payment address a row of captures."""
    add_capture_rows(env.cr)


def add_capture_rows(cr):
    """Give each registrant with a payment address a row of captures.

    Taking up registrants passes over a row that is held, and waits for one that is
    being added.
    """
    cr.execute(
        """INSERT INTO g2p_spar_capture (partner_id, number)
           SELECT DISTINCT partner_id, 0 FROM g2p_financial_address
               ON CONFLICT (partner_id) DO NOTHING"""
    )


def uninstall_hook(env):
    """Leave no sealed keys behind: no model owns their table."""
    env.cr.execute("DROP TABLE IF EXISTS g2p_spar_key_store")
