"""Databases with addons installed once, to copy from.

Installing takes many seconds, copying less than one.
"""

import hashlib
import json

from . import odoo_source, settings
from .odoo_server import OdooServer, drop_database

SKIPPED = {"__pycache__", "tests", "README.rst", "readme", "static/description"}


def addons_fingerprint(root=settings.ROOT, pattern="g2p_*"):
    """Return a hash over all files of the project's addons that matter to a database.

    Tests and texts are left out: changing them needs no new installation.

    :param pathlib.Path root: the folder with the addons.
    :param str pattern: which of its folders are meant.
    :return: 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for manifest in sorted(root.glob(f"{pattern}/__manifest__.py")):
        for path in sorted(manifest.parent.rglob("*")):
            inside = path.relative_to(manifest.parent)
            parts = {*inside.parts, "/".join(inside.parts[:2])}
            if path.is_file() and not parts & SKIPPED:
                digest.update(f"{path.relative_to(root)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def prepared_template(postgres, name, modules, demo=True, say=print, registry=None):
    """Return a database with addons installed, making it if needed.

    It is made again when the addons, the Python packages, Odoo or the list of
    modules changed since.

    :param Postgres postgres: a started server.
    :param str name: what it is for, for example ``demo``.
    :param list modules: technical names of the addons to install.
    :param bool demo: whether to load demonstration data.
    :param Callable say: receives one line of progress.
    :param str registry: whose stand-in is among the modules.
    :return: name of the database; copy it with ``duplicate_database``.
    :raises Problem: when the installation fails.
    """
    database = f"template_{name}"
    if settings.queue() != "queue_job":
        database += f"_{settings.queue()}"
    inputs = [
        addons_fingerprint(),
        (settings.REQUIREMENTS / "odoo.txt").read_text(),
        str(odoo_source.location()),
        sorted(modules),
        demo,
        # Another server has other databases.
        postgres.address,
    ]
    if registry:
        inputs.append(addons_fingerprint(settings.STAND_INS / registry, "*"))
    state = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
    stamp = settings.STAMPS / database
    known = stamp.read_text() if stamp.exists() else None
    if known == state and database in postgres.databases():
        return database
    stamp.unlink(missing_ok=True)
    drop_database(postgres, database)
    say(f"Installing {', '.join(modules)} in a new database ...")
    server = OdooServer(postgres, database, name=database, registry=registry)
    server.install(modules, demo)
    stamp.write_text(state)
    return database
