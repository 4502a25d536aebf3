"""Odoo, the real SPAR mapper and the key service, running together."""

import sys

from cryptography.fernet import Fernet

from . import keys, settings
from .key_service_process import KeyService
from .odoo_server import OdooServer, drop_database, duplicate_database
from .spar_mapper import SparMapper
from .templates import prepared_template

CHANNELS = "root:4,root.spar:2"


#: Makes every scheduled job due as soon as the server starts.
CRONS_NOW = "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' WHERE active"


class Stack:
    """One registry and one SPAR, each on databases of their own, both made anew.

    :param Postgres postgres: a started server.
    :param str name: prefix of databases, processes and logs.
    :param dict ports: TCP ports on 127.0.0.1, by ``odoo``, ``mapper`` and
        ``key_service``.
    :param bool demo: whether the registry has demonstration data.
    :param Callable say: receives one line of progress.
    :param int workers: of Odoo; 0 runs one process with threads.
    :param str registry: one of :data:`tools.settings.REGISTRIES`, whose stand-in is the
        registry; None for plain contacts.
    """

    def __init__(
        self, postgres, name, ports, demo, say=print, workers=0, registry=None
    ):
        self.postgres = postgres
        self.registry = registry
        self.name = name
        self.demo = demo
        self.say = say
        self.partners = settings.SANDBOX / "partners" / name
        self.key = keys.demo_partner_key(settings.KEYS, self.partners)
        self.key_service = KeyService(
            ports["key_service"], self.partners, name=f"{name}-key-service"
        )
        self.mapper = SparMapper(
            postgres,
            ports["mapper"],
            f"{name}_spar",
            self.key_service.url,
            name=f"{name}-spar-mapper",
        )
        self.odoo = OdooServer(
            postgres,
            name,
            ports["odoo"],
            name=f"{name}-odoo",
            workers=workers,
            channels=CHANNELS,
            registry=registry,
            # Without it no key could be uploaded or generated.
            options={"spar_key_secret": Fernet.generate_key().decode()},
        )

    def prepare(self):
        """Make both databases anew: the registry's from a template, SPAR's empty.

        :return: this object.
        """
        kind = "demo" if self.demo else "plain"
        if not self.postgres.is_default:
            # Each server has templates of its own.
            kind += "_elsewhere"
        if self.registry:
            kind += f"_{self.registry}"
        modules = settings.modules(self.registry)
        template = prepared_template(
            self.postgres, kind, modules, self.demo, self.say, self.registry
        )
        drop_database(self.postgres, self.name)
        duplicate_database(self.postgres, template, self.name)
        if settings.text("SPAR_CRONS") == "now":
            self.postgres.query(self.name, CRONS_NOW)
        self.postgres.drop_database(self.mapper.database)
        self.key_service.verdicts.unlink(missing_ok=True)
        return self

    def start(self):
        """Start everything that does not run.

        :return: this object.
        """
        for part in (self.key_service, self.mapper, self.odoo):
            if not part.alive:
                part.start()
        return self

    def stop(self):
        """Stop everything but PostgreSQL."""
        for part in (self.odoo, self.mapper, self.key_service):
            part.stop()

    def connect(self, rpc, **values):
        """Set up the registry's connection to SPAR and start it.

        :param Rpc rpc: session of a SPAR manager.
        :param values: further fields of the connection.
        :return: id of the connection.
        """
        connection = {
            "name": "SPAR 1.1.0",
            "base_url": self.mapper.url,
            "sender_id": keys.DEMO_SENDER,
            **keys.connection_values(self.key),
            **values,
        }
        (connection_id,) = rpc.call("g2p.spar.connection", "create", [connection])
        rpc.call("g2p.spar.connection", "action_start", [connection_id])
        return connection_id

    def spar_client(self, sender_id=keys.DEMO_SENDER, key=None):
        """Return the addon's own SPAR client, for use outside Odoo.

        :param str sender_id: the partner to speak as.
        :param PartnerKey key: the key to sign with; by default the registry's.
        """
        spar = import_spar()
        key = key or self.key
        pair = spar.keys.load_pair(
            key.private_key.read_bytes(), key.certificate.read_bytes()
        )
        signer = spar.jws.Signer(pair)
        http = http_client(self.mapper.url)
        return spar.client.SparClient(http, signer, sender_id, "ascii")


def http_client(url):
    """Return the addons' own HTTP client for SPAR at an address, without Odoo."""
    _make_importable("g2p_spar_financial_address")
    # pylint: disable-next=import-outside-toplevel
    from toolkit.http_client import HttpClient

    return HttpClient(url, 5.0, 40.0, import_spar().transport.MAX_ANSWER_BYTES)


def import_spar():
    """Return the plain-Python SPAR client package, without importing Odoo."""
    _make_importable("g2p_spar_sync_queue")
    import spar.client  # pylint: disable=import-outside-toplevel
    import spar.detect
    import spar.directory
    import spar.jws
    import spar.keys
    import spar.partner_api

    return spar


def _make_importable(addon):
    """Let the plain packages in an addon be imported by their own names."""
    folder = str(settings.ROOT / addon)
    if folder not in sys.path:
        sys.path.append(folder)
