"""``make odoo`` and ``make shell``: a database to develop on."""

from . import keys, problems, settings
from .key_service_process import KeyService
from .odoo_server import OdooServer
from .postgres import Postgres
from .spar_mapper import SparMapper
from .templates import addons_fingerprint

DATABASE = "dev"
MAPPER_DATABASE = "dev_spar"


def _server():
    """Return an Odoo server on the up-to-date database ``dev``."""
    postgres = Postgres().start()
    server = OdooServer(postgres, DATABASE, name="odoo-dev")
    stamp = settings.STAMPS / "dev-addons"
    state = addons_fingerprint() + str(postgres.address)
    known = stamp.read_text() if stamp.exists() else None
    if DATABASE not in postgres.databases():
        print(f"Installing the addons in the new database {DATABASE} ...")
        server.install(settings.modules())
    elif known != state:
        print("Updating the addons ...")
        server.upgrade(settings.modules())
    stamp.write_text(state)
    return server


def run_odoo(arguments):
    """Run Odoo in the foreground, with a SPAR mapper and a key service beside it.

    :param list arguments: further arguments of Odoo.
    :return: exit code of Odoo.
    """
    for port, variable, purpose in (
        (settings.odoo_port(), "SPAR_ODOO_PORT", "Odoo"),
        (settings.mapper_port(), "SPAR_MAPPER_PORT", "the SPAR mapper"),
        (settings.key_service_port(), "SPAR_KEY_SERVICE_PORT", "the key service"),
    ):
        problems.check_port(port, variable, purpose)
    server = _server()
    key = keys.demo_partner_key(settings.KEYS, settings.PARTNERS)
    key_service = KeyService(settings.key_service_port(), name="key-service-dev")
    mapper = SparMapper(
        server.postgres,
        settings.mapper_port(),
        MAPPER_DATABASE,
        key_service.url,
        name="spar-mapper-dev",
    )
    try:
        key_service.start()
        mapper.start()
        print(f"Odoo          {server.url}  (admin / admin)")
        print(f"SPAR mapper   {mapper.url}  (for links: {mapper.url}/sync/link)")
        print(f"signing key   {key.private_key}")
        print(f"certificate   {key.certificate}")
        return server.run_in_foreground("--dev=reload,xml", *arguments)
    except KeyboardInterrupt:
        return 0
    finally:
        mapper.stop()
        key_service.stop()


def run_shell(arguments):
    """Open Odoo's Python shell.

    :param list arguments: further arguments of ``odoo shell``.
    :return: exit code of Odoo.
    """
    server = _server()
    return server.run_in_foreground("--no-http", *arguments, command="shell")
