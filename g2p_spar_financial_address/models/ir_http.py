from odoo import models
from odoo.http import request

from ..toolkit import request_bodies


class IrHttp(models.AbstractModel):
    """Refuses a request whose body was not read before its cursor was opened."""

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        if rule.endpoint.routing.get("spar_body_taken"):
            request_bodies.check_taken(request.httprequest.environ)
        return super()._pre_dispatch(rule, args)
