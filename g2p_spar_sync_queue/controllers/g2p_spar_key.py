from odoo import http
from odoo.http import content_disposition, request

from ..models.g2p_spar_key import MANAGER, PUBLIC_FILES


class G2pSparKeyController(http.Controller):
    """Files for SPAR's operator, all of them public."""

    @http.route("/spar/key/<int:key_id>/<string:what>", auth="user", readonly=True)
    def download(self, key_id, what):
        """Hand out a certificate, a public key, or a request for a certificate.

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
