"""Client of ODK Central in plain Python; imports nothing of Odoo or the suite."""
