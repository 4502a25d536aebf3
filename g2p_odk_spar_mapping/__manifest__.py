{
    "name": "SPAR: ODK Central",
    "summary": "Payment addresses collected offline with ODK, nothing lost or doubled",
    "version": "19.0.1.1.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "depends": ["g2p_spar_financial_address", "mail"],
    "external_dependencies": {
        "python": ["openpyxl", "phonenumbers", "requests", "urllib3"]
    },
    "data": [
        "security/ir.model.access.csv",
        "security/rules.xml",
        "data/mail_activity_type.xml",
        "data/ir_cron.xml",
        "views/g2p_odk_server_views.xml",
        "views/g2p_odk_form_views.xml",
        "wizards/g2p_odk_form_pick_views.xml",
        "wizards/g2p_odk_correct_views.xml",
        "wizards/g2p_odk_decision_views.xml",
        "views/g2p_odk_submission_views.xml",
        "views/g2p_odk_run_views.xml",
        "views/g2p_odk_mapping_views.xml",
        "views/g2p_financial_address_views.xml",
        "views/menus.xml",
        "views/submission_menus.xml",
    ],
}
