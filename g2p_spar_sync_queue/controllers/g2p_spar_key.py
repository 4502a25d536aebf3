from odoo import http
from odoo.http import content_disposition, request

from odoo.addons.g2p_spar_financial_address.toolkit import request_bodies

from ..models.g2p_spar_key import MANAGER, PUBLIC_FILES

request_bodies.guard("/spar/key", 0)


class G2pSparKeyController(http.Controller):
    """Downloads for SPAR's operator; all of them are public data."""

    @http.route(
        "/spar/key/<int:key_id>/<string:what>",
        auth="user",
        methods=["GET"],
        max_content_length=0,
        spar_body_taken=True,
        readonly=True,
    )
    def download(self, key_id, what):
        """Download a certificate, a public key, or a certificate request.

        :param int key_id: of a signing key
        :param str what: ``certificate``, ``public`` or ``request``
        """
        key = request.env["g2p.spar.key"].browse(key_id)
        if what not in PUBLIC_FILES or not request.env.user.has_group(MANAGER):
            return request.not_found()
        name, text = key._public_file(what) if key.exists() else (None, None)
        if not text:
            return request.not_found()
        return request.make_response(
            text,
            [
                ("Content-Type", "application/x-pem-file"),
                ("Content-Disposition", content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
