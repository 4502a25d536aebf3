"""Plain Python client of ODK Central: nothing of Odoo, nothing of SPAR."""
