"""Where things are and which knobs there are.

Every knob is an environment variable whose name begins with ``SPAR_``.
"""

import os
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The project folder."""

SANDBOX = ROOT / ".sandbox"
"""The one folder that holds everything generated; git ignores it."""

LOCK = SANDBOX / "setup.lock"
"""Held while something changes the environments."""

STAMPS = SANDBOX / "stamps"
"""One file for each finished step of the set-up."""

LOGS = SANDBOX / "logs"
"""One log file for each process."""

RUN = SANDBOX / "run"
"""One file for each running process."""

REPORTS = SANDBOX / "reports"
"""Test reports in JUnit's XML format."""

KEYS = SANDBOX / "keys"
"""Signing key and certificate of the demo partner."""

PARTNERS = SANDBOX / "partners"
"""Certificates the key service knows, one ``PARTNER_*.pem`` file for each partner."""

ODOO_VENV = SANDBOX / "venv-odoo"
SPAR_VENV = SANDBOX / "venv-spar"
LINT_VENV = SANDBOX / "venv-lint"
CLIENT_VENV = SANDBOX / "venv-client"

ODOO_DOWNLOAD = SANDBOX / "odoo"
"""Root folder into which the Odoo package is unpacked."""

ODOO_DATA = SANDBOX / "odoo-data"
"""Odoo's data folder: attachments and sessions."""

REQUIREMENTS = ROOT / "tools" / "requirements"


def text(variable, default=None):
    """Return the value of a knob.

    :param str variable: name of the environment variable.
    :param default: value when the variable is unset or empty.
    :return: the text, or ``default``.
    """
    return os.environ.get(variable) or default


def number(variable, default):
    """Return the value of a knob that holds a whole number.

    :param str variable: name of the environment variable.
    :param int default: value when the variable is unset or empty.
    :return: the number.
    :raises Problem: when the value is not a whole number.
    """
    from .problems import Problem

    value = text(variable)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        raise Problem(f"{variable} must be a whole number, not {value!r}.") from None


def is_on(variable):
    """Return whether a knob such as ``ONCE=1`` is set, and not to 0.

    :param str variable: name of the environment variable.
    """
    return text(variable, "0") != "0"


def chosen(names, known, kind):
    """Return which of the known things to do.

    :param list names: the wanted ones; none for all.
    :param known: the names there are.
    :param str kind: what they are called.
    :raises Problem: when one does not exist.
    """
    from .problems import Problem

    for name in names:
        if name not in known:
            raise Problem(
                f"There is no {kind} {name}. These exist: {', '.join(known)}."
            )
    return names or list(known)


def percent(variable):
    """Return the value of a knob that lowers sizes, in percent of the full ones.

    :param str variable: name of the environment variable; unset means 100.
    :raises Problem: when it is not a whole number from 1 to 100.
    """
    from .problems import Problem

    value = number(variable, 100)
    if not 1 <= value <= 100:
        raise Problem(f"{variable} must be from 1 to 100, not {value}.")
    return value


def odoo_port():
    """Return the TCP port Odoo listens on (``SPAR_ODOO_PORT``)."""
    return number("SPAR_ODOO_PORT", 8069)


def mapper_port():
    """Return the TCP port the SPAR mapper listens on (``SPAR_MAPPER_PORT``)."""
    return number("SPAR_MAPPER_PORT", 8007)


def key_service_port():
    """Return the TCP port of the key service (``SPAR_KEY_SERVICE_PORT``)."""
    return number("SPAR_KEY_SERVICE_PORT", 8008)


def postgres_version():
    """Return the major version of the embedded server (``SPAR_POSTGRES_VERSION``)."""
    return number("SPAR_POSTGRES_VERSION", 18)


def addons():
    """Return the names of the project's own Odoo addons, in alphabetical order."""
    return sorted(path.parent.name for path in ROOT.glob("g2p_*/__manifest__.py"))


QUEUES = {
    "queue_job": "g2p_spar_queue_job",
    "job_worker": "g2p_spar_job_worker",
    "cron": None,
}
"""What may run the jobs of the addons, and the addon that goes between."""

STAND_INS = ROOT / "tests" / "registries"
"""Stand-ins for registries, by registry."""

REGISTRIES = {
    "example": ["example_registry"],
    "openg2p": ["g2p_registry_individual", "g2p_registry_group"],
    "openspp": ["spp_registry", "spp_banking"],
}
"""Stand-ins for registries: the addons of each. Some have an addon ``g2p_spar_…``."""


_QUEUE = ContextVar("queue", default=None)


def queue():
    """Return what runs jobs (``SPAR_QUEUE``): OCA's queue, or another of QUEUES.

    :raises Problem: when there is no such queue.
    """
    name = _QUEUE.get() or text("SPAR_QUEUE", "queue_job")
    chosen([name], QUEUES, "queue")
    return name


@contextmanager
def using_queue(name):
    """The block uses another queue than ``SPAR_QUEUE``; other threads do not.

    :param str name: one of :data:`QUEUES`.
    """
    token = _QUEUE.set(name)
    try:
        yield
    finally:
        _QUEUE.reset(token)


def bridge(registry):
    """Return the name that an addon of ours for this registry has, or would have."""
    return f"g2p_spar_{registry}"


def modules(registry=None):
    """Return the names of the addons to install together, with the chosen queue.

    :param str registry: one of :data:`REGISTRIES`, with its stand-in; None for plain
        contacts as the registry.
    """
    others = {between for name, between in QUEUES.items() if name != queue()}
    others |= {bridge(name) for name in REGISTRIES if name != registry}
    ours = [name for name in addons() if name not in others]
    return ours + REGISTRIES.get(registry, [])
