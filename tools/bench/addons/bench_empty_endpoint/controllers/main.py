from odoo import http
from odoo.http import request


class EmptyController(http.Controller):
    """What an endpoint that does nothing costs where no app is in between."""

    @http.route(
        "/bench/empty", type="http", auth="public", methods=["GET"], save_session=False
    )
    def empty(self):
        """Answer the same JSON as the empty endpoint of the app."""
        return request.make_json_response({})
