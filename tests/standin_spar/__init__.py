"""The stand-in for SPAR as a process of its own, and one that verifies signatures.

What it does is in the addon's tests, ``g2p_spar_sync_queue/tests/spar_stand_in``, which
need it in their own process, also where only the wheels are.
"""

import requests

from tools import settings
from tools.processes import Process, Service, child_environment


class StandInSpar(Service):
    """Runs :mod:`tests.standin_spar.server`.

    :param int port: port on 127.0.0.1.
    :param str name: name of process and log.
    :param str upstream: base address of a real mapper it stands in front of.
    :param str version: of SPAR, one of :data:`spar_stand_in.server.VERSIONS`.
    :param pathlib.Path partners: folder of registered certificates; without it
        everyone is believed.
    """

    def __init__(self, port, name, upstream=None, version="1.1.0", partners=None):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        argv = [settings.ODOO_VENV / "bin" / "python"]
        argv += ["-m", "tests.standin_spar.server", "--port", port]
        argv += ["--version", version]
        argv += ["--upstream", upstream] if upstream else []
        argv += ["--partners", partners] if partners else []
        self.process = Process(name, argv, child_environment())
        self.session = requests.Session()
        # Variables for a proxy must not lead local calls astray.
        self.session.trust_env = False

    def start(self):
        """Start it and wait until it answers.

        :return: this object.
        """
        self.process.start().wait_http(f"{self.url}/control/", 20)
        return self

    def arm(self, *faults):
        """Have something go wrong.

        :param dict faults: arguments of :class:`spar_stand_in.faults.Fault`.
        """
        self._post("fault", list(faults))

    def disarm(self):
        """Have nothing go wrong any more; what fired is remembered."""
        self._post("disarm", {})

    def reset(self, seed=0, rows=False):
        """Let it forget what happened and what was armed; its rows stay.

        :param int seed: of what faults with a rate decide by.
        :param bool rows: whether its rows go, too.
        """
        self._post("reset", {"seed": seed, "rows": rows})

    def upgrade(self, version):
        """Be another version of SPAR from here on; the rows stay."""
        self._post("upgrade", {"version": version})

    def state(self):
        """Return what happened: ``requests``, ``applied``, ``rows`` and ``fired``."""
        return self.session.get(f"{self.url}/control/state", timeout=30).json()

    def must_have_fired(self, *names):
        """Make sure that what should have gone wrong did.

        :param str names: of faults; none for all that were armed.
        :return: how often each fired.
        :raises AssertionError: when one never did.
        """
        fired = self.state()["fired"]
        never = [name for name in names or fired if not fired.get(name)]
        if never or not fired:
            raise AssertionError(f"faults that never fired: {never or 'all'}")
        return fired

    def _post(self, path, content):
        url = f"{self.url}/control/{path}"
        answer = self.session.post(url, json=content, timeout=30)
        answer.raise_for_status()
