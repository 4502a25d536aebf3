{
    "name": "Stand-in: OpenSPP vocabularies",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["spp_security"],
    "data": ["ir.model.access.csv", "id_types.xml"],
}
