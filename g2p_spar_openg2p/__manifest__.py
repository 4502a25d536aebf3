{
    "name": "SPAR: OpenG2P Registry",
    "summary": "Payment addresses of the registrants of OpenG2P's registry",
    "version": "19.0.1.0.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "development_status": "Alpha",
    "depends": [
        "g2p_spar_sync_queue",
        "g2p_registry_individual",
        "g2p_registry_group",
    ],
    "data": [
        "security/groups.xml",
        "views/menus.xml",
        "views/res_partner_views.xml",
    ],
    "auto_install": True,
}
