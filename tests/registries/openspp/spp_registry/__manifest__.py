{
    "name": "Stand-in: OpenSPP registry",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["mail", "contacts", "portal", "phone_validation", "spp_vocabulary"],
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "wizard/disable_registrant.xml",
        "views/registrant.xml",
        "views/menus.xml",
    ],
}
