import logging

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Archive views of departments that no longer fit the Payment page.

    They extended it as a part of the contact form, and may name places of that.
    """
    env = api.Environment(cr, SUPERUSER_ID, {"load_all_views": True})
    named = env["ir.model.data"].search([("model", "=", "ir.ui.view")])
    parts = named.filtered(lambda one: one.name == "registrant_page").mapped("res_id")
    added = env["ir.ui.view"].search(
        [("inherit_id", "in", parts), ("id", "not in", named.mapped("res_id"))]
    )
    added.active = False
    for view in added:
        try:
            # Odoo checks it, and with it the page.
            view.active = True
        except UserError:
            view.active = False
            _logger.warning(
                "View %s (%s) no longer fits the Payment page and was archived.",
                view.id,
                view.name,
            )
