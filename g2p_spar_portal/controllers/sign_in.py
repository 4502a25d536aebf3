from odoo import http
from odoo.http import request

from odoo.addons.g2p_spar_financial_address.toolkit import request_bodies
from odoo.addons.web.controllers.home import Home
from odoo.addons.web.controllers.session import Session

from ..const import FIELD_AGENT, PATHS
from .frame import frame

#: Modules whose check of the login needs the scripts of Odoo's own page.
_CAPTCHAS = {"google_recaptcha", "website_cf_turnstile"}


class LightHome(Home):
    """A light page to sign in on, for those who are on their way to our pages."""

    @http.route()
    def web_login(self, *args, **kw):
        response = super().web_login(*args, **kw)
        target = request.params.get("redirect") or ""
        if (
            getattr(response, "template", None) == "web.login"
            and target.startswith(PATHS)
            and not _CAPTCHAS & request.registry._init_modules
        ):
            response.template = "g2p_spar_portal.sign_in"
            response.qcontext["frame"] = frame()
            response.headers["Cache-Control"] = "no-store"
            response.headers["Content-Security-Policy"] = request_bodies.PAGE
            response.headers["X-Frame-Options"] = "DENY"
        return response


class CleanSession(Session):
    """Nothing stays on the phone of a field agent who signs out, on any page."""

    @http.route()
    def logout(self, *args, **kw):
        uid = request.db and request.session.uid
        user = uid and request.env["res.users"].sudo().browse(uid).exists()
        is_agent = bool(user) and user.has_group(FIELD_AGENT)
        response = super().logout(*args, **kw)
        if is_agent:
            # Browsers obey it where the connection is secure; the script of our pages
            # clears what it kept by itself, too.
            response.headers["Clear-Site-Data"] = '"storage"'
        return response
