"""Requests made up from the API's description: nothing breaks, and it tells the truth.

``SPAR_SCHEMA_EXAMPLES`` says how many are made up for each operation, and
``SPAR_SCHEMA_SEED`` by what; both are printed.
"""

import json
import subprocess
from pathlib import Path

import pytest
from self_service import PREFIX, access_token, register_client

from tools import api_client, settings

API = PREFIX.removesuffix("/v1")
PERSON = "SR-1"
EXAMPLES = settings.number("SPAR_SCHEMA_EXAMPLES", 20)
SEED = settings.number("SPAR_SCHEMA_SEED", 8)
#: That any text of the right form is accepted: there has to be such a provider, too.
UNCHECKED = ["positive_data_acceptance"]
#: Nor, without a token, the status of the answer: it is 429 after too many attempts.
UNCHECKED_OF_STRANGERS = [*UNCHECKED, "missing_required_header"]

CONFIG = Path(__file__).with_name("schemathesis.toml")
#: Letters of a line that are shown.
WIDTH = 400
#: Nobody makes up a secret by chance.
TOKEN = "POST /v1/token"
OPEN_TO_ALL = {"GET /v1/health"}


@pytest.fixture(scope="module")
def token(registry):
    registry.registrant("Asha Juma", PERSON)
    return access_token(registry, register_client(registry, "Made-up requests"))


def test_the_description_in_docs_is_what_the_server_tells(registry):
    served = api_client.served_document(registry.stack.odoo)
    assert served == api_client.DOCUMENT.read_text(), "Run `make client`."


def test_made_up_requests_of_a_client(registry, token, tmp_path):
    headers = [f"Authorization: Bearer {token}", f"Person-Id: {PERSON}"]
    accepted = made_up(registry, tmp_path, UNCHECKED, *headers)
    # Access was granted: each operation did its work for some caller.
    assert {name for name, count in accepted.items() if not count} == {TOKEN}


def test_made_up_requests_of_a_stranger(registry, tmp_path):
    before = count_addresses(registry)
    accepted = made_up(registry, tmp_path, UNCHECKED_OF_STRANGERS)
    assert {operation for operation, count in accepted.items() if count} == OPEN_TO_ALL
    assert count_addresses(registry) == before


def made_up(registry, folder, unchecked, *headers):
    """Send requests made up from the description.

    :param pathlib.Path folder: for reports.
    :param list unchecked: checks that are left out.
    :param str headers: of every request.
    :return: how many requests were accepted, by operation.
    :raises AssertionError: with what it found, and how to send that again.
    """
    report = folder / "report.json"
    command = [settings.ODOO_VENV / "bin" / "st", "--config-file", CONFIG, "run"]
    command += [f"{registry.stack.odoo.url}{API}/openapi.json", "--no-color"]
    command += ["--seed", SEED, "--max-examples", EXAMPLES, "--checks", "all"]
    command += [
        "--exclude-checks",
        ",".join(unchecked),
        "--generation-database",
        "none",
    ]
    command += ["--continue-on-failure", "--report-json-path", report]
    for header in headers:
        command += ["--header", header]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=folder
    )
    # What was sent may be very long.
    told = "\n".join(line[:WIDTH] for line in done.stdout.splitlines())
    print(told)
    assert not done.returncode, f"Seed {SEED}:\n{told}\n{done.stderr}"
    rates = json.loads(report.read_text())["valid_rates"]
    return {
        operation: sum(phase["accepted"] for phase in phases.values())
        for operation, phases in rates.items()
    }


def count_addresses(registry):
    return registry.rpc.call("g2p.financial.address", "search_count", [])
