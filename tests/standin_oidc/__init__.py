"""The stand-in for a country's login service as a process of its own."""

import requests

from tools import settings
from tools.processes import Process, Service, child_environment


class StandInIssuer(Service):
    """Runs :mod:`tests.standin_oidc.server`.

    It starts with a new key each time; what it signed before is not valid any more.

    :param int port: port on 127.0.0.1.
    :param str name: name of process and log.
    """

    def __init__(self, port, name):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        argv = [settings.ODOO_VENV / "bin" / "python"]
        argv += ["-m", "tests.standin_oidc.server", "--port", port]
        self.process = Process(name, argv, child_environment())
        self.session = requests.Session()
        # Variables for a proxy must not lead local calls astray.
        self.session.trust_env = False

    @property
    def jwks_url(self):
        """Where its public keys are."""
        return f"{self.url}/jwks"

    def start(self):
        """Start it and wait until it answers.

        :return: this object.
        """
        self.process.start().wait_http(f"{self.url}/control/state", 20)
        return self

    def token(self, subject, audience, header=None, seconds=300, **claims):
        """Log somebody in; return their token.

        :param str subject: who it is, in the issuer's words.
        :param str audience: for whom the token is.
        :param dict header: what the token's header has other than usual.
        :param float seconds: how long it is valid.
        :param claims: further claims, or other ones; None leaves one out.
        """
        wanted = {"sub": subject, "aud": audience, "seconds": seconds}
        wanted.update(header=header or {}, claims=claims)
        return self._post("token", wanted)["token"]

    def rotate(self, keep=True):
        """Sign with a new key from here on.

        :param bool keep: whether the older keys stay among the public ones.
        """
        self._post("rotate", {"keep": keep})

    def fail(self, status):
        """Answer everybody but the test with this status; 200 ends that."""
        self._post("fail", {"status": status})

    def requests(self):
        """Return how often each path was asked for."""
        url = f"{self.url}/control/state"
        return self.session.get(url, timeout=30).json()["requests"]

    def _post(self, order, content):
        url = f"{self.url}/control/{order}"
        answer = self.session.post(url, json=content, timeout=30)
        answer.raise_for_status()
        return answer.json()
