{
    "name": "SPAR: Portal for Field Agents",
    "summary": "Field agents look after the payment addresses of their own people",
    "version": "19.0.1.0.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "depends": ["g2p_spar_sync_queue", "portal"],
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "security/rules.xml",
        "views/portal_layout.xml",
        "views/portal_fields.xml",
        "views/portal_home.xml",
        "views/portal_people.xml",
        "views/portal_payment.xml",
        "views/res_partner_views.xml",
    ],
    "demo": ["demo/res_users.xml"],
    "assets": {
        "web.assets_frontend": ["g2p_spar_portal/static/src/portal.css"],
    },
}
