import hmac
import threading
import time
from collections import OrderedDict

from odoo import SUPERUSER_ID, http
from odoo.http import request

from odoo.addons.g2p_spar_financial_address.toolkit import request_bodies

from ..models.g2p_fa_settings import token_digest

#: Questions per minute, from one address, that are looked at.
PER_MINUTE = 30
#: Addresses that are remembered.
MEMORY = 1_000
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Limiter:
    """Counts questions per minute and address, in this process.

    :param clock: returns seconds
    """

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = OrderedDict()

    def allows(self, address):
        """Whether one more question from this address is looked at."""
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
        """Tell a monitoring system how things stand: counts and ages only.

        Whoever does not show the token, or asks too often, is told that there is no
        such page.
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
    """Whether the request shows the token of this digest."""
    scheme, _blank, token = request.httprequest.headers.get(
        "Authorization", ""
    ).partition(" ")
    # Compared whatever is missing, so that nothing is told by the time it takes.
    same = hmac.compare_digest(token_digest(token), digest or "")
    return bool(digest) and bool(token) and scheme.lower() == "bearer" and same
