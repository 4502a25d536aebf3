"""The key service as a process of its own."""

from . import problems, settings
from .processes import Process, Service, child_environment


class KeyService(Service):
    """Runs :mod:`tools.key_service`.

    :param int port: port on 127.0.0.1.
    :param pathlib.Path partners: folder of registered certificates.
    :param str name: name of process and logs.
    """

    def __init__(self, port, partners=settings.PARTNERS, name="key-service"):
        self.port = port
        self.partners = partners
        self.url = f"http://127.0.0.1:{port}"
        self.verdicts = settings.LOGS / f"{name}-verdicts.jsonl"
        """File of verdicts; ``key_service.count_verdicts`` counts them."""
        python = settings.ODOO_VENV / "bin" / "python"
        argv = [python, "-m", "tools.key_service", "--port", port]
        argv += ["--partners", partners, "--log", self.verdicts]
        self.process = Process(name, argv, child_environment())

    def start(self):
        """Start it and wait until it answers.

        :return: this object.
        :raises Problem: when it does not start.
        """
        problems.check_port(self.port, "SPAR_KEY_SERVICE_PORT", "the key service")
        self.partners.mkdir(parents=True, exist_ok=True)
        self.process.start().wait_http(f"{self.url}/health", 20)
        return self
