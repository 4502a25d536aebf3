"""The last looks at SPAR have moved here from the addon of the admin screens.

Unless they are known as this addon's before that one is loaded without them, Odoo takes
them for removed there at the end of the update, and deletes what it finds of them.
"""

FORMER, NOW = "g2p_spar_admin_ui", "g2p_spar_sync_queue"


def migrate(cr, version):
    """Hand over the model, its fields, constraints, access right and rule."""
    cr.execute(
        """UPDATE ir_model_data SET module = %(now)s
            WHERE module = %(former)s
              AND (   model = 'ir.model' AND name = 'model_g2p_spar_reading'
                   OR model = 'ir.model.fields'
                      AND name LIKE 'field\\_g2p\\_spar\\_reading\\_\\_%%'
                   OR model = 'ir.model.constraint'
                      AND name LIKE 'constraint\\_g2p\\_spar\\_reading\\_%%'
                   OR model = 'ir.model.access' AND name = 'access_reading_viewer'
                   OR model = 'ir.rule' AND name = 'rule_reading_company')
              -- Done once before, those that are left are of what extends the model.
              AND NOT EXISTS (SELECT FROM ir_model_data known
                               WHERE known.module = %(now)s
                                 AND known.name = ir_model_data.name)""",
        {"former": FORMER, "now": NOW},
    )
    cr.execute(
        """UPDATE ir_model_constraint c
              SET module = (SELECT id FROM ir_module_module WHERE name = %(now)s)
             FROM ir_model m, ir_module_module f
            WHERE m.id = c.model AND m.model = 'g2p.spar.reading'
              AND f.id = c.module AND f.name = %(former)s""",
        {"former": FORMER, "now": NOW},
    )
