{
    "name": "SPAR: Admin Screens",
    "summary": "What SPAR really holds, what is in trouble, and the cure",
    "version": "19.0.1.0.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "depends": [
        "g2p_spar_sync_queue",
        "web",
        "bus",
    ],
    "data": [
        "security/ir.model.access.csv",
        "security/rules.xml",
        "data/mail_activity_type.xml",
        "data/mail_template.xml",
        "data/ir_cron.xml",
        "data/ir_actions_server.xml",
        "data/queue_job.xml",
        "views/g2p_fa_bulk_views.xml",
        "views/g2p_fa_settings_views.xml",
        "views/g2p_spar_mapping_views.xml",
        "views/g2p_spar_change_views.xml",
        "views/g2p_spar_reconciliation_views.xml",
        "views/res_partner_views.xml",
        "views/menus.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "g2p_spar_admin_ui/static/src/**/*",
        ],
    },
}
