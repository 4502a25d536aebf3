{
    "name": "Stand-in: OpenSPP bank accounts",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["spp_registry"],
    "data": ["views.xml", "ir.model.access.csv"],
}
