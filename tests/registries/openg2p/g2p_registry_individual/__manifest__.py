{
    "name": "Stand-in: OpenG2P registry, individuals",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["g2p_registry_base"],
    "data": ["views.xml"],
}
