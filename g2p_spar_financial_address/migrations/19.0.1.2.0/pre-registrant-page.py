ADDONS = (
    "g2p_spar_financial_address",
    "g2p_spar_sync_queue",
    "g2p_spar_admin_ui",
    "g2p_spar_portal",
)


def migrate(cr, version):
    """Keep the views of the Payment page, which extended the contact form before.

    Views that departments added extend these, and would be deleted with them.
    """
    cr.execute(
        """UPDATE ir_model_data SET name = 'registrant_page'
            WHERE module IN %s AND model = 'ir.ui.view' AND name = 'view_partner_form'
        RETURNING module, res_id""",
        [ADDONS],
    )
    views = dict(cr.fetchall())
    if page := views.get(ADDONS[0]):
        cr.execute(
            "UPDATE ir_ui_view SET inherit_id = NULL, mode = 'primary' WHERE id = %s",
            [page],
        )
