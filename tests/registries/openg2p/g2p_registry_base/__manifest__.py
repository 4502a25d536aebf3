{
    "name": "Stand-in: OpenG2P registry, base",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["mail", "contacts", "portal"],
    "data": ["groups.xml", "ir.model.access.csv", "menus.xml"],
}
