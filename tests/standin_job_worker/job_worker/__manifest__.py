{
    "name": "Job Worker",
    "summary": "Stands in for OpenSPP's queue of this name, see jobs.py",
    "version": "19.0.1.1.0",
    "author": "Stand-in",
    "license": "LGPL-3",
    "depends": ["base", "web"],
    "data": ["security/ir.model.access.csv"],
}
