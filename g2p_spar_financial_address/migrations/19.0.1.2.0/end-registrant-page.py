import logging

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Archive views of departments that no longer fit the Payment page.

    They extended it as a part of the contact form, and may name places of that.
    """
    env = api.Environment(cr, SUPERUSER_ID, {"load_all_views": True})
    page = env.ref("g2p_spar_financial_address.registrant_page")
    named = env["ir.model.data"].search([("model", "=", "ir.ui.view")])
    parts = named.filtered(lambda one: one.name == "registrant_page").mapped("res_id")
    added = env["ir.ui.view"].search(
        [("inherit_id", "in", parts), ("id", "not in", named.mapped("res_id"))]
    )
    added.active = False
    for view in added:
        view.active = True
        try:
            page._get_combined_arch()
        except (ValueError, UserError):
            view.active = False
            _logger.warning(
                "View %s (%s) does not fit the Payment page any more, and was archived.",
                view.id,
                view.name,
            )
