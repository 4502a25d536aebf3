"""What the module system does not do by itself."""


def uninstall_hook(env):
    """Leave no keys behind that sign tokens: no model owns their table."""
    env.cr.execute("DROP TABLE IF EXISTS g2p_api_signing_store")
