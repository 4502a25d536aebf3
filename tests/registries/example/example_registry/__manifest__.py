{
    "name": "Example: a registry of its own",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["g2p_spar_financial_address"],
    "data": ["ir.model.access.csv", "form.xml"],
}
