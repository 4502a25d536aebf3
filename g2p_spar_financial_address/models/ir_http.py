from odoo import models
from odoo.http import request

from ..const import VIEWER
from ..toolkit import request_bodies


class IrHttp(models.AbstractModel):
    """Refuses a request whose body was not read before its cursor was opened.

    Tells the web client where a user of the suite begins.
    """

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        if rule.endpoint.routing.get("spar_body_taken"):
            request_bodies.check_taken(request.httprequest.environ)
        return super()._pre_dispatch(rule, args)

    def session_info(self):
        info = super().session_info()
        user = self.env.user
        if user._is_internal():
            # Known to the web client without a request of its own.
            info["groups"][VIEWER] = user.has_group(VIEWER)
            # What a user has chosen stays.
            if not info["home_action_id"]:
                info["home_action_id"] = user._spar_home_action().id
        return info
