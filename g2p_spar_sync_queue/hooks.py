"""What the module system does not do by itself."""


def uninstall_hook(env):
    """Leave no sealed keys behind: no model owns their table."""
    env.cr.execute("DROP TABLE IF EXISTS g2p_spar_key_store")
