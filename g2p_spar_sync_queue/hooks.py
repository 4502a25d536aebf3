"""Steps of installing and uninstalling that Odoo does not do itself."""


def post_init_hook(env):
    """Give each registrant with a payment address a row of captures."""
    add_capture_rows(env.cr)


def add_capture_rows(cr):
    """Give each registrant with a payment address a row of captures.

    Taking up registrants skips a locked row, but would have to wait for a row that
    another transaction is inserting.
    """
    cr.execute(
        """INSERT INTO g2p_spar_capture (partner_id, number)
           SELECT DISTINCT partner_id, 0 FROM g2p_financial_address
               ON CONFLICT (partner_id) DO NOTHING"""
    )


def uninstall_hook(env):
    """Drop the table of encrypted keys, which has no model."""
    env.cr.execute("DROP TABLE IF EXISTS g2p_spar_key_store")
