{
    "name": "Stand-in: OpenSPP security",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["base"],
    "data": ["groups.xml"],
}
