import json
import uuid

from werkzeug.wrappers import Response

from odoo import api, fields, models

from odoo.addons.g2p_spar_financial_address.toolkit import request_bodies

from ..description import VERSION, complete
from ..problems import MEDIA_TYPE, of_status

APP = "spar_self_service"
#: Bytes of a request's body. The largest proposal is a tenth of it.
MAX_BODY = 64 * 1024


def guard_bodies(root_path):
    """Have bodies of calls below a path read before Odoo opens a cursor."""
    request_bodies.guard(root_path, MAX_BODY, _refusal)


def _refusal(error):
    """Return the answer to a body that could not be read; no database is at hand."""
    request_id = uuid.uuid4().hex
    problem = of_status(error.code)
    response = Response(
        json.dumps(problem.as_dict(None, request_id)),
        status=problem.code,
        content_type=MEDIA_TYPE,
    )
    response.headers.update(
        {
            "X-Request-Id": request_id,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
    )
    if problem.code == 503:
        response.headers["Retry-After"] = "1"
    return response


class FastapiEndpoint(models.Model):
    """Where the self-service API is found on this server."""

    _inherit = "fastapi.endpoint"

    app = fields.Selection(
        selection_add=[(APP, "SPAR self-service")], ondelete={APP: "cascade"}
    )

    def _compute_urls(self):
        result = super()._compute_urls()
        for endpoint in self.filtered(lambda one: one.app == APP):
            endpoint.docs_url = endpoint.redoc_url = False
        return result

    def _get_routing_info(self):
        """Have our own dispatcher serve this app, and keep its requests small."""
        routing = super()._get_routing_info()
        if self.app == APP:
            routing.update(
                type=APP,
                spar_root_path=self.root_path,
                max_content_length=MAX_BODY,
                # All of them: the app says itself which it does not take.
                methods=None,
            )
        return routing

    def _get_fastapi_routers(self):
        if self.app == APP:
            # Not at the top: routers use the models.
            from ..routers import routers

            return routers
        return super()._get_fastapi_routers()

    def _get_app_dependencies_overrides(self):
        if self.app == APP:
            # With a single one, FastAPI looks anew at the signature of everything a
            # route depends on, in every call. Nothing here depends on these.
            return {}
        return super()._get_app_dependencies_overrides()

    def _get_fastapi_app_dependencies(self):
        if self.app == APP:
            # What they would describe, the description says itself.
            return []
        return super()._get_fastapi_app_dependencies()

    def _prepare_fastapi_app_params(self):
        params = super()._prepare_fastapi_app_params()
        if self.app == APP:
            params.update(
                version=VERSION,
                # These pages would load scripts from elsewhere into the registry's
                # own site; the description itself is at /openapi.json.
                docs_url=None,
                redoc_url=None,
                # A redirected call would repeat its token, and a body, elsewhere.
                redirect_slashes=False,
            )
        return params

    def _get_app(self):
        app = super()._get_app()
        if self.app == APP:
            describe = app.openapi
            # Made once, and then kept by the app itself.
            app.openapi = lambda: app.openapi_schema or complete(describe())
        return app

    def _register_hook(self):
        super()._register_hook()
        for endpoint in self.search([("app", "=", APP)]):
            guard_bodies(endpoint.root_path)

    @api.model
    def _publish_self_service(self):
        """Have this server answer where the API is said to be."""
        self.search([("app", "=", APP)])._handle_registry_sync()
