{
    "name": "SPAR: ODK Central",
    "summary": "Payment addresses collected offline with ODK, nothing lost or doubled",
    "version": "19.0.1.0.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "depends": ["g2p_spar_financial_address", "mail"],
    "external_dependencies": {"python": ["requests", "urllib3"]},
    "data": [
        "security/ir.model.access.csv",
        "data/ir_cron.xml",
        "views/g2p_odk_server_views.xml",
        "views/g2p_odk_form_views.xml",
        "wizards/g2p_odk_form_pick_views.xml",
        "views/menus.xml",
    ],
}
