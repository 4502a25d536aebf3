"""No cool-down is shorter than a request may take to leave."""


def migrate(cr, version):
    """Raise shorter ones, which the database refuses from now on."""
    cr.execute("UPDATE g2p_spar_connection SET cool_down = 2 WHERE cool_down < 2")
