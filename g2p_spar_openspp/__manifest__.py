{
    "name": "SPAR: OpenSPP Registry",
    "summary": "Payment addresses of the registrants of OpenSPP 2",
    "version": "19.0.1.0.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["g2p_spar_sync_queue", "spp_registry"],
    "data": [
        "security/groups.xml",
        "views/menus.xml",
        "views/res_partner_views.xml",
        "views/res_partner_bank_views.xml",
    ],
    "auto_install": True,
}
