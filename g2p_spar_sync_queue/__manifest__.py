{
    "name": "SPAR: Sync Queue",
    "summary": "Keeps SPAR's ID-to-account mapper right through every failure",
    "version": "19.0.1.2.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "depends": ["g2p_spar_financial_address", "mail", "queue_job"],
    "external_dependencies": {
        # PyJWT is named as it is imported: Odoo checks distributions by that name.
        "python": ["PyJWT", "cryptography", "requests"]
    },
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "data/queue_job.xml",
        "data/mail_activity_type.xml",
        "data/ir_cron.xml",
        "wizards/g2p_spar_key_generate_views.xml",
        "views/g2p_spar_connection_views.xml",
        "views/g2p_spar_key_views.xml",
        "views/g2p_spar_mapping_views.xml",
        "views/g2p_spar_change_views.xml",
        "views/g2p_spar_reconciliation_views.xml",
        "views/g2p_spar_reconciliation_line_views.xml",
        "views/res_partner_views.xml",
        "wizards/g2p_spar_intervene_views.xml",
        "views/menus.xml",
    ],
    "demo": ["demo/res_users.xml"],
    "uninstall_hook": "uninstall_hook",
    "assets": {
        "web.assets_backend": ["g2p_spar_sync_queue/static/src/**/*"],
    },
}
