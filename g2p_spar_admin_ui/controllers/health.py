import hmac
import threading
import time
from collections import OrderedDict

from odoo import SUPERUSER_ID, http
from odoo.http import request

from odoo.addons.g2p_spar_financial_address.toolkit import request_bodies

from ..models.g2p_fa_settings import token_digest

#: Requests per minute, from one address, that are answered.
PER_MINUTE = 30
#: Addresses whose requests are counted at the same time.
MEMORY = 1_000
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Limiter:
    """Counts requests per minute and address, in this process.

    :param clock: returns seconds
    """

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = OrderedDict()

    def allows(self, address):
        """Whether one more request from this address is answered."""
        minute = int(self._clock() // 60)
        with self._lock:
            known, count = self._counts.pop(address, (minute, 0))
            count = count + 1 if known == minute else 1
            self._counts[address] = minute, count
            while len(self._counts) > MEMORY:
                self._counts.popitem(last=False)
        return count <= PER_MINUTE


limiter = Limiter()
request_bodies.guard("/spar/health", 0)


class HealthController(http.Controller):
    @http.route(
        "/spar/health",
        type="http",
        auth="none",
        methods=["GET"],
        max_content_length=0,
        spar_body_taken=True,
        csrf=False,
        save_session=False,
    )
    def health(self):
        """Report the current state to a monitoring system: counts and ages only.

        Requests without the token, or beyond the limit, get the answer 404.
        """
        allowed = limiter.allows(request.httprequest.remote_addr)
        env = request.env(user=SUPERUSER_ID)
        settings = env["g2p.fa.settings"].current()
        if not (allowed and _is_known(settings.health_token_digest)):
            return request.not_found()
        body = env["g2p.spar.health"]._prometheus()
        headers = [("Content-Type", PROMETHEUS), ("Cache-Control", "no-store")]
        return request.make_response(body, headers)


def _is_known(digest):
    """Whether the request has the token of this digest."""
    scheme, _blank, token = request.httprequest.headers.get(
        "Authorization", ""
    ).partition(" ")
    # Compared in all cases, so that the time of the answer reveals nothing.
    same = hmac.compare_digest(token_digest(token), digest or "")
    return bool(digest) and bool(token) and scheme.lower() == "bearer" and same
