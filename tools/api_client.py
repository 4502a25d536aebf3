"""``make client``: writes the API's own document into ``docs``, and a client from it.

A test compares the document with what the server serves (``test_api_schema.py``), and
another one the client with the document (``test_api_client.py``).
"""

import hashlib
import json
import os
import shutil
import subprocess

import requests

from . import environment, problems, settings
from .odoo_server import OdooServer, drop_database, duplicate_database
from .postgres import Postgres
from .problems import Problem
from .templates import prepared_template

DOCUMENT = settings.ROOT / "docs" / "openapi.json"
CLIENT = settings.ROOT / "docs" / "client"
PACKAGE = CLIENT / "spar_self_service"
#: The document the client was made from: its hash.
MADE_FROM = PACKAGE / "MADE_FROM"
#: Below the address of Odoo.
PATH = "/spar/self-service/openapi.json"
DATABASE = "api_client"
PORT = 27_700


def main(_arguments):
    """Write the document and the client anew."""
    DOCUMENT.write_text(fetched_document())
    environment.set_up_one(environment.client_step())
    generate()
    print(f"Written: {DOCUMENT.name} and {PACKAGE.name} in {CLIENT.parent}.")


def fetched_document():
    """Start a registry; return the document it serves, tidied."""
    postgres = Postgres().start()
    template = prepared_template(postgres, "plain", settings.modules(), demo=False)
    duplicate_database(postgres, template, DATABASE)
    odoo = OdooServer(postgres, DATABASE, problems.free_port(PORT), name=DATABASE)
    try:
        return served_document(odoo.start())
    finally:
        odoo.stop()
        drop_database(postgres, DATABASE)


def served_document(odoo):
    """Return the document a running registry serves, tidied.

    :param OdooServer odoo: it runs.
    """
    with requests.Session() as session:
        # Variables for a proxy must not lead local calls astray.
        session.trust_env = False
        answer = session.get(odoo.url + PATH, timeout=60)
    answer.raise_for_status()
    return json.dumps(answer.json(), indent=2, ensure_ascii=False) + "\n"


def generate():
    """Write the client from the kept document.

    :raises Problem: when the generator fails.
    """
    programs = settings.CLIENT_VENV / "bin"
    shutil.rmtree(PACKAGE, ignore_errors=True)
    command = [programs / "openapi-python-client", "generate", "--meta", "none"]
    command += ["--path", DOCUMENT, "--output-path", PACKAGE, "--fail-on-warning"]
    done = subprocess.run(
        [str(part) for part in command],
        # It calls `ruff` by its name.
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Problem(f"No client was made:\n{done.stdout}{done.stderr}")
    MADE_FROM.write_text(document_hash() + "\n")


def document_hash():
    """Return the hash of the kept document."""
    return hashlib.sha256(DOCUMENT.read_bytes()).hexdigest()
