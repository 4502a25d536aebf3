"""The stand-in for ODK Central as a process of its own.

What it does is in the addon's tests, ``g2p_odk_spar_mapping/tests/central_stand_in``,
which need it in their own process.
"""

import sys

import requests

from tools import settings
from tools.processes import Process, Service, child_environment

#: Where its package is; plain Python, though inside an addon.
FOLDER = settings.ROOT / "g2p_odk_spar_mapping" / "tests"


class StandInCentral(Service):
    """Runs ``central_stand_in.server``.

    :param int port: port on 127.0.0.1.
    :param str name: name of process and log.
    """

    def __init__(self, port, name):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        argv = [sys.executable, "-m", "central_stand_in.server", "--port", port]
        self.process = Process(name, argv, child_environment(PYTHONPATH=FOLDER))
        self.session = requests.Session()
        # Variables for a proxy must not lead local calls astray.
        self.session.trust_env = False

    def start(self):
        """Start it and wait until it answers.

        :return: this object.
        """
        self.process.start().wait_http(f"{self.url}/control/state", 20)
        return self

    def do(self, method, **arguments):
        """Do what people do at Central.

        :param str method: of ``central_stand_in.store.Store``.
        :param arguments: for it.
        :return: what it returned.
        """
        return self._post("do", [method, arguments])

    def arm(self, *faults):
        """Have something go wrong; see ``central_stand_in.server``.

        :param dict faults: each as told there.
        """
        self._post("fault", list(faults))

    def disarm(self):
        """Have nothing go wrong any more; what fired is remembered."""
        self._post("disarm", {})

    def skew(self, seconds):
        """Let its clock be ahead of this machine's.

        :param float seconds: by how much.
        """
        self._post("skew", {"seconds": seconds})

    def reset(self):
        """Let it forget everything."""
        self._post("reset", {})

    def forget_requests(self):
        """Let it begin to count requests anew."""
        self._post("forget", {})

    def state(self):
        """Return ``requests``, ``fired``, ``sessions`` and ``submissions``."""
        return self.session.get(f"{self.url}/control/state", timeout=60).json()

    def _post(self, path, content):
        url = f"{self.url}/control/{path}"
        answer = self.session.post(url, json=content, timeout=60)
        answer.raise_for_status()
        return answer.json()
